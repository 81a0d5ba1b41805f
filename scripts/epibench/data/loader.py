"""Yield batches of sequences and binned coverage from a store."""

from collections.abc import Iterator

import numpy as np

from epibench.data.store import Store
from epibench.errors import InputError
from epibench.sequence import reverse_complement
from epibench.words import AUGMENTATIONS


class Batches:
    """Yield mini-batches; what an epoch holds is a function of seed and epoch alone.

    Augmentations are as in Toneyan et al. 2022, Methods: `rc` reverse-complements half of the
    sequences of each mini-batch, chosen at random (positions reversed, targets swapped with their
    strand pairs), `shift` takes a random crop of each window, drawn anew for every sequence and
    epoch. Without `shift` the central crop is taken.

    Parameters
    ----------
    store : Store
        The coverage store.
    offsets : ndarray
        int64 (windows,), index of each window's first position in the store's arrays.
    window_length, input_length : int
        Length in bp of the windows, and of the crop that is given.
    bin_size : int
        Bin size in bp; coverage is the mean over each bin, in float32.
    batch_size : int
        Sequences a batch; the last batch of an epoch may be smaller.
    augmentation : str
        `none` (default), `rc`, `shift` or `rc+shift`.
    seed : int
        Seed of order, crops and strands, default 0.
    shuffle : bool
        Whether each epoch is a new permutation of all windows, default False.
    drop_last : bool
        Whether a smaller last batch is left out, default False.
    scale : ndarray or None
        float32 (targets,), divides the coverage of each target; default None.
    clip : float or None
        Largest coverage of a bin after the division, larger ones count as this; default None.

    Raises
    ------
    InputError
        When lengths do not fit each other or the store.
    """

    def __init__(
        self,
        store: Store,
        offsets: np.ndarray,
        *,
        window_length: int,
        input_length: int,
        bin_size: int,
        batch_size: int,
        augmentation: str = "none",
        seed: int = 0,
        shuffle: bool = False,
        drop_last: bool = False,
        scale: np.ndarray | None = None,
        clip: float | None = None,
    ):
        _check_lengths(window_length, input_length, bin_size)
        self.store, self.offsets = store, np.asarray(offsets, np.int64)
        _check_offsets(self.offsets, len(store.sequence) - window_length)
        if augmentation not in AUGMENTATIONS:
            raise InputError(
                f"augmentation is {augmentation!r}; give one of {', '.join(AUGMENTATIONS)}"
            )
        whole, left = divmod(len(self.offsets), batch_size)
        self._count = whole + (left > 0 and not drop_last)
        if not self._count:
            raise InputError(
                f"{len(self.offsets)} windows do not fill a batch of {batch_size}; "
                "lower batch_size or give more windows"
            )
        self.targets = len(store.targets)
        self.input_length, self.bin_size, self.batch_size = input_length, bin_size, batch_size
        self.seed, self.shuffle = seed, shuffle
        self._room = window_length - input_length
        self._reverse, self._shift = "rc" in augmentation, "shift" in augmentation
        self._scale = None if scale is None else np.asarray(scale, np.float32)
        self._clip = None if clip is None else np.float32(clip)

    def __len__(self) -> int:
        return self._count

    def epoch(self, number: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Yield the batches of an epoch.

        Parameters
        ----------
        number : int
            Epoch, from 0. Any epoch can be asked for at any time.

        Yields
        ------
        (ndarray, ndarray)
            Sequences, uint8 base codes (batch, input_length), and coverage, float32
            (batch, bins, targets).
        """
        rng = np.random.default_rng(np.random.SeedSequence([self.seed, number]))
        count = len(self.offsets)
        order = rng.permutation(count) if self.shuffle else np.arange(count)
        shift = np.full(count, self._room // 2)
        if self._shift:
            shift = rng.integers(0, self._room, count, endpoint=True)
        starts = self.offsets[order] + shift
        for i in range(self._count):
            batch = starts[i * self.batch_size : (i + 1) * self.batch_size]
            sequences, coverage = self._gather(batch)
            if self._reverse:
                # an odd batch has its half rounded up or down at random
                half = (len(batch) + rng.integers(2)) // 2
                flipped = rng.permutation(len(batch))[:half]
                sequences[flipped] = reverse_complement(sequences[flipped])
                coverage[flipped] = coverage[flipped, ::-1][..., self.store.strand_pairs]
            binned = mean_bins(half_to_single(coverage), self.bin_size)
            scaled = binned if self._scale is None else binned / self._scale
            yield sequences, scaled if self._clip is None else np.minimum(scaled, self._clip)

    def _gather(self, starts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Copy the inputs at `starts`: uint8 (batch, length), float16 (batch, length, targets)."""
        sequences = np.empty((len(starts), self.input_length), np.uint8)
        coverage = np.empty((*sequences.shape, self.targets), np.float16)
        for i, start in enumerate(starts.tolist()):
            sequences[i] = self.store.sequence[start : start + self.input_length]
            coverage[i] = self.store.coverage[start : start + self.input_length]
        return sequences, coverage


def half_to_single(values: np.ndarray) -> np.ndarray:
    """Convert finite float16 to float32, exactly, several times as fast as NumPy's cast.

    The bits of a float16, moved to where a float32 has sign, exponent and fraction, are the number
    times 2^-112 (IEEE 754: the exponents are biased by 15 and 127); multiplying back is exact.
    """
    bits = values.view(np.int16).astype(np.int32)
    bits <<= 13
    bits &= np.int32(~0x70001FFF)  # the sign bit was copied into the bits above the exponent
    return bits.view(np.float32) * np.float32(2.0**112)


def mean_bins(coverage: np.ndarray, bin_size: int) -> np.ndarray:
    """Average float32 coverage (batch, positions, targets) over non-overlapping bins."""
    if bin_size == 1:
        return coverage
    batch, length, targets = coverage.shape
    binned = coverage.reshape(batch, length // bin_size, bin_size, targets)
    return np.matmul(np.full(bin_size, 1 / bin_size, np.float32), binned)


def _check_lengths(window_length: int, input_length: int, bin_size: int) -> None:
    if not 0 < input_length <= window_length:
        raise InputError(
            f"input_length {input_length} must be from 1 to the window length {window_length}"
        )
    if bin_size < 1 or input_length % bin_size:
        raise InputError(
            f"bin_size {bin_size} does not divide input_length {input_length}; choose a divisor"
        )


def _check_offsets(offsets: np.ndarray, last: int) -> None:
    if offsets.ndim != 1 or (len(offsets) and not 0 <= offsets.min() <= offsets.max() <= last):
        raise InputError(
            f"offsets must be a vector of window starts from 0 to {last}, where the last window of "
            "the store begins"
        )
