from pathlib import Path

from epibench.rule import job

with job(snakemake.log[0]):
    from epibench.data.store import Store
    from epibench.evaluate.predictors import READ_AT_ONCE
    from epibench.evaluate.tracks import MeasuredCoverage, write_tracks

    store = Store(Path(snakemake.input.store[0]).parent)
    write_tracks(
        MeasuredCoverage(store, int(snakemake.wildcards.bin_size)),
        store,
        Path(snakemake.output.tracks[0]).parent,
        batch_size=READ_AT_ONCE,
    )
