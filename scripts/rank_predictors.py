from epibench.rule import job

with job(snakemake.log[0]):
    from epibench.evaluate.compare import paired_table, rank_table
    from epibench.evaluate.evaluation import Evaluation
    from epibench.evaluate.tables import write_table

    settings = snakemake.params.settings
    bin_size = settings["bin_size"]
    draws = {"replicates": settings["replicates"], "seed": settings["seed"]}
    found = [Evaluation.load(path, bin_size) for path in snakemake.input]
    found = [each for each in found if bin_size in each.bin_sizes]
    write_table(rank_table(found, "pearson_r", bin_size, **draws), snakemake.output[0])
    write_table(paired_table(found, "pearson_r", bin_size, **draws), snakemake.output[1])
