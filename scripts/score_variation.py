from pathlib import Path

from epibench.rule import job

with job(snakemake.log[0]):
    from epibench import device

    device.quiet()
    from epibench.data.store import Store
    from epibench.evaluate.variation import score_variation
    from epibench.files import whole
    from epibench.run_predictor import RunPredictor

    settings = snakemake.params.settings
    device.start(snakemake.params.threads, **snakemake.config["device"])
    scores = score_variation(
        snakemake.params.name,
        RunPredictor(Path(snakemake.input.model).parent),
        Store(Path(snakemake.input.store[0]).parent),
        settings,
    )
    with whole(snakemake.output.variation) as path:
        scores.to_csv(path, sep="\t", index=False)
