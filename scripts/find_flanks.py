from epibench.rule import job

with job(snakemake.log[0]):
    from epibench import device

    device.quiet()
    from epibench.files import whole
    from epibench.interpret.find_flanks import find_flanks
    from epibench.interpret.load import load_run
    from epibench.interpret.means import ModelMeans
    from epibench.interpret.pattern import load_patterns

    settings = snakemake.params.settings
    device.start(snakemake.params.threads, **snakemake.config["device"])
    predictor, sequences = load_run(snakemake.input.model, snakemake.input.sequences)
    table = find_flanks(
        snakemake.params.name,
        ModelMeans(predictor, predictor.batch_size),
        sequences["shuffled"],
        load_patterns(snakemake.input.patterns),
        settings,
    )
    with whole(snakemake.output.flanks) as path:
        table.to_csv(path, sep="\t", index=False, float_format="%.7g")
