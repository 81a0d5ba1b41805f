# Measured effects of variants: read once, scored by every run that an experiment compares on them.


rule read_variants:
    input:
        **given(PLAN.variant_inputs()),
    output:
        variants=f"{PLAN.folder}/variants/variants.tsv",
        sequence=f"{PLAN.folder}/variants/sequence.npz",
        skipped=f"{PLAN.folder}/variants/skipped.tsv",
        summary=f"{PLAN.folder}/variants/summary.json",
    log:
        side("logs", "read_variants"),
    benchmark:
        side("benchmarks", "read_variants")
    # Before the training where it can be, so that a wrong table costs no time.
    priority: 1
    conda:
        "../../envs/cpu.yaml"
    params:
        settings=PLAN.variant_settings(),
    script:
        "../../scripts/read_variants.py"


rule score_variants:
    input:
        variants=rules.read_variants.output.variants,
        sequence=rules.read_variants.output.sequence,
        model=rules.train_run.output.model,
        record=rules.train_run.output.record,
    output:
        scores=f"{RUN}/variants.tsv",
        targets=f"{RUN}/variant_targets.npz",
        profile=f"{RUN}/variant_profile.tsv",
    log:
        side("logs", "score_variants", RUN_NAME),
    benchmark:
        side("benchmarks", "score_variants", RUN_NAME)
    conda:
        "../../envs/gpu.yaml"
    threads: PLAN.study.training.threads
    resources:
        **on_gpus(),
    params:
        name=run_name,
        settings=PLAN.variant_score_settings(),
        threads=PLAN.study.training.threads,
    script:
        "../../scripts/score_variants.py"


rule read_out_variants:
    input:
        scores=rules.score_variants.output.scores,
        targets=rules.score_variants.output.targets,
    output:
        readout=f"{RUN}/variant_readout.tsv",
    log:
        side("logs", "read_out_variants", RUN_NAME),
    benchmark:
        side("benchmarks", "read_out_variants", RUN_NAME)
    conda:
        "../../envs/cpu.yaml"
    params:
        name=run_name,
        settings=PLAN.readout_settings(),
    script:
        "../../scripts/read_out_variants.py"
