"""Sequences that models are explained on: drawn once, the same for all, from test windows."""

import numpy as np
import pytest
from small_genome import SmallStudy

from epibench.data.make_store import make_store
from epibench.data.store import Store
from epibench.data.windows import select
from epibench.errors import InputError
from epibench.interpret.sample import load_sequences, sample_sequences, save_sequences

SETTINGS = {"windows": "threshold2", "sequences": 5, "backgrounds": 3, "seed": 1}


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    study = SmallStudy(tmp_path_factory.mktemp("study"))
    make_store(study.folder / "store", **study.arguments())
    return Store(study.folder / "store")


def test_sequences_are_central_inputs_of_test_windows(store, tmp_path):
    found = sample_sequences(store, SETTINGS)
    spec = store.summary["settings"]["windows"]
    length = spec["input_length"]
    central = (spec["length"] - length) // 2
    windows = select(store, "threshold2", "test")
    names = list(store.chromosomes)
    starts = {
        (names[c], s + central) for c, s in zip(windows.chrom, windows.start.tolist(), strict=True)
    }
    assert found["natural"].shape == (5, length)
    assert found["shuffled"].shape == (3, length)
    for i, (chrom, start) in enumerate(zip(found["chrom"], found["start"], strict=True)):
        assert (chrom, int(start)) in starts
        at = store.offset(str(chrom), np.array([start]), length)[0]
        assert np.array_equal(found["natural"][i], store.sequence[at : at + length])
        coverage = store.coverage[at : at + length].astype(float).mean(axis=0)
        assert np.allclose(found["measured"][i], coverage, rtol=1e-3)
    assert len(set(zip(found["chrom"], found["start"].tolist(), strict=True))) == 5
    for before, after in zip(found["natural"], found["shuffled"], strict=False):
        assert np.array_equal(np.bincount(before, minlength=5), np.bincount(after, minlength=5))
    save_sequences(found, tmp_path / "s.npz")
    again = load_sequences(tmp_path / "s.npz")
    assert all(np.array_equal(again[key], found[key]) for key in found)


def test_the_seed_decides_and_inputs_do_not_overlap(store):
    one, same = sample_sequences(store, SETTINGS), sample_sequences(store, SETTINGS)
    other = sample_sequences(store, SETTINGS | {"seed": 2})
    assert all(np.array_equal(one[key], same[key]) for key in one)
    assert not np.array_equal(one["start"], other["start"])
    peaks = select(store, "peaks", "test")
    count = len(peaks)
    assert count > 1
    found = sample_sequences(store, SETTINGS | {"windows": "peaks", "sequences": 2})
    assert abs(int(found["start"][0]) - int(found["start"][1])) >= found["natural"].shape[1] or (
        found["chrom"][0] != found["chrom"][1]
    )


def test_fewer_windows_than_asked_for_are_refused(store):
    with pytest.raises(InputError, match=r"1000 test sequences of threshold2 are asked for, but"):
        sample_sequences(store, SETTINGS | {"backgrounds": 1000})
