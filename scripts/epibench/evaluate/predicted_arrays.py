"""Predictions in an .npz or .zarr with a BED of their regions, read as inputs need them."""

import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from epibench.arrays import DAMAGE
from epibench.data.intervals import count_within, join
from epibench.data.lines import read_lines
from epibench.data.store import Store
from epibench.data.windows import Tiles, tile_inputs
from epibench.errors import InputError
from epibench.evaluate.predictors import Inputs
from epibench.files import require_file

_FAR = 1 << 40
"""More than any chromosome's length: makes one number of chromosome and position."""


class ArrayPredictor:
    """Values of regions, put together for each input along the regions' bins.

    Regions may tile the chromosomes in another way than the inputs do. An input is covered where
    regions without a gap hold it whole and their bins start where its own do; others, such as
    peak-centred inputs between the bins, are NaN.

    Parameters
    ----------
    key : str
        Begins messages.
    path : str
        .npz or .zarr with `coverage`, numbers (regions, bins, targets), and perhaps `targets`,
        names of its columns, which are otherwise all of the store in their order. An uncompressed
        .npz (`numpy.savez`) and a .zarr are read in pieces, a compressed .npz at once.
    regions : str
        BED file, one line a row of the array.
    store : Store
        Gives chromosomes, targets and inputs.

    Raises
    ------
    InputError
        For a file that does not hold this, regions of different lengths or that overlap, bins
        that do not divide regions and inputs, and tiled test inputs that are not covered.
    """

    def __init__(self, key: str, path: str, regions: str, store: Store):
        self._store = store
        self._coverage, names = _open(key, path)
        self.targets: list[str] = list(store.targets) if names is None else names
        self.columns: list[int] = []  # in the store; known once the names are checked
        chrom, start, self._region = _read_regions(regions, store)
        self._check_shape(key, path, regions, len(start))
        self._bins = self._coverage.shape[1]
        self.bin_size = self._bin_size(key, path)
        order = np.lexsort([start, chrom])
        self._row, self._chrom, self._start = order, chrom[order], start[order]
        self._refuse_overlap(regions)
        self._check_tiles(key, path)

    def predict(self, inputs: Inputs) -> np.ndarray:
        """Read the inputs' bins, float32 (batch, bins, targets of the store)."""
        batch, length = inputs.sequence.shape
        shape = (batch, length // self.bin_size, len(self._store.targets))
        values = np.full(shape, np.nan, np.float32)
        covered = self.covers(inputs.chrom, inputs.start, length)
        if covered.any():
            chrom, start = inputs.chrom[covered], inputs.start[covered]
            region = self._region_at(chrom, start)
            # Regions without a gap follow each other in order, so bins can be counted through.
            first = region * self._bins + (start - self._start[region]) // self.bin_size
            bins = first[:, None] + np.arange(shape[1])
            wanted, at = np.unique(bins // self._bins, return_inverse=True)
            block = np.stack([np.asarray(self._coverage[int(self._row[i])]) for i in wanted])
            found = np.full((*bins.shape, shape[2]), np.nan, np.float32)
            found[..., self.columns] = block[at.reshape(bins.shape), bins % self._bins]
            values[covered] = found
        return values

    def covers(self, chrom: np.ndarray, start: np.ndarray, length: int) -> np.ndarray:
        """Say which inputs are covered whole, on their own bins: bool (inputs,)."""
        return self._held(chrom, start, length) & self._aligned(chrom, start)

    def covers_split(self, split: str) -> bool:
        """Say whether all tiled inputs of a split are covered."""
        tiles, length = self._tiles(split)
        return bool(self.covers(tiles.chrom, tiles.start, length).all())

    def _tiles(self, split: str) -> tuple[Tiles, int]:
        length = self._store.summary["settings"]["windows"]["input_length"]
        return tile_inputs(self._store, split, length), length

    def _region_at(self, chrom: np.ndarray, start: np.ndarray) -> np.ndarray:
        """Give the last region that starts at or before a position, or -1."""
        keys = self._chrom * _FAR + self._start
        return np.searchsorted(keys, chrom.astype(np.int64) * _FAR + start, "right") - 1

    def _held(self, chrom: np.ndarray, start: np.ndarray, length: int) -> np.ndarray:
        """Say which inputs the regions hold whole."""
        held = np.zeros(len(start), bool)
        for here in np.unique(chrom):
            starts = self._start[self._chrom == here]
            intervals = join([np.stack([starts, starts + self._region], axis=1)])
            chosen = chrom == here
            held[chosen] = count_within(start[chosen], length, intervals) == length
        return held

    def _aligned(self, chrom: np.ndarray, start: np.ndarray) -> np.ndarray:
        """Say which inputs start at a bin of the region that holds their start."""
        return (start - self._start[self._region_at(chrom, start)]) % self.bin_size == 0

    def _check_shape(self, key: str, path: str, regions: str, rows: int) -> None:
        shape = self._coverage.shape
        if len(shape) != 3 or self._coverage.dtype.kind not in "fiu" or 0 in shape:
            raise InputError(
                f"{key}: {path}: `coverage` is {self._coverage.dtype} of the shape {shape}, not "
                "numbers of the shape (regions, bins, targets); correct it"
            )
        if shape[0] != rows:
            raise InputError(
                f"{key}: {path} has {shape[0]:,} rows, but {regions} has {rows:,} regions; "
                "give one line for each row"
            )
        if shape[2] != len(self.targets):
            raise InputError(
                f"{key}: {path}: `coverage` has {shape[2]} targets, not {len(self.targets)} "
                f"({', '.join(self.targets)}); name its columns in an array `targets`"
            )

    def _bin_size(self, key: str, path: str) -> int:
        length = self._store.summary["settings"]["windows"]["input_length"]
        size, rest = divmod(self._region, self._bins)
        if rest or length % size:
            what = f"windows.input_length = {length}" if not rest else f"{self._region} bp"
            bins = f"{self._region} bp in {self._bins} bins"
            raise InputError(
                f"{key}: {path}: the grid of its bins ({bins}) does not divide {what}; average it "
                "to bins that do"
            )
        return size

    def _refuse_overlap(self, regions: str) -> None:
        near = (np.diff(self._start) < self._region) & (np.diff(self._chrom) == 0)
        near &= self._chrom[1:] >= 0  # the others are not read
        if near.any():
            i = int(np.argmax(near))
            first, later = sorted(self._row[i : i + 2].tolist())
            place = i if self._row[i] == later else i + 1
            chrom = list(self._store.chromosomes)[self._chrom[place]]
            start = self._start[place]
            raise InputError(
                f"{regions}: region {later + 1:,}, {chrom}:{start}-{start + self._region}, "
                f"overlaps region {first + 1:,}; remove it and its row"
            )

    def _check_tiles(self, key: str, path: str) -> None:
        """Refuse predictions that do not cover the tiled test inputs, naming the first."""
        tiles, length = self._tiles("test")
        held = self._held(tiles.chrom, tiles.start, length)
        if not held.all():
            raise InputError(
                f"{key}: {path} does not cover the test input {self._name(tiles, held, length)} "
                f"whole, nor {int((~held).sum()) - 1:,} others of {len(held):,}; predict these "
                "regions too"
            )
        aligned = self._aligned(tiles.chrom, tiles.start)
        if not aligned.all():
            raise InputError(
                f"{key}: {path}: no bin starts at the test input "
                f"{self._name(tiles, aligned, length)} (bins of {self.bin_size} bp), nor at "
                f"{int((~aligned).sum()) - 1:,} others of {len(held):,}; predict regions that "
                "start there, or give finer bins"
            )

    def _name(self, tiles: Tiles, good: np.ndarray, length: int) -> str:
        i = int(np.argmin(good))
        chrom = list(self._store.chromosomes)[tiles.chrom[i]]
        return f"{chrom}:{tiles.start[i]}-{tiles.start[i] + length}"


def _open(key: str, path: str) -> tuple[Any, list[str] | None]:
    """Open the array, to be read row by row, and give the names of its targets if it has any."""
    try:
        arrays = _open_zarr(key, path) if Path(path).suffix == ".zarr" else _open_npz(path)
    except DAMAGE as error:
        raise InputError(f"{key}: {path} cannot be read ({error}); write it anew") from None
    if arrays.get("coverage") is None:
        raise InputError(
            f"{key}: {path} has no array `coverage`; write one of (regions, bins, targets)"
        )
    names = arrays.get("targets")
    return arrays["coverage"], None if names is None else [_text(name) for name in names]


def _text(name: Any) -> str:
    return name.decode() if isinstance(name, bytes) else str(name)


def _open_npz(path: str) -> dict[str, np.ndarray]:
    """Open an .npz: `coverage` as a memory map where it is not compressed."""
    require_file(path, "write an .npz there")
    if not zipfile.is_zipfile(path):
        raise ValueError("it is no whole .npz file")
    with np.load(path, allow_pickle=False) as arrays:
        found = {name: arrays[name] for name in ("targets",) if name in arrays}
        mapped = _map_member(path, "coverage.npy")
        if mapped is not None:
            found["coverage"] = mapped
        elif "coverage" in arrays:
            found["coverage"] = arrays["coverage"]
    return found


def _map_member(path: str, name: str) -> np.memmap | None:
    """Map an .npy that lies uncompressed in a zip file, or give None."""
    with zipfile.ZipFile(path) as archive, open(path, "rb") as file:
        if name not in archive.namelist() or archive.getinfo(name).compress_type:
            return None
        # The header in the file may be longer than the directory says, so its lengths are read.
        file.seek(archive.getinfo(name).header_offset + 26)
        lengths = np.frombuffer(file.read(4), "<u2")
        file.seek(int(lengths.sum()), 1)
        version = np.lib.format.read_magic(file)
        read = {1: np.lib.format.read_array_header_1_0, 2: np.lib.format.read_array_header_2_0}
        if version[0] not in read:
            return None
        shape, fortran, dtype = read[version[0]](file)
        if dtype.hasobject or 0 in shape:
            return None
        order = "F" if fortran else "C"
        return np.memmap(path, dtype, "r", file.tell(), shape, order)


def _open_zarr(key: str, path: str) -> dict[str, Any]:
    """Open a .zarr group with the zarr package, which is not among the dependencies."""
    try:
        import zarr
    except ImportError:
        raise InputError(
            f"{key}: reading {path} needs the package zarr; install it, or write an .npz"
        ) from None
    group = zarr.open_group(path, mode="r")
    found = {name: group[name] for name in ("coverage", "targets") if name in group}
    return found | ({"targets": found["targets"][:]} if "targets" in found else {})


def _read_regions(path: str, store: Store) -> tuple[np.ndarray, np.ndarray, int]:
    """Read chromosome index (-1 where the store lacks it) and start of each line, and the length.

    The reader of peaks sorts and merges, which would lose the rows that the lines belong to.
    """
    index = {name: i for i, name in enumerate(store.chromosomes)}
    chrom, start, length = [], [], 0
    for number, line in enumerate(read_lines(path, "BED file"), 1):
        fields = line.split()
        if not fields or fields[0] in ("track", "browser") or line.startswith("#"):
            continue
        if len(fields) < 3 or not (fields[1].isdecimal() and fields[2].isdecimal()):
            raise InputError(f"{path}, line {number}: not chromosome, start and end; correct it")
        first, last = int(fields[1]), int(fields[2])
        length = length or last - first
        if last - first != length or length <= 0:
            raise InputError(
                f"{path}, line {number}: the region has {last - first} bp, the first one "
                f"{length}; all rows of one array need regions of one length"
            )
        size = store.chromosomes.get(fields[0], last)
        if last > size:
            raise InputError(
                f"{path}, line {number}: the region ends at {last}, beyond {fields[0]}, which has "
                f"{size} bp; give predictions for the assembly of the study"
            )
        chrom.append(index.get(fields[0], -1))
        start.append(first)
    if not start:
        raise InputError(f"{path}: there is no region; give a BED line for each row of the array")
    return np.array(chrom, np.int64), np.array(start, np.int64), length
