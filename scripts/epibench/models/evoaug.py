"""EvoAug: change sequences at random while training (Lee, Tang, Toneyan & Koo 2023)."""

from typing import Any, NamedTuple

import keras
from keras import layers, ops

from epibench.errors import InputError

PERTURBATIONS = ("deletion", "insertion", "translocation", "inversion", "mutation", "noise")
"""Perturbations in the order in which they are applied."""


class Changes(NamedTuple):
    """What was drawn for a batch; `change` with the same changes gives the same sequences.

    int32 (batch, 1): `deletion_start`, `deletion_size`, `insertion_start`, `insertion_size`,
    `shift`, `inversion_start`, `inversion_size`, in bp, a size or shift of 0 leaves all as it is.
    int32 (batch, length): `deletion_dna` and `insertion_dna`, base codes 0-3 that fill what has
    become free, by position in the changed sequence; `mutation`, by how many bases in the circle
    ACGT each position moves on, 0 leaves it as it is. float32 (batch, length, 4): `noise`, added.
    """

    deletion_start: Any
    deletion_size: Any
    deletion_dna: Any
    insertion_start: Any
    insertion_size: Any
    insertion_dna: Any
    shift: Any
    inversion_start: Any
    inversion_size: Any
    mutation: Any
    noise: Any


@keras.saving.register_keras_serializable(package="epibench")
class EvoAug(layers.Layer):
    """Change each sequence of a batch by perturbations of its own; nothing unless training.

    float32 one-hot sequences (batch, length, 4), N as 0.25 in each channel, become float32
    sequences of the same shape. Every position stays a base or N, until noise is added.
    Perturbations are those of Lee et al. 2023 (Genome Biology 24:105) and its package `evoaug`,
    applied in the order of this list, `max_augs` different ones to each sequence:

    deletion       a segment goes, what is left closes up, and random DNA fills both ends (half of
                   the size at the start, rounded down)
    insertion      random DNA goes in, and both ends are trimmed to the length as before (half at
                   the start). The first version of the package let sequences grow instead
    translocation  the sequence is cut and its parts swapped: a roll by up to the maximum, either
                   way
    inversion      a segment is reverse-complemented
    mutation       each position becomes one of the three other bases with this probability; N
                   stays N. (The package changes a fixed number of positions of each sequence.)
    noise          a Gaussian number is added to each of the four values of each position

    Sizes are drawn from 0 to the maximum, places from all where the segment fits, both ends
    included. A perturbation whose maximum is 0 is never chosen.

    Coverage is not changed with the sequence, as in EvoAug: truth at a position then belongs to a
    base that was moved, by up to half of the maximum (deletion, insertion; 15 and 10 bp by default)
    or up to the maximum (translocation; 20 bp, and what rolls over an end meets the coverage of the
    other end). In bins of 128 bp or more little is misplaced; in bins of 1 bp the profile that the
    model learns is blurred over some 20 bp. Two-stage training is meant to repair this: training
    with the layer, then fine-tuning without.

    Defaults are the published ones for regression (DeepSTARR: deletions to 30, insertions and
    translocations to 20, mutation 0.05, noise 0.3, two perturbations a sequence). Inversions, which
    that analysis left out, are to 20 (ours).

    Parameters
    ----------
    seed : int
        Seed of all draws. The generator's state is in `variables`: with it restored the draws go
        on as if undisturbed. (A `.keras` file holds the seed only, as of Keras's dropout.)
    max_augs : int
        Perturbations a sequence, default 2; all where there are fewer.
    hard : bool
        Whether each sequence gets `max_augs` (default) or a random number from 1 to that.
    deletion_max, insertion_max, translocation_max, inversion_max : int
        Largest size in bp, default 30, 20, 20, 20.
    mutation : float
        Probability that a position mutates, default 0.05.
    noise : float
        Standard deviation of the noise, default 0.3.

    Raises
    ------
    InputError
        When an argument is out of range, or a size exceeds the length of the sequences.
    """

    def __init__(
        self,
        *,
        seed: int,
        max_augs: int = 2,
        hard: bool = True,
        deletion_max: int = 30,
        insertion_max: int = 20,
        translocation_max: int = 20,
        inversion_max: int = 20,
        mutation: float = 0.05,
        noise: float = 0.3,
        **settings,
    ):
        super().__init__(**{**settings, "dtype": "float32"})
        largest = (deletion_max, insertion_max, translocation_max, inversion_max, mutation, noise)
        if max_augs < 1 or min(largest) < 0 or not any(largest) or mutation > 1:
            raise InputError(
                f"EvoAug cannot use max_augs {max_augs} with maxima {largest} of "
                f"{', '.join(PERTURBATIONS)}; give max_augs from 1, maxima from 0, one above 0, "
                "and a mutation up to 1"
            )
        self.seed, self.max_augs, self.hard = seed, max_augs, hard
        self.largest = dict(zip(PERTURBATIONS, largest, strict=True))
        self.seed_generator = keras.random.SeedGenerator(seed)

    def build(self, input_shape):
        size = max(self.largest[name] for name in PERTURBATIONS[:4])
        if size > input_shape[1]:
            raise InputError(
                f"EvoAug changes up to {size} bp, which inputs of {input_shape[1]} bp do not have; "
                "use longer inputs or an augmentation without evoaug"
            )
        self.built = True

    def call(self, sequences, training=False):
        if not training:
            return sequences
        return change(sequences, self.draw(ops.shape(sequences)[0], sequences.shape[1]))

    def draw(self, batch: int, length: int) -> Changes:
        """Draw the changes of a batch of sequences of `length` bp."""
        deletion, insertion, translocation, inversion, mutation, noise = self._draw_sizes(batch)
        places = self._uniform((3, batch, 1))
        dna = _integers(self._uniform((2, batch, length)), 4)
        mutates = self._uniform((batch, length))
        # a third of the probability each: one base on, two bases on, three
        steps = sum(ops.cast(mutates < mutation * third / 3, "int32") for third in (1, 2, 3))
        shape = (batch, length, 4)
        return Changes(
            deletion_start=_integers(places[0], length - deletion + 1),
            deletion_size=deletion,
            deletion_dna=dna[0],
            insertion_start=_integers(places[1], length + 1),
            insertion_size=insertion,
            insertion_dna=dna[1],
            shift=translocation,
            inversion_start=_integers(places[2], length - inversion + 1),
            inversion_size=inversion,
            mutation=steps,
            noise=keras.random.normal(shape, seed=self.seed_generator) * noise[:, :, None],
        )

    def _draw_sizes(self, batch: int) -> list:
        """Draw how strong each perturbation of each sequence is, (batch, 1); 0 where not chosen."""
        chosen = ops.cast(self.choose(batch), "float32")
        sizes = self._uniform((4, batch, 1))
        drawn = [_integers(sizes[i], self.largest[PERTURBATIONS[i]] + 1) for i in range(4)]
        left = ops.cast(self._uniform((batch, 1)) < 0.5, "int32")
        drawn[2] = drawn[2] * (1 - 2 * left)
        drawn = [size * ops.cast(chosen[:, i : i + 1], "int32") for i, size in enumerate(drawn)]
        return drawn + [chosen[:, i : i + 1] * self.largest[PERTURBATIONS[i]] for i in (4, 5)]

    def choose(self, batch: int):
        """Choose the perturbations of each sequence, bool (batch, 6) in the order applied."""
        unused = [float(size == 0) for size in self.largest.values()]
        most = min(self.max_augs, unused.count(0.0))
        number = most
        if not self.hard:
            number = 1 + _integers(self._uniform((batch, 1)), most)
        # what is not used comes after all that is
        scores = self._uniform((batch, len(unused))) + ops.convert_to_tensor(unused, "float32")
        return ops.argsort(ops.argsort(scores, axis=1), axis=1) < number

    def _uniform(self, shape):
        return keras.random.uniform(shape, dtype="float32", seed=self.seed_generator)

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        sizes = {f"{name}_max": self.largest[name] for name in PERTURBATIONS[:4]}
        values = {name: self.largest[name] for name in PERTURBATIONS[4:]}
        own = {"seed": self.seed, "max_augs": self.max_augs, "hard": self.hard}
        return {**super().get_config(), **own, **sizes, **values}


def change(sequences, changes: Changes):
    """Apply what was drawn to float32 sequences (batch, length, 4)."""
    c = changes
    sequences = delete(sequences, c.deletion_start, c.deletion_size, c.deletion_dna)
    sequences = insert(sequences, c.insertion_start, c.insertion_size, c.insertion_dna)
    sequences = translocate(sequences, c.shift)
    sequences = invert(sequences, c.inversion_start, c.inversion_size)
    return mutate(sequences, c.mutation) + c.noise


def delete(sequences, start, size, dna):
    """Take out `size` bases from `start` on and fill both ends with `dna`."""
    length = sequences.shape[1]
    place = ops.arange(length)[None] - size // 2  # in what is left, closed up
    source = ops.where(place < start, place, place + size)
    free = (place < 0) | (place >= length - size)
    return _fill(_pick(sequences, ops.clip(source, 0, length - 1)), free, dna)


def insert(sequences, start, size, dna):
    """Put `size` bases of `dna` before the base at `start` and trim both ends."""
    length = sequences.shape[1]
    place = ops.arange(length)[None] + size // 2  # in the longer sequence, before it is trimmed
    source = ops.where(place < start, place, place - size)
    new = (place >= start) & (place < start + size)
    return _fill(_pick(sequences, ops.clip(source, 0, length - 1)), new, dna)


def translocate(sequences, shift):
    """Roll by `shift` bases, to the right if above 0."""
    length = sequences.shape[1]
    return _pick(sequences, (ops.arange(length)[None] - shift) % length)


def invert(sequences, start, size):
    """Reverse-complement `size` bases from `start` on."""
    place = ops.arange(sequences.shape[1])[None]
    inside = (place >= start) & (place < start + size)
    picked = _pick(sequences, ops.where(inside, 2 * start + size - 1 - place, place))
    channels = ops.arange(4)[None, None]
    return _exchange(picked, ops.where(inside[:, :, None], 3 - channels, channels))


def mutate(sequences, steps):
    """Move each base on by `steps`, 0 to 3, in the circle ACGT; N has nowhere else to go."""
    return _exchange(sequences, (ops.arange(4)[None, None] - steps[:, :, None]) % 4)


def _pick(sequences, source):
    """Read sequences (batch, length, 4) at positions `source`, int32 (batch, length)."""
    batch, length = ops.shape(sequences)[0], sequences.shape[1]
    # rows of one long table: five times as fast as take_along_axis on TensorFlow without XLA
    rows = ops.arange(batch)[:, None] * length + source
    return ops.take(ops.reshape(sequences, (-1, 4)), rows, axis=0)


def _exchange(sequences, channels):
    """Read each position's channels in the order `channels`, int32 (batch, length, 4).

    Every value is read once: compilers compute the perturbations before anew for each reading.
    """
    return ops.take_along_axis(sequences, channels, axis=2)


def _fill(sequences, where, dna):
    return ops.where(where[:, :, None], ops.one_hot(dna, 4, dtype="float32"), sequences)


def _integers(uniform, count):
    """Turn uniform numbers of [0, 1) into int32 of 0 ... count - 1."""
    drawn = ops.floor(uniform * ops.cast(count, "float32"))
    return ops.minimum(ops.cast(drawn, "int32"), count - 1)  # the product may round up to count
