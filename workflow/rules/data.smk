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
    "peaks.npz",
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
    # It tries again by itself, and knows what is worth it.
    retries: 0
    localrule: True
    conda:
        "../../envs/cpu.yaml"
    params:
        source=lambda wildcards: PLAN.downloads[f"{DOWNLOADS}/{wildcards.file}"],
    script:
        "../../scripts/fetch.py"


# A few seconds of work, so it waits in no queue.
rule write_peaks:
    input:
        unpack(lambda wildcards: given(PLAN.bigbeds[wildcards.target])),
    output:
        f"{PLAN.folder}/peaks/{{target}}.narrowPeak",
    log:
        side("logs", "write_peaks", "{target}"),
    benchmark:
        side("benchmarks", "write_peaks", "{target}")
    localrule: True
    conda:
        "../../envs/cpu.yaml"
    params:
        protocol=PROTOCOL["write_peaks"],
    script:
        "../../scripts/write_peaks.py"


if PLAN.simulated:

    rule simulate:
        input:
            # Its content is among the settings: an edited comment simulates nothing anew.
            grammar=ancient(given(PLAN.study.simulation.grammar)),
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


if not PLAN.selection_missing():

    # Advice only: it drops no target from this study.
    rule select_targets:
        input:
            **given(PLAN.selection_inputs()),
            # Its rows are among the settings: an edited comment compares nothing anew.
            samples=ancient(given(PLAN.study.samples or [])),
        output:
            **PLAN.selection_paths(),
        log:
            side("logs", "select_targets"),
        benchmark:
            side("benchmarks", "select_targets")
        conda:
            "../../envs/cpu.yaml"
        params:
            settings=PLAN.selection_settings(),
        script:
            "../../scripts/select_targets.py"


rule store:
    input:
        **given(PLAN.store_inputs()),
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
