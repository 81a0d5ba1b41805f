# One page that says what was run, on which data, and what came out.


rule report:
    input:
        rules.all.input,


rule manifest:
    output:
        f"{PLAN.folder}/runs.tsv",
    log:
        side("logs", "manifest"),
    benchmark:
        side("benchmarks", "manifest")
    localrule: True
    conda:
        "../../envs/cpu.yaml"
    params:
        runs=PLAN.manifest(),
    script:
        "../../scripts/manifest.py"


rule write_report:
    input:
        runs=rules.manifest.output[0],
        summary=f"{PLAN.folder}/store/summary.json",
        records=files_of_runs("run.json"),
        scores=files_of_runs("metrics.tsv"),
        references=files_of_references("metrics.tsv"),
        experiments=files_of_experiments(PLAN.expanded),
        ranked=RANKED,
        selection=list(PLAN.selection_paths().values()),
    output:
        report=f"{PLAN.folder}/report/index.html",
        leaderboard=f"{PLAN.folder}/report/leaderboard.tsv",
        figure=multiext(f"{PLAN.folder}/report/coverage", ".svg", ".png"),
    log:
        side("logs", "write_report"),
    benchmark:
        side("benchmarks", "write_report")
    conda:
        "../../envs/cpu.yaml"
    params:
        settings=PLAN.report_settings(),
    script:
        "../../scripts/write_report.py"
