from epibench.rule import job

with job(snakemake.log[0]):
    from epibench.evaluate.tables import write_table
    from epibench.experiments.compare import compare_runs

    settings = snakemake.params.settings
    table = compare_runs(
        settings["runs"],
        snakemake.input,
        settings["reference"],
        replicates=settings["replicates"],
        seed=settings["seed"],
    )
    write_table(table, snakemake.output[0])
