"""Tables and figures of global importance, on tables whose numbers are known."""

import numpy as np
import pandas as pd
import pytest
from tests import fake_importance as fake

from epibench.errors import InputError
from epibench.experiments import (
    gia_cooperativity,
    gia_distance,
    gia_flanks,
    gia_placement,
    occlusion,
)
from epibench.experiments.effects import MOST
from epibench.interpret.distance_limit import half_way


def texts(chart):
    """Give every text of a figure."""
    return {text.get_text() for text in chart.findobj(lambda part: hasattr(part, "get_text"))}


def test_flanks_name_best_worst_core_and_noted():
    table = gia_flanks.table(fake.flanks(fake.runs()))
    assert table["model"].tolist() == ["one", "two"]
    second = table.iloc[1]
    assert (second["best"], second["worst"]) == ("TATGA", "AATGA")
    assert (second["effect"], second["core_effect"], second["best_over_core"]) == (8, 4, 2)
    assert (second["low"], second["high"]) == pytest.approx((7.9, 8.1))
    assert (second["noted"], second["noted_rank"]) == ("CATGA", 3)
    assert second["rho_score"] == pytest.approx(-1)


def test_flanks_are_means_over_seeds_and_work_without_scores():
    table = gia_flanks.table(fake.flanks(fake.runs(["one"], seeds=(1, 2)), scored=False))
    assert len(table) == 1
    assert table["effect"].item() == 6  # of 4 and 8
    assert table["seeds"].item() == 2
    assert np.isnan(table["rho_score"].item())


def test_figures_say_the_unit_and_what_is_left_out():
    axes = fake.runs(["one"]) + fake.runs(["two"], loss="binary_crossentropy")
    for module, rows in [
        (gia_flanks, fake.flanks(axes)),
        (gia_flanks, fake.flanks(axes, scored=False)),
        (gia_distance, fake.distances(axes, orientations=("same", "turned"))),
        (gia_cooperativity, fake.cooperativity(axes)),
        (gia_placement, {"positions": fake.positions(axes), "copies": fake.copies(axes)}),
        (occlusion, fake.occlusion(axes)),
    ]:
        written = texts(module.figure(rows))
        assert {"Effect (coverage)", "Effect (logit)"} <= written, module.__name__
        assert not any("more settings" in text for text in written)
    many = fake.runs([f"m{number}" for number in range(MOST + 2)])
    assert any("2 more settings" in text for text in texts(gia_flanks.figure(fake.flanks(many))))
    only = fake.runs(["one"], loss="binary_crossentropy")
    assert "Effect (coverage)" not in texts(gia_distance.figure(fake.distances(only)))


def test_distances_give_the_limit_on_the_side_that_has_one():
    table = gia_distance.table(fake.distances(fake.runs(), limit=60))
    assert table["limit_downstream"].tolist() == pytest.approx([60, 60], abs=3)
    assert table["limit_upstream"].isna().all()
    assert table["best_offset"].tolist() == [10, 10]
    assert table["effect"].tolist() == pytest.approx([3, 6], rel=1e-3)
    assert table["far_effect"].tolist() == pytest.approx([1, 2], rel=1e-3)


@pytest.mark.parametrize("limit", [30, 50, 80])
@pytest.mark.parametrize(("farthest", "step"), [(1000, 1), (300, 4), (200, 8)])
def test_half_way_finds_a_known_limit(limit, farthest, step):
    offset = np.concatenate([np.arange(-farthest, -8, step), np.arange(9, farthest, step)])
    share = 1 / (1 + np.exp((np.abs(offset) - limit) / 8))
    noise = np.random.default_rng(limit).normal(0, 0.01, len(offset))
    found = half_way(offset, 2 + share + noise)
    near = 1 / (1 + np.exp((9 + 2 * step - limit) / 8))  # the highest running median
    expected = limit + 8 * np.log(2 / near - 1)
    assert found["upstream"] == pytest.approx(expected, abs=5)
    assert found["downstream"] == pytest.approx(expected, abs=5)


def test_motifs_that_disturb_each_other_side_by_side_move_no_limit():
    offset = np.concatenate([np.arange(-300, -8, 4), np.arange(9, 300, 4)])
    effect = 1 / (1 + np.exp((np.abs(offset) - 60) / 6))
    found = half_way(offset, np.where(np.abs(offset) < 24, 0.2, effect))
    assert list(found.values()) == pytest.approx([60, 60], abs=3)


def test_half_way_of_no_fall_is_missing():
    offset = np.concatenate([np.arange(-100, -8), np.arange(9, 100)])
    noise = np.random.default_rng(1).normal(0, 1, len(offset))
    for effect in (noise, np.abs(offset) * 1.0, np.full(len(offset), np.nan)):
        assert np.isnan(list(half_way(offset, effect).values())).all()
    assert np.isnan(half_way(offset[:5], effect[:5])["upstream"])


def test_cooperativity_is_paired_within_backgrounds():
    (row,) = gia_cooperativity.table(fake.cooperativity(fake.runs(["one"]))).to_dict("records")
    assert (row["first_effect"], row["second_effect"]) == pytest.approx((1, 2))
    assert row["sum_effect"] == pytest.approx(3)
    assert row["interaction"] == pytest.approx(2)
    assert row["ratio"] == pytest.approx(5 / 3)
    # the noise of both motifs cancels in the sum, so the interval is that of `both`
    half = 1.96 * 0.1 / np.sqrt(30)
    assert row["interaction_high"] - row["interaction_low"] == pytest.approx(2 * half, rel=0.35)
    assert row["sum_effect_high"] == pytest.approx(row["sum_effect_low"])


def test_placement_gives_extremes_and_how_copies_add_up():
    axes = fake.runs(["one"])
    tables = {"positions": fake.positions(axes), "copies": fake.copies(axes)}
    (row,) = gia_placement.table(tables).to_dict("records")
    assert (row["lowest_position"], row["highest_position"]) == (100, 300)
    assert row["mean_effect"] == pytest.approx(2)
    assert row["copies_3"] == 2
    assert row["last_over_single"] == pytest.approx(2 / 3)


def test_occlusion_gives_shares_of_coverage_only():
    axes = fake.runs(["one"]) + fake.runs(["two"], loss="binary_crossentropy")
    table = occlusion.table(fake.occlusion(axes))
    assert table.loc[table["model"] == "one", "share"].tolist() == pytest.approx([0.1] * 6)
    assert table.loc[table["model"] == "two", "share"].isna().all()
    some = fake.occlusion(fake.runs(["one"]), groups=("1",))
    assert len(occlusion.table(some)) == 2
    occlusion.figure(some)


@pytest.mark.parametrize(
    ("module", "rows"),
    [
        (gia_flanks, fake.flanks(fake.runs(["one"]))),
        (gia_distance, fake.distances(fake.runs(["one"]))),
        (gia_cooperativity, fake.cooperativity(fake.runs(["one"]))),
        (occlusion, fake.occlusion(fake.runs(["one"]))),
    ],
    ids=["flanks", "distance", "cooperativity", "occlusion"],
)
def test_missing_columns_and_rows_are_refused(module, rows):
    column = "effect" if "effect" in rows else "both_effect"
    with pytest.raises(InputError, match=f"lack the columns {column}"):
        module.table(rows.drop(columns=column))
    with pytest.raises(InputError, match="its grid must have a run"):
        module.table(pd.DataFrame(columns=rows.columns))
