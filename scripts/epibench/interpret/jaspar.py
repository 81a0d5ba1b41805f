"""Load motifs from JASPAR, which pyjaspar brings along: nothing is downloaded."""

import json
import warnings
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from pyjaspar import jaspar_releases, jaspardb

from epibench.errors import InputError
from epibench.files import read_json, whole
from epibench.words import BASES

COLLECTION = "CORE"


@dataclass(frozen=True)
class JasparMotif:
    """One matrix: `id` with its version, `name` of the factor, `counts` float64 (width, 4)."""

    id: str
    name: str
    counts: np.ndarray


def load_motifs(release: str, taxon: str, excluded: Sequence[str] = ()) -> list[JasparMotif]:
    """Load the matrices of one group of organisms from the collection CORE.

    Only the newest version of each matrix counts, so that no matrix is there twice (what JASPAR
    calls non-redundant).

    Parameters
    ----------
    release : str
        "JASPAR2022" or another release that pyjaspar has.
    taxon : str
        JASPAR's group of organisms: "vertebrates", "fungi", "plants", "insects", ...
    excluded : sequence of str
        Matrices to leave out, with or without a version; default none. The version is ignored, so
        that "MA1929" and "MA1929.1" also leave out MA1929.2 of another release.

    Returns
    -------
    list of JasparMotif
        Ordered by id.

    Raises
    ------
    InputError
        If the release or the taxon is unknown.
    """
    with _opened(release) as database:
        found = database.fetch_motifs(collection=COLLECTION, tax_group=[taxon])
        if not found:
            taxa = ", ".join(_taxa(database))
            raise InputError(
                f"{release} has no motifs of taxon '{taxon}' in {COLLECTION}; use one of {taxa}"
            )
    without = {name.partition(".")[0] for name in excluded}
    motifs = [_motif(record) for record in found if record.base_id not in without]
    return sorted(motifs, key=lambda motif: motif.id)


def load_matrix(release: str, matrix_id: str) -> JasparMotif:
    """Load one matrix of any collection by its id.

    Parameters
    ----------
    release : str
        "JASPAR2022" or another release that pyjaspar has.
    matrix_id : str
        With a version ("MA0491.1": this one) or without ("MA0491": the newest of the release). A
        release keeps most of the older versions.

    Raises
    ------
    InputError
        If the release is unknown or does not have the matrix.
    """
    with _opened(release) as database:
        found = database.fetch_motif_by_id(matrix_id)
    if found is None:
        raise InputError(
            f"motif id '{matrix_id}' is not in {release}; give an id of that release, such as "
            "MA0139.1"
        )
    return _motif(found)


def save_motifs(motifs: Sequence[JasparMotif], path: str | Path) -> None:
    """Write motifs as JSON, whole or not at all."""
    rows = [vars(motif) | {"counts": motif.counts.tolist()} for motif in motifs]
    with whole(path) as temporary:
        temporary.write_text(json.dumps(rows), encoding="utf-8")


def read_motifs(path: str | Path) -> list[JasparMotif]:
    """Read what `save_motifs` wrote."""
    rows = read_json(path)
    return [JasparMotif(**row | {"counts": np.array(row["counts"])}) for row in rows]


@contextmanager
def _opened(release: str) -> Iterator[jaspardb]:
    """Open a release and close it again, which pyjaspar itself never does."""
    if release not in jaspar_releases:
        raise InputError(
            f"pyjaspar has no release '{release}'; use one of {', '.join(jaspar_releases)}"
        )
    database = jaspardb(release=release)
    with closing(database.conn), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns of what is not there and gives nothing
        yield database


def _taxa(database: jaspardb) -> list[str]:
    """Give the groups of organisms that the collection has."""
    rows = database.conn.execute(
        "SELECT DISTINCT val FROM matrix_annotation JOIN matrix USING (id) "
        "WHERE tag = 'tax_group' AND collection = ? ORDER BY val",
        [COLLECTION],
    )
    return [taxon for (taxon,) in rows]


def _motif(record) -> JasparMotif:
    counts = np.array([record.counts[base] for base in BASES], dtype=np.float64).T
    return JasparMotif(record.matrix_id, record.name, counts)
