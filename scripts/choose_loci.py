from pathlib import Path

from epibench.rule import job

with job(snakemake.log[0]):
    from epibench.data.store import Store
    from epibench.evaluate.loci import choose_loci, write_loci

    store = Store(Path(snakemake.input.store[0]).parent)
    write_loci(choose_loci(store, snakemake.params.settings), snakemake.output.loci)
