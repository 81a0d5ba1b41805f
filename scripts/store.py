from pathlib import Path

from epibench.rule import job

with job(snakemake.log[0]):
    from epibench.data.make_store import make_store
    from epibench.data.settings import SplitSettings, WindowSettings
    from epibench.samples import Target

    settings = snakemake.params.settings
    make_store(
        Path(snakemake.output[0]).parent,
        fasta=snakemake.input.fasta,
        targets=[Target(**target) for target in settings["targets"]],
        excluded=settings["genome"]["excluded"],
        windows=WindowSettings(**settings["windows"]),
        splits=SplitSettings(**settings["splits"]),
    )
