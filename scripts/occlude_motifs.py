from epibench.rule import job

with job(snakemake.log[0]):
    from epibench import device

    device.quiet()
    from epibench.files import whole
    from epibench.interpret.load import load_run
    from epibench.interpret.means import ModelMeans
    from epibench.interpret.occlude import occlude
    from epibench.interpret.pattern import load_patterns

    settings = snakemake.params.settings
    device.start(snakemake.params.threads, **snakemake.config["device"])
    predictor, sequences = load_run(snakemake.input.model, snakemake.input.sequences)
    patterns = load_patterns(snakemake.input.patterns)
    chosen = settings["occlusion"]["motifs"] or [patterns[0].name]
    table = occlude(
        snakemake.params.name,
        ModelMeans(predictor, predictor.batch_size),
        sequences["natural"][: settings["occlusion"]["sequences"]],
        [pattern for pattern in patterns if pattern.name in chosen],
        settings | {"replacements": settings["occlusion"]["replacements"]},
    )
    with whole(snakemake.output.occlusion) as path:
        table.to_csv(path, sep="\t", index=False, float_format="%.7g")
