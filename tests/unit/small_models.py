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
}
"""Builder and options by a name for the test's report."""

HEADS = ("first_filters", "first_norm", "first_activation", "embedding", "logits", "coverage")


def small(name, bin_size=32, input_length=256, targets=3, **options):
    """Build a small model whose every part takes part, as after training."""
    keras.utils.set_random_seed(7)
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
