"""The report in a real browser: nothing fails, controls work, a phone can show it."""

import json
import shutil
import subprocess
import sys
from html import unescape
from itertools import pairwise
from pathlib import Path
from urllib.parse import unquote

import pytest
from tests.fake_study import DEMO, run_rows, write_fake_report

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))
from report import load_times  # measured as the benchmark does

from epibench.report.crate import NAME as CRATE
from epibench.report.exports import FILES

NAMES = ("chromium", "chromium-browser", "google-chrome")
BROWSER = next(filter(None, map(shutil.which, NAMES)), None)
pytestmark = pytest.mark.skipif(BROWSER is None, reason=f"none of {', '.join(NAMES)} is on PATH")

HELPERS = """
const table = document.querySelector("tbody[data-scores]").parentElement;
const body = table.tBodies[0];
const heads = [...table.tHead.rows[0].cells];
const form = document.getElementById("leaderboard-controls");
const shown = () => [...body.rows].filter(row => !row.hidden);
const kinds = () => shown().map(row => row.className);
const texts = index => [...body.rows].map(row => row.cells[index].textContent);
const status = () => document.getElementById("leaderboard-status").textContent;
const set = (control, value) => {
  control[control.type === "checkbox" ? "checked" : "value"] = value;
  control.dispatchEvent(new Event("input", {bubbles: true}));
  control.dispatchEvent(new Event("change", {bubbles: true}));
};
const choose = (name, value) => set(
  name === "scaling" ? Object.assign(form.querySelector(`[value=${value}]`), {checked: true})
  : form.elements[name], value);
const later = milliseconds => new Promise(done => setTimeout(done, milliseconds));
"""


@pytest.fixture(scope="module")
def report(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("report")
    runs = run_rows(DEMO)
    (folder / "report").mkdir()
    for name in FILES:  # what `write_exports` writes
        (folder / "report" / name).touch()
    (folder / CRATE).touch()
    for run in runs:  # what other jobs write
        name = run["run"]
        for path in (
            f"report/runs/{name}.html",
            f"logs/train_run/{name}.log",
            *(f"runs/{name}/{file}" for file in ("run.json", "metrics.tsv", "model.keras")),
        ):
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).touch()
    return write_fake_report(folder, runs)


def browse(page: Path, profile: Path, *options: str) -> tuple[str, str]:
    """Open a page, and give the document after its scripts ran, and what the browser logged."""
    command = [
        BROWSER,
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-background-networking",
        "--allow-file-access-from-files",
        "--enable-logging=stderr",
        f"--user-data-dir={profile}",
        "--virtual-time-budget=5000",
        *options,
        "--dump-dom",
        page.as_uri(),
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    return done.stdout, done.stderr


def ask(report: Path, tmp_path: Path, script: str, *options: str):
    """Run a script at the end of a copy of the report, and give the value that it returns."""
    page = report.with_name(f"asked{tmp_path.name}.html")
    question = (
        f"<script>(async () => {{{HELPERS}{script}}})().then("
        "answer => { document.body.dataset.answer = JSON.stringify(answer); });</script>"
    )
    page.write_text(report.read_text(encoding="utf-8") + question, encoding="utf-8")
    dom, log = browse(page, tmp_path / "profile", *options)
    page.unlink()
    assert "CONSOLE" not in log
    return json.loads(unescape(dom.partition('data-answer="')[2].partition('"')[0]))


def test_the_page_opens_without_a_word_on_the_console(report, tmp_path):
    dom, log = browse(report, tmp_path / "profile")
    assert "CONSOLE" not in log
    assert 'id="leaderboard-controls" class="controls">' in dom  # its script ran


def test_headings_sort_the_leaderboard_with_missing_values_last(report, tmp_path):
    answer = ask(
        report,
        tmp_path,
        """
const value = cell => cell.dataset.value ?? cell.textContent;
return heads.map((head, index) => {
  const found = {};
  for (const _ of [1, 2]) {
    head.querySelector("button").click();
    found[head.getAttribute("aria-sort")] = [...body.rows].map(row => value(row.cells[index]));
  }
  return [head.dataset.column, found, heads.filter(h => h.hasAttribute("aria-sort")).length];
});
""",
    )
    assert len(answer) == 12
    for name, found, sorted_columns in answer[1:]:
        assert sorted_columns == 1
        number = str if name == "loss" else float
        for order in ("ascending", "descending"):
            values = [number(value) for value in found[order] if value]
            assert len(values) > 10
            assert values == sorted(values, reverse=order == "descending", key=_as_sorted)
            assert not any(found[order][len(values) :])


def _as_sorted(value):
    return value.lower() if isinstance(value, str) else value


def test_one_bin_size_and_scaling_is_shown_at_a_time(report, tmp_path):
    start, fine, raw, by_target = ask(
        report,
        tmp_path,
        """
const mse = heads.findIndex(head => head.dataset.column === "mse");
const state = () => [body.rows.length, status(), texts(mse)];
const states = [state()];
choose("bin", "32"); states.push(state());
choose("scaling", "raw"); states.push(state());
const targets = [...document.querySelectorAll("tbody[data-by-target]")];
states.push(targets.map(part => part.rows.length));
return states;
""",
    )
    assert (start[0], fine[0], raw[0]) == (17, 10, 10)
    assert "At 32 bp: 10 of 17 predictors. 7 cannot" in fine[1]
    assert fine[1].endswith("10 rows are shown.")
    assert fine[2] != raw[2]
    assert by_target == [9, 9, 9]  # mean coverage has no r


def test_the_script_makes_the_rows_that_the_page_had(report, tmp_path):
    before, other, after = ask(
        report,
        tmp_path,
        """
for (const cell of body.querySelectorAll("[data-value]")) cell.dataset.value = "";
const bodies = [body, ...document.querySelectorAll("tbody[data-by-target]")];
const rows = () => bodies.map(part => [...part.rows].map(row => {
  for (const cell of row.cells) delete cell.dataset.value;
  return [row.className, row.hidden, ...[...row.cells].map(cell => [cell.tagName, cell.className,
    cell.textContent.trim(), cell.hidden, cell.title, cell.querySelector("a")?.getAttribute("href"),
    cell.querySelector(".interval")?.getAttribute("style").replace(/[;\\s]+/g, "")])];
}));
const before = rows();
choose("scaling", "raw");
const other = rows();
choose("scaling", "scaled");
return [before, other, rows()];
""",
    )
    assert [len(rows) for rows in before] == [17, 16, 16, 16]
    assert before != other
    assert before == after


def test_the_order_is_kept_when_the_view_changes(report, tmp_path):
    values = ask(
        report,
        tmp_path,
        """
const mse = heads.findIndex(head => head.dataset.column === "mse");
heads[mse].querySelector("button").click();
choose("bin", "128");
return [...body.rows].map(row => Number(row.cells[mse].dataset.value));
""",
    )
    assert len(values) == 15
    assert values == sorted(values)


def test_rows_are_filtered_and_references_stay_if_asked(report, tmp_path):
    answer = ask(
        report,
        tmp_path,
        """
const found = {all: [kinds(), status()]};
const [loss] = form.querySelectorAll("select[data-axis=loss]");
set(loss, "MSE"); found.loss = [kinds(), status()];
choose("keep", false); found.alone = [kinds(), status()];
set(loss, ""); choose("text", "bin128 POISSON"); found.text = [kinds(), status()];
choose("text", "ridge"); found.label = [kinds(), status()];
choose("text", ""); choose("kind", "run"); found.runs = [kinds(), status()];
choose("kind", "reference"); found.references = [kinds(), status()];
choose("keep", true); choose("kind", ""); choose("text", "no such name");
found.none = [kinds(), status()];
found.targets = [...document.querySelectorAll("tbody[data-by-target]")].map(part =>
  [...part.rows].filter(row => !row.hidden).map(row => row.className));
form.reset(); await later(50); found.reset = [kinds(), status()];
return found;
""",
    )
    counted = {
        name: (found[0].count("run"), found[0].count("reference"))
        for name, found in answer.items()
        if name != "targets"
    }
    assert counted == {
        "all": (12, 5),
        "loss": (2, 5),
        "alone": (2, 0),
        "text": (1, 0),
        "label": (0, 1),
        "runs": (12, 0),
        "references": (0, 5),
        "none": (0, 5),
        "reset": (12, 5),
    }
    assert [set(classes) for classes in answer["targets"]] == [{"reference"}] * 3
    assert answer["text"][1].endswith(" 1 row is shown.")
    assert answer["alone"][1].endswith(" 2 rows are shown.")


def test_columns_are_chosen(report, tmp_path):
    start, chosen, later = ask(
        report,
        tmp_path,
        """
const columns = () => heads.filter(head => !head.hidden).map(head => head.dataset.column);
const whole = () => [...body.rows].every(row =>
  [...row.cells].every((cell, place) => cell.hidden === heads[place].hidden));
const states = [[columns(), whole()]];
set(form.querySelector("[value=r2]"), true);
set(form.querySelector("[value=pearson_r]"), false);
states.push([columns(), whole()]);
choose("bin", "32");
states.push([columns(), whole()]);
return states;
""",
    )
    scores = ["pearson_r", "pearson_r_log1p", "loss", "bin_size", "pearson_r_per_sequence", "mse"]
    assert start == [[None, *scores], True]
    assert chosen == [[None, *scores[1:], "r2"], True]
    assert later == chosen


def test_every_relative_link_leads_to_a_file(report, tmp_path):
    hrefs = ask(
        report,
        tmp_path,
        """
choose("bin", "32");
return [...document.querySelectorAll("[href]")].map(found => found.getAttribute("href"));
""",
    )
    files = {href for href in hrefs if not href.startswith(("#", "data:"))}
    assert len(files) > 30
    assert any("%2B" in href for href in files)
    missing = [href for href in files if not (report.parent / unquote(href)).is_file()]
    assert not missing


@pytest.mark.parametrize("name", ["main", "experiment-resolution", "leaderboard", "methods"])
def test_the_contents_mark_the_section_that_is_read(report, tmp_path, name):
    marked, is_open = ask(
        report,
        tmp_path,
        f"""
document.documentElement.style.scrollBehavior = "auto";
document.getElementById("{name}").scrollIntoView();
const marked = () => [...document.querySelectorAll("nav [aria-current]")].map(link => link.hash);
for (let turn = 0; turn < 30 && marked()[0] !== "#{name}"; turn++) await later(100);
return [marked(), document.querySelector("nav details").open];
""",
        "--window-size=1400,900",
    )
    assert marked == [f"#{name}"]
    assert is_open


def test_everything_is_reached_with_the_keyboard(report, tmp_path):
    answer = ask(
        report,
        tmp_path,
        """
const reached = element => { element.focus(); return document.activeElement === element; };
const regions = [...document.querySelectorAll(".scroll")];
for (const part of document.querySelectorAll("details")) part.open = true;
return [
  heads.filter(head => !head.hidden).every(head => reached(head.querySelector("button"))),
  [...form.querySelectorAll("input, select, button, summary")].every(reached),
  reached(body.querySelector("a")), reached(document.querySelector("nav a")),
  regions.length > 5 && regions.every(region => reached(region) && region.ariaLabel),
  [...form.querySelectorAll("input, select")].every(control => control.labels.length === 1),
];
""",
    )
    assert answer == [True] * 6


def test_headings_descend_one_level_at_a_time(report, tmp_path):
    script = "return [...document.querySelectorAll('h1, h2, h3, h4')].map(h => +h.tagName[1]);"
    levels = ask(report, tmp_path, script)
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))


def test_a_phone_needs_no_sideways_scrolling_and_has_the_contents_folded(report, tmp_path):
    frame = tmp_path / "phone.html"
    frame.write_text(
        f"<iframe src='{report.as_uri()}' style='width:390px;height:844px;border:0'></iframe>"
        "<script>addEventListener('load', () => {"
        "const page = frames[0].document, root = page.documentElement;"
        "for (const part of page.querySelectorAll('main details')) part.open = true;"
        "document.body.dataset.widths = [root.clientWidth, root.scrollWidth,"
        "page.querySelector('nav details').open];});</script>"
    )
    dom, log = browse(frame, tmp_path / "profile")
    assert "CONSOLE" not in log
    visible, needed, is_open = dom.partition('data-widths="')[2].partition('"')[0].split(",")
    assert 360 <= int(visible) <= 390
    assert int(needed) <= int(visible)
    assert is_open == "false"


def test_the_page_opens_fast(report):
    content, load = load_times(report)
    assert 0 < content <= load < 6  # seconds; it takes 0.3, and the machine may be busy


def test_the_page_follows_the_reader_into_the_dark(report, tmp_path):
    script = "return getComputedStyle(document.body).backgroundColor;"
    dark = ask(report, tmp_path, script, "--blink-settings=preferredColorScheme=0")
    light = ask(report, tmp_path, script, "--blink-settings=preferredColorScheme=1")
    assert (light, dark) == ("rgb(255, 255, 255)", "rgb(20, 24, 27)")
