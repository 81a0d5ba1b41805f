from pathlib import Path

from epibench.rule import job

with job(snakemake.log[0]):
    from epibench.experiments.published import beside_published
    from epibench.experiments.run import rows_of_runs, run_experiment

    settings = snakemake.params.settings
    rows = rows_of_runs(
        settings["analysis"],
        snakemake.input.files,
        settings["runs"],
        snakemake.input.references,
        settings["labels"],
        settings["targets"],
    )
    if settings["published"]:
        rows = beside_published(rows, settings["published"], snakemake.input.published[0])
    run_experiment(settings["analysis"], rows, Path(snakemake.output.table).parent)
