from pathlib import Path

from epibench.rule import job

with job(snakemake.log[0]):
    from epibench.data.store import Store
    from epibench.evaluate.loci import read_loci
    from epibench.files import whole

    rows = read_loci(
        snakemake.params.name,
        Store(Path(snakemake.input.store[0]).parent),
        Path(snakemake.input.tracks[0]).parent,
        snakemake.input.loci,
        bin_size=int(snakemake.wildcards.bin_size),
        targets=snakemake.params.settings["targets"],
    )
    with whole(snakemake.output.loci) as path:
        rows.to_csv(path, sep="\t", index=False)
