from pathlib import Path

from epibench.rule import job

with job(snakemake.log[0]):
    from epibench.report.collect import make_report

    make_report(
        snakemake.output.report,
        Path(snakemake.input.runs).parent,
        snakemake.params.settings,
        runs=snakemake.input.runs,
        scores=snakemake.input.scores,
        references=snakemake.input.references,
    )
