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


rule judge_claims:
    input:
        **PLAN.claim_inputs(),
        claims=local("resources/claims.tsv"),
    output:
        claims=f"{PLAN.folder}/claims/claims.tsv",
        contrasts=f"{PLAN.folder}/claims/contrasts.tsv",
    log:
        side("logs", "judge_claims"),
    benchmark:
        side("benchmarks", "judge_claims")
    conda:
        "../../envs/cpu.yaml"
    params:
        settings=PLAN.claim_settings(),
    script:
        "../../scripts/judge_claims.py"


rule write_run_page:
    input:
        unpack(lambda wildcards: PLAN.run_page_inputs(known_run(wildcards))),
    output:
        page=f"{PLAN.folder}/report/runs/{RUN_NAME}.html",
    log:
        side("logs", "write_run_page", RUN_NAME),
    benchmark:
        side("benchmarks", "write_run_page", RUN_NAME)
    group:
        "run_pages"
    conda:
        "../../envs/cpu.yaml"
    params:
        settings=lambda wildcards: PLAN.run_page_settings(known_run(wildcards)),
    script:
        "../../scripts/write_run_page.py"


rule write_report:
    input:
        claims=list(rules.judge_claims.output),
        pages=[f"{PLAN.folder}/report/runs/{name}.html" for name in PLAN.runs],
        runs=rules.manifest.output[0],
        summary=f"{PLAN.folder}/store/summary.json",
        records=files_of_runs("run.json"),
        scores=files_of_runs("metrics.tsv"),
        references=files_of_references("metrics.tsv"),
        experiments=files_of_experiments(PLAN.expanded),
        ranked=RANKED,
        selection=list(PLAN.selection_paths().values()),
    output:
        report=report(
            f"{PLAN.folder}/report/index.html",
            caption="../report/index.rst",
            category="Report",
            labels={"file": "report"},
        ),
        exports=multiext(
            f"{PLAN.folder}/report/",
            "leaderboard.tsv",
            "results.json",
            "tables.xlsx",
            "methods.md",
            "references.bib",
        ),
        crate=f"{PLAN.folder}/ro-crate-metadata.json",
        coverage=multiext(f"{PLAN.folder}/report/coverage", ".svg", ".pdf", ".png"),
        cost=multiext(f"{PLAN.folder}/report/figures/cost", ".svg", ".pdf", ".png"),
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
