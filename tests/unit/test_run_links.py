"""Marks of runs name their run and lead to its page: in the SVG file and in the report."""

import re
from collections import Counter
from importlib import import_module
from urllib.parse import quote
from xml.etree import ElementTree

import pytest
from matplotlib.figure import Figure
from tests import fake_tables, fake_variants
from tests.fake_study import metrics, run_rows
from tests.fake_variation import variation_rows

from epibench.experiments import ANALYSES
from epibench.report.inline import SVG, XLINK, inline_svg
from epibench.style import link_run, save

RUN = "basenji/threshold0.5/pearsonr_mse/bin128/rc+shift/seed12"


def page_of(run: str) -> str:
    return f"../../report/runs/{quote(run)}.html"


def chart_of(run: str) -> Figure:
    chart = Figure()
    axes = chart.subplots()
    (mark,) = axes.plot([1], [2], "o")
    link_run(mark, run)
    (bar,) = axes.bar([3], [4])
    link_run(bar, run)
    return chart


def links(text: str) -> list[ElementTree.Element]:
    return list(ElementTree.fromstring(text).iter(f"{{{SVG}}}a"))


def test_a_mark_and_a_bar_link_in_the_file_and_in_the_report(tmp_path):
    save(chart_of(RUN), tmp_path)
    text = (tmp_path / "figure.svg").read_text()
    assert [link.get(f"{{{XLINK}}}href") for link in links(text)] == [page_of(RUN)] * 2
    assert "rc%2Bshift" in page_of(RUN)
    inlined = inline_svg(tmp_path / "figure.svg", "one", "Title", "Description")
    for link in links(inlined):
        assert link.attrib == {"href": page_of(RUN).removeprefix("../../report/")}
        assert link[0].tag == f"{{{SVG}}}title"
        assert link[0].text == "basenji · threshold0.5 · pearsonr_mse · 128 bp · rc+shift · seed 12"
    assert len(links(inlined)) == 2
    assert ElementTree.fromstring(inlined).get("role") == "group"


def test_a_mark_of_several_runs_is_no_link(tmp_path):
    save(chart_of(""), tmp_path)
    assert not links((tmp_path / "figure.svg").read_text())
    inlined = inline_svg(tmp_path / "figure.svg", "one", "Title", "Description")
    assert ElementTree.fromstring(inlined).get("role") == "img"


def test_a_pdf_file_holds_no_address(tmp_path):
    chart_of(RUN).savefig(tmp_path / "figure.pdf", metadata={"CreationDate": None})
    assert b"/URI" not in (tmp_path / "figure.pdf").read_bytes()


@pytest.mark.parametrize(
    "address",
    [
        "javascript:alert(1)",
        "https://example.org/runs/x.html",
        "//example.org/x",
        "../../report/index.html",
        f"../../report/runs/../{RUN}.html",
        f"../../report/runs/{RUN}.html#x",
        f"../../report/runs/javascript:alert(1)//{RUN}.html",
        f"runs/{quote(RUN)}.html",
        page_of(RUN.replace("basenji", "<script>")),
        page_of(RUN.replace("seed12", 'seed12" onclick="x')),
    ],
)
@pytest.mark.parametrize("name", ["href", "xlink:href"])
def test_every_other_address_is_taken_away(tmp_path, address, name):
    escaped = address.replace("<", "&lt;").replace('"', "&quot;")
    (tmp_path / "figure.svg").write_text(
        f'<svg xmlns="{SVG}" xmlns:xlink="{XLINK}" viewBox="0 0 9 9"><a {name}="{escaped}" '
        f'target="_blank"><path d="M0 0"/></a><image {name}="{escaped}"/></svg>'
    )
    text = inline_svg(tmp_path / "figure.svg", "one", "Title", "Description")
    assert not links(text)
    assert "href" not in re.sub(r'xmlns:\w+="[^"]*"', "", text)
    assert "<path" in text.replace("ns0:", "")


def test_images_and_references_inside_the_figure_stay(tmp_path):
    (tmp_path / "figure.svg").write_text(
        f'<svg xmlns="{SVG}" xmlns:xlink="{XLINK}" viewBox="0 0 9 9"><use xlink:href="#a"/>'
        '<image xlink:href="data:image/png;base64,AAAA"/></svg>'
    )
    root = ElementTree.fromstring(inline_svg(tmp_path / "figure.svg", "one", "T", "D"))
    kept = [element.get(f"{{{XLINK}}}href") for element in root]
    assert kept[2:] == ["#one-a", "data:image/png;base64,AAAA"]


def urls(figure) -> Counter:
    """Count the addresses of the marks of a figure."""
    marks = [mark for axes in figure.axes for mark in (*axes.lines, *axes.patches)]
    for part in figure.subfigs:
        marks += [mark for axes in part.axes for mark in (*axes.lines, *axes.patches)]
    return Counter({id(mark): mark.get_url() for mark in marks if mark.get_url()}.values())


MAKERS = {
    "loss_by_bin_size": metrics,
    "training_set": metrics,
    "augmentation": variation_rows,
    "robustness": fake_tables.robustness,
    "architectures": fake_tables.scores,
    "high_activity": fake_tables.high_activity,
    "replicate_ceiling": lambda runs: fake_tables.scores(runs).assign(kind="run"),
    "leaderboard": lambda runs: fake_tables.scores(runs).assign(kind="run"),
    "binary_vs_quantitative": fake_tables.classification,
    "variant_effects": fake_variants.tables,
    "variant_robustness": fake_variants.tables,
}
SEEDS_DRAWN = {
    *("loss_by_bin_size", "training_set", "augmentation", "architectures", "high_activity"),
    *("replicate_ceiling", "leaderboard", "binary_vs_quantitative"),
}
"""Analyses that show each seed; the others show the mean of a setting alone."""


@pytest.mark.parametrize("name", MAKERS)
@pytest.mark.parametrize("seeds", [(1,), (1, 2)])
def test_every_run_that_a_figure_shows_has_a_link(name, seeds):
    runs = [
        row
        for augmentation in ("none", "rc+shift")
        for row in run_rows([("poisson", 128)], augmentation=augmentation, seeds=seeds)
    ]
    figure = import_module(ANALYSES[name].module).figure(MAKERS[name](runs))
    found = urls(figure)
    expected = {page_of(run["run"]) for run in runs}
    if len(seeds) > 1 and name not in SEEDS_DRAWN:
        expected = set()
    assert set(found) == expected
    assert len(set(found.values())) <= 1
