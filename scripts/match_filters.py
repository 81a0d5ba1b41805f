import os
from pathlib import Path

from epibench.rule import job

with job(snakemake.log[0]):
    os.environ["NUMBA_NUM_THREADS"] = str(snakemake.threads)  # TOMTOM would take all cores
    from epibench.files import whole
    from epibench.interpret.draw_logos import draw_logos
    from epibench.interpret.filters import load_filters
    from epibench.interpret.jaspar import read_motifs
    from epibench.interpret.match_motifs import match_filters
    from epibench.interpret.meme_file import write_meme
    from epibench.style import save

    threshold = snakemake.params.settings["q_threshold"]
    filters = load_filters(snakemake.input.filters)
    motifs = read_motifs(snakemake.input.motifs)
    table = match_filters(snakemake.params.name, filters, motifs, threshold)
    print(
        f"{(table['matches'] > 0).sum()} of {len(table)} filters match one of {len(motifs)} motifs"
    )
    with whole(snakemake.output.table) as path:
        table.to_csv(path, sep="\t", index=False)
    columns = filters.clipped()
    write_meme(
        snakemake.output.meme,
        {f"filter{n}": filters.counts[n, start:end] for n, (start, end) in columns.items()},
    )
    save(draw_logos(table, filters, motifs), Path(snakemake.output.png).parent, "filters")
