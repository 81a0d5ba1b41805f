from epibench.rule import job

with job(snakemake.log[0]):
    from epibench.files import whole
    from epibench.interpret.grammar_means import GrammarMeans
    from epibench.interpret.pattern import load_patterns
    from epibench.interpret.sample import load_sequences
    from epibench.interpret.true_effects import find_true_effects
    from epibench.simulate.grammar import read_grammar

    sequences = load_sequences(snakemake.input.sequences)["shuffled"]
    means = GrammarMeans(read_grammar(snakemake.params.grammar), sequences.shape[1])
    patterns = load_patterns(snakemake.input.patterns)
    tables = find_true_effects(means, sequences, patterns, snakemake.params.settings)
    for kind, table in tables.items():
        with whole(snakemake.output[kind]) as path:
            table.to_csv(path, sep="\t", index=False, float_format="%.7g")
