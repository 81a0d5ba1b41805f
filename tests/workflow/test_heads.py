"""Models of every head, and somebody's own, from config to report."""

import json

import pandas as pd

OWN = '''
"""A model of one convolution."""

import keras
from keras import layers


def build(*, input_length, bin_size, targets, width=9):
    """One convolution, averaged over the bins."""
    sequence = keras.Input((input_length, 4))
    x = layers.AveragePooling1D(bin_size)(layers.Conv1D(4, width, padding="same")(sequence))
    return keras.Model(sequence, layers.Dense(targets, "softplus", dtype="float32")(x))
'''


def test_binary_two_headed_and_own_models_go_through_every_stage(workspace):
    (workspace.folder / "own_model.py").write_text(OWN)
    models = {
        "binary": {"builder": "basset", "options": {"first_filters": 6, "hidden": 8}},
        "two_heads": {"builder": "bpnet_original", "options": {"filters": 4, "dilated_layers": 2}},
        "own": {"builder": "own_model:build", "options": {"width": 5}},
    }
    models = {name: entry | {"recipe": "tiny"} for name, entry in models.items()}
    binary = {"model": "binary", "loss": "binary_crossentropy", "bin_size": 2048}
    grid = {
        "model": "own",
        "include": [binary, {"model": "two_heads", "loss": "multinomial_counts"}],
    }
    config = workspace.config(
        "tests/studies/tiny.yaml",
        models=models,
        defaults={"model": "own", "bin_size": 128, "augmentation": "evoaug", "windows": "peaks"},
        evaluation={"bin_sizes": [128, 2048]},
        experiments={"zoo": {"analysis": "hyperparameters", "grid": grid}},
    )
    result = workspace.snakemake("--configfile", config)
    assert result.returncode == 0, result.stdout
    results = workspace.folder / "results" / "tiny"
    table = pd.read_csv(results / "experiments" / "zoo" / "table.tsv", sep="\t")
    assert set(table["model"]) == {"binary", "two_heads", "own"}
    assert table["best_valid_loss"].notna().all()
    for path in (results / "runs").rglob("run.json"):
        record = json.loads(path.read_text())
        assert record["epochs"] == 2 + 5, path  # evoaug and its fine-tuning
        scores = pd.read_csv(path.with_name("metrics.tsv"), sep="\t")
        raw = scores[(scores["target"] == "mean") & (scores["scaling"] == "raw")]
        at_2048 = raw.set_index("evaluated_bin_size").loc[2048]
        is_binary = record["settings"]["model"] == "binary"
        assert pd.isna(at_2048["mse"]) == is_binary
        assert pd.notna(at_2048["pearson_r"])
        if is_binary:
            assert record["monitors"]["valid_auroc"] > 0
    assert (results / "report" / "index.html").is_file()
    # what a model's own file says is part of its runs
    (workspace.folder / "own_model.py").write_text(OWN.replace("Conv1D(4", "Conv1D(5"))
    assert workspace.planned("--configfile", config)["train_run"] == 1


def test_a_loss_that_a_model_cannot_train_with_is_refused(workspace):
    models = {"b": {"builder": "basset", "recipe": "tiny"}}
    defaults = {"model": "b", "bin_size": 2048, "loss": "mse"}
    experiments = {"resolution": {}}
    config = workspace.config(
        "tests/studies/tiny.yaml", models=models, defaults=defaults, experiments=experiments
    )
    result = workspace.snakemake("-n", "--configfile", config)
    assert result.returncode == 1
    assert (
        "basset cannot train with the loss 'mse'; choose binary_crossentropy for it"
        in result.stdout
    )
