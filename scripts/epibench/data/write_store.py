"""Write the files of a coverage store."""

import json
from contextlib import ExitStack
from hashlib import sha256
from pathlib import Path

import numpy as np

from epibench.data.intervals import mark, runs
from epibench.data.plan_windows import Place
from epibench.data.write_arrays import ArrayFile
from epibench.words import SPLITS


class StoreWriter:
    """Take windows and positions in genome order, and write them as they come.

    Only the window tables stay in memory until `finish`.

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
        self._files = {
            name: self._stack.enter_context(ArrayFile(folder / f"{name}.npy", dtype, shape))
            for name, (dtype, shape) in columns.items()
        }
        self._intervals: list[tuple[str, int, int, str]] = []
        self._tables: dict[str, list[dict[str, np.ndarray]]] = {"windows": [], "peak_windows": []}

    def __enter__(self) -> "StoreWriter":
        return self

    def __exit__(self, *_) -> None:
        self._stack.close()

    def add_windows(self, kind: str, place: Place, **columns: np.ndarray) -> None:
        """Add windows to the table `kind`: columns start, maximum, mean, labels."""
        count = len(columns["start"])
        chrom = np.full(count, place.index, np.int16)
        split = np.full(count, SPLITS.index(place.split), np.int8)
        self._tables[kind].append({"chrom": chrom, "split": split, **columns})

    def add_positions(
        self, place: Place, start: int, keep: np.ndarray, coverage: np.ndarray
    ) -> None:
        """Add the kept positions of a block: bool (block,), float16 (kept, targets)."""
        end = start + len(keep)
        self._files["sequence"].append(place.codes[start:end][keep], place.split)
        self._files["mask"].append(mark(place.excluded, start, end)[keep], place.split)
        self._files["coverage"].append(coverage, place.split)
        for first, last in (runs(keep) + start).tolist():
            if self._intervals and self._intervals[-1][::2] == (place.name, first):
                first = self._intervals.pop()[1]
            self._intervals.append((place.name, first, last, place.split))

    def add_replicate2(self, coverage: np.ndarray) -> None:
        """Add replicate 2 of a block of a test chromosome: float16 (block, targets)."""
        self._files["replicate2"].append(coverage, "test")

    def tables(self) -> dict[str, dict[str, np.ndarray]]:
        """Return the columns of both window tables."""
        return {
            kind: {column: np.concatenate([p[column] for p in parts]) for column in parts[0]}
            for kind, parts in self._tables.items()
        }

    def finish(self, summary: dict) -> dict:
        """Write intervals, tables and summary; give the summary with positions, bytes, checksums.

        The fingerprint covers every array, so that two stores with the same one hold the same data.
        """
        self._stack.close()
        bed = "".join("\t".join(map(str, interval)) + "\n" for interval in self._intervals)
        (self._folder / "intervals.bed").write_text(bed)
        checksums = {name: file.checksums() for name, file in self._files.items()}
        content = sha256(json.dumps([summary["targets"], bed, checksums]).encode())
        for kind, table in self.tables().items():
            np.savez(self._folder / f"{kind}.npz", **table)
            for column in table.values():
                content.update(np.ascontiguousarray(column))
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
