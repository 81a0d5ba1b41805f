"""Draw chromosomes with human-like statistics: isochores, CpG depletion, repeats, gaps."""

from dataclasses import dataclass

import numpy as np

from epibench.sequence import N, reverse_complement

# Dinucleotide relative abundances of the human genome (observed over expected from base
# frequencies, strand-symmetric), approximately; rows and columns in base order. After Burge,
# Campbell & Karlin 1992, PNAS 89:1358: CpG is depleted to a quarter, TpG and CpA take its place.
RELATIVE_ABUNDANCE = np.array(
    [
        [1.12, 0.84, 1.16, 0.87],
        [1.21, 1.22, 0.24, 1.16],
        [1.03, 1.01, 1.22, 0.84],
        [0.73, 1.03, 1.21, 1.12],
    ]
)

# Isochore families L1 to H3: GC content and share of the genome (after Costantini et al. 2006,
# Genome Res 16:536, approximately).
ISOCHORE_GC = np.array([0.36, 0.39, 0.43, 0.48, 0.54])
ISOCHORE_SHARE = np.array([0.19, 0.37, 0.31, 0.10, 0.03])
ISOCHORE_LENGTH = 50_000  # mean, bp; shorter than in human, so that a small chromosome has many
TILE = 1_024  # bp over which GC content is constant
TILE_GC_SD = 0.03

REPEAT_FAMILIES = 6
REPEAT_LENGTH = 300
REPEAT_SPACING = 2_500
REPEAT_DIVERGENCE = 0.15
SATELLITE_UNIT = 171  # bp, as alpha satellite
SATELLITE_SPACING = 400_000
SATELLITE_LENGTH = 4_000
GAP_SHARES = (0.005, 0.01, 0.005)  # of the chromosome: start, middle, end


@dataclass(frozen=True)
class Chromosome:
    """Bases of one chromosome and where they are not ordinary.

    `codes` (positions,) uint8, 0-3 = ACGT, 4 = N; `lower` (positions,) bool, soft-masked; `gaps`
    and `satellites` are lists of (start, end): N, and repeats to which no read maps.
    """

    codes: np.ndarray
    lower: np.ndarray
    gaps: list[tuple[int, int]]
    satellites: list[tuple[int, int]]

    def excluded(self) -> np.ndarray:
        """Return a (positions,) bool mask of gaps and satellites, where no read maps."""
        mask = np.zeros(len(self.codes), dtype=bool)
        for start, end in self.gaps + self.satellites:
            mask[start:end] = True
        return mask


def draw_chromosome(rng: np.random.Generator, length: int, families: np.ndarray) -> Chromosome:
    """Draw one chromosome without regulatory elements.

    Parameters
    ----------
    rng : numpy.random.Generator
    length : int
        Bases.
    families : (families, positions) uint8
        Consensus sequences of the dispersed repeats, shared by all chromosomes of a genome.

    Returns
    -------
    Chromosome
    """
    codes = markov_sequence(rng, _gc_of_tiles(rng, length))[:length]
    lower = np.zeros(length, dtype=bool)
    _insert_repeats(rng, codes, lower, families)
    satellites = _insert_satellites(rng, codes, lower)
    gaps = _gaps(length)
    for start, end in gaps:
        codes[start:end] = N
        lower[start:end] = False
    return Chromosome(codes, lower, gaps, satellites)


def draw_repeat_families(rng: np.random.Generator) -> np.ndarray:
    """Draw consensus sequences of dispersed repeats: (families, positions) uint8."""
    bases = markov_sequence(rng, np.full(REPEAT_FAMILIES, 0.42))
    return bases.reshape(REPEAT_FAMILIES, TILE)[:, :REPEAT_LENGTH]


def markov_sequence(rng: np.random.Generator, gc: np.ndarray) -> np.ndarray:
    """Draw a first-order Markov chain whose GC content changes from tile to tile.

    All tiles advance together, one base a step, so the chain starts anew at every tile.

    Parameters
    ----------
    rng : numpy.random.Generator
    gc : (tiles,) float
        GC content of each tile of 1,024 bp.

    Returns
    -------
    (tiles * 1024,) uint8
        Base codes.
    """
    values, level = np.unique(gc, return_inverse=True)
    cumulative = np.stack([_transitions(value) for value in values]).cumsum(axis=2)[:, :, :3]
    bases = np.stack([(1 - gc) / 2, gc / 2, gc / 2], axis=1).cumsum(axis=1)
    codes = np.empty((TILE, len(gc)), dtype=np.uint8)
    codes[0] = (rng.random(len(gc))[:, None] > bases).sum(axis=1)
    for step in range(1, TILE):
        thresholds = cumulative[level, codes[step - 1]]
        codes[step] = (rng.random(len(gc))[:, None] > thresholds).sum(axis=1)
    return codes.T.ravel()


def _transitions(gc: float) -> np.ndarray:
    """Fit transition probabilities (from, to) to the abundances at one GC content."""
    frequencies = np.array([1 - gc, gc, gc, 1 - gc]) / 2
    joint = RELATIVE_ABUNDANCE * np.outer(frequencies, frequencies)
    for _ in range(20):  # iterative proportional fitting: both margins become the base frequencies
        joint *= (frequencies / joint.sum(axis=1))[:, None]
        joint *= frequencies / joint.sum(axis=0)
    return joint / joint.sum(axis=1, keepdims=True)


def _gc_of_tiles(rng: np.random.Generator, length: int) -> np.ndarray:
    """Draw the GC content of each tile: isochores of random length, with a little jitter."""
    tiles = -(-length // TILE)
    values = []
    while sum(map(len, values)) < tiles:
        size = 1 + rng.geometric(TILE / ISOCHORE_LENGTH)
        values.append(np.full(size, rng.choice(ISOCHORE_GC, p=ISOCHORE_SHARE)))
    gc = np.concatenate(values)[:tiles] + rng.normal(0, TILE_GC_SD, tiles)
    # Two decimals leave few distinct values: each needs its transition matrix.
    return np.clip(gc, 0.3, 0.65).round(2)


def _insert_repeats(rng, codes, lower, families) -> None:
    """Overwrite random places with diverged copies of the families, in lower case."""
    length = families.shape[1]
    for start in rng.integers(0, len(codes) - length, len(codes) // REPEAT_SPACING):
        copy = families[rng.integers(len(families))].copy()
        changed = rng.random(length) < REPEAT_DIVERGENCE
        copy[changed] = rng.integers(0, 4, changed.sum())
        codes[start : start + length] = copy if rng.random() < 0.5 else reverse_complement(copy)
        lower[start : start + length] = True


def _insert_satellites(rng, codes, lower) -> list[tuple[int, int]]:
    """Overwrite a few places with tandem repeats to which no read maps uniquely."""
    satellites = []
    unit = rng.integers(0, 4, SATELLITE_UNIT)
    for number in range(max(1, len(codes) // SATELLITE_SPACING)):
        size = int(rng.integers(SATELLITE_LENGTH // 2, SATELLITE_LENGTH * 3 // 2))
        arm = number % 2 * len(codes) // 2  # away from the gaps: the start, the middle, the end
        start = arm + int(rng.integers(len(codes) // 10, len(codes) * 4 // 10 - size))
        codes[start : start + size] = np.resize(unit, size)
        lower[start : start + size] = True
        satellites.append((start, start + size))
    return satellites


def _gaps(length: int) -> list[tuple[int, int]]:
    """Place gaps at the start, the middle and the end, sized relative to the chromosome."""
    first, middle, last = (int(share * length) for share in GAP_SHARES)
    half = length // 2
    return [(0, first), (half, half + middle), (length - last, length)]
