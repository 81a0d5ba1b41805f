from epibench.rule import job

with job(snakemake.log[0]):
    from epibench.data.fetch import fetch

    fetch(snakemake.params.source, snakemake.output[0])
