"""Effects on targets that a binary run has not learned, and what figures write of places."""

import numpy as np
import pandas as pd
import pytest
from tests import fake_importance as fake

from epibench.experiments import gia_cooperativity, gia_distance, gia_flanks, gia_placement


def with_unlearned(rows: pd.DataFrame) -> pd.DataFrame:
    """Add a second target, whose effects are missing in the binary run."""
    other = rows.assign(target="other")
    effects = [name for name in rows if name in ("low", "high") or name.endswith("effect")]
    binary = other["loss"] == "binary_crossentropy"
    other[effects] = other[effects].astype(float).mask(binary, np.nan)
    return pd.concat([rows, other], ignore_index=True)


def texts(chart) -> list[str]:
    return [part.get_text() for part in chart.findobj(lambda part: hasattr(part, "get_text"))]


@pytest.mark.parametrize("name", ["flanks", "distance", "cooperativity", "placement"])
def test_unlearned_targets_have_no_row_and_no_panel(name):
    axes = fake.runs(["one"]) + fake.runs(["two"], loss="binary_crossentropy")
    module, rows = {
        "flanks": lambda: (gia_flanks, with_unlearned(fake.flanks(axes))),
        "distance": lambda: (gia_distance, with_unlearned(fake.distances(axes))),
        "cooperativity": lambda: (gia_cooperativity, with_unlearned(fake.cooperativity(axes))),
        "placement": lambda: (
            gia_placement,
            {
                "positions": with_unlearned(fake.positions(axes)),
                "copies": with_unlearned(fake.copies(axes)),
            },
        ),
    }[name]()
    table = module.table(rows)
    found = sorted(table[["model", "target"]].itertuples(index=False, name=None))
    assert found == [("one", "a"), ("one", "other"), ("two", "a")]
    labels = texts(module.figure(rows))
    assert (labels.count("Effect (coverage)"), labels.count("Effect (logit)")) == (2, 1)


def test_a_noted_word_that_is_the_best_is_named_once():
    rows = fake.flanks(fake.runs(["one"]))
    best = rows[rows["sequence"] == fake.WORDS[-1]].assign(kind="noted")
    rows = pd.concat([rows[rows["kind"] != "noted"], best], ignore_index=True)
    assert gia_flanks.table(rows)["noted_rank"].tolist() == [1]
    written = [text for text in texts(gia_flanks.figure(rows)) if fake.WORDS[-1] in text]
    assert written == [f"best {fake.WORDS[-1]}"]


def test_places_of_all_seeds_are_written_below_the_boxes():
    rows = fake.cooperativity(fake.runs(["one"], seeds=(1, 2)))
    moved = rows["seed"] == 2
    rows.loc[moved, ["offset", "orientation"]] = [40, "same"]
    assert "offset −12 turned, 40" in texts(gia_cooperativity.figure(rows))
    assert gia_cooperativity.table(rows)["offset"].tolist() == [-12, 40]
