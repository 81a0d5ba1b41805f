"""Settings of windows and splits."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import ValidationError

import epibench
from epibench.data.settings import SplitSettings, WindowSettings


def test_defaults_are_those_of_the_paper():
    windows = WindowSettings()
    assert (windows.length, windows.input_length) == (3072, 2048)
    assert windows.window_sets() == ["threshold2"]
    assert windows.step("train") == windows.step("test") == 3072
    assert SplitSettings().split_of("chr8") == "test"


def test_window_sets_are_named_as_in_paths():
    windows = WindowSettings(thresholds=[0, 0.5, 16], peaks=True)
    assert windows.window_sets() == ["threshold0", "threshold0.5", "threshold16", "peaks"]


def test_stride_is_for_training_only():
    windows = WindowSettings(stride=1024)
    assert [windows.step(s) for s in ("train", "valid", "test")] == [1024, 3072, 3072]


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"input_length": 4000}, "input_length 4000 is longer than the window length 3072"),
        ({"thresholds": [2, 2.0]}, "threshold 2 is given twice"),
        ({"thresholds": [-1]}, "threshold -1.0 has no plain name"),
        ({"thresholds": [1e-7]}, "threshold 1e-07 has no plain name"),
        ({"thresholds": [0.1234567]}, "threshold 0.1234567 has no plain name"),
        ({"thresholds": []}, "no window set is declared"),
        ({"peaks": True, "peak_merge_overlap": 3072}, "peak_merge_overlap 3072 must be below"),
        ({"peak_anchor": "centre"}, "'midpoint' or 'summit'"),
        ({"strid": 5}, "Extra inputs are not permitted"),
        ({"max_n_fraction": 5}, "less than or equal to 1"),
    ],
)
def test_windows_that_cannot_be_are_refused(keys, message):
    with pytest.raises(ValidationError, match=message):
        WindowSettings(**keys)


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"valid": ["chr8"]}, "chromosome chr8 is in valid and again in test"),
        ({"train": ["chr9"]}, "chromosome chr9 is in train and again in valid"),
        ({"train": ["chrM"]}, "chromosome chrM is in train and excluded by 'chrM'"),
        ({"train": []}, "train names no chromosome"),
        ({"test": []}, "at least 1 item"),
        ({"exclude": ["chr("]}, r"'chr\(' is not a regular expression"),
    ],
)
def test_splits_that_cannot_be_are_refused(keys, message):
    with pytest.raises(ValidationError, match=message):
        SplitSettings(**keys)


def test_named_training_chromosomes_are_the_only_ones():
    splits = SplitSettings(train=["chr1"])
    assert splits.split_of("chr1") == "train"
    assert splits.split_of("chr2") is None


def test_patterns_match_whole_names():
    assert SplitSettings(exclude=["chr1"]).split_of("chr10") == "train"
    assert SplitSettings(exclude=["chr1"]).split_of("chr1") is None


def test_settings_are_light():
    code = "import epibench.data.settings, epibench.data.source, sys; print(*sys.modules)"
    environment = os.environ | {"PYTHONPATH": str(Path(epibench.__file__).parents[1])}
    command = [sys.executable, "-c", code]
    out = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    heavy = {"numpy", "pandas", "scipy", "matplotlib", "tensorflow", "pooch", "requests"}
    assert heavy.isdisjoint(out.stdout.split())
