"""Read a coverage store."""

from pathlib import Path

import numpy as np

from epibench.arrays import load_arrays, map_array
from epibench.errors import InputError
from epibench.files import read_json
from epibench.words import SPLITS

_FAR = 1 << 40
"""More than any chromosome's length: makes one number of chromosome and position."""


class Store:
    """Give a store's arrays as memory maps: only what is touched is read, and jobs share it.

    Attributes: `summary` (dict), `fingerprint` (str) of everything that is stored, `targets` (list
    of str), `chromosomes` (dict of name to length, in store order), `strand_pairs` int64
    (targets,), the opposite-strand partner of each target or itself, and the memory maps `sequence`
    uint8 (positions,), `mask` bool (positions,), `coverage` float16 (positions, targets),
    `replicate2` float16 (test positions, targets), which has no rows where no target has one.

    Parameters
    ----------
    folder : str or Path
        Folder that `make_store` wrote.

    Raises
    ------
    InputError
        When the folder is no store.
    """

    def __init__(self, folder: str | Path):
        self.folder = Path(folder)
        path = self.folder / "summary.json"
        if not path.is_file():
            raise InputError(f"{folder} is not a coverage store: it has no summary.json; make it")
        self.summary = read_json(path, ("targets", "chromosomes"))
        self.targets: list[str] = self.summary["targets"]
        self.chromosomes: dict[str, int] = {
            c["name"]: c["length"] for c in self.summary["chromosomes"]
        }
        self.strand_pairs = np.array(self.summary["strand_pairs"])
        self.fingerprint: str = self.summary["fingerprint"]
        self.sequence, self.mask, self.coverage, self.replicate2 = (
            map_array(self.folder / f"{name}.npy")
            for name in ("sequence", "mask", "coverage", "replicate2")
        )
        self._read_intervals()

    def table(self, kind: str) -> dict[str, np.ndarray]:
        """Read the columns of a table: `windows` (tiled), `peak_windows`, or `peaks`.

        `peaks` has chrom, target, start and end, each int64 (peaks,), of all targets in genome
        order.
        """
        return load_arrays(self.folder / f"{kind}.npz")

    def intervals(self, split: str) -> list[tuple[int, int, int, int]]:
        """Give the intervals of a split: chromosome index, start, end, offset in the arrays."""
        columns = (self._chrom, self._start, self._end, self._offset)
        chosen = self._split == SPLITS.index(split)
        return list(zip(*(column[chosen].tolist() for column in columns), strict=True))

    def offset(self, chrom: str | np.ndarray, starts: np.ndarray, length: int = 1) -> np.ndarray:
        """Locate windows [start, start + length) in the concatenated arrays.

        Parameters
        ----------
        chrom : str or ndarray
            Name of the chromosome, or index of each window's chromosome (windows,).
        starts : ndarray
            int (windows,), 0-based start of each window on its chromosome.
        length : int
            Length of the windows in bp.

        Returns
        -------
        ndarray
            int64 (windows,), index of each window's first position.

        Raises
        ------
        InputError
            When a window is not wholly in one interval of the store.
        """
        if isinstance(chrom, str):
            chrom = self._index_of(chrom)
        chrom, starts = np.broadcast_arrays(np.asarray(chrom, np.int64), starts)
        i = np.searchsorted(self._chrom * _FAR + self._start, chrom * _FAR + starts, "right") - 1
        inside = (i >= 0) & (self._chrom[i] == chrom) & (starts >= 0)
        inside &= starts + length <= self._end[i]
        if not inside.all():
            first = int(np.argmin(inside))
            name = list(self.chromosomes)[chrom[first]]
            raise InputError(
                f"{self.folder}: {name}:{starts[first]}-{starts[first] + length} is not stored "
                "whole; of training chromosomes only the declared window sets are"
            )
        return self._offset[i] + (starts - self._start[i])

    def locate(self, offsets: np.ndarray) -> list[tuple[str, int]]:
        """Give chromosome and position, 0-based, of indices of the concatenated arrays."""
        names = list(self.chromosomes)
        i = np.searchsorted(self._offset, offsets, "right") - 1
        positions = self._start[i] + (offsets - self._offset[i])
        return [(names[c], int(p)) for c, p in zip(self._chrom[i], positions, strict=True)]

    def replicate2_offset(self, chrom: str | np.ndarray, starts: np.ndarray) -> np.ndarray:
        """Locate positions of test chromosomes in `replicate2`, like `offset`.

        Raises
        ------
        InputError
            When no target has a replicate 2, or a position is not on a test chromosome.
        """
        if not len(self.replicate2):
            raise InputError(f"{self.folder}: no target has a replicate 2; name one in the samples")
        offset = self.offset(chrom, starts)
        i = np.searchsorted(self._offset, offset, "right") - 1
        if np.any(self._split[i] != SPLITS.index("test")):
            raise InputError(f"{self.folder}: replicate 2 is stored for test chromosomes only")
        return offset - self._offset[i] + self._replicate2_offset[i]

    def _index_of(self, name: str) -> int:
        names = list(self.chromosomes)
        if name not in names:
            raise InputError(f"{self.folder}: chromosome {name} is not stored; it has {names}")
        return names.index(name)

    def _read_intervals(self) -> None:
        """Read the intervals with their places in the concatenated arrays."""
        rows = [line.split("\t") for line in (self.folder / "intervals.bed").open()]
        names = {name: i for i, name in enumerate(self.chromosomes)}
        self._chrom = np.array([names[row[0]] for row in rows])
        self._start, self._end = np.array([row[1:3] for row in rows], np.int64).T
        self._split = np.array([SPLITS.index(row[3].strip()) for row in rows])
        size = self._end - self._start
        self._offset = np.cumsum(size) - size
        tested = np.where(self._split == SPLITS.index("test"), size, 0)
        self._replicate2_offset = np.cumsum(tested) - tested
