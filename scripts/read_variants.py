from pathlib import Path

from epibench.rule import job

with job(snakemake.log[0]):
    from epibench.copies import name_of
    from epibench.data.settings import SplitSettings
    from epibench.variants.read_variants import read_variants

    settings = snakemake.params.settings
    folder = Path(snakemake.output.variants).parent
    results = folder.parents[1]
    keys = ("assembly", "elements", "min_tags", "deletions", "window", "centre", "shown", "matched")
    summary = read_variants(
        folder,
        tables=snakemake.input.tables,
        fasta=snakemake.input.fasta,
        splits=SplitSettings(**settings["splits"]),
        checksums=settings["checksums"],
        name_of=lambda path: name_of(path, results),
        **{key: settings[key] for key in keys},
    )
    for name, element in summary["elements"].items():
        print(f"{name}: {element['variants']} variants, skipped: {element['skipped'] or 'none'}")
    for name in summary["missing"]:
        print(f"unusual: {name} of CAGI5 is not in the tables")
    for path in summary["without_tags"]:
        print(f"unusual: {path} has no tags, so variants.min_tags left out none of its rows")
