from pathlib import Path

from epibench.rule import job

with job(snakemake.log[0]):
    from epibench import device

    device.quiet()
    from epibench.interpret.filters import read_filters
    from epibench.interpret.sample import load_sequences
    from epibench.run_predictor import RunPredictor

    device.start(snakemake.params.threads, snakemake.config["training_job"]["require_gpu"])
    predictor = RunPredictor(Path(snakemake.input.model).parent)
    codes = load_sequences(snakemake.input.sequences)["natural"]
    codes = codes[: snakemake.params.settings["sequences"]]
    filters = read_filters(predictor.model, codes, predictor.batch_size)
    filters.save(snakemake.output.filters)
    print(f"{len(filters.sites)} filters, {(filters.sites == 0).sum()} without a site")
