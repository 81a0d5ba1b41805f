# One job a run. Its threads are part of the run, so results do not depend on `--cores`.


rule train:
    input:
        files_of_runs("model.keras"),
        files_of_experiments(PLAN.experiments_of_stage("train")),


rule train_run:
    input:
        store=STORE,
    output:
        model=f"{RUN}/model.keras",
        history=f"{RUN}/history.csv",
        record=f"{RUN}/run.json",
    log:
        side("logs", "train_run", RUN_NAME),
    benchmark:
        side("benchmarks", "train_run", RUN_NAME)
    conda:
        "../../envs/gpu.yaml"
    threads: PLAN.study.training.threads
    resources:
        **on_gpus(PLAN.study.training.gpus),
    params:
        name=run_name,
        settings=run_settings,
    script:
        "../../scripts/train_run.py"
