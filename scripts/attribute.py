from pathlib import Path

from epibench.rule import job

with job(snakemake.log[0]):
    from epibench import device

    device.quiet()
    from epibench.data.store import Store
    from epibench.files import whole
    from epibench.interpret.attribute import attribute, choose_inputs, locus_rows, write_tracks
    from epibench.interpret.load import load_run

    name, settings = snakemake.params.name, snakemake.params.settings
    device.start(snakemake.params.threads, **snakemake.config["device"])
    store = Store(Path(snakemake.input.store[0]).parent)
    predictor, sequences = load_run(snakemake.input.model, snakemake.input.sequences)
    inputs, shown = choose_inputs(sequences, store, settings)
    attribution, checks = attribute(name, predictor, inputs, settings)
    print(checks.to_string(index=False))
    pairs = [(target, method) for target in settings["targets"] for method in settings["methods"]]
    write_tracks(
        attribution, store.chromosomes, dict(zip(pairs, snakemake.output.tracks, strict=True))
    )
    for table, file in ((locus_rows(name, attribution, shown), "loci"), (checks, "checks")):
        with whole(snakemake.output[file]) as path:
            table.to_csv(path, sep="\t", index=False, float_format="%.7g")
    attribution.save(snakemake.output.scores)
