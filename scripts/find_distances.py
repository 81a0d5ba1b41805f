from epibench.rule import job

with job(snakemake.log[0]):
    from epibench import device

    device.quiet()
    from epibench.evaluate.scores import read_scores
    from epibench.files import whole
    from epibench.interpret.find_distances import find_copies, find_distances, find_positions
    from epibench.interpret.find_flanks import best_words
    from epibench.interpret.load import load_run
    from epibench.interpret.means import ModelMeans

    settings = snakemake.params.settings
    device.start(snakemake.params.threads, **snakemake.config["device"])
    predictor, sequences = load_run(snakemake.input.model, snakemake.input.sequences)
    means = ModelMeans(predictor, predictor.batch_size)
    backgrounds = sequences["shuffled"]
    words = best_words(read_scores([snakemake.input.flanks]), settings["targets"])
    print(f"words: {words}")
    finders = {"distances": find_distances, "positions": find_positions, "copies": find_copies}
    for kind, find in finders.items():
        table = find(snakemake.params.name, means, backgrounds, words, settings)
        with whole(snakemake.output[kind]) as path:
            table.to_csv(path, sep="\t", index=False, float_format="%.7g")
