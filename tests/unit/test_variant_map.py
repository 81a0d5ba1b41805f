"""Table and figure of the effects of all variants of one element."""

import numpy as np
import pytest
from scipy.stats import pearsonr
from tests import fake_variants
from tests.fake_study import run_rows

from epibench.errors import InputError
from epibench.evaluate.scores import scores_of_runs
from epibench.experiments import variant_map
from epibench.style import DIVERGING

ELEMENTS = {"F9": 80, "TERT-GBM": 90}


def runs(augmentations=("none", "rc+shift"), seeds=(1, 2)) -> list[dict]:
    return [
        row
        for name in augmentations
        for row in run_rows([("poisson", 128)], augmentation=name, seeds=seeds)
    ]


BINARY = run_rows([("binary_crossentropy", 2048)], model="basset")


@pytest.fixture(scope="module")
def tables():
    return fake_variants.tables([*runs(), *BINARY], ELEMENTS)


@pytest.fixture(scope="module")
def table(tables):
    return variant_map.table(tables)


def test_table_has_the_shown_element_with_scores_averaged_over_seeds(table, tables):
    assert set(table["element"]) == {"TERT-GBM"}
    assert table["run"].nunique() == 3
    rows = tables["variants"].query("element == 'TERT-GBM' and augmentation == 'none'")
    one, two = (part.reset_index() for _, part in rows.groupby("seed"))
    found = table[table["augmentation"] == "none"].reset_index()
    assert list(found["measured"]) == pytest.approx(list(one["effect"]), abs=1e-6)
    expected = (one["robust"] + two["robust"]) / 2
    assert list(found["predicted"]) == pytest.approx(list(expected), abs=1e-6)
    r = pearsonr(expected, one["effect"]).statistic
    assert found["pearson_r"].iloc[0] == pytest.approx(r, abs=1e-6)
    assert (found["seeds"] == 2).all()
    r = table.drop_duplicates("run")["pearson_r"]
    assert r.is_monotonic_decreasing


def test_the_six_best_settings_are_drawn_and_the_others_counted():
    names = ("none", "rc", "shift", "rc+shift", "evoaug", "rc+shift+evoaug", "as_published")
    tables = fake_variants.tables(runs(names, seeds=(1,)), ELEMENTS)
    table = variant_map.table(tables)
    settings = table.drop_duplicates("run")
    r = {run["augmentation"]: fake_variants.planted_r(run)["robust"] for run in runs(names, (1,))}
    assert list(settings["augmentation"]) == sorted(names, key=r.get, reverse=True)[:6]
    assert (table["settings"] == 7).all()
    chart = variant_map.draw(table, tables["variant_profile"])
    titles = [axes.get_title(loc="left") for axes in chart.axes if axes.images]
    assert titles[0] == "Measured"
    best = [f"basenji_small, {name}: r {r[name]:.2f}" for name in settings["augmentation"]]
    assert [title.split(" (")[0] for title in titles[1:7]] == best
    notes = " ".join(text.get_text() for axes in chart.axes for text in axes.texts)
    assert "Settings with a lower r in this element, not shown: 1." in notes.replace("\n", " ")


def test_cells_show_the_effects_reference_bases_are_zero_and_others_empty(table, tables):
    chart = variant_map.draw(table, tables["variant_profile"])
    measured, best = chart.axes[:2]
    part = table[table["run"] == table["run"].iloc[0]]
    first = part["start"].min()
    for axes, column in ((measured, "measured"), (best, "predicted")):
        cells = axes.images[0].get_array()
        assert cells.shape == (5, 90)
        known = np.zeros(cells.shape, bool)
        for row in part.to_dict("records"):
            at = "ACGT-".index(row["alt"]), row["start"] - first
            assert cells[at] == pytest.approx(row[column])
            known[at] = True
            reference = "ACGT".index(row["ref"]), row["start"] - first
            assert cells[reference] == 0
            known[reference] = True
        assert (np.ma.getmaskarray(cells) == ~known).all()
        norm = axes.images[0].norm
        assert norm.vmin == -norm.vmax
        assert norm.vmax == pytest.approx(np.percentile(part[column].abs(), 99))
        dots = {tuple(dot) for dot in axes.lines[0].get_xydata()}
        assert dots == {(row.start, "ACGT".index(row.ref)) for row in part.itertuples()}


def test_long_elements_are_wrapped_into_rows_without_losing_a_position():
    tables = fake_variants.tables(runs(seeds=(1,)), {"F9": 20, "LONG": 650})
    table = variant_map.table(tables)
    chart = variant_map.draw(table, tables["variant_profile"])
    strips = [axes for axes in chart.axes if axes.get_title(loc="left") == "Measured"]
    widths = [axes.images[0].get_array().shape[1] for axes in strips]
    assert sum(widths) == 650
    assert max(widths) <= variant_map.MOST_POSITIONS
    assert [axes.get_xlim()[0] for axes in strips] == list(999.5 + np.cumsum([0, *widths[:-1]]))
    assert len({axes.images[0].norm.vmax for axes in strips}) == 1
    cells = np.ma.hstack([axes.images[0].get_array() for axes in strips])
    for row in table[table["run"] == table["run"].iloc[0]].itertuples():
        assert cells["ACGT-".index(row.alt), row.start - 1000] == row.measured


def test_profiles_of_both_alleles_are_drawn_for_runs_of_coverage(table, tables):
    profile = tables["variant_profile"]
    chart = variant_map.draw(table, profile)
    panels = [axes for axes in chart.axes if len(axes.lines) == 3]
    assert {axes.get_title(loc="left").split(", ")[-1] for axes in panels} == {"none", "rc+shift"}
    start = profile["start"].iloc[0]
    for axes in panels:
        name = axes.get_title(loc="left").split(", ")[-1]
        means = profile[profile["augmentation"] == name].groupby("position")
        for line, allele in zip(axes.lines, ("reference", "alternative"), strict=False):
            assert list(line.get_ydata()) == pytest.approx(list(means[allele].mean()))
            assert list(line.get_xdata()) == list(np.unique(profile["position"]) - start)
        assert list(axes.lines[2].get_xdata()) == [0, 0]


def test_variants_of_several_bases_are_counted_not_drawn(tables):
    rows = tables["variants"]
    profile = tables["variant_profile"]
    at = profile["start"].iloc[0] - 1
    longer = rows["element"].eq("TERT-GBM") & (rows["start"] == at) & rows["alt"].ne("-")
    rows = rows.assign(alt=rows["alt"].where(~longer, rows["alt"] + "A"))
    count = longer.sum() // rows["run"].nunique()
    assert count > 0
    chart = variant_map.figure(tables | {"variants": rows})
    notes = " ".join(text.get_text() for axes in chart.axes for text in axes.texts)
    assert f"Variants of several bases, see table: {count}." in notes.replace("\n", " ")


def test_files_of_binary_runs_without_rows_are_read(tables, tmp_path):
    profile, names = tables["variant_profile"], [*BINARY, *runs()]
    columns = [name for name in profile if name == "run" or name not in names[0]]
    paths = [tmp_path / f"{i}.tsv" for i in range(len(names))]
    for path, run in zip(paths, names, strict=True):
        part = profile.loc[profile["run"] == run["run"], columns]
        part.rename(columns={"run": "predictor"}).to_csv(path, sep="\t", index=False)
    read = tables | {"variant_profile": scores_of_runs(paths, names)}
    assert variant_map.table(read).equals(variant_map.table(tables))
    assert len(variant_map.figure(read).axes) == len(variant_map.figure(tables).axes)


def test_profiles_of_no_variant_or_of_two_are_refused(tables):
    profile = tables["variant_profile"]
    with pytest.raises(InputError, match="are of 0 variants, not of one"):
        variant_map.table(tables | {"variant_profile": profile.iloc[:0]})
    other = profile.assign(alt=profile["alt"].where(profile["seed"] == 1, "other"))
    with pytest.raises(InputError, match="are of 2 variants, not of one"):
        variant_map.table(tables | {"variant_profile": other})


def test_colours_are_symmetric_around_white():
    assert DIVERGING(0.5)[:3] == pytest.approx((1, 1, 1), abs=0.02)
    darkness = [sum(DIVERGING(x)[:3]) for x in (0, 0.2, 0.5, 0.8, 1.0)]
    assert darkness[0] < darkness[1] < darkness[2] > darkness[3] > darkness[4]
