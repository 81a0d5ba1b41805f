"""Coverage as bigWig, the choice of loci, and the picture of them."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyBigWig
import pytest
import yaml
from small_genome import SmallStudy

import epibench
from epibench.config.check import check_targets
from epibench.config.load import load_study
from epibench.data.make_store import make_store
from epibench.data.settings import SplitSettings
from epibench.data.store import Store
from epibench.data.windows import Tiles, tile_inputs
from epibench.errors import InputError
from epibench.evaluate.loci import choose_loci, pick_loci, read_loci, write_loci
from epibench.evaluate.tracks import MeasuredCoverage, adjacent, write_tracks
from epibench.locus import LONGEST, Locus, parse_locus
from epibench.make_plan import make_plan
from epibench.protocol import PROTOCOL

LENGTH = 64
DEMO = Path("config/demo.yaml")
TARGETS = ["A549", "GM12878", "HepG2", "K562"]


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """Two test chromosomes: chr2 has a stretch of N, chr8 an excluded base at 1500."""
    study = SmallStudy(tmp_path_factory.mktemp("small"))
    splits = SplitSettings(test=["chr8", "chr2"], valid=["chr9"])
    make_store(study.folder / "store", **study.arguments() | {"splits": splits})
    return Store(study.folder / "store")


@pytest.fixture(autouse=True)
def _repository(monkeypatch):
    monkeypatch.chdir(Path(__file__).parents[2])


class Places:
    """Predict a number that says where a bin is: chromosome, first position and target."""

    def __init__(self, bin_size, nan_at=None):
        self.bin_size = bin_size
        self.nan_at = nan_at

    def predict(self, inputs):
        first = inputs.start[:, None] + np.arange(0, LENGTH, self.bin_size)
        value = inputs.chrom[:, None, None] * 1e5 + first[..., None] + np.arange(3) / 4
        return np.where(first[..., None] == self.nan_at, np.nan, value)


class Failing(Places):
    """Fail in the third batch, in the way that is asked for."""

    def __init__(self, fail):
        super().__init__(16)
        self.fail = fail
        self.batches = 0

    def predict(self, inputs):
        self.batches += 1
        return self.fail() if self.batches == 3 else super().predict(inputs)


def expected_values(store, value, bin_size):
    """Give every position of every chromosome and target by an explicit loop over tiles."""
    names = list(store.chromosomes)
    found = {name: np.full((n, 3), np.nan, np.float32) for name, n in store.chromosomes.items()}
    tiles = tile_inputs(store, "test", LENGTH)
    for chrom, start in zip(tiles.chrom, tiles.start, strict=True):
        for first in range(start, start + LENGTH, bin_size):
            for target in range(3):
                place = slice(first, first + bin_size)
                found[names[chrom]][place, target] = value(chrom, first, target)
    return found


def assert_tracks(store, folder, expected):
    for t, target in enumerate(store.targets):
        with pyBigWig.open(str(folder / f"{target}.bw")) as file:
            assert list(file.chroms().items()) == list(store.chromosomes.items())
            for chrom, size in store.chromosomes.items():
                np.testing.assert_array_equal(
                    file.values(chrom, 0, size, numpy=True), expected[chrom][:, t]
                )


@pytest.mark.parametrize("bin_size", [1, 16, 64])
@pytest.mark.parametrize("batch_size", [5, 1000])
def test_tracks_hold_the_predictions_at_their_places_and_nothing_else(
    store, tmp_path, bin_size, batch_size
):
    write_tracks(Places(bin_size), store, tmp_path, batch_size=batch_size)
    expected = expected_values(store, lambda c, s, t: c * 1e5 + s + t / 4, bin_size)
    assert_tracks(store, tmp_path, expected)
    assert np.isnan(expected["chr8"][1500]).all()
    assert np.isfinite(expected["chr8"][1501]).all()
    assert np.isnan(expected["chr1"]).all()
    assert np.isnan(expected["chr2"][1024:1088]).all()


def test_a_bin_without_a_prediction_is_absent(store, tmp_path):
    write_tracks(Places(16, nan_at=32), store, tmp_path, batch_size=8)
    with pyBigWig.open(str(tmp_path / "a.bw")) as file:
        values = file.values("chr8", 0, 64, numpy=True)
        assert np.isnan(values[32:48]).all()
        assert np.isfinite(values[[31, 48]]).all()
        assert not np.isnan(file.header()["sumData"])


@pytest.mark.parametrize("bin_size", [1, 32])
def test_measured_tracks_are_means_of_the_stored_coverage(store, tmp_path, bin_size):
    write_tracks(MeasuredCoverage(store, bin_size), store, tmp_path, batch_size=7)

    def mean(chrom, first, target):
        at = store.offset(np.array([chrom]), np.array([first]))[0]
        return store.coverage[at : at + bin_size, target].astype(float).mean()

    assert_tracks(store, tmp_path, expected_values(store, mean, bin_size))


def test_measured_coverage_needs_a_divisor_of_the_input(store):
    with pytest.raises(InputError, match="cannot be binned at 24 bp: that does not divide"):
        MeasuredCoverage(store, 24)


def test_an_error_half_way_leaves_nothing(store, tmp_path):
    def fail():
        raise RuntimeError("out of memory")

    with pytest.raises(RuntimeError, match="out of memory"):
        write_tracks(Failing(fail), store, tmp_path / "tracks", batch_size=8)
    assert list((tmp_path / "tracks").iterdir()) == []


def test_a_kill_half_way_leaves_no_track_and_the_next_run_cleans_up(store, tmp_path):
    code = (
        "import os, signal, sys\n"
        "from test_tracks import Failing, Store, write_tracks\n"
        "kill = lambda: os.kill(os.getpid(), signal.SIGKILL)\n"
        "write_tracks(Failing(kill), Store(sys.argv[1]), sys.argv[2], batch_size=8)\n"
    )
    here = Path(__file__).parent
    path = [here, here.parents[1], Path(epibench.__file__).parents[1]]
    done = subprocess.run(
        [sys.executable, "-c", code, store.folder, tmp_path],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(map(str, path))},
    )
    assert done.returncode == -signal.SIGKILL
    assert list(tmp_path.glob("[!.]*")) == []
    assert list(tmp_path.iterdir()) != []
    write_tracks(Places(16), store, tmp_path, batch_size=8)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.bw", "b.bw", "c.bw"]


def test_adjacent_tiles_are_grouped_within_a_chromosome():
    chrom = np.array([0, 0, 0, 0, 1, 1])
    start = np.array([0, 10, 25, 35, 45, 55])
    groups = adjacent(Tiles(chrom, start, start), 10)
    assert groups.tolist() == [[0, 2], [2, 4], [4, 6]]


def loci_by_loop(store, inputs):
    """List every candidate with its activity, one tile after the other."""
    tiles = tile_inputs(store, "test", LENGTH)
    coverage = [store.coverage[o : o + LENGTH].astype(float).mean(axis=0) for o in tiles.offset]
    overall = np.mean(coverage, axis=0)
    candidates, at = [], 0
    while at + inputs <= len(tiles):
        here = range(at, at + inputs)
        whole = all(
            tiles.chrom[i] == tiles.chrom[at] and tiles.start[i] == tiles.start[at] + k * LENGTH
            for k, i in enumerate(here)
        )
        if whole:
            activity = np.mean([(coverage[i] / overall).mean() for i in here])
            name = list(store.chromosomes)[tiles.chrom[at]]
            start = int(tiles.start[at])
            candidates.append((activity, Locus(name, start, start + inputs * LENGTH)))
            at += inputs
        else:
            # The loop of the code starts anew behind a gap, wherever it is.
            at = next(i for i in here[1:] if not _follows(tiles, i))
    return candidates


def _follows(tiles, i):
    same = tiles.chrom[i] == tiles.chrom[i - 1]
    return same and tiles.start[i] == tiles.start[i - 1] + LENGTH


@pytest.mark.parametrize(("locus_length", "inputs"), [(64, 1), (65, 2), (128, 2), (320, 5)])
def test_loci_are_picked_by_rank_of_measured_activity(store, locus_length, inputs):
    ranked = [locus for _, locus in sorted(loci_by_loop(store, inputs))]
    assert len(ranked) >= 10
    found = pick_loci(store, tile_inputs(store, "test", LENGTH), locus_length)
    last = len(ranked) - 1
    assert found == {
        "highest": ranked[-1],
        "90th percentile": ranked[int(np.ceil(0.9 * last - 0.5))],
        "median": ranked[int(np.ceil(0.5 * last - 0.5))],
    }


def test_the_choice_changes_only_with_the_protocol(store):
    assert PROTOCOL["choose_loci"] == 1
    assert choose_loci(store, {"loci": [], "locus_length": 256}) == {
        "highest": ("chr8", 0, 256),
        "90th percentile": ("chr8", 1501, 1757),
        "median": ("chr8", 512, 768),
    }


def test_few_candidates_give_few_loci(store):
    tiles = tile_inputs(store, "test", LENGTH)
    three = Tiles(tiles.chrom[:3], tiles.start[:3], tiles.offset[:3])
    assert list(pick_loci(store, three, 192)) == ["highest"]
    two = Tiles(tiles.chrom[:2], tiles.start[:2], tiles.offset[:2])
    assert list(pick_loci(store, two, 64)) == ["highest", "median"]
    with pytest.raises(InputError, match=r"holds 4 inputs of 64 bp; lower tracks.locus_length"):
        pick_loci(store, three, 200)


def test_loci_of_the_config_are_kept_under_their_own_name(store):
    texts = ["chr8:100-300", "chr2:4000-4300"]
    found = choose_loci(store, {"loci": texts, "locus_length": 64})
    assert found == dict(zip(texts, [("chr8", 100, 300), ("chr2", 4000, 4300)], strict=True))


@pytest.mark.parametrize(
    ("locus", "message"),
    [
        ("chr8:3000-3101", "ends beyond chr8, which has 3100 bp"),
        ("chr2:1030-1080", "no tiled input overlaps chr2:1030-1080"),
    ],
)
def test_a_locus_that_cannot_be_shown_is_one_sentence(store, locus, message):
    with pytest.raises(InputError, match=message) as error:
        choose_loci(store, {"loci": [locus], "locus_length": 64})
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("chr8", "'chr8' is not a locus; write it like"),
        ("chr8:1,000-2,000", "is not a locus"),
        ("chr8:-5-10", "is not a locus"),
        ("chr8:20-20", "must end after its start"),
        ("chr8:30-20", "must end after its start"),
        (f"chr8:0-{LONGEST + 1}", "by at most 200,000 bp"),
    ],
)
def test_what_is_no_locus_is_refused(text, message):
    with pytest.raises(ValueError, match=message):
        parse_locus(text)


def test_a_locus_is_read_from_the_right():
    assert parse_locus("HLA:A-1:5-9") == ("HLA:A-1", 5, 9)


def planned(**section):
    config = yaml.safe_load(DEMO.read_text())
    config["experiments"]["tracks"] = {"grid": {"bin_size": [32, 128]}}
    return make_plan(config | {"tracks": section}, [DEMO])


@pytest.mark.parametrize(
    ("section", "message"),
    [
        ({"loci": ["chr8 1 2"]}, r"tracks.loci\[0\]: 'chr8 1 2' is not a locus"),
        ({"loci": ["chr1:0-9"]}, r"chr1:0-9 is not on a test chromosome \(chr8\); choose one"),
        ({"loci": ["chr8:799000-800001"]}, "ends beyond chr8, which has 800000 bp"),
        ({"loci": ["chr8:0-9", "chr8:0-9"]}, "'chr8:0-9' stands twice; remove one"),
        ({"loci": [f"chr8:{i}-9" for i in range(5)]}, "tracks.loci = "),
        ({"targets": ["liver"]}, r"there is no target 'liver' \(known: .*hepatic"),
        ({"targets": ["hepatic", "hepatic"]}, "'hepatic' stands twice"),
        ({"locus_length": 0}, "tracks.locus_length = 0"),
    ],
)
def test_mistakes_in_the_config_are_found_before_anything_runs(section, message):
    with pytest.raises(InputError, match=message) as error:
        planned(**section)
    assert "\n" not in str(error.value)


def test_a_real_study_checks_loci_against_its_test_chromosomes():
    config = yaml.safe_load((DEMO.parent / "config.yaml").read_text())
    study = load_study(config | {"tracks": {"loci": ["chr9:5-9"]}}, [])
    with pytest.raises(InputError, match="chr9:5-9 is not on a test chromosome"):
        check_targets(study, ["K562", "HepG2"])


def test_the_experiment_needs_measured_tracks_at_the_bin_sizes_of_its_runs():
    plan = planned()
    targets = [target.name for target in plan.targets]
    assert plan.measured_paths("resolution") == []
    assert plan.measured_paths("tracks") == [
        f"results/demo/measured/bin{size}/{target}.bw" for size in (32, 128) for target in targets
    ]


def test_another_locus_or_target_in_the_picture_predicts_nothing_anew():
    one, other = planned(), planned(loci=["chr8:0-9"], targets=["hepatic"])
    for rule in ("write_tracks", "write_measured"):
        assert one.track_settings(rule) == other.track_settings(rule)
    for rule in ("choose_loci", "read_loci"):
        assert one.track_settings(rule) != other.track_settings(rule)


def test_rows_of_loci_are_the_bins_that_inputs_cover(store, tmp_path):
    write_tracks(Places(16, nan_at=1501 + 64), store, tmp_path, batch_size=8)
    loci = {"gap": Locus("chr8", 1450, 1600), "x": Locus("chr2", 10, 40)}
    write_loci(loci, tmp_path / "loci.tsv")
    arguments = {"bin_size": 16, "targets": ["c", "a"]}
    rows = read_loci("run", store, tmp_path, tmp_path / "loci.tsv", **arguments)
    assert rows["target"].unique().tolist() == ["c", "a"]
    every = expected_values(store, lambda c, s, t: c * 1e5 + s + t / 4, 16)
    measured = np.full((3100, 3), np.nan)
    for chrom, start, end, offset in store.intervals("test"):
        if list(store.chromosomes)[chrom] == "chr8":
            measured[start:end] = store.coverage[offset : offset + end - start]
    for target, t in (("a", 0), ("c", 2)):
        part = rows[(rows["target"] == target) & (rows["locus"] == "gap")]
        expected = [
            s
            for s in range(3100 - 16)
            if np.isfinite(every["chr8"][s, t])
            and (every["chr8"][s - 1, t] != every["chr8"][s, t])
            and s + 16 > 1450
            and s < 1600
        ]
        assert part["start"].tolist() == expected
        assert set(part["end"] - part["start"]) == {16}
        np.testing.assert_allclose(
            part["measured"], [measured[s : s + 16, t].mean() for s in expected], rtol=1e-6
        )
        known = part["start"] != 1501 + 64
        np.testing.assert_array_equal(
            part["predicted"][known], every["chr8"][part["start"][known], t]
        )
        assert part["predicted"][~known].isna().tolist() == [True]
    assert rows[rows["locus"] == "x"]["start"].unique().tolist() == [0, 16, 32]


FULL_DISK = """
import resource, signal, sys
import numpy as np
from epibench.data.write_bigwig import add_bins, new_bigwig
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # a write fails then, as on a full disk
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]),) * 2)
with new_bigwig(sys.argv[1], {"chr8": 100_000}) as file:
    add_bins(file, "chr8", 0, np.random.default_rng(0).random(100_000), 1)
"""


def test_a_full_disk_leaves_no_track(tmp_path):
    path = tmp_path / "a.bw"
    environment = os.environ | {"PYTHONPATH": str(Path(epibench.__file__).parents[1])}

    def write(limit):
        command = [sys.executable, "-c", FULL_DISK, path, limit]
        return subprocess.run(command, env=environment, capture_output=True, text=True)

    assert write("100000000").returncode == 0
    size = path.stat().st_size
    path.unlink()
    done = write(str(size - 1000))
    assert done.returncode == 1
    assert "a.bw could not be written to its end; is the disk full?" in done.stderr
    assert not list(tmp_path.iterdir())
