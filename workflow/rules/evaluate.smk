# One pass over the test chromosomes a predictor, then one job an experiment.

RANKED = multiext(f"{PLAN.folder}/predictors/", "ranks.tsv", "pairs.tsv")


rule evaluate:
    input:
        files_of_runs("metrics.tsv"),
        files_of_references("metrics.tsv"),
        files_of_experiments(PLAN.experiments_of_stage("evaluate")),
        RANKED,


rule evaluate_run:
    input:
        store=STORE,
        model=rules.train_run.output.model,
        record=rules.train_run.output.record,
    output:
        **evaluated(RUN),
    log:
        side("logs", "evaluate_run", RUN_NAME),
    benchmark:
        side("benchmarks", "evaluate_run", RUN_NAME)
    conda:
        "../../envs/gpu.yaml"
    threads: PLAN.study.training.threads
    resources:
        **on_gpus(),
    params:
        name=run_name,
        settings=PLAN.evaluation_settings("evaluate_run"),
        threads=PLAN.study.training.threads,
    script:
        "../../scripts/evaluate_run.py"


rule score_variation:
    input:
        store=STORE,
        model=rules.train_run.output.model,
        record=rules.train_run.output.record,
    output:
        variation=f"{RUN}/variation.tsv",
    log:
        side("logs", "score_variation", RUN_NAME),
    benchmark:
        side("benchmarks", "score_variation", RUN_NAME)
    conda:
        "../../envs/gpu.yaml"
    threads: PLAN.study.training.threads
    resources:
        **on_gpus(),
    params:
        name=run_name,
        settings=PLAN.variation_settings(),
        threads=PLAN.study.training.threads,
    script:
        "../../scripts/score_variation.py"


rule write_tracks:
    input:
        store=STORE,
        model=rules.train_run.output.model,
        record=rules.train_run.output.record,
    output:
        tracks=PLAN.track_paths(f"{RUN}/tracks"),
    log:
        side("logs", "write_tracks", RUN_NAME),
    benchmark:
        side("benchmarks", "write_tracks", RUN_NAME)
    conda:
        "../../envs/gpu.yaml"
    threads: PLAN.study.training.threads
    resources:
        **on_gpus(),
    params:
        settings=PLAN.track_settings("write_tracks"),
        threads=PLAN.study.training.threads,
    script:
        "../../scripts/write_tracks.py"


rule write_measured:
    input:
        store=STORE,
    output:
        tracks=PLAN.track_paths(f"{PLAN.folder}/measured/bin{{bin_size}}"),
    log:
        side("logs", "write_measured", "bin{bin_size}"),
    benchmark:
        side("benchmarks", "write_measured", "bin{bin_size}")
    conda:
        "../../envs/cpu.yaml"
    params:
        settings=PLAN.track_settings("write_measured"),
    script:
        "../../scripts/write_measured.py"


# Before the training where it can be, so that a locus which cannot be shown costs no time.
rule choose_loci:
    input:
        store=STORE,
    output:
        loci=f"{PLAN.folder}/measured/loci.tsv",
    log:
        side("logs", "choose_loci"),
    benchmark:
        side("benchmarks", "choose_loci")
    priority: 1
    conda:
        "../../envs/cpu.yaml"
    params:
        settings=PLAN.track_settings("choose_loci"),
    script:
        "../../scripts/choose_loci.py"


rule read_loci:
    input:
        store=STORE,
        loci=rules.choose_loci.output.loci,
        tracks=rules.write_tracks.output.tracks,
    output:
        loci=f"{RUN}/loci.tsv",
    log:
        side("logs", "read_loci", RUN_NAME),
    benchmark:
        side("benchmarks", "read_loci", RUN_NAME)
    conda:
        "../../envs/cpu.yaml"
    params:
        name=run_name,
        settings=PLAN.track_settings("read_loci"),
    script:
        "../../scripts/read_loci.py"


rule evaluate_reference:
    input:
        store=STORE,
        files=lambda wildcards: given(PLAN.reference_inputs(wildcards.reference)),
    output:
        **evaluated(f"{PLAN.folder}/references/{{reference}}"),
    log:
        side("logs", "evaluate_reference", "{reference}"),
    benchmark:
        side("benchmarks", "evaluate_reference", "{reference}")
    conda:
        "../../envs/cpu.yaml"
    params:
        settings=lambda wildcards: PLAN.reference_settings(wildcards.reference),
    script:
        "../../scripts/evaluate_reference.py"


rule run_experiment:
    input:
        files=read_by_experiment,
        references=references_of_experiment,
        published=published_scores,
    output:
        table=shown_in_report("table.tsv", "table"),
        svg=shown_in_report("figure.svg", "figure"),
        pdf=f"{PLAN.folder}/experiments/{{experiment}}/figure.pdf",
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


# Each run of an experiment against the one that has the reference's values, on the same draws of
# blocks.
rule compare_runs:
    input:
        lambda wildcards: sums_of_experiment(wildcards.experiment),
    output:
        f"{PLAN.folder}/experiments/{{experiment}}/comparisons.tsv",
    log:
        side("logs", "compare_runs", "{experiment}"),
    benchmark:
        side("benchmarks", "compare_runs", "{experiment}")
    conda:
        "../../envs/cpu.yaml"
    params:
        settings=lambda wildcards: PLAN.comparison_settings(wildcards.experiment),
    script:
        "../../scripts/compare_runs.py"


rule rank_predictors:
    input:
        files_of_runs("sums.npz"),
        files_of_references("sums.npz"),
    output:
        RANKED,
    log:
        side("logs", "rank_predictors"),
    benchmark:
        side("benchmarks", "rank_predictors")
    conda:
        "../../envs/cpu.yaml"
    params:
        settings=PLAN.ranking_settings(),
    script:
        "../../scripts/rank_predictors.py"


for experiment in PLAN.expanded:

    rule:
        name:
            experiment
        input:
            files_of_experiments([experiment]),
