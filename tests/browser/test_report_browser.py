"""The report in a real browser: nothing fails, controls work, a phone can show it."""

import json
import shutil
import subprocess
from html import unescape
from pathlib import Path

import pytest
from tests.fake_study import DEMO, run_rows, write_fake_report

NAMES = ("chromium", "chromium-browser", "google-chrome")
BROWSER = next(filter(None, map(shutil.which, NAMES)), None)
pytestmark = pytest.mark.skipif(BROWSER is None, reason=f"none of {', '.join(NAMES)} is on PATH")

READ_TABLE = """
const table = document.querySelector("#leaderboard table");
const body = () => [...table.tBodies].find(body => !body.hidden);
const column = index => [...body().rows].map(row => row.cells[index].dataset.value);
const shown = () =>
  [...table.tBodies].filter(body => !body.hidden).map(body => ({...body.dataset}));
const choose = (name, value) => {
  const form = document.getElementById("leaderboard-controls");
  form.elements[name].value = value;
  form.dispatchEvent(new Event("change"));
};
const state = () => ({
  shown: shown(), rows: body().rows.length,
  status: document.getElementById("leaderboard-status").textContent,
});
"""


@pytest.fixture(scope="module")
def report(tmp_path_factory) -> Path:
    return write_fake_report(tmp_path_factory.mktemp("report"), run_rows(DEMO))


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
    page = tmp_path / "asked.html"
    question = (
        f"<script>document.body.dataset.answer = JSON.stringify((() => {{{script}}})());</script>"
    )
    page.write_text(report.read_text(encoding="utf-8") + question, encoding="utf-8")
    dom, log = browse(page, tmp_path / "profile", *options)
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
        READ_TABLE
        + """
const heads = [...table.tHead.rows[0].cells];
return heads.map((head, index) => {
  const found = {};
  for (const _ of [1, 2]) {
    head.querySelector("button").click();
    found[head.getAttribute("aria-sort")] = column(index);
  }
  return [head.textContent, found, heads.filter(h => h.hasAttribute("aria-sort")).length];
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
    start, fine, raw = ask(
        report,
        tmp_path,
        READ_TABLE
        + """
const states = [state()];
choose("bin", "32"); states.push(state());
choose("scaling", "raw"); states.push(state());
return states;
""",
    )
    assert [(view["bin"], view["scaling"]) for view in start["shown"]] == [("2048", "scaled")]
    assert [(view["bin"], view["scaling"]) for view in fine["shown"]] == [("32", "scaled")]
    assert [(view["bin"], view["scaling"]) for view in raw["shown"]] == [("32", "raw")]
    assert (start["rows"], fine["rows"]) == (17, 10)
    assert "At 32 bp: 10 of 17 predictors. 7 cannot" in fine["status"]


def test_headings_and_scrolling_tables_are_reached_with_the_keyboard(report, tmp_path):
    answer = ask(
        report,
        tmp_path,
        """
const button = document.querySelector("#leaderboard th button");
button.focus();
const regions = [...document.querySelectorAll(".scroll")];
return [document.activeElement === button, regions.length,
        regions.every(region => region.tabIndex === 0 && region.getAttribute("aria-label"))];
""",
    )
    assert answer[0]
    assert answer[1] > 5
    assert answer[2]


def test_a_phone_needs_no_sideways_scrolling(report, tmp_path):
    frame = tmp_path / "phone.html"
    frame.write_text(
        f"<iframe src='{report.as_uri()}' style='width:390px;height:844px;border:0'></iframe>"
        "<script>addEventListener('load', () => {"
        "const root = frames[0].document.documentElement;"
        "document.body.dataset.widths = [root.clientWidth, root.scrollWidth];});</script>"
    )
    dom, log = browse(frame, tmp_path / "profile")
    assert "CONSOLE" not in log
    visible, needed = dom.partition('data-widths="')[2].partition('"')[0].split(",")
    assert 360 <= int(visible) <= 390
    assert int(needed) <= int(visible)


def test_the_page_follows_the_reader_into_the_dark(report, tmp_path):
    script = "return getComputedStyle(document.body).backgroundColor;"
    dark = ask(report, tmp_path, script, "--blink-settings=preferredColorScheme=0")
    light = ask(report, tmp_path, script, "--blink-settings=preferredColorScheme=1")
    assert (light, dark) == ("rgb(255, 255, 255)", "rgb(20, 24, 27)")
