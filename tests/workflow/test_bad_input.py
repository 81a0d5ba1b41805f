"""Bad input: one clear sentence, a non-zero exit, nothing half-written."""

import gzip
import hashlib

import numpy as np
import pyBigWig
import pytest

SIZES = {"chr1": 60_000, "chr8": 30_000, "chr9": 30_000}
CONFIG = "tests/studies/tiny.yaml"


def write_bigwig(path, sizes, prefix=""):
    rng = np.random.default_rng(0)
    with pyBigWig.open(str(path), "w") as track:
        track.addHeader([(prefix + name, size) for name, size in sizes.items()])
        for name, size in sizes.items():
            values = rng.gamma(1.0, 2.0, size // 10).round(3)
            track.addEntries(prefix + name, 0, values=values.tolist(), span=10, step=10)


@pytest.fixture
def real(workspace):
    """A workspace with a small study of files, as a user would bring them."""
    data = workspace.folder / "data"
    data.mkdir()
    rng = np.random.default_rng(1)
    with gzip.open(data / "genome.fa.gz", "wt") as fasta:
        for name, size in SIZES.items():
            fasta.write(f">{name}\n{''.join(rng.choice(list('ACGT'), size))}\n")
    write_bigwig(data / "a.bw", SIZES)
    (workspace.folder / "samples.tsv").write_text("target\ttrack\na\tdata/a.bw\n")
    return workspace


def study(workspace, **changes):
    return workspace.config(
        CONFIG,
        simulation=None,
        samples="samples.tsv",
        genome={"fasta": "data/genome.fa.gz"},
        experiments={"resolution": {}},
        windows__peaks=False,  # the samples have none
        **changes,
    )


def refused(workspace, config):
    """Run, expect an end in one sentence, and give it."""
    result = workspace.snakemake("data", "--configfile", config)
    assert result.returncode != 0
    sentences = {line for line in result.stdout.splitlines() if line.startswith("epibench: ")}
    assert len(sentences) == 1, result.stdout
    assert "Traceback" not in result.stdout
    results = workspace.folder / "results"
    written = [path for path in results.rglob("*") if path.is_file() and path.suffix != ".log"]
    assert written == []
    return sentences.pop()


def test_good_input_is_read(real):
    result = real.snakemake("data", "--configfile", study(real))
    assert result.returncode == 0, result.stdout


def test_addresses_are_fetched_and_verified(real):
    track = real.folder / "data" / "a.bw"
    checksum = hashlib.md5(track.read_bytes()).hexdigest()
    samples = real.folder / "samples.tsv"
    samples.write_text(f"target\ttrack\na\tfile://{track}#md5={checksum}\n")
    result = real.snakemake("data", "--configfile", study(real))
    assert result.returncode == 0, result.stdout
    samples.write_text(f"target\ttrack\nb\tfile://{track}#md5={'0' * 32}\n")
    result = real.snakemake("data", "--configfile", study(real))
    assert result.returncode != 0
    assert f"the md5 checksum is {checksum}, expected {'0' * 32}" in result.stdout
    assert len(list((real.folder / "results" / "downloads").iterdir())) == 1


def test_a_misspelt_key(real):
    message = refused(real, study(real, windows__tresholds=[1]))
    assert "study.yaml" in message
    assert "windows.tresholds" in message
    assert "did you mean 'thresholds'?" in message


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "\nx0: &x0 [a, a]"
            + "".join(f"\nx{i + 1}: &x{i + 1} [*x{i}, *x{i}]" for i in range(40)),
            "stand for more than",
        ),
        ("\n__use_yte__: true\n", "makes Snakemake run Python"),
        ("\ntitle: ${WANDB_API_KEY}\n", "seems to hold a secret"),
    ],
)
def test_a_hostile_config(real, text, message):
    config = study(real)
    with open(real.folder / config, "a") as file:
        file.write(text)
    assert message in refused(real, config)


def test_chromosomes_that_are_named_otherwise(real):
    write_bigwig(real.folder / "data" / "a.bw", {name[3:]: size for name, size in SIZES.items()})
    message = refused(real, study(real))
    assert "data/a.bw" in message
    assert "chr1 of the FASTA file is called 1 here" in message


def test_chromosomes_of_another_assembly(real):
    write_bigwig(real.folder / "data" / "a.bw", SIZES | {"chr8": 29_000})
    message = refused(real, study(real))
    for part in ("data/a.bw", "chr8", "29000", "30000"):
        assert part in message.replace(",", "")


@pytest.mark.parametrize("share", [0.001, 0.5, 0.99])
def test_a_truncated_bigwig(real, share):
    path = real.folder / "data" / "a.bw"
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])
    message = refused(real, study(real))
    assert "data/a.bw" in message
    assert "truncated" in message or "not a bigWig" in message


def test_a_split_without_windows(real):
    message = refused(real, study(real, windows__thresholds=[2, 1000]))
    assert "train" in message
    assert "1000" in message


def test_a_split_that_names_no_chromosome_of_the_genome(real):
    message = refused(real, study(real, splits__test=["chr7"]))
    assert "chr7" in message


def test_a_sample_twice(real):
    (real.folder / "samples.tsv").write_text("target\ttrack\na\tdata/a.bw\na\tdata/b.bw\n")
    message = refused(real, study(real))
    assert "samples.tsv" in message
    assert "'a' stands twice" in message


def test_a_file_that_is_not_there(real):
    (real.folder / "samples.tsv").write_text("target\ttrack\na\tdata/none.bw\n")
    message = refused(real, study(real))
    assert "data/none.bw" in message


@pytest.mark.parametrize(
    ("content", "parts"),
    [
        (b"chr1\t100\tabc\n", ["line 1", "'chr1 100 abc'", "correct it"]),
        (b"chr1\t1\t9\nchr8\t1\t30001\n", ["line 2", "chr8:1-30001", "30000 bp in the FASTA"]),
        (
            gzip.compress(b"chr1\t1\t900\n" * 99, mtime=0)[:-9],
            ["cannot be read to its end", "fetch it"],
        ),
        (b"# no peak was found\n", ["there is no peak", "leave the cell"]),
    ],
)
def test_a_broken_peak_file(real, content, parts):
    (real.folder / "data" / "a.bed").write_bytes(content)
    (real.folder / "samples.tsv").write_text("target\ttrack\tpeaks\na\tdata/a.bw\tdata/a.bed\n")
    message = refused(real, study(real))
    for part in ("data/a.bed", *parts):
        assert part in message


def test_a_damaged_bigwig_that_would_end_the_process(real):
    path = real.folder / "data" / "a.bw"
    content = bytearray(path.read_bytes())
    tree = int.from_bytes(content[8:16], "little")
    content[tree + 34 : tree + 36] = b"\xff\xff"  # entries of the root
    path.write_bytes(content)
    message = refused(real, study(real))
    assert "data/a.bw" in message
    assert "damaged" in message
