import os

from epibench.rule import job

with job(snakemake.log[0]):
    os.environ["NUMBA_NUM_THREADS"] = str(snakemake.threads)
    from epibench.arrays import load_arrays
    from epibench.interpret.jaspar import read_motifs
    from epibench.interpret.meme_file import write_meme
    from epibench.interpret.modisco import find_motifs
    from epibench.interpret.modisco_page import write_page

    settings = snakemake.params.settings
    target = settings["target"]
    file = load_arrays(snakemake.input.scores)
    attribution = {name: file[name] for name in ("codes", "gradient", "targets")}
    found = find_motifs(attribution, target, settings["max_seqlets"])
    print(found.reason or f"{len(found.positive)} positive patterns")
    patterns = found.patterns()
    found.save(snakemake.output.h5)
    write_meme(
        snakemake.output.meme,
        {name: pattern.ppm * pattern.seqlets for name, pattern in patterns.items()},
    )
    write_page(
        snakemake.output.page,
        snakemake.params.name,
        target,
        patterns,
        found.reason,
        read_motifs(snakemake.input.motifs),
        settings["q_threshold"],
    )
