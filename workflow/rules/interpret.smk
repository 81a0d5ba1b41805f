# What models have learned: filters, attributions, global importance, and whether that is the truth.

SEQUENCES = f"{PLAN.folder}/interpret/sequences.npz"


rule interpret:
    input:
        files_of_experiments(PLAN.experiments_of_stage("interpret")),


# Before the training where it can be, so that too few sequences cost no time.
rule sample_sequences:
    input:
        store=STORE,
    output:
        sequences=SEQUENCES,
    log:
        side("logs", "sample_sequences"),
    benchmark:
        side("benchmarks", "sample_sequences")
    priority: 1
    conda:
        "../../envs/cpu.yaml"
    params:
        settings=PLAN.sequence_settings(),
    script:
        "../../scripts/sample_sequences.py"


# These two as well, so that an unknown matrix or taxon costs no training.
rule read_patterns:
    output:
        patterns=f"{PLAN.folder}/interpret/patterns.json",
    log:
        side("logs", "read_patterns"),
    benchmark:
        side("benchmarks", "read_patterns")
    priority: 1
    conda:
        "../../envs/cpu.yaml"
    params:
        settings=PLAN.pattern_settings(),
    script:
        "../../scripts/read_patterns.py"


rule read_jaspar:
    output:
        motifs=f"{PLAN.folder}/interpret/jaspar.json",
    log:
        side("logs", "read_jaspar"),
    benchmark:
        side("benchmarks", "read_jaspar")
    priority: 1
    conda:
        "../../envs/cpu.yaml"
    params:
        settings=PLAN.jaspar_settings(),
    script:
        "../../scripts/read_jaspar.py"


rule read_filters:
    input:
        sequences=SEQUENCES,
        model=rules.train_run.output.model,
        record=rules.train_run.output.record,
    output:
        filters=f"{RUN}/filters.npz",
    log:
        side("logs", "read_filters", RUN_NAME),
    benchmark:
        side("benchmarks", "read_filters", RUN_NAME)
    conda:
        "../../envs/gpu.yaml"
    threads: PLAN.study.training.threads
    resources:
        **on_gpus(),
    params:
        settings=PLAN.filter_settings(),
        threads=PLAN.study.training.threads,
    script:
        "../../scripts/read_filters.py"


rule match_filters:
    input:
        filters=rules.read_filters.output.filters,
        motifs=rules.read_jaspar.output.motifs,
    output:
        table=f"{RUN}/filters.tsv",
        meme=f"{RUN}/filters.meme",
        svg=f"{RUN}/filters.svg",
        png=f"{RUN}/filters.png",
    log:
        side("logs", "match_filters", RUN_NAME),
    benchmark:
        side("benchmarks", "match_filters", RUN_NAME)
    conda:
        "../../envs/cpu.yaml"
    params:
        name=run_name,
        settings=PLAN.match_settings(),
    script:
        "../../scripts/match_filters.py"


rule attribute:
    input:
        sequences=SEQUENCES,
        store=STORE,
        model=rules.train_run.output.model,
        record=rules.train_run.output.record,
    output:
        scores=f"{RUN}/attribution.npz",
        loci=f"{RUN}/attribution.tsv",
        checks=f"{RUN}/attribution_checks.tsv",
        tracks=PLAN.attribution_paths(f"{RUN}/attribution"),
    log:
        side("logs", "attribute", RUN_NAME),
    benchmark:
        side("benchmarks", "attribute", RUN_NAME)
    conda:
        "../../envs/gpu.yaml"
    threads: PLAN.study.training.threads
    resources:
        **on_gpus(),
    params:
        name=run_name,
        settings=PLAN.attribution_settings(),
        threads=PLAN.study.training.threads,
    script:
        "../../scripts/attribute.py"


# Only where interpret.modisco.enabled is true.
rule find_motifs:
    input:
        scores=rules.attribute.output.scores,
        motifs=rules.read_jaspar.output.motifs,
    output:
        meme=f"{RUN}/modisco.meme",
        h5=f"{RUN}/modisco.h5",
        page=f"{RUN}/modisco.html",
    log:
        side("logs", "find_motifs", RUN_NAME),
    benchmark:
        side("benchmarks", "find_motifs", RUN_NAME)
    conda:
        "../../envs/cpu.yaml"
    params:
        name=run_name,
        settings=PLAN.modisco_settings(),
    script:
        "../../scripts/find_motifs.py"


rule embed_inputs:
    input:
        sequences=SEQUENCES,
        model=rules.train_run.output.model,
        record=rules.train_run.output.record,
    output:
        embedding=f"{RUN}/embedding.tsv",
    log:
        side("logs", "embed_inputs", RUN_NAME),
    benchmark:
        side("benchmarks", "embed_inputs", RUN_NAME)
    conda:
        "../../envs/gpu.yaml"
    threads: PLAN.study.training.threads
    resources:
        **on_gpus(),
    params:
        name=run_name,
        settings=PLAN.embedding_settings(),
        threads=PLAN.study.training.threads,
    script:
        "../../scripts/embed_inputs.py"


# The best flanks go into the distances, the best distance into the cooperativity.
rule find_flanks:
    input:
        sequences=SEQUENCES,
        patterns=rules.read_patterns.output.patterns,
        model=rules.train_run.output.model,
        record=rules.train_run.output.record,
    output:
        flanks=f"{RUN}/flanks.tsv",
    log:
        side("logs", "find_flanks", RUN_NAME),
    benchmark:
        side("benchmarks", "find_flanks", RUN_NAME)
    conda:
        "../../envs/gpu.yaml"
    threads: PLAN.study.training.threads
    resources:
        **on_gpus(),
    params:
        name=run_name,
        settings=PLAN.effect_settings("find_flanks"),
        threads=PLAN.study.training.threads,
    script:
        "../../scripts/find_flanks.py"


rule find_distances:
    input:
        sequences=SEQUENCES,
        model=rules.train_run.output.model,
        record=rules.train_run.output.record,
        flanks=rules.find_flanks.output.flanks,
    output:
        distances=f"{RUN}/distances.tsv",
        positions=f"{RUN}/positions.tsv",
        copies=f"{RUN}/copies.tsv",
    log:
        side("logs", "find_distances", RUN_NAME),
    benchmark:
        side("benchmarks", "find_distances", RUN_NAME)
    conda:
        "../../envs/gpu.yaml"
    threads: PLAN.study.training.threads
    resources:
        **on_gpus(),
    params:
        name=run_name,
        settings=PLAN.effect_settings("find_distances"),
        threads=PLAN.study.training.threads,
    script:
        "../../scripts/find_distances.py"


rule find_cooperativity:
    input:
        sequences=SEQUENCES,
        model=rules.train_run.output.model,
        record=rules.train_run.output.record,
        flanks=rules.find_flanks.output.flanks,
        distances=rules.find_distances.output.distances,
    output:
        cooperativity=f"{RUN}/cooperativity.tsv",
    log:
        side("logs", "find_cooperativity", RUN_NAME),
    benchmark:
        side("benchmarks", "find_cooperativity", RUN_NAME)
    conda:
        "../../envs/gpu.yaml"
    threads: PLAN.study.training.threads
    resources:
        **on_gpus(),
    params:
        name=run_name,
        settings=PLAN.effect_settings("find_cooperativity"),
        threads=PLAN.study.training.threads,
    script:
        "../../scripts/find_cooperativity.py"


rule occlude_motifs:
    input:
        sequences=SEQUENCES,
        patterns=rules.read_patterns.output.patterns,
        model=rules.train_run.output.model,
        record=rules.train_run.output.record,
    output:
        occlusion=f"{RUN}/occlusion.tsv",
    log:
        side("logs", "occlude_motifs", RUN_NAME),
    benchmark:
        side("benchmarks", "occlude_motifs", RUN_NAME)
    conda:
        "../../envs/gpu.yaml"
    threads: PLAN.study.training.threads
    resources:
        **on_gpus(),
    params:
        name=run_name,
        settings=PLAN.effect_settings("occlude_motifs"),
        threads=PLAN.study.training.threads,
    script:
        "../../scripts/occlude_motifs.py"


# The grammar of a simulation in place of a model.
rule find_true_effects:
    input:
        sequences=SEQUENCES,
        patterns=rules.read_patterns.output.patterns,
    output:
        **PLAN.true_effects(),
    log:
        side("logs", "find_true_effects"),
    benchmark:
        side("benchmarks", "find_true_effects")
    conda:
        "../../envs/cpu.yaml"
    params:
        grammar=PLAN.grammar_settings()["grammar"],
        settings=PLAN.effect_settings("find_true_effects"),
    script:
        "../../scripts/find_true_effects.py"


rule score_grammar:
    input:
        truth=PLAN.true_effects().values(),
        effects=expand(f"{RUN}/{{table}}.tsv", table=EFFECTS, allow_missing=True),
        scores=rules.attribute.output.scores,
        filters=rules.read_filters.output.filters,
        motifs=rules.read_jaspar.output.motifs,
        modisco=(
            rules.find_motifs.output.meme
            if PLAN.study.interpret.modisco.enabled
            else []
        ),
    output:
        scores=f"{RUN}/grammar.tsv",
        curves=f"{RUN}/grammar_curves.tsv",
    log:
        side("logs", "score_grammar", RUN_NAME),
    benchmark:
        side("benchmarks", "score_grammar", RUN_NAME)
    conda:
        "../../envs/cpu.yaml"
    params:
        name=run_name,
        settings=PLAN.grammar_settings(),
    script:
        "../../scripts/score_grammar.py"
