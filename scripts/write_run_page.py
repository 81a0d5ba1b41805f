from pathlib import Path

from epibench.rule import job

with job(snakemake.log[0]):
    from epibench.files import read_json
    from epibench.report.run_page import Place, write_run_page

    settings = snakemake.params.settings
    record = Path(snakemake.input.own[0])
    results = Path(str(record).removesuffix(f"/runs/{settings['run']}/run.json"))
    write_run_page(
        Place(results, settings["run"], Path(snakemake.output.page)),
        settings | {"config_files": snakemake.config["config_files"]},
        read_json(record),
        {name: files for name, files in snakemake.input.items() if name in settings["experiments"]},
    )
