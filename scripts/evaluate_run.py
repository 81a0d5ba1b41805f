from pathlib import Path

from epibench.rule import job

with job(snakemake.log[0]):
    from epibench import device

    device.quiet()
    from epibench.data.store import Store
    from epibench.evaluate.score import score_predictor
    from epibench.run_predictor import RunPredictor

    device.start(snakemake.params.threads, **snakemake.config["device"])
    score_predictor(
        snakemake.params.name,
        RunPredictor(Path(snakemake.input.model).parent),
        Store(Path(snakemake.input.store[0]).parent),
        snakemake.params.settings,
        snakemake.output,
        snakemake.threads,
    )
