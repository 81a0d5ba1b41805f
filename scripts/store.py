from pathlib import Path

from epibench.rule import job

with job(snakemake.log[0]):
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
    summary = make_store(
        Path(snakemake.output[0]).parent,
        genome=GenomeFiles(**settings["genome"]),
        targets=[Target(**target) for target in settings["targets"]],
        windows=WindowSettings(**settings["windows"]),
        splits=SplitSettings(**settings["splits"]),
        coverage=CoverageSettings(**settings["coverage"]),
        checksums=settings["checksums"],
        threads=snakemake.threads,
    )
    for caution in cautions(summary):
        print(f"unusual: {caution}")
