from pathlib import Path

from epibench.rule import job

with job(snakemake.log[0]):
    from epibench.copies import name_of, own_copies
    from epibench.data.make_store import make_store
    from epibench.data.settings import (
        CoverageSettings,
        GenomeFiles,
        SplitSettings,
        WindowSettings,
    )
    from epibench.report.cautions import cautions
    from epibench.samples import Target

    settings = snakemake.params.settings
    results = Path(snakemake.output[0]).parents[2]
    summary = make_store(
        Path(snakemake.output[0]).parent,
        genome=GenomeFiles(**own_copies(settings["genome"], results)),
        targets=[Target(**target) for target in own_copies(settings["targets"], results)],
        windows=WindowSettings(**settings["windows"]),
        splits=SplitSettings(**settings["splits"]),
        coverage=CoverageSettings(**settings["coverage"]),
        checksums=settings["checksums"],
        name_of=lambda path: name_of(path, results),
        threads=snakemake.threads,
    )
    for caution in cautions(summary):
        print(f"unusual: {caution}")
