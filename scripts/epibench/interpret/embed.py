"""Lay out what a model makes of test sequences in two dimensions."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from epibench.errors import InputError
from epibench.interpret.means import ModelMeans
from epibench.predict import CoverageFunction
from epibench.run_predictor import ModelPredictor

NEIGHBOURS = 15
LAYER = "embedding"


def embed_inputs(
    name: str,
    predictor: ModelPredictor,
    sequences: Mapping[str, np.ndarray],
    settings: Mapping[str, Any],
) -> pd.DataFrame:
    """Compute the UMAP of the penultimate layer (Toneyan et al. 2022, Supp. Note 3).

    Features are averaged over positions and standardised. The layout is the same for the same seed.

    Parameters
    ----------
    name : str
        Of the run.
    predictor : ModelPredictor
    sequences : mapping of str to ndarray
        As of `epibench.interpret.sample.sample_sequences`.
    settings : mapping
        `sequences` (how many of them), `seed`.

    Returns
    -------
    DataFrame
        A row a sequence and target: `predictor`, `sequence` (number), `chrom`, `start`, `x`, `y`,
        `target`, `measured` (mean coverage), `predicted` (mean coverage or logit).

    Raises
    ------
    InputError
        When the model has no layer `embedding`, or there are too few sequences for a layout.
    """
    if LAYER not in [layer.name for layer in predictor.model.layers]:
        raise InputError(
            f"{name}: the model has no layer {LAYER!r}; name its penultimate layer so, or leave it "
            "out of the experiment"
        )
    count = settings["sequences"]
    codes = sequences["natural"][:count]
    if len(codes) <= NEIGHBOURS:
        raise InputError(
            f"interpret.sequences = {count} is too few for a picture of embeddings; give more than "
            f"{NEIGHBOURS}"
        )
    features = CoverageFunction(predictor.model, predictor.batch_size, layer=LAYER)
    places = layout(_pooled(features, codes), settings["seed"])
    predicted = ModelMeans(predictor, predictor.batch_size).means(codes)
    columns = {"predictor": name, "sequence": np.arange(len(codes))}
    columns |= {key: sequences[key][:count] for key in ("chrom", "start")}
    columns |= {"x": places[:, 0], "y": places[:, 1]}
    measured = sequences["measured"][:count]
    parts = [
        pd.DataFrame(
            columns | {"target": target, "measured": measured[:, t], "predicted": predicted[:, t]}
        )
        for t, target in enumerate(predictor.targets)
    ]
    return pd.concat(parts, ignore_index=True)


def _pooled(features: CoverageFunction, codes: np.ndarray) -> np.ndarray:
    """Average features over positions, where there are several: (n, features)."""
    parts = []
    for at in range(0, len(codes), features.batch_size):
        found = features(codes[at : at + features.batch_size])
        parts.append(found.mean(axis=1) if found.ndim == 3 else found)
    return np.concatenate(parts)


def layout(features: np.ndarray, seed: int) -> np.ndarray:
    """Lay out features (n, features) in two dimensions by UMAP (McInnes et al. 2018): (n, 2)."""
    import warnings

    from umap.umap_ import UMAP

    spread = features.std(axis=0)
    used = spread > 1e-6 * max(float(spread.max()), 1e-30)
    scaled = (features[:, used] - features[:, used].mean(axis=0)) / spread[used]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that a seed costs it the use of several threads
        return UMAP(n_neighbors=NEIGHBOURS, random_state=seed).fit_transform(scaled)
