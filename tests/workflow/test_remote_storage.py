"""Results in an S3 bucket: a server on this machine, and working directories that come and go."""

import json
from dataclasses import dataclass
from pathlib import Path

import pytest

from .conftest import Workspace, make_workspace

pytest.importorskip("snakemake_storage_plugin_s3", reason="Snakemake's S3 plugin is not installed")
boto3 = pytest.importorskip("boto3")
server = pytest.importorskip("moto.server", reason="moto, the S3 server, is not installed")

METRICS = "results/tiny/runs/narrow/threshold2/poisson/bin128/rc+shift/seed1/metrics.tsv"
SUMMARY = "results/tiny/store/summary.json"
# Of each job whose settings name files, and so of each that must find its own copies of them.
TABLES = [
    METRICS,
    "results/tiny/references/truth/metrics.tsv",
    "results/tiny/targets/correlation.tsv",
    "results/tiny/variants/variants.tsv",
]


@dataclass
class Bucket:
    """An empty bucket, and how snakemake is told to keep results there."""

    address: str
    name: str = "bucket"

    def __post_init__(self):
        keys = {"aws_access_key_id": "key", "aws_secret_access_key": "secret"}
        self.s3 = boto3.client("s3", endpoint_url=self.address, region_name="us-east-1", **keys)
        self.s3.create_bucket(Bucket=self.name)

    def options(self, prefix: str) -> list[str]:
        return [
            *("--default-storage-provider", "s3", "--default-storage-prefix"),
            f"s3://{self.name}/{prefix}",
            *("--storage-s3-endpoint-url", self.address),
            *("--storage-s3-access-key", "key", "--storage-s3-secret-key", "secret"),
        ]

    def read(self, key: str) -> str:
        return self.s3.get_object(Bucket=self.name, Key=key)["Body"].read().decode()


@pytest.fixture
def bucket(monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    serving = server.ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    serving.start()
    host, port = serving.get_host_and_port()
    yield Bucket(f"http://{host}:{port}")
    serving.stop()


def call(space: Workspace) -> list[str]:
    """Give the arguments of the same few jobs in any workspace."""
    config = space.config(
        "tests/studies/tiny.yaml",
        experiments={"loss_by_bin_size": {"grid": {"loss": ["poisson"]}}},
        training__tensorboard=False,
    )
    return ["loss_by_bin_size", *TABLES, "--configfile", config]


def left(space: Workspace) -> set[Path]:
    """Give the files in a workspace, but for its config and Snakemake's own notes."""
    found = {path.relative_to(space.folder) for path in space.folder.rglob("*") if path.is_file()}
    notes = {Path(".snakemake/metadata"), Path(".snakemake/log")}
    return {path for path in found if notes.isdisjoint(path.parents)} - {Path("study.yaml")}


def test_results_in_a_bucket_are_those_of_an_ordinary_run(
    finished, workspace, tmp_path_factory, bucket
):
    options = bucket.options("some/where")
    copies = Path(".snakemake/storage/s3/bucket/some/where/results/tiny")
    result = workspace.snakemake(*call(workspace), *options)
    assert result.returncode == 0, result.stdout
    for table in TABLES:
        assert bucket.read(f"some/where/{table}") == (finished.folder / table).read_text(), table
    # It lists every file as the workflow calls it, not as the job's copy is called.
    expected = json.loads((finished.folder / SUMMARY).read_text())
    assert json.loads(bucket.read(f"some/where/{SUMMARY}")) == expected
    # Snakemake removes its copies of all but logs and benchmarks.
    kinds = {path.relative_to(copies).parts[0] for path in left(workspace)}
    assert kinds == {"logs", "benchmarks"}

    elsewhere = make_workspace(tmp_path_factory.mktemp("elsewhere"))
    assert elsewhere.planned(*call(elsewhere), *options) == {}
    bucket.s3.delete_object(Bucket=bucket.name, Key=f"some/where/{METRICS}")
    result = elsewhere.snakemake(*call(elsewhere), *options)
    assert result.returncode == 0, result.stdout
    assert bucket.read(f"some/where/{METRICS}") == (finished.folder / METRICS).read_text()
    rules = {path.relative_to(copies).parts[1] for path in left(elsewhere) if path.suffix == ".log"}
    assert rules == {"evaluate_run", "run_experiment"}
