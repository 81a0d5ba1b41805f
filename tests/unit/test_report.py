"""The report as a file: what it says, and that it needs nothing but itself."""

import re
from collections import Counter
from html.parser import HTMLParser
from types import SimpleNamespace

import pandas as pd
import pytest
from small_genome import SmallStudy
from tests import fake_study
from tests.fake_study import (
    DEMO,
    TARGETS,
    VERSIONS,
    metrics,
    references,
    run_rows,
    run_table,
    study,
    summary,
    write_fake_report,
)

from epibench.data.make_store import make_store
from epibench.errors import InputError
from epibench.experiments import ANALYSES
from epibench.report.experiment import (
    LONG_TABLE,
    ExperimentPage,
    describe_experiment,
    fold_intervals,
)
from epibench.report.inline import inline_svg
from epibench.report.inputs import describe_inputs
from epibench.report.leaderboard import (
    OF_TARGETS,
    SCALINGS,
    WITH_INTERVAL,
    View,
    at_a_glance,
    default_bin_size,
    leaderboard,
)
from epibench.report.shown import percent_of, readable_bytes, shown_as, span_of
from epibench.report.templates import status
from epibench.report.write import write_report


class Page(HTMLParser):
    """Collects elements with their attributes, and the text outside scripts and styles."""

    def __init__(self, text: str):
        super().__init__()
        self.elements, self._words, self._tag = [], [], ""
        self.feed(text)
        self.text = " ".join(" ".join(self._words).split())

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        self._tag = tag

    def handle_endtag(self, tag):
        self._tag = ""

    def handle_data(self, data):
        if self._tag not in ("script", "style"):
            self._words.append(data)

    def values(self, attribute):
        return [found[attribute] for _, found in self.elements if attribute in found]


def everyone(runs, others=None):
    others = references() if others is None else others
    return pd.concat([metrics(runs)[others.columns], others], ignore_index=True)


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    path = write_fake_report(tmp_path_factory.mktemp("report"), run_rows(DEMO))
    text = path.read_text(encoding="utf-8")
    return SimpleNamespace(path=path, text=text, page=Page(text))


@pytest.fixture(scope="module")
def views():
    runs = run_rows(DEMO)
    found = leaderboard(everyone(runs), run_table(runs), {})
    return {(view.bin_size, view.scaling): view for view in found}


def test_a_view_lists_only_predictors_with_scores_at_its_bin_size(views):
    names = {row["predictor"] for row in views[128, "raw"].rows}
    assert not any("bin512" in name or "bin2048" in name for name in names)
    assert len(names) == 10 + 5
    assert views[128, "raw"].left_out == 2
    assert "15 of 17 predictors. 2 cannot" in status(views[128, "raw"])
    assert status(views[2048, "raw"]).endswith("17 of 17 predictors.")


def test_rows_come_in_the_order_of_r_with_the_constant_and_the_incomplete_last(views):
    for view in views.values():
        *ranked, constant, incomplete = view.rows
        r = [row["pearson_r"] for row in ranked]
        assert r == sorted(r, reverse=True)
        assert (constant["predictor"], constant["pearson_r"]) == ("mean_coverage", None)
        assert constant["mse"] > 0
        assert (incomplete["predictor"], incomplete["targets"]) == ("replicate2", len(TARGETS) - 1)


def test_the_ceiling_is_replicate_2_and_its_square_root_stands_beside(views):
    row = next(row for row in views[128, "scaled"].rows if row["predictor"] == "replicate2")
    root = f"√r = {row['pearson_r'] ** 0.5:.3f}"
    assert row["extra"] == f"{root}; r of {len(TARGETS) - 1} of {len(TARGETS)} targets"
    assert row["targets"] == 3
    assert [row["by_target"][score][TARGETS[-1]] for score in OF_TARGETS] == [None] * 3


def test_the_ceiling_is_drawn_only_where_replicate_2_has_every_target(views):
    # A mean over fewer targets is no mark for predictors that are averaged over all.
    assert views[128, "scaled"].ceilings == {}
    runs = run_rows(DEMO)
    metrics = everyone(runs)
    complete = metrics[metrics["target"] != TARGETS[-1]]
    view = next(v for v in leaderboard(complete, run_table(runs), {}) if v.bin_size == 128)
    row = next(row for row in view.rows if row["predictor"] == "replicate2")
    for score in WITH_INTERVAL:
        assert view.ceilings[score] == pytest.approx(row[score], rel=1e-5)


@pytest.mark.parametrize(
    ("counts", "chosen"),
    [({32: 5, 128: 9, 2048: 9}, 128), ({32: 3, 128: 2}, 32), ({64: 1, 2048: 4}, 2048)],
)
def test_the_page_opens_at_the_finest_bin_size_with_most_predictors(counts, chosen):
    views = [View(size, "raw", [{}] * n, 0, {}, {}) for size, n in counts.items()]
    assert default_bin_size(views, preferred=1000) == chosen
    assert default_bin_size(views, preferred=views[-1].bin_size) == views[-1].bin_size


def test_the_glance_has_the_references_and_one_run_over_the_same_targets(views):
    of_all, of_some = at_a_glance(views[128, "scaled"])
    assert of_all.targets == TARGETS
    assert of_some.targets == TARGETS[:3]  # replicate 2 lacks the last one
    kinds = [row["kind"] for row in of_all.rows]
    assert kinds == ["truth", "run", "baseline", "baseline"]
    assert [row["kind"] for row in of_some.rows] == [kinds[0], "ceiling", *kinds[1:]]
    assert (of_all.ceiling, of_some.ceiling) == (None, of_some.rows[1]["pearson_r"])
    runs = [row for row in views[128, "scaled"].rows if row["kind"] == "run"]
    assert of_all.rows[1]["pearson_r"] == pytest.approx(max(row["pearson_r"] for row in runs))
    for score in ("pearson_r", "pearson_r_log1p"):
        shown = [row["by_target"][score][target] for row in [of_some.rows[2]] for target in TARGETS]
        assert of_some.rows[2][score] == pytest.approx(sum(shown[:3]) / 3)


def test_scores_by_target_average_to_the_score_and_only_log1p_depends_on_the_scale(views):
    raw, scaled = (
        next(row for row in views[128, scaling].rows if row["kind"] == "run")
        for scaling in ("raw", "scaled")
    )
    for score in OF_TARGETS:
        of_targets = list(raw["by_target"][score].values())
        assert sum(of_targets) / len(TARGETS) == pytest.approx(raw[score])
        assert (raw["by_target"][score] != scaled["by_target"][score]) == ("log1p" in score)
    assert all(row["spearman_r"] is None for row in views[1, "raw"].rows)


def test_predictors_of_different_test_sets_share_no_report(tmp_path):
    runs = run_rows(DEMO)
    with pytest.raises(InputError, match=r"demo: metrics of 2 different test sets"):
        write_report(
            tmp_path / "index.html",
            study=study(),
            data=summary(),
            runs=run_table(runs),
            metrics=metrics(runs),
            references=references().assign(test_set="other"),
            selection=tmp_path,
            experiments=[],
            predictors=None,
            links={},
            versions={"epibench": "0"},
            jobs=[],
            stages=[],
        )
    assert not list(tmp_path.iterdir())


def test_the_page_needs_no_other_file_to_be_shown(written):
    assert len(written.text) < 1_500_000
    tags = Counter(tag for tag, _ in written.page.elements)
    assert tags["img"] == tags["iframe"] == 0
    assert [found for tag, found in written.page.elements if tag == "link"] == [
        {"rel": "icon", "href": "data:,"}
    ]
    assert not written.page.values("src")
    assert not [href for href in written.page.values("href") if "//" in href]
    assert not re.search(r"@import|url\((?!#)", written.text)


def test_a_target_name_cannot_become_markup(written):
    assert sum(tag == "script" for tag, _ in written.page.elements) == 2
    assert TARGETS[2] in written.page.text
    assert "<script>alert" not in written.text


HOSTILE = "</script></title></code>\"'><img src=x onerror=alert(1)>{{7*7}}"
FREE = ("study", "title", "source", "checksum", "path", "name", "uses", "config_files", *VERSIONS)
"""Where texts stand that come from a config, a file or an address."""


def hostile(value, key=None):
    """Append markup to every text that a user may choose."""
    if isinstance(value, dict):
        return {name: hostile(part, name) for name, part in value.items()}
    if isinstance(value, list):
        return [hostile(part, key) for part in value]
    return value + HOSTILE if isinstance(value, str) and key in FREE else value


def test_no_name_can_become_markup(tmp_path, monkeypatch):
    made = hostile(study())
    made["inputs"] = {path + HOSTILE: facts for path, facts in made["inputs"].items()}
    made |= {"accessions": {TARGETS[0]: HOSTILE}, "labels": {"ridge": HOSTILE}}
    monkeypatch.setattr(fake_study, "study", lambda: made)
    data = hostile(summary())
    runs = run_rows([("poisson", 512), ("mse", 512)])
    path = write_fake_report(tmp_path, runs, data=data, versions=hostile(VERSIONS))
    page = Page(path.read_text(encoding="utf-8"))
    tags = Counter(tag for tag, _ in page.elements)
    assert (tags["script"], tags["img"]) == (2, 0)
    assert not [key for _, found in page.elements for key in found if key.startswith("on")]
    assert not [href for href in page.values("href") if href.startswith("javascript:")]
    assert page.text.count(HOSTILE) > 30


def test_ids_are_unique_and_what_refers_to_them_finds_them(written):
    ids = Counter(written.page.values("id"))
    assert max(ids.values()) == 1
    anchors = [
        href[1:]
        for key in ("href", "xlink:href")
        for href in written.page.values(key)
        if href.startswith("#")
    ]
    clips = re.findall(r"url\(#([^)]+)\)", written.text)
    labels = " ".join(written.page.values("aria-labelledby")).split()
    assert len(anchors) > 100
    assert len(clips) > 2
    assert set(anchors + clips + labels) <= set(ids)


def test_each_figure_is_described_and_each_table_has_scopes(written):
    roles = [found["role"] for tag, found in written.page.elements if tag == "svg"]
    assert roles == [
        "img",
        "img",
        "group",
        "img",
        "group",
    ]  # the links of an image could not be reached
    heads = [found for tag, found in written.page.elements if tag == "th"]
    assert len(heads) > 100
    assert all(found.get("scope") in ("row", "col", "rowgroup") for found in heads)


def test_runs_link_to_their_files(written):
    hrefs = set(written.page.values("href"))
    for run in run_rows(DEMO):
        assert f"../logs/train_run/{run['run']}.log" in hrefs
        assert f"../runs/{run['run']}/metrics.tsv" in hrefs
    assert "../experiments/resolution/figure.svg" in hrefs
    assert (written.path.parent / "../experiments/resolution/figure.svg").is_file()


def test_downloads_are_files_beside_the_page(written):
    hrefs = set(written.page.values("href"))
    for name in ("table.tsv", "figure.svg", "figure.png"):
        assert f"../experiments/resolution/{name}" in hrefs
    assert not any(href.startswith("data:text") for href in hrefs)
    table = pd.read_csv(written.path.parent / "leaderboard.tsv", sep="\t")
    assert "leaderboard.tsv" in hrefs
    assert "target" not in table
    everything = everyone(run_rows(DEMO))
    assert len(table) == (everything["target"] == "mean").sum()
    assert not table.duplicated(["predictor", "evaluated_bin_size", "scaling"]).any()


def test_the_page_says_what_was_run_on_what(written):
    for words in (
        "12 trained runs and 5 reference predictors, compared on chr8",
        "commit 1a2b3c4",
        "One seed, one test chromosome: the size of seed noise is unknown",
        "Which loss function gives the best predictions",
        "Left out: loss multinomial_mse, bin_size 2048: one bin has no shape.",
        "MD5 " + "ab" * 16,
        "SHA-256 " + "0c" * 32,
        "ENCFF000ABC",
        "Windows by target and split (12 rows)",
        "3f9a1c07",
    ):
        assert words in written.page.text


def test_the_report_reads_the_summary_that_the_store_writes(tmp_path):
    arguments = SmallStudy(tmp_path).arguments()
    data = make_store(tmp_path / "store", **arguments)
    genome = {"fasta": str(arguments["genome"].fasta)}
    genome["excluded"] = list(map(str, arguments["genome"].excluded))
    inputs = describe_inputs(genome, arguments["targets"], {})
    path = write_fake_report(tmp_path, run_rows([("poisson", 128)]), data=data, inputs=inputs)
    text = Page(path.read_text()).text
    assert "Models see 64 bp, cut from windows of 96 bp." in text
    assert "train chr1, chr2 9,300 1.6 % " in text  # 150 N
    rows = re.findall(r"([abc]) (?:0\.\d+ ){3}\d\.\d % 0 (\S+) (yes|none) (\S+)", text)
    assert rows == [("a", "102", "yes", "none"), ("b", "100", "none", "c"), ("c", "–", "yes", "b")]
    assert "touch excluded.bed" in text
    assert "a2.bw replicate 2 of a" in text
    assert data["fingerprint"] in text


def test_one_run_of_real_data_has_a_report_too(tmp_path):
    others = references()
    others = others[~others["predictor"].isin(["truth", "replicate2"])]
    runs = run_rows([("poisson", 128)])
    page = Page(write_fake_report(tmp_path, runs, others, versions={"epibench": "0"}).read_text())
    assert "commit" not in page.text
    assert "1 trained run and 3 reference predictors" in page.text
    assert "truth," not in page.text
    assert "vertical mark" not in page.text
    assert "second measurement" not in page.text


def test_an_inlined_figure_keeps_its_style_to_itself(tmp_path):
    svg = tmp_path / "figure.svg"
    svg.write_text(
        '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
        'width="10pt" height="5pt" viewBox="0 0 10 5"><style>*{fill:red}</style><defs>'
        '<path id="a" d="M0 0"/><clipPath id="c"/></defs>'
        '<use xlink:href="#a" clip-path="url(#c)"/></svg>'
    )
    text = inline_svg(svg, "one", "A <title>", "What it shows")
    assert "style>" not in text
    assert 'id="one-a"' in text
    assert 'href="#one-a"' in text
    assert 'clip-path="url(#one-c)"' in text
    assert '<title id="one-title">A &lt;title&gt;</title>' in text
    assert 'aria-labelledby="one-title one-description"' in text


@pytest.mark.parametrize(
    ("value", "column", "text"),
    [
        (0.53125, "pearson_r", "0.531"),
        (-0.02, "pearson_r", "−0.020"),
        (float("nan"), "pearson_r", "–"),
        (None, "mse", "–"),
        (0.4, "jensen_shannon", "0.400"),
        (1.0, "spearman_r", "1.000"),
        (2048, "evaluated_bin_size", "2048"),
        (61204, "parameters", "61,204"),
        (0.4, "mse", "0.4000"),
        (1.5e8 + 0.5, "mse", "1.500e+08"),
        (43359.684, "mse_raw", "43,360"),
        ("pearsonr_mse", "loss", "Pearson's r + MSE"),
        ("a,b", "experiments", "a, b"),
    ],
)
def test_values_are_written_as_their_column_asks(value, column, text):
    assert shown_as(value, column) == text


def test_sizes_are_written_in_a_readable_unit():
    assert [readable_bytes(n) for n in (0, 999, 1_000_000, 999_999, 3_218_000_000)] == [
        "0 B",
        "999 B",
        "1 MB",
        "1 MB",
        "3.22 GB",
    ]


def test_shares_do_not_round_to_nothing_or_all():
    whole = 100_000
    counts = (0, 1, 60, 12_345, 50_000, 99_960, whole)
    assert [percent_of(count, whole) for count in counts] == [
        "0 %",
        "< 0.1 %",
        "0.1 %",
        "12.3 %",
        "50.0 %",
        "> 99.9 %",
        "100 %",
    ]
    assert percent_of(0, 0) == "–"


def test_the_figure_of_the_coverage_can_be_downloaded(written):
    for name in ("coverage.svg", "coverage.png"):
        assert name in written.page.values("href")
        assert (written.path.parent / name).stat().st_size > 1000


def test_what_is_unusual_stands_above_the_tables(written, tmp_path):
    assert "What is unusual in these data" not in written.page.text
    data = summary() | {"unknown_chromosomes": {"x.bed": {"4": 3}}}
    text = write_fake_report(tmp_path, run_rows([("poisson", 128)]), data=data).read_text()
    assert "3 records of x.bed were left out, on chromosomes" in text
    assert text.index("What is unusual in these data") < text.index("Windows and sequence")


def test_scaling_changes_no_correlation_and_every_view_has_all_three(views):
    sizes = {size for size, _ in views}
    assert set(views) == {(size, name) for size in sizes for name in SCALINGS}
    raw, valid = (views[128, name].rows for name in ("raw", "scaled_valid"))
    assert [row["pearson_r"] for row in raw] == [row["pearson_r"] for row in valid]
    assert [row["mse"] for row in raw] != [row["mse"] for row in valid]


def test_main_scores_have_their_interval_where_there_is_one(views):
    rows = {row["predictor"]: row for row in views[128, "scaled"].rows}
    row = next(row for row in rows.values() if row["kind"] == "run")
    for score in WITH_INTERVAL:
        low, high = row["intervals"][score]
        assert (low, high) == pytest.approx((row[score] - 0.01, row[score] + 0.01))
    constant = rows["mean_coverage"]["intervals"]
    assert constant["pearson_r"] is None
    assert constant["mse"] is not None


def test_an_interval_stands_behind_its_score_and_not_in_a_column(written):
    assert re.search(r"0\.\d{3} \(0\.\d{3} to 0\.\d{3}\)", written.page.text)
    spans = [found for tag, found in written.page.elements if found.get("class") == "span"]
    assert len(spans) > 100
    headings = re.findall(r"<th scope=\"col\"[^>]*>([^<]*)</th>", written.text)
    assert not [name for name in headings if name.endswith(("low", "high"))]


@pytest.mark.parametrize(
    ("columns", "left", "intervals"),
    [
        (["a", "r", "r_low", "r_high"], ["a", "r"], {"r": ("r_low", "r_high")}),
        (["score", "value", "low", "high"], ["score", "value"], {"value": ("low", "high")}),
        (["r", "r_low"], ["r", "r_low"], {}),
        (["low", "high"], ["low", "high"], {}),
    ],
)
def test_ends_of_intervals_are_folded_into_their_score(columns, left, intervals):
    assert fold_intervals(columns) == (left, intervals)


def test_an_interval_is_written_as_its_score():
    assert span_of((0.5512, 0.59), "pearson_r") == "(0.551 to 0.590)"
    assert span_of((-0.02, 0.1), "r2") == "(−0.020 to 0.100)"
    assert span_of((float("nan"), 1.0), "mse") == ""


def test_an_outside_prediction_is_a_kind_of_its_own(tmp_path):
    others = references()
    outside = others[others["predictor"] == "ridge"].assign(predictor="enformer<b>")
    others = pd.concat([others, outside], ignore_index=True)
    path = write_fake_report(tmp_path, run_rows([("poisson", 128)]), others)
    page = Page(path.read_text(encoding="utf-8"))
    assert "1 trained run, 5 reference predictors and 1 outside prediction" in page.text
    assert "enformer<b> outside" in page.text
    assert sum(found.get("class") == "outside" for _, found in page.elements) == 6
    assert not any(tag == "b" and "class" in found for tag, found in page.elements)


def test_a_long_table_is_cut_on_the_page_and_whole_in_the_download(tmp_path):
    folder = tmp_path / "experiments" / "resolution"
    runs = run_rows([("poisson", 128)])
    write_fake_report(tmp_path, runs)
    table = pd.read_csv(folder / "table.tsv", sep="\t")
    long = pd.concat([table] * LONG_TABLE, ignore_index=True)
    long.to_csv(folder / "table.tsv", sep="\t", index=False)
    found = describe_experiment(
        ExperimentPage("resolution", ANALYSES["resolution"], folder), tmp_path
    )
    assert (len(found["rows"]), found["rows_in_all"]) == (LONG_TABLE, len(long))
    assert not found["open"]
    assert found["downloads"]["table.tsv"] == "experiments/resolution/table.tsv"
    assert found["downloads"]["figure.pdf"] == "experiments/resolution/figure.pdf"
    (folder / "figure.pdf").unlink()
    found = describe_experiment(
        ExperimentPage("resolution", ANALYSES["resolution"], folder), tmp_path
    )
    assert "figure.pdf" not in found["downloads"]
