"""From ENCODE accessions to files on disk: the command `encode`, rules fetch and write_peaks."""

import hashlib
import os
import re
import signal
import subprocess
import sys
import threading
import time

import numpy as np
import pybigtools
import pyBigWig
import pytest

from tests.unit.encode_server import encode_file, experiment, running

from .conftest import ROOT, environment
from .test_bad_input import SIZES, study

FOLD, IDR = "fold change over control", "IDR thresholded peaks"
ACCESSIONS = ["ENCSR000AAA", "ENCSR000BBB"]
PEAKS = [
    ("chr1", 100, 400, "Peak_1\t900\t.\t7.5\t20\t18\t120"),
    ("chr8", 5, 9, "Peak_2\t1\t.\t1\t2\t3\t0"),
]


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with running() as encode:
        yield encode


@pytest.fixture
def fetching(workspace, server):
    """A workspace whose samples table is what the encode command says of two experiments."""
    (workspace.folder / "data").mkdir()
    (workspace.folder / "data" / "genome.fa.gz").write_bytes(b"not read here")
    for number, accession in enumerate(ACCESSIONS):
        serve_experiment(server, workspace.folder, accession, number)
    command = [sys.executable, "-m", "epibench", "encode", *ACCESSIONS]
    result = subprocess.run(
        command,
        env=environment()
        | {"EPIBENCH_ENCODE": server.address, "PYTHONPATH": str(ROOT / "scripts")},
        capture_output=True,
        text=True,
        check=True,
    )
    (workspace.folder / "samples.tsv").write_text(result.stdout)
    workspace.study = study(workspace, study="study")
    server.asked.clear()
    return workspace


def serve_experiment(server, folder, accession, number):
    """Serve two tracks and bigBed peaks, since the text that would be taken before is missing."""
    path = folder / "data" / "file.bb"
    files = []
    for replicate in (1, 2, None):
        name = f"ENCFF{number}0{replicate or 0}AAA"
        if replicate:
            with pyBigWig.open(str(path), "w") as track:
                track.addHeader(list(SIZES.items()))
                values = np.random.default_rng([number, replicate]).random(SIZES["chr1"])
                track.addEntries("chr1", 0, values=values.tolist(), span=1, step=1)
            file = encode_file(name, "bigWig", FOLD, [replicate])
        else:
            pybigtools.open(str(path), "w").write(dict(SIZES), iter(PEAKS))
            file = encode_file(name, "bigBed", IDR, [1])
        content = path.read_bytes()
        server.files[file["href"].rpartition("/")[2]] = content
        file |= {"md5sum": hashlib.md5(content).hexdigest(), "file_size": len(content)}
        files.append(file)
    path.unlink()
    server.add(experiment(accession, f"cell {number}", files))


def targets(space) -> list[str]:
    """Give the files that come of the six downloads: links to four tracks, and two narrowPeak."""
    planned = space.snakemake("data", "-n", "--configfile", space.study).stdout
    links = sorted(set(re.findall(r"results/downloads/[0-9a-f]{8}-\S+\.bigWig", planned)))
    assert len(links) == 4, planned
    return [*links, *(f"results/study/peaks/cell-{number}.narrowPeak" for number in (0, 1))]


def test_from_accessions_to_verified_files(fetching, server):
    wanted = targets(fetching)
    server.faults["ENCFF001AAA.bigWig"].append("drop")
    result = fetching.snakemake(*wanted, "--configfile", fetching.study)
    assert result.returncode == 0, result.stdout
    assert all((fetching.folder / path).is_file() for path in wanted)
    expected = "".join(f"{chrom}\t{start}\t{end}\t{rest}\n" for chrom, start, end, rest in PEAKS)
    assert (fetching.folder / wanted[-1]).read_text() == expected
    assert {name: server.sent[name] for name in server.files} == {
        name: len(content) for name, content in server.files.items()
    }
    log = next((fetching.folder / "results/study/logs/fetch").glob("*ENCFF001AAA.bigWig.log"))
    assert "going on at" in log.read_text()

    server.asked.clear()
    assert fetching.snakemake(*wanted, "--configfile", fetching.study).returncode == 0
    result = fetching.snakemake(*wanted, "-R", "fetch", "--configfile", fetching.study)
    assert result.returncode == 0, result.stdout
    assert re.search(r"^fetch +6$", result.stdout, re.MULTILINE)
    assert server.asked == []  # a forced rerun transfers nothing


def test_at_most_four_downloads_at_once(fetching, server):
    wanted = targets(fetching)
    now, most, lock = 0, 0, threading.Lock()

    def count(_):
        nonlocal now, most
        with lock:
            now += 1
            most = max(most, now)
        time.sleep(4)
        with lock:
            now -= 1

    for name in server.files:
        server.faults[name].append(count)
    result = fetching.snakemake(*wanted, "--configfile", fetching.study, cores=8)
    assert result.returncode == 0, result.stdout
    assert 3 <= most <= 4


def test_a_killed_download_is_resumed(fetching, server):
    (wanted, *_) = targets(fetching)
    name = wanted.partition("-")[2]
    server.faults[name].append("stall")
    server.stall_seconds = 60
    process = subprocess.Popen(
        fetching.command(wanted, "--cores", 1, "--configfile", fetching.study),
        cwd=fetching.folder,
        env=environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    part = (
        fetching.folder / "results" / "downloads" / "files" / f".{wanted.rpartition('/')[2]}.part"
    )
    half = len(server.files[name]) // 2
    deadline = time.monotonic() + 60
    while not (part.exists() and part.stat().st_size == half):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    fetching.snakemake("--unlock", "--configfile", fetching.study)
    result = fetching.snakemake(wanted, "--configfile", fetching.study)
    assert result.returncode == 0, result.stdout
    assert (fetching.folder / wanted).read_bytes() == server.files[name]
    assert server.sent[name] == len(server.files[name])
    assert not part.exists()
