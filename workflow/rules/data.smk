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


# On the machine that runs snakemake: compute nodes often have no internet.
rule fetch:
    output:
        f"{DOWNLOADS}/{{file}}",
    log:
        side("logs", "fetch", "{file}"),
    benchmark:
        side("benchmarks", "fetch", "{file}")
    localrule: True
    conda:
        "../../envs/cpu.yaml"
    params:
        source=lambda wildcards, output: PLAN.downloads[output[0]],
    script:
        "../../scripts/fetch.py"


if PLAN.simulated:

    rule simulate:
        input:
            # Its content is among the settings: an edited comment simulates nothing anew.
            grammar=ancient(PLAN.study.simulation.grammar),
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
