"""Every architecture of the registry, small enough for tests."""

import keras
import numpy as np

from epibench.models import registry

SMALL = {
    "basenji": ("basenji", {"first_filters": 4, "last_filters": 8, "residual_units": 3}),
    "bpnet": ("bpnet", {"filters": 4, "dilated_layers": 3, "output": "softplus"}),
    "residualbind_32": ("residualbind_32", {"first_filters": 4, "head_filters": 8}),
    "residualbind_32 with task heads": (
        "residualbind_32",
        {"first_filters": 4, "head_filters": 8, "task_filters": 4, "task_heads": True},
    ),
    "bpnet_original": ("bpnet_original", {"filters": 4, "head_width": 9, "dilated_layers": 3}),
    "cnn_base": ("cnn_base", {"first_filters": 6, "bottleneck": 8, "head_filters": 8}),
    "cnn_base with task heads": (
        "cnn_base",
        {"first_filters": 6, "bottleneck": 8, "head_filters": 8, "task_filters": 4}
        | {"task_heads": True},
    ),
    "cnn_32": ("cnn_32", {"first_filters": 6, "head_filters": 8}),
    "cnn_32 with task heads": (
        "cnn_32",
        {"first_filters": 6, "head_filters": 8, "task_filters": 4, "task_heads": True},
    ),
    "residualbind_base": (
        "residualbind_base",
        {"first_filters": 3, "bottleneck": 8, "head_filters": 8},
    ),
    "residualbind_base with task heads": (
        "residualbind_base",
        {"first_filters": 3, "bottleneck": 8, "head_filters": 8, "task_filters": 4}
        | {"task_heads": True},
    ),
    "basset": ("basset", {"first_filters": 6, "hidden": 8}),
    "basenji_binary": (
        "basenji_binary",
        {"first_filters": 4, "last_filters": 8, "residual_units": 3},
    ),
    "cnn_binary": ("cnn_binary", {"first_filters": 6, "bottleneck": 8}),
    "residualbind_binary": ("residualbind_binary", {"first_filters": 3, "bottleneck": 8}),
    "dilated_profile_counts": (
        "dilated_profile_counts",
        {"filters": 4, "dilated_layers": 3, "profile_width": 15},
    ),
    "convnext": ("convnext", {"first_filters": 4, "blocks": 1}),
    "conv_attention": (
        "conv_attention",
        {"first_filters": 4, "heads": 2, "head_features": 4, "blocks": 1},
    ),
    "conv_attention with bins finer than tokens": (
        "conv_attention",
        {
            "first_filters": 4,
            "heads": 2,
            "head_features": 4,
            "blocks": 1,
            "poolings": 6,
            "batch_norm_momentum": 0.5,
        },
    ),
}
"""Builder and options by a name for the test's report."""

OUTPUT = {"coverage": "coverage", "profile_counts": "coverage", "peaks": "probability"}
"""Layer of the output by what a model predicts."""


def head(name):
    """Say what a small model predicts."""
    return registry.BUILDERS[SMALL[name][0]].head


def named_layers(name):
    """Give the layers that other code looks up in a model."""
    layers = ["first_filters", "first_norm", "first_activation", "embedding", "logits"]
    return [*layers, *["log_counts"] * (head(name) == "profile_counts"), OUTPUT[head(name)]]


def small(name, bin_size=32, input_length=256, targets=3, **options):
    """Build a small model whose every part takes part, as after training."""
    keras.utils.set_random_seed(7)
    if head(name) == "peaks":
        bin_size = input_length
    builder, own = SMALL[name]
    model = registry.build(
        builder,
        input_length=input_length,
        bin_size=bin_size,
        targets=targets,
        options={**own, **options},
    )
    rng = np.random.default_rng(8)
    for layer in model.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.set_weights([rng.uniform(0.5, 1, weight.shape) for weight in layer.get_weights()])
    return model


def random_codes(count, length=256):
    """Draw base codes, N included."""
    return np.random.default_rng(9).integers(0, 5, (count, length), dtype=np.uint8)
