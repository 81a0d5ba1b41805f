from epibench.rule import job

with job(snakemake.log[0]):
    from epibench.interpret.jaspar import load_motifs, save_motifs

    settings = snakemake.params.settings
    motifs = load_motifs(settings["release"], settings["taxon"], settings["excluded"])
    save_motifs(motifs, snakemake.output.motifs)
    print(f"{len(motifs)} motifs of {settings['taxon']} in {settings['release']}")
