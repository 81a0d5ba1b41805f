from pathlib import Path

from epibench.rule import job

with job(snakemake.log[0]):
    from epibench.copies import own_copies
    from epibench.data.store import Store
    from epibench.evaluate.references import open_reference
    from epibench.evaluate.score import score_predictor

    results = Path(snakemake.output[0]).parents[3]
    settings = own_copies(snakemake.params.settings, results)
    name = snakemake.wildcards.reference
    store = Store(Path(snakemake.input.store[0]).parent)
    predictor = open_reference(name, store, settings)
    score_predictor(
        name,
        predictor,
        store,
        settings["evaluation"],
        snakemake.output,
        snakemake.threads,
    )
    for remark in getattr(predictor, "remarks", list)():
        print(f"unusual: {remark}")
