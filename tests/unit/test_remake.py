"""What a run's record gives to make the run again."""

import json

import pytest
import yaml

from epibench.errors import InputError
from epibench.remake import remake
from epibench.software import software, told

AXES = {
    **{"model": "small", "windows": "threshold2", "loss": "mse", "bin_size": 32},
    **{"augmentation": "rc+shift", "seed": 3},
}


def written(folder, **changes):
    record = {
        "settings": {**AXES, "threads": 6},
        "store": "9e8b",
        "config": {"study": "my", "samples": "mine.tsv", "title": "Ä"},
        "samples": "target\ttrack\na\ta.bw\n",
        "software": software(),
    }
    (folder / "run.json").write_text(json.dumps(record | changes))
    return folder


def test_config_and_samples_are_those_of_the_record(tmp_path):
    out = tmp_path / "remade"
    lines = remake(written(tmp_path), out)
    config = yaml.safe_load((out / "config.yaml").read_text())
    assert config == {"study": "my", "samples": f"{out}/samples.tsv", "title": "Ä"}
    assert (out / "samples.tsv").read_text() == "target\ttrack\na\ta.bw\n"
    made = "results/my/runs/small/threshold2/mse/bin32/rc+shift/seed3/metrics.tsv"
    assert lines[-1] == f"snakemake {made} --cores 6 --configfile {out}/config.yaml"
    assert len(lines) == 3  # no version differs
    assert "9e8b" in lines[1]


def test_a_simulated_study_has_no_samples(tmp_path):
    remake(written(tmp_path, config={"study": "my"}, samples=None), tmp_path / "remade")
    assert [path.name for path in (tmp_path / "remade").iterdir()] == ["config.yaml"]


def test_what_differs_from_the_record_is_said(tmp_path):
    then = software() | {"keras": "3.0", "commit": "1a2b", "cntk": "2"}
    lines = remake(written(tmp_path, software=then), tmp_path / "remade")
    assert lines[:3] == [
        f"commit: 1a2b (here {told(software()['commit'])})",
        f"keras: 3.0 (here {software()['keras']})",
        "cntk: 2 (here none)",
    ]


def test_a_folder_without_such_a_record_is_refused(tmp_path):
    with pytest.raises(InputError, match="there is no such file; give the folder of a run"):
        remake(tmp_path, tmp_path / "remade")
    (tmp_path / "run.json").write_text('{"settings": {}}')
    with pytest.raises(InputError, match="of a version that did not record the config"):
        remake(tmp_path, tmp_path / "remade")


def test_files_that_are_there_are_kept(tmp_path):
    (tmp_path / "config.yaml").write_text("mine")
    with pytest.raises(InputError, match=r"config.yaml is there already; give another folder"):
        remake(written(tmp_path), tmp_path)
    assert (tmp_path / "config.yaml").read_text() == "mine"


def test_a_commit_with_changes_is_no_name_to_check_out():
    assert told("1a2b-dirty") == "1a2b with changes that are not in it"
    assert (told("1a2b"), told(None)) == ("1a2b", "unknown")
