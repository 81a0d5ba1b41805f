from pathlib import Path

from epibench.rule import job

with job(snakemake.log[0]):
    from epibench import device

    device.quiet()
    from epibench.data.store import Store
    from epibench.evaluate.tracks import write_tracks
    from epibench.run_predictor import RunPredictor

    device.start(snakemake.params.threads, **snakemake.config["device"])
    predictor = RunPredictor(Path(snakemake.input.model).parent)
    write_tracks(
        predictor,
        Store(Path(snakemake.input.store[0]).parent),
        Path(snakemake.output.tracks[0]).parent,
        batch_size=predictor.batch_size,
    )
