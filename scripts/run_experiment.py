from pathlib import Path

from epibench.rule import job

with job(snakemake.log[0]):
    from epibench.experiments.run import rows_of_runs, run_experiment

    settings = snakemake.params.settings
    run_experiment(
        settings["analysis"],
        rows_of_runs(
            settings["analysis"],
            snakemake.input.files,
            settings["runs"],
            snakemake.input.references,
            settings["labels"],
            settings["targets"],
        ),
        Path(snakemake.output.table).parent,
    )
