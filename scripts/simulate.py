from pathlib import Path

from epibench.rule import job

with job(snakemake.log[0]):
    from epibench.simulate.grammar import read_grammar
    from epibench.simulate.write import simulate

    settings = snakemake.params.settings
    simulate(
        read_grammar(snakemake.input.grammar),
        Path(snakemake.output[0]).parent,
        seed=settings["seed"],
        chromosomes=settings["chromosomes"],
        mutated=settings["mutagenesis"],
    )
