from epibench.rule import job

with job(snakemake.log[0]):
    from epibench import device

    device.quiet()
    from epibench.evaluate.scores import read_scores
    from epibench.files import whole
    from epibench.interpret.find_cooperativity import find_cooperativity
    from epibench.interpret.find_distances import best_pairs
    from epibench.interpret.find_flanks import best_words
    from epibench.interpret.load import load_run
    from epibench.interpret.means import ModelMeans

    settings = snakemake.params.settings
    device.start(snakemake.params.threads, **snakemake.config["device"])
    predictor, sequences = load_run(snakemake.input.model, snakemake.input.sequences)
    pairs = best_pairs(read_scores([snakemake.input.distances]), settings["targets"])
    print(*pairs, sep="\n")
    table = find_cooperativity(
        snakemake.params.name,
        ModelMeans(predictor, predictor.batch_size),
        sequences["shuffled"],
        best_words(read_scores([snakemake.input.flanks]), settings["targets"]),
        pairs,
        settings,
    )
    with whole(snakemake.output.cooperativity) as path:
        table.to_csv(path, sep="\t", index=False, float_format="%.7g")
