"""Outputs appear whole or not at all."""

import os
import socket
import subprocess

import pytest

from epibench.files import whole


def test_a_file_appears_when_the_block_ends(tmp_path):
    with whole(tmp_path / "deep" / "table.tsv") as path:
        path.write_text("rows")
        assert not (tmp_path / "deep" / "table.tsv").exists()
    assert (tmp_path / "deep" / "table.tsv").read_text() == "rows"
    assert [entry.name for entry in (tmp_path / "deep").iterdir()] == ["table.tsv"]


def test_an_error_leaves_what_was_there(tmp_path):
    kept = tmp_path / "table.tsv"
    kept.write_text("old")
    with pytest.raises(RuntimeError), whole(kept) as path:
        path.write_text("half")
        raise RuntimeError
    assert [entry.name for entry in tmp_path.iterdir()] == ["table.tsv"]
    assert kept.read_text() == "old"


def test_a_folder_replaces_a_folder(tmp_path):
    folder = tmp_path / "store"
    folder.mkdir()
    (folder / "stale").touch()
    with whole(folder) as path:
        path.mkdir()
        (path / "fresh").touch()
    assert [entry.name for entry in folder.iterdir()] == ["fresh"]


def test_an_error_leaves_no_half_folder(tmp_path):
    with pytest.raises(RuntimeError), whole(tmp_path / "store") as path:
        path.mkdir()
        (path / "half").touch()
        raise RuntimeError
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_process_left_is_removed_and_a_living_ones_is_kept(tmp_path):
    ended = subprocess.Popen(["true"])
    ended.wait()
    host = socket.gethostname()
    left, alive = (tmp_path / f".{host}-{pid}.table.tsv" for pid in (ended.pid, os.getppid()))
    left.touch()
    alive.touch()
    with whole(tmp_path / "table.tsv") as path:
        path.write_text("rows")
    assert sorted(tmp_path.iterdir()) == sorted([alive, tmp_path / "table.tsv"])
