"""A genome of a few kb with tracks and peaks, for tests of the data layer."""

from pathlib import Path

import numpy as np
import pyBigWig

from epibench.data.intervals import runs
from epibench.data.settings import GenomeFiles, SplitSettings, WindowSettings
from epibench.samples import Target

SIZES = {"chr1": 5000, "chr2": 4300, "chrM": 600, "chr8": 3100, "chr9": 2800}
EXCLUDED = {"chr1": [(0, 130), (120, 200), (2600, 2700)], "chr8": [(1500, 1501)]}
SPLITS = SplitSettings()
WINDOWS = WindowSettings(
    length=96, input_length=64, thresholds=[2.0, 4.0], peaks=True, peak_merge_overlap=30
)


def write_fasta(path: Path, sequences: dict[str, str]) -> Path:
    path.write_text("".join(f">{name}\n{text}\n" for name, text in sequences.items()))
    return path


def write_bigwig(path: Path, coverage: dict[str, np.ndarray], sizes=None) -> Path:
    """Write base-resolution coverage; NaN is not covered."""
    with pyBigWig.open(str(path), "w") as file:
        file.addHeader(list((sizes or {c: len(v) for c, v in coverage.items()}).items()))
        for chrom, values in coverage.items():
            for start, end in runs(~np.isnan(values)).tolist():
                part = values[start:end].tolist()
                file.addEntries(chrom, start, values=part, span=1, step=1)
    return path


class SmallStudy:
    """Files of a small study, and what they hold, as arrays.

    `coverage` and `replicate2` map chromosomes to float32 (positions, targets), NaN where not
    covered; target b has no replicate 2 and target c no peaks; b and c are a strand pair.
    """

    def __init__(self, folder: Path, seed: int = 0):
        rng = np.random.default_rng(seed)
        self.folder = folder
        self.sequence = {c: "".join(rng.choice(list("ACGTacgt"), n)) for c, n in SIZES.items()}
        self.sequence["chr2"] = (
            self.sequence["chr2"][:1000] + "N" * 150 + self.sequence["chr2"][1150:]
        )
        self.coverage = {c: self._cover(rng, n) for c, n in SIZES.items()}
        for chrom, start in (("chr1", 200), ("chr2", 0), ("chr8", 0)):  # none exceeds 2 here
            self.coverage[chrom][start : start + 96] = 0.5
            self.coverage[chrom][start + 40, 1] = 2
        self.replicate2 = {c: self._cover(rng, n) for c, n in SIZES.items()}
        self.peaks = {
            name: sorted(
                (c, int(s), int(s + w))
                for c, n in SIZES.items()
                for s, w in zip(rng.integers(0, n - 90, 25), rng.integers(1, 90, 25), strict=True)
            )
            for name in "ab"
        }
        self.peaks["a"] += [("chr8", 2, 30), ("chr8", 3080, 3095)]  # their windows do not fit
        self._write()

    def arguments(self) -> dict:
        """Give the arguments of `make_store`."""
        track, peaks = "{0}/{1}.bw", "{0}/{1}.bed"
        target = {name: track.format(self.folder, name) for name in "abc"}
        bed = {name: peaks.format(self.folder, name) for name in "ab"}
        return {
            "genome": GenomeFiles(
                fasta=self.folder / "genome.fa", excluded=[self.folder / "excluded.bed"]
            ),
            "targets": [
                Target("a", target["a"], f"{self.folder}/a2.bw", bed["a"]),
                Target("b", target["b"], None, bed["b"], "c"),
                Target("c", target["c"], f"{self.folder}/c2.bw", None, "b"),
            ],
            "windows": WINDOWS,
            "splits": SPLITS,
            "progress": lambda line: None,
        }

    @staticmethod
    def _cover(rng, length: int) -> np.ndarray:
        """Make mostly low coverage with a few high values, and stretches that are not covered."""
        values = rng.gamma(0.6, 0.5, (length, 3)).astype(np.float32)
        values[rng.random((length, 3)) < 0.002] *= 8
        for start in rng.integers(0, length, 6):
            values[start : start + 40, rng.integers(3)] = np.nan
        return values

    def _write(self) -> None:
        write_fasta(self.folder / "genome.fa", self.sequence)
        for t, name in enumerate("abc"):
            for suffix, source in (("", self.coverage), ("2", self.replicate2)):
                path = self.folder / f"{name}{suffix}.bw"
                write_bigwig(path, {c: values[:, t] for c, values in source.items()})
        for name, listed in self.peaks.items():
            rows = [f"{c}\t{s}\t{e}\n" for c, s, e in listed]
            (self.folder / f"{name}.bed").write_text("".join(rows))
        rows = [f"{c}\t{s}\t{e}\n" for c, listed in EXCLUDED.items() for s, e in listed]
        (self.folder / "excluded.bed").write_text("".join(reversed(rows)))
