"""Write and read motifs in the minimal MEME format."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from epibench.files import whole
from epibench.interpret.clip import frequencies

_HEAD = """MEME version 4

ALPHABET= ACGT

strands: + -

Background letter frequencies
A 0.25 C 0.25 G 0.25 T 0.25
"""


def write_meme(path: str | Path, motifs: Mapping[str, np.ndarray]) -> None:
    """Write the frequencies of motifs, as tools of the MEME suite read them.

    Parameters
    ----------
    path : path
        File to write.
    motifs : mapping of str to (width, 4) float
        Counted bases by the name of the motif, without blanks; may be empty.
    """
    with whole(path) as temporary, temporary.open("w") as file:
        file.write(_HEAD)
        for name, counts in motifs.items():
            sites = round(counts.sum(axis=1).max())
            file.write(f"\nMOTIF {name}\n")
            file.write(f"letter-probability matrix: alength= 4 w= {len(counts)} nsites= {sites}\n")
            for row in frequencies(counts):
                file.write(" ".join(f"{value:.8f}" for value in row) + "\n")


def read_meme(path: str | Path) -> dict[str, np.ndarray]:
    """Read the frequencies (width, 4) float64 of each motif in a file that `write_meme` wrote."""
    motifs: dict[str, np.ndarray] = {}
    lines = iter(Path(path).read_text().splitlines())
    for line in lines:
        if line.startswith("MOTIF"):
            name = line.split()[1]
            width = int(next(lines).split()[5])
            motifs[name] = np.array([next(lines).split() for _ in range(width)], dtype=np.float64)
    return motifs
