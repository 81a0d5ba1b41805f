from pathlib import Path

from epibench.rule import job

with job(snakemake.log[0]):
    import pandas as pd

    from epibench.files import whole
    from epibench.interpret.attribute import load_attribution
    from epibench.interpret.filters import load_filters
    from epibench.interpret.jaspar import read_motifs
    from epibench.interpret.meme_file import read_meme
    from epibench.interpret.score_grammar import score_grammar
    from epibench.simulate.grammar import read_grammar
    from epibench.words import LOSSES

    settings = snakemake.params.settings

    def tables(paths):
        return {Path(path).stem: pd.read_csv(path, sep="\t") for path in paths}

    modisco = snakemake.input.modisco
    run = tables(snakemake.input.effects) | {
        "filters": load_filters(snakemake.input.filters),
        "attribution": vars(load_attribution(snakemake.input.scores)),
        "modisco": read_meme(modisco) if modisco else None,
        "of_coverage": LOSSES[snakemake.wildcards.loss].head != "peaks",
    }
    found = score_grammar(
        snakemake.params.name,
        read_grammar(settings["grammar"]),
        tables(snakemake.input.truth),
        run,
        read_motifs(snakemake.input.motifs),
        settings["q_threshold"],
    )
    for table, file in zip(found, ("scores", "curves"), strict=True):
        with whole(snakemake.output[file]) as path:
            table.to_csv(path, sep="\t", index=False, float_format="%.7g")
