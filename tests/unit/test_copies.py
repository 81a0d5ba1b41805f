"""A job finds its own copies of what settings name, and calls them by those names."""

from pathlib import Path

import pytest

from epibench.copies import name_of, own_copies

SETTINGS = {
    "genome": {"fasta": "results/downloads/genome.fa.gz", "excluded": ["data/own.bed"]},
    "targets": [{"name": "results", "track": "results/my/simulation/a.bw", "peaks": None}],
    "threshold": 2.0,
}
COPIES = Path(".snakemake/storage/s3/bucket/results")


def test_names_are_paths_where_results_are_local():
    assert own_copies(SETTINGS, Path("results")) == SETTINGS


def test_what_the_workflow_makes_is_found_among_the_copies_and_nothing_else_is():
    found = own_copies(SETTINGS, COPIES)
    assert found["genome"] == {
        "fasta": ".snakemake/storage/s3/bucket/results/downloads/genome.fa.gz",
        "excluded": ["data/own.bed"],
    }
    assert found["targets"] == [
        {
            "name": "results",
            "track": ".snakemake/storage/s3/bucket/results/my/simulation/a.bw",
            "peaks": None,
        }
    ]
    assert found["threshold"] == 2.0


@pytest.mark.parametrize("results", [Path("results"), COPIES])
@pytest.mark.parametrize("name", ["results/my/store/mask.npy", "data/own.bed", "/data/own.bed"])
def test_a_copy_is_called_by_its_name(results, name):
    assert name_of(own_copies(name, results), results) == name
