# One pass over the test chromosomes a predictor, then one job an experiment.


rule evaluate:
    input:
        files_of_runs("metrics.tsv"),
        f"{PLAN.folder}/references/metrics.tsv",
        files_of_experiments(PLAN.experiments_of_stage("evaluate")),


rule evaluate_run:
    input:
        store=STORE,
        model=rules.train_run.output.model,
        record=rules.train_run.output.record,
    output:
        metrics=f"{RUN}/metrics.tsv",
    log:
        side("logs", "evaluate_run", RUN_NAME),
    benchmark:
        side("benchmarks", "evaluate_run", RUN_NAME)
    conda:
        "../../envs/gpu.yaml"
    threads: PLAN.study.training.threads
    params:
        name=run_name,
        settings=PLAN.evaluation_settings("evaluate_run"),
        threads=PLAN.study.training.threads,
    script:
        "../../scripts/evaluate_run.py"


rule evaluate_references:
    input:
        store=STORE,
        truth=PLAN.truth_paths(),
    output:
        metrics=f"{PLAN.folder}/references/metrics.tsv",
    log:
        side("logs", "evaluate_references"),
    benchmark:
        side("benchmarks", "evaluate_references")
    conda:
        "../../envs/cpu.yaml"
    params:
        settings=PLAN.reference_settings(),
    script:
        "../../scripts/evaluate_references.py"


rule run_experiment:
    input:
        scores=scores_of_experiment,
    output:
        table=f"{PLAN.folder}/experiments/{{experiment}}/table.tsv",
        svg=f"{PLAN.folder}/experiments/{{experiment}}/figure.svg",
        png=f"{PLAN.folder}/experiments/{{experiment}}/figure.png",
    log:
        side("logs", "run_experiment", "{experiment}"),
    benchmark:
        side("benchmarks", "run_experiment", "{experiment}")
    conda:
        "../../envs/cpu.yaml"
    params:
        settings=lambda wildcards: PLAN.experiment_settings(wildcards.experiment),
    script:
        "../../scripts/run_experiment.py"


for experiment in PLAN.expanded:

    rule:
        name:
            experiment
        input:
            files_of_experiments([experiment]),
