from epibench.rule import job

with job(snakemake.log[0]):
    import numpy as np

    from epibench import device

    device.quiet()
    from epibench.files import whole
    from epibench.variants.flanks import Flanks
    from epibench.variants.read_variants import load_variants
    from epibench.variants.score import ScoreSettings, load_scorer
    from epibench.variants.score_run import score_run
    from epibench.variants.score_table import SCORES

    settings = snakemake.params.settings
    device.start(snakemake.params.threads, **snakemake.config["device"])
    scorer = load_scorer(snakemake.input.model, ScoreSettings(**settings["scores"]))
    scorer.targets = settings["targets"]  # runs of earlier versions did not record the names
    scores, by_target, profile = score_run(
        snakemake.params.name,
        scorer,
        load_variants(snakemake.input.variants),
        Flanks.load(snakemake.input.sequence),
        settings,
    )
    print(f"{len(scores)} variants, {scorer.clipped} predictions raised to 1e-6")
    for table, file in ((scores, "scores"), (profile, "profile")):
        with whole(snakemake.output[file]) as path:
            table.to_csv(path, sep="\t", index=False, float_format="%.7g")
    with whole(snakemake.output.targets) as path, open(path, "wb") as file:
        np.savez_compressed(
            file, targets=np.array(scorer.targets), scores=np.array(SCORES), values=by_target
        )
