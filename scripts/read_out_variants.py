from epibench.rule import job

with job(snakemake.log[0]):
    from epibench.arrays import load_arrays
    from epibench.files import whole
    from epibench.variants.readout import read_out
    from epibench.variants.score_table import load_scores

    settings = snakemake.params.settings
    file = load_arrays(snakemake.input.targets)
    robust = file["values"][:, file["scores"].tolist().index("robust")]
    targets = file["targets"].tolist()
    found = read_out(
        snakemake.params.name,
        load_scores(snakemake.input.scores),
        targets,
        robust,
        replicates=settings["replicates"],
        seed=settings["seed"],
    )
    with whole(snakemake.output.readout) as path:
        found.to_csv(path, sep="\t", index=False)
