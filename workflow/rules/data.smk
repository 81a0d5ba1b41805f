# Simulated or downloaded input, and the coverage store that every other stage reads.

STORE = multiext(
    f"{PLAN.folder}/store/",
    "intervals.bed",
    "sequence.npy",
    "coverage.npy",
    "replicate2.npy",
    "mask.npy",
    "windows.npz",
    "peak_windows.npz",
    "summary.json",
)


rule data:
    input:
        STORE,


rule fetch:
    output:
        f"{DOWNLOADS}/{{file}}",
    log:
        side("logs", "fetch", "{file}"),
    benchmark:
        side("benchmarks", "fetch", "{file}")
    conda:
        "../../envs/cpu.yaml"
    params:
        source=lambda wildcards, output: PLAN.downloads[output[0]],
    script:
        "../../scripts/fetch.py"


if PLAN.simulated:

    rule simulate:
        input:
            grammar=PLAN.study.simulation.grammar,
        output:
            PLAN.simulated_paths(),
        log:
            side("logs", "simulate"),
        benchmark:
            side("benchmarks", "simulate")
        conda:
            "../../envs/cpu.yaml"
        params:
            settings=PLAN.simulation_settings(),
        script:
            "../../scripts/simulate.py"


rule store:
    input:
        **PLAN.store_inputs(),
    output:
        STORE,
    log:
        side("logs", "store"),
    benchmark:
        side("benchmarks", "store")
    conda:
        "../../envs/cpu.yaml"
    params:
        settings=PLAN.store_settings(),
    script:
        "../../scripts/store.py"
