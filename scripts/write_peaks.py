from epibench.rule import job

with job(snakemake.log[0]):
    from epibench.data.write_peaks import write_peaks

    write_peaks(snakemake.input.peaks, snakemake.input.track, snakemake.output[0])
