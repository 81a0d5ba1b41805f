from pathlib import Path

from epibench.rule import job

with job(snakemake.log[0]):
    from epibench import device

    device.quiet()
    from epibench.data.store import Store
    from epibench.evaluate.tracks import write_tracks
    from epibench.run import RunPredictor

    batch_size = snakemake.params.settings["batch_size"]
    device.set_threads(snakemake.params.threads)
    write_tracks(
        RunPredictor(Path(snakemake.input.model).parent, batch_size=batch_size),
        Store(Path(snakemake.input.store[0]).parent),
        Path(snakemake.output.tracks[0]).parent,
        batch_size=batch_size,
    )
