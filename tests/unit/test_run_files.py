"""The end of a run's log and the addresses of its files."""

from tests.fake_run import COVERAGE, HOSTILE, LOG, write_fake_run

from epibench.report.run_files import LAST_LINES, LONGEST_LINE, address, file_rows, log_tail


def test_an_address_holds_any_name(tmp_path):
    assert address(tmp_path / "a b#1?%.bw", tmp_path / "x") == "../a%20b%231%3F%25.bw"
    assert address(tmp_path / "rc+shift" / "m.keras", tmp_path) == "rc+shift/m.keras"


def test_the_log_is_shown_as_on_a_terminal(tmp_path):
    write_fake_run(tmp_path)
    lines = log_tail(tmp_path / "logs" / "train_run" / f"{COVERAGE['run']}.log")
    assert len(lines) == LAST_LINES
    assert lines[-3:] == ["red and plain", "100 %", HOSTILE]
    assert lines[0] == LOG[-LAST_LINES]
    long = tmp_path / "long.log"
    long.write_bytes(b"\xff\x07" + b"a" * 1000 + b"\n")
    (line,) = log_tail(long)
    assert line == "\N{REPLACEMENT CHARACTER}" + "a" * (LONGEST_LINE - 1) + " ..."
    assert log_tail(tmp_path / "none.log") == []


def test_files_of_folders_stand_behind_those_of_the_run(tmp_path):
    folder = write_fake_run(tmp_path)
    (folder / "attribution").mkdir()
    (folder / "attribution" / "a b#1.bw").write_text("x")
    (folder / ".half.model.keras").write_text("x")
    rows = file_rows(tmp_path, COVERAGE["run"], tmp_path / "report")
    names = [row["name"] for row in rows]
    assert names[-2:] == ["attribution/a b#1.bw", "log of train_run"]
    assert "run.json" in names
    assert not [name for name in names if "half" in name]
    assert rows[-2]["href"] == f"../runs/{COVERAGE['run']}/attribution/a%20b%231.bw"
    assert rows[-2]["size"] == "1 B"
