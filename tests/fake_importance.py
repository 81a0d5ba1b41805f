"""Tables of global importance whose numbers are known."""

import numpy as np
import pandas as pd

AXES = {"windows": "threshold2", "bin_size": 128, "augmentation": "rc+shift"}
WORDS = ["AATGA", "CATGA", "GATGA", "TATGA"]
OFFSETS = np.array([*range(-200, -9, 10), *range(10, 201, 10)])


def runs(models=("one", "two"), seeds=(1,), loss="poisson") -> list[dict]:
    """Give the axes of runs."""
    return [
        {"run": f"{model}/{seed}", "model": model, "loss": loss, "seed": seed} | AXES
        for model in models
        for seed in seeds
    ]


def _table(axes: list[dict], rows) -> pd.DataFrame:
    """Join the axes of each run with the rows that a function makes of its number."""
    return pd.DataFrame([run | row for number, run in enumerate(axes) for row in rows(number)])


def _effect(value: float) -> dict:
    return {"effect": value, "low": value - 0.1, "high": value + 0.1}


def flanks(axes, targets=("a",), scored=True) -> pd.DataFrame:
    """Words with effects 1 to 4 times the number of the run; the core has twice that number."""

    def rows(number):
        for target in targets:
            for rank, word in enumerate(WORDS, 1):
                common = {"motif": "M", "sequence": word, "target": target}
                common |= {"score": float(-rank) if scored else np.nan}
                yield common | {"kind": "flank"} | _effect(rank * (number + 1))
                if rank == 2:
                    yield common | {"kind": "noted"} | _effect(rank * (number + 1))
            core = {"motif": "M", "sequence": ".ATG.", "target": target, "score": np.nan}
            yield core | {"kind": "core"} | _effect(2.0 * (number + 1))

    return _table(axes, rows)


def distances(axes, limit=60, orientations=("same",)) -> pd.DataFrame:
    """A logistic fall from 3 to 1 downstream, level 1 upstream, times the number of the run."""

    def rows(number):
        for orientation in orientations:
            for offset in OFFSETS.tolist():
                near = 2 / (1 + np.exp((offset - limit) / 5)) if offset > 0 else 0
                place = {"first": "A", "second": "B", "orientation": orientation}
                place |= {"offset": offset, "target": "a"}
                yield place | _effect((1 + near) * (number + 1))

    return _table(axes, rows)


def cooperativity(axes, backgrounds=30) -> pd.DataFrame:
    """First 1, second 2, both 5 on average, each with a noise of the background."""
    noise = np.random.default_rng(1).normal(0, 0.1, backgrounds)
    noise -= noise.mean()

    def rows(number):
        for background in range(backgrounds):
            more = noise[background]
            yield {
                **{"first": "A", "second": "B", "orientation": "turned", "offset": -12},
                **{"target": "a", "background": background},
                **{"first_effect": 1 + more, "second_effect": 2 - more, "both_effect": 5 + more},
            }

    return _table(axes, rows)


def positions(axes) -> pd.DataFrame:
    """The effect is the position over 100."""
    return _table(
        axes,
        lambda number: (
            {"motif": "M", "position": place, "target": "a"} | _effect(place / 100)
            for place in (100, 200, 300)
        ),
    )


def copies(axes) -> pd.DataFrame:
    """Each further copy adds half of the first."""
    return _table(
        axes,
        lambda number: (
            {"motif": "M", "copies": count, "target": "a"} | _effect(1 + (count - 1) / 2)
            for count in (1, 2, 3)
        ),
    )


def occlusion(axes, targets=("a", "b"), groups=("1", "2", "3+")) -> pd.DataFrame:
    """The effect is the number of instances, a tenth of the prediction."""

    def rows(number):
        for count, group in enumerate(groups, 1):
            for target in targets:
                place = {"motif": "M", "instances": group, "target": target}
                place |= {"sequences": 10 * count, "prediction": 10.0 * count}
                yield place | _effect(count)

    return _table(axes, rows)
