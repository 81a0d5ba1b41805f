from epibench.rule import job

with job(snakemake.log[0]):
    from epibench import device

    device.quiet()
    from epibench.files import whole
    from epibench.interpret.embed import embed_inputs
    from epibench.interpret.load import load_run

    device.start(snakemake.params.threads, **snakemake.config["device"])
    predictor, sequences = load_run(snakemake.input.model, snakemake.input.sequences)
    table = embed_inputs(snakemake.params.name, predictor, sequences, snakemake.params.settings)
    with whole(snakemake.output.embedding) as path:
        table.to_csv(path, sep="\t", index=False, float_format="%.7g")
