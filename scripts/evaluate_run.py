from pathlib import Path

from epibench.rule import job

with job(snakemake.log[0]):
    from epibench import device

    device.quiet()
    from epibench.data.store import Store
    from epibench.data.windows import tile_inputs
    from epibench.evaluate.evaluate import evaluate, write_scores
    from epibench.run_predictor import RunPredictor

    settings = snakemake.params.settings
    device.start(snakemake.params.threads, snakemake.config["training_job"]["require_gpu"])
    store = Store(Path(snakemake.input.store[0]).parent)
    length = store.summary["settings"]["windows"]["input_length"]
    predictor = RunPredictor(Path(snakemake.input.model).parent)
    rows = evaluate(
        snakemake.params.name,
        predictor,
        store,
        tile_inputs(store, "test", length),
        input_length=length,
        bin_sizes=settings["bin_sizes"],
        batch_size=predictor.batch_size,
        of_coverage=predictor.of_coverage,
    )
    write_scores(rows, snakemake.output.metrics)
