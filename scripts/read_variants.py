from pathlib import Path

from epibench.rule import job

with job(snakemake.log[0]):
    from epibench.data.settings import SplitSettings
    from epibench.variants.read_variants import read_variants

    settings = snakemake.params.settings
    keys = ("assembly", "elements", "min_tags", "deletions", "window", "centre", "shown", "matched")
    summary = read_variants(
        Path(snakemake.output.variants).parent,
        tables=snakemake.input.tables,
        fasta=snakemake.input.fasta,
        splits=SplitSettings(**settings["splits"]),
        checksums=settings["checksums"],
        **{key: settings[key] for key in keys},
    )
    for name, element in summary["elements"].items():
        print(f"{name}: {element['variants']} variants, skipped: {element['skipped'] or 'none'}")
    for name in summary["missing"]:
        print(f"unusual: {name} of CAGI5 is not in the tables")
    for path in summary["without_tags"]:
        print(f"unusual: {path} has no tags, so variants.min_tags left out none of its rows")
