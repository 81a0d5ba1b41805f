"""One model of each family at full width: a training step, and saving. Not part of `make test`."""

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))

from bench_models import make_steps, usual_bin_size

from epibench.models.layers import load_model
from epibench.models.registry import builder
from epibench.predict import CoverageFunction

FAMILIES = (
    "basenji",
    "bpnet",
    "bpnet_original",
    "cnn_base",
    "residualbind_base",
    "basset",
    "convnext",
    "conv_attention",
)
BATCH = 4


@pytest.mark.parametrize("name", FAMILIES)
def test_a_full_width_model_trains_and_is_saved(name, tmp_path):
    model, steps = make_steps(name)
    rng = np.random.default_rng(1)
    codes = rng.integers(0, 5, (BATCH, 2048), dtype=np.uint8)
    truth = rng.gamma(1.0, 1.0, (BATCH, 2048 // usual_bin_size(name), 5)).astype(np.float32)
    if builder(name).head == "peaks":
        truth = (truth[:, 0] > 1).astype(np.float32)
    losses = [float(steps.train(codes, truth)) for _ in range(6)]
    assert np.isfinite(losses).all()
    assert min(losses[3:]) < losses[0]
    steps.get_weights(model)
    model.save(tmp_path / "model.keras")
    found = CoverageFunction(load_model(tmp_path / "model.keras"), BATCH)(codes)
    np.testing.assert_allclose(found, CoverageFunction(model, BATCH)(codes), atol=1e-5)
