from epibench.rule import job

with job(snakemake.log[0]):
    from epibench.interpret.pattern import make_patterns, save_patterns

    settings = snakemake.params.settings
    patterns = make_patterns(settings["motifs"], settings["release"])
    save_patterns(patterns, snakemake.output.patterns)
    for pattern in patterns:
        print(f"{pattern.name}: {pattern.core}")
