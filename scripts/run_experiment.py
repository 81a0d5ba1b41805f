from pathlib import Path

from epibench.rule import job

with job(snakemake.log[0]):
    from epibench.evaluate.scores import scores_of_runs
    from epibench.experiments.run import run_experiment

    settings = snakemake.params.settings
    run_experiment(
        settings["analysis"],
        scores_of_runs(snakemake.input.tables, settings["runs"]),
        Path(snakemake.output.table).parent,
    )
