from pathlib import Path

from epibench.rule import job

with job(snakemake.log[0]):
    from epibench import device

    device.quiet()
    from epibench.files import whole
    from epibench.interpret.embed import embed_inputs
    from epibench.interpret.sample import load_sequences
    from epibench.run_predictor import RunPredictor

    device.start(snakemake.params.threads, snakemake.config["training_job"]["require_gpu"])
    table = embed_inputs(
        snakemake.params.name,
        RunPredictor(Path(snakemake.input.model).parent),
        load_sequences(snakemake.input.sequences),
        snakemake.params.settings,
    )
    with whole(snakemake.output.embedding) as path:
        table.to_csv(path, sep="\t", index=False, float_format="%.7g")
