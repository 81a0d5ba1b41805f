"""Write the files of a coverage store."""

import json
import zipfile
from contextlib import ExitStack
from hashlib import sha256
from pathlib import Path

import numpy as np

from epibench.data.intervals import runs
from epibench.data.plan_windows import Place
from epibench.data.write_arrays import ArrayFile
from epibench.words import SPLITS


class StoreWriter:
    """Take windows and positions in genome order, and write them as they come.

    Nothing but the edges of intervals stays in memory.

    Parameters
    ----------
    folder : Path
        An existing folder.
    targets : int
        Number of coverage columns.
    """

    def __init__(self, folder: Path, targets: int):
        self._folder = folder
        self._stack = ExitStack()
        columns = {
            "sequence": (np.uint8, ()),
            "mask": (np.bool_, ()),
            "coverage": (np.float16, (targets,)),
            "replicate2": (np.float16, (targets,)),
        }
        self._files = {name: self._open(name, *kind) for name, kind in columns.items()}
        window = {
            "chrom": (np.int16, ()),
            "split": (np.int8, ()),
            "start": (np.int64, ()),
            "maximum": (np.float32, (targets,)),
            "mean": (np.float32, (targets,)),
            "labels": (np.int8, (targets,)),
        }
        self._tables = {
            table: {name: self._open(f"{table}.{name}", *kind) for name, kind in window.items()}
            for table in ("windows", "peak_windows")
        }
        self._intervals: list[tuple[str, int, int, str]] = []

    def __enter__(self) -> "StoreWriter":
        return self

    def __exit__(self, *_) -> None:
        self._stack.close()

    def add_windows(self, table: str, place: Place, **columns: np.ndarray) -> None:
        """Add windows to a table: columns start, maximum, mean, labels."""
        columns["chrom"] = np.full(len(columns["start"]), place.number)
        columns["split"] = np.full(len(columns["start"]), SPLITS.index(place.split))
        for name, file in self._tables[table].items():
            file.append(columns[name], place.split)

    def add_positions(
        self, place: Place, start: int, keep: np.ndarray, **columns: np.ndarray
    ) -> None:
        """Add what is kept of a block from `start`.

        `keep` is bool (block,); the columns are those of the kept positions: sequence uint8, mask
        bool (kept,), coverage float16 (kept, targets).
        """
        for name, rows in columns.items():
            self._files[name].append(rows, place.split)
        for first, last in (runs(keep) + start).tolist():
            if self._intervals and self._intervals[-1][::2] == (place.name, first):
                first = self._intervals.pop()[1]
            self._intervals.append((place.name, first, last, place.split))

    def add_replicate2(self, coverage: np.ndarray) -> None:
        """Add replicate 2 of a block of a test chromosome: float16 (block, targets)."""
        self._files["replicate2"].append(coverage, "test")

    def finish(self, summary: dict) -> dict:
        """Write intervals, tables and summary; give the summary with positions, bytes, checksums.

        The fingerprint covers every array, so that two stores with the same one hold the same data.
        """
        self._stack.close()
        bed = "".join("\t".join(map(str, interval)) + "\n" for interval in self._intervals)
        (self._folder / "intervals.bed").write_text(bed)
        checksums = {name: file.checksums() for name, file in self._files.items()}
        of_tables = [
            self._pack(table, name, file)
            for table, columns in self._tables.items()
            for name, file in columns.items()
        ]
        content = sha256(json.dumps([summary["targets"], bed, checksums, of_tables]).encode())
        positions = dict.fromkeys(SPLITS, 0)
        for _, start, end, split in self._intervals:
            positions[split] += end - start
        summary = summary | {
            "positions": positions,
            "bytes": sum(file.stat().st_size for file in self._folder.iterdir()),
            "sha256": checksums,
            "fingerprint": content.hexdigest(),
        }
        (self._folder / "summary.json").write_text(json.dumps(summary, indent=1) + "\n")
        return summary

    def _open(self, name: str, dtype: np.typing.DTypeLike, shape: tuple[int, ...]) -> ArrayFile:
        return self._stack.enter_context(ArrayFile(self._folder / f"{name}.npy", dtype, shape))

    def _pack(self, table: str, name: str, file: ArrayFile) -> dict[str, str]:
        """Move a column into the table's file, as `numpy.savez` has it; give its checksums."""
        column = self._folder / f"{table}.{name}.npy"
        with zipfile.ZipFile(self._folder / f"{table}.npz", "a", allowZip64=True) as packed:
            packed.write(column, f"{name}.npy")
        column.unlink()
        return file.checksums()
