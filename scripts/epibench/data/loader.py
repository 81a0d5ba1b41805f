"""Yield batches of sequences and binned coverage from a store."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from epibench.data.prefetch import prefetched
from epibench.data.store import Store
from epibench.errors import InputError
from epibench.sequence import reverse_complement
from epibench.words import AUGMENTATIONS

Batch = tuple[np.ndarray, np.ndarray]


@dataclass(frozen=True)
class Draws:
    """Hold what was drawn for an epoch: all that chance decides, so each batch stands on its own.

    `order` int64 (windows,) are the windows by number, in the epoch's order; `starts` int64
    (windows,) is the first position of each one's input in the store's arrays; `flipped` bool
    (windows,) tells which are reverse-complemented.
    """

    order: np.ndarray
    starts: np.ndarray
    flipped: np.ndarray


class Batches:
    """Yield mini-batches; what an epoch holds is a function of seed and epoch alone.

    Augmentations are as in Toneyan et al. 2022, Methods: `rc` reverse-complements half of the
    sequences of each mini-batch, chosen at random (positions reversed, targets swapped with their
    strand pairs), `shift` takes a random crop of each window, drawn anew for every sequence and
    epoch. Without `shift` the central crop is taken. Names with `evoaug` mean here what they mean
    without it: the sequences are changed later, by the layer `EvoAug`.

    `as_published` augments as the study's public code does, which is not what the paper says, so
    that both can be compared: one crop for each place in a batch, drawn once from the seed and kept
    for the whole training, so that the sequences of a place are all cropped alike, whichever they
    are; the last legal crop is left out; and a coin for each batch reverse-complements all of it
    or nothing. The order of the windows is as for the others.

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
        One of `words.AUGMENTATIONS`, default `none`.
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
    labels : ndarray or None
        int8 (windows, targets), given in place of coverage: 1 where a peak overlaps the window's
        central input, else 0, below 0 where unknown; default None.
    workers : int
        Threads that make batches ahead; default 0, each batch is made when it is asked for. At
        most `workers + 1` batches are ready or being made besides the one given last; one takes up
        to batch_size * input_length * (2 + 8 * targets) bytes while it is made (coverage as
        float16, as float32 and binned), together 48 MB for 2 workers, 64 inputs of 2,048 bp and 15
        targets.

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
        labels: np.ndarray | None = None,
        workers: int = 0,
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
        self.seed, self.shuffle, self.workers = seed, shuffle, workers
        self._room = window_length - input_length
        self._reverse, self._shift = "rc" in augmentation, "shift" in augmentation
        self._as_published = augmentation == "as_published"
        self._stranded = not np.array_equal(store.strand_pairs, np.arange(self.targets))
        # One item a position moves all its targets at once, which is several times as fast; and
        # one call of NumPy copies a batch, since threads wait for each other at every call.
        rows = store.coverage.view(f"V{store.coverage.itemsize * self.targets}")[:, 0]
        self._inputs = [sliding_window_view(x, input_length) for x in (store.sequence, rows)]
        bins = input_length // bin_size
        self._scale = None if scale is None else np.tile(np.asarray(scale, np.float32), bins)
        self._clip = None if clip is None else np.float32(clip)
        self._labels = None if labels is None else np.asarray(labels, np.float32)

    def __len__(self) -> int:
        return self._count

    def epoch(self, number: int, start: int = 0) -> Iterator[Batch]:
        """Yield the batches of an epoch, or the rest of it.

        Parameters
        ----------
        number : int
            Epoch, from 0. Any epoch can be asked for at any time.
        start : int
            First batch to yield, from 0 (default): who was interrupted after n batches goes on with
            `start=n` and gets what the undisturbed epoch would have given.

        Yields
        ------
        (ndarray, ndarray)
            As `make` returns them.

        Raises
        ------
        InputError
            When the epoch has no position `start`.
        """
        if not 0 <= start <= self._count:
            raise InputError(f"an epoch has {self._count} batches; it cannot start at {start}")
        draws = self.draw(number)
        batches = range(start, self._count)
        return prefetched(lambda index: self.make(draws, index), batches, self.workers)

    def draw(self, number: int) -> Draws:
        """Draw order, crops and strands of an epoch, from 0."""
        rng = np.random.default_rng(np.random.SeedSequence([self.seed, number]))
        count = len(self.offsets)
        order = rng.permutation(count) if self.shuffle else np.arange(count)
        if self._as_published:
            starts = self.offsets[order] + self._frozen_shifts()
            return Draws(order, starts, self._whole_batches(rng))
        shift = np.full(count, self._room // 2)
        if self._shift:
            shift = rng.integers(0, self._room, count, endpoint=True)
        flipped = np.zeros(count, bool)
        for i in range(self._count if self._reverse else 0):
            batch = flipped[self._slice(i)]
            # an odd batch has its half rounded up or down at random
            half = (len(batch) + rng.integers(2)) // 2
            batch[rng.permutation(len(batch))[:half]] = True
        return Draws(order, self.offsets[order] + shift, flipped)

    def _frozen_shifts(self) -> np.ndarray:
        """Draw the crops that the places in a batch have in every batch of every epoch."""
        # a spawned sequence: [seed] alone would draw what epoch 0 draws
        rng = np.random.default_rng(np.random.SeedSequence(self.seed, spawn_key=(0,)))
        shifts = rng.integers(0, max(self._room, 1), self.batch_size)
        return np.resize(shifts, len(self.offsets))

    def _whole_batches(self, rng: np.random.Generator) -> np.ndarray:
        """Draw a coin for each batch, given for each of its windows."""
        batches = np.arange(len(self.offsets)) // self.batch_size
        return rng.integers(2, size=batches[-1] + 1).astype(bool)[batches]

    def make(self, draws: Draws, index: int) -> Batch:
        """Make one batch of an epoch.

        Parameters
        ----------
        draws : Draws
            What `draw` gave for the epoch.
        index : int
            Batch, from 0; any can be made at any time, from several threads at once.

        Returns
        -------
        (ndarray, ndarray)
            Sequences, uint8 base codes (batch, input_length), and coverage, float32
            (batch, bins, targets), or labels, float32 (batch, targets).
        """
        chosen = self._slice(index)
        flipped = np.flatnonzero(draws.flipped[chosen])
        sequences = self._inputs[0][draws.starts[chosen]]
        sequences[flipped] = reverse_complement(sequences[flipped])
        if self._labels is not None:
            return sequences, self._choose_labels(draws.order[chosen], flipped)
        rows = self._inputs[1][draws.starts[chosen]]
        rows[flipped] = rows[flipped, ::-1]
        coverage = rows.view(np.float16).reshape(*sequences.shape, self.targets)
        if self._stranded:
            coverage[flipped] = np.take(coverage[flipped], self.store.strand_pairs, axis=2)
        binned = mean_bins(half_to_single(coverage), self.bin_size)
        # one long row an input: NumPy is slow where the last axis, targets, is short
        rows = binned.reshape(len(binned), -1)
        if self._scale is not None:
            rows /= self._scale
        if self._clip is not None:
            np.minimum(rows, self._clip, out=rows)
        return sequences, binned

    def describe(self, number: int, index: int) -> list[str]:
        """Name the inputs of a batch of an epoch: `chrom:start-end`, 0-based, end not included."""
        starts = self.draw(number).starts[self._slice(index)]
        places = self.store.locate(starts)
        return [f"{name}:{start}-{start + self.input_length}" for name, start in places]

    def _choose_labels(self, windows: np.ndarray, flipped: np.ndarray) -> np.ndarray:
        """Give the labels of windows, those of flipped ones swapped with their strand pairs."""
        labels = self._labels[windows]
        labels[flipped] = labels[flipped][:, self.store.strand_pairs]
        return labels

    def _slice(self, index: int) -> slice:
        return slice(index * self.batch_size, (index + 1) * self.batch_size)


def half_to_single(values: np.ndarray) -> np.ndarray:
    """Convert finite float16 to float32, exactly, several times as fast as NumPy's cast.

    The bits of a float16, moved to where a float32 has sign, exponent and fraction, are the number
    times 2^-112 (IEEE 754: the exponents are biased by 15 and 127); multiplying back is exact.
    """
    bits = values.view(np.int16).astype(np.int32)
    bits <<= 13
    bits &= np.int32(~0x70001FFF)  # the sign bit was copied into the bits above the exponent
    numbers = bits.view(np.float32)
    numbers *= np.float32(2.0**112)
    return numbers


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
