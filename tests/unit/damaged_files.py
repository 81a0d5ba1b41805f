"""Read many damaged bigWig and bigBed files and print what came of each (run in a process apart).

pyBigWig is C code, which damage may send into a crash or an endless loop: only the parent process,
with a time limit, can see that.
"""

import os
import random
import struct
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from epibench.data.bed import read_regions
from epibench.data.big_structure import HEADER
from epibench.data.bigwig import BigWig
from epibench.errors import InputError

SIZES = {"chr1": 3000, "chr2": 900}
CUTS = 120
RANDOM = 900


def damages(content: bytes) -> Iterator[bytes]:
    """Cut a file, change every byte of what pyBigWig trusts, and damage the rest at random."""
    for i in range(CUTS):
        yield content[: len(content) * i // CUTS]
    _, _, _, tree, data, index, *_ = HEADER.unpack_from(content)
    trusted = (*range(HEADER.size + 48), *range(tree, data + 8), *range(index, index + 160))
    for at in trusted:
        for byte in (content[at] ^ 1, content[at] ^ 0x80, 0, 255):
            if byte != content[at]:
                yield content[:at] + bytes([byte]) + content[at + 1 :]
    for seed in range(RANDOM):
        yield _damage(bytearray(content), random.Random(seed))


def _damage(content: bytearray, rng: random.Random) -> bytes:
    """Change some places: bits, whole numbers, holes of zeros, bytes left out or put in."""
    for _ in range(rng.choice([1, 1, 2, 8])):
        at = rng.randrange(len(content) - 8)
        how = rng.randrange(5)
        if how == 0:
            content[at] ^= 1 << rng.randrange(8)
        elif how == 1:
            content[at : at + 4] = struct.pack("<I", rng.choice([0, 1, 1 << 31, (1 << 32) - 1]))
        elif how == 2:
            content[at : at + 200] = bytes(len(content[at : at + 200]))
        elif how == 3:
            del content[at : at + rng.randrange(1, 64)]
        else:
            content[at:at] = rng.randbytes(rng.randrange(1, 64))
    return bytes(content)


def read(path: Path) -> list:
    """Give what a reader gives, in a form that can be compared."""
    if path.suffix == ".bb":
        found = read_regions(path, SIZES, summits=True)
        return [sum(found.unknown.values()), *(found.on(chrom).tolist() for chrom in SIZES)]
    with BigWig(path, SIZES) as track:
        pieces = [track.read_piece(chrom, 0, size) for chrom, size in SIZES.items()]
    for piece, size in zip(pieces, SIZES.values(), strict=True):
        assert piece.values.shape == piece.uncovered.shape == (size,)
        assert np.isfinite(piece.values).all()
    return [[piece.values.tolist(), piece.uncovered.tolist()] for piece in pieces]


def main(whole: Path) -> None:
    expected = read(whole)
    damaged = whole.with_name(f"damaged{whole.suffix}")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # libBigWig writes there
    for number, content in enumerate(damages(whole.read_bytes())):
        damaged.write_bytes(content)
        print(number, end=" ", flush=True)
        try:
            print("equal" if read(damaged) == expected else "other")
        except InputError as error:
            print("refused" if str(error).startswith(str(damaged)) else f"unnamed: {error}")
        except Exception as error:
            print(f"{type(error).__name__}: {error}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
