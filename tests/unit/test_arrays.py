"""Arrays of other jobs: read whole, or refused in one sentence that names the file."""

import numpy as np
import pytest

from epibench.arrays import load_arrays, map_array
from epibench.checkpoint import Progress, load_checkpoint, save_checkpoint
from epibench.errors import InputError


@pytest.fixture
def arrays(tmp_path):
    path = tmp_path / "arrays.npz"
    np.savez_compressed(path, a=np.arange(5000), names=np.array(["x", "y"]))
    return path


def test_arrays_come_back(arrays):
    found = load_arrays(arrays)
    assert found["a"].tolist() == list(range(5000))
    assert found["names"].tolist() == ["x", "y"]


@pytest.mark.parametrize("share", [0, 0.01, 0.3, 0.6, 0.99])
def test_a_cut_file_is_refused_by_name(arrays, share):
    content = arrays.read_bytes()
    arrays.write_bytes(content[: int(share * len(content))])
    with pytest.raises(InputError, match=r"arrays\.npz cannot be read .*; delete it") as refused:
        load_arrays(arrays)
    assert "\n" not in str(refused.value)


def test_damage_within_is_refused(arrays):
    content = bytearray(arrays.read_bytes())
    content[len(content) // 3] ^= 0xFF
    arrays.write_bytes(content)
    with pytest.raises(InputError, match=r"arrays\.npz cannot be read"):
        load_arrays(arrays)


def test_a_pickled_object_is_not_run(tmp_path):
    class Hostile:
        def __reduce__(self):
            return (open, (str(tmp_path / "made"), "w"))

    np.savez(tmp_path / "hostile.npz", a=np.array([Hostile()], dtype=object))
    np.save(tmp_path / "hostile.npy", np.array([Hostile()], dtype=object))
    for read, name in ((load_arrays, "hostile.npz"), (map_array, "hostile.npy")):
        with pytest.raises(InputError, match=name):
            read(tmp_path / name)
    assert not (tmp_path / "made").exists()


def test_a_map_shorter_than_its_header_is_refused(tmp_path):
    path = tmp_path / "coverage.npy"
    np.save(path, np.ones((1000, 3), np.float16))
    assert map_array(path).shape == (1000, 3)
    path.write_bytes(path.read_bytes()[:-10])
    with pytest.raises(InputError, match=r"coverage\.npy cannot be read"):
        map_array(path)
    with pytest.raises(InputError, match=r"missing\.npy cannot be read"):
        map_array(tmp_path / "missing.npy")


def test_training_starts_anew_from_a_damaged_checkpoint(tmp_path):
    path = tmp_path / "seed1.npz"
    save_checkpoint(path, "f", Progress(), [np.ones(1000)], None)
    said = []
    assert load_checkpoint(path, "f", said.append)[0].resumed == 1
    path.write_bytes(path.read_bytes()[:-500])
    assert load_checkpoint(path, "f", said.append) is None
    assert "training starts anew, since its checkpoint is damaged" in said[-1]
    assert str(path) in said[-1]
