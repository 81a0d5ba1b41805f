from pathlib import Path

from epibench.rule import job

with job(snakemake.log[0]):
    from epibench import device

    device.quiet()
    from epibench.files import whole
    from epibench.interpret.means import ModelMeans
    from epibench.interpret.occlude import occlude
    from epibench.interpret.pattern import make_patterns
    from epibench.interpret.sample import load_sequences
    from epibench.run_predictor import RunPredictor

    settings = snakemake.params.settings
    device.start(snakemake.params.threads, snakemake.config["training_job"]["require_gpu"])
    predictor = RunPredictor(Path(snakemake.input.model).parent)
    chosen = settings["occlusion"]["motifs"] or list(settings["motifs"])[:1]
    motifs = {name: settings["motifs"][name] for name in chosen}
    table = occlude(
        snakemake.params.name,
        ModelMeans(predictor, predictor.batch_size),
        load_sequences(snakemake.input.sequences)["natural"][: settings["occlusion"]["sequences"]],
        make_patterns(motifs, settings["release"]),
        settings | {"replacements": settings["occlusion"]["replacements"]},
    )
    with whole(snakemake.output.occlusion) as path:
        table.to_csv(path, sep="\t", index=False, float_format="%.7g")
