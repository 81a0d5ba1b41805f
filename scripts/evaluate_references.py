from pathlib import Path

from epibench.rule import job

with job(snakemake.log[0]):
    from epibench.data.store import Store
    from epibench.evaluate.evaluate import write_scores
    from epibench.evaluate.references import evaluate_references

    store = Store(Path(snakemake.input.store[0]).parent)
    write_scores(evaluate_references(store, snakemake.params.settings), snakemake.output.metrics)
