"""Score a predictor on the tiled test chromosomes in one pass."""

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from epibench.evaluate.evaluation import Evaluation
from epibench.evaluate.formulas import scale_factor
from epibench.evaluate.input_set import InputSet
from epibench.evaluate.log_scale import LogScaleCorrelation
from epibench.evaluate.predictors import Inputs, Predictor
from epibench.evaluate.ranks import FINEST_BIN_SIZE, RankCorrelation, sample_inputs
from epibench.evaluate.smoothing import BoxCar, smoothed_sums
from epibench.evaluate.sums import AT, FIELDS, SMOOTHED, sums_of_inputs

FACTOR_INPUTS = 8192
"""Inputs of the validation chromosomes, evenly spaced, that the factor of scaling is taken from."""

_AT_ONCE = 2**17  # values that sums are made of at once, so that they stay in the cache


def coarsen(values: np.ndarray, factor: int) -> np.ndarray:
    """Average each `factor` neighbouring bins.

    Parameters
    ----------
    values : float, shape (batch, bins, targets)
        Coverage; the number of bins is a multiple of `factor`.
    factor : int
        Finer bins in one coarser bin.

    Returns
    -------
    float64, shape (batch, bins / factor, targets)
    """
    batch, bins, targets = values.shape
    grouped = values.reshape(batch, bins // factor, factor, targets)
    return grouped.mean(axis=2, dtype=np.float64)


def resolutions(own: int, bin_sizes: Iterable[int]) -> list[int]:
    """Give the bin sizes that a predictor of bin size `own` can be scored at, finest first.

    They are those of the study; its own alone where it can give none of them.
    """
    return sorted({size for size in bin_sizes if size % own == 0}) or [own]


def evaluate(
    name: str,
    predictor: Predictor,
    inputs: InputSet,
    *,
    bin_sizes: Iterable[int],
    batch_size: int,
    smoothing: Iterable[int] = (),
    factor: np.ndarray | None = None,
    of_coverage: bool = True,
    threads: int = 1,
) -> Evaluation:
    """Score one predictor at every resolution of the study that it can give.

    Memory does not grow with the test set but for four numbers an input and target: what is kept
    are sums over the blocks of the genome.

    Parameters
    ----------
    name : str
        What the tables call the predictor.
    predictor : Predictor
        Anything that gives coverage for inputs.
    inputs : InputSet
        The inputs of the test set.
    bin_sizes : iterable of int
        Resolutions of the study in bp; those that the predictor cannot give are left out.
    batch_size : int
        Inputs that are predicted at once.
    smoothing : iterable of int
        Widths in bp of box-car filters on truth and prediction at base resolution.
    factor : float64, shape (targets,), or None
        `validation_factor` of the predictor; None: not scaled by the validation chromosomes.
    of_coverage : bool, default True
        Whether predictions are coverage. Logits of a binary model are not: only correlations and
        the detection of peaks are defined for them.
    threads : int, default 1
        The finest bin size, the coarser ones and the smoothing are summed side by side; the result
        does not depend on it.

    References
    ----------
    Toneyan et al. 2022, Methods, "Evaluation": whole-chromosome and per-sequence Pearson's r, MSE,
    scaling by the ratio of the means.
    """
    scorer = _Scorer(predictor, inputs, list(bin_sizes), sorted(smoothing), factor, batch_size)
    with ThreadPoolExecutor(threads) as pool:
        for at in range(0, len(inputs), batch_size):
            scorer.add(slice(at, min(at + batch_size, len(inputs))), pool)
    return scorer.finish(name, of_coverage)


def validation_factor(predictor: Predictor, inputs: InputSet, batch_size: int) -> np.ndarray:
    """Give mean(truth) / mean(prediction) over validation inputs: it uses no test truth.

    Parameters
    ----------
    predictor : Predictor
        Anything that gives coverage for inputs.
    inputs : InputSet
        The tiled inputs of the validation chromosomes; at most 8,192, evenly spaced, are predicted.
    batch_size : int
        Inputs that are predicted at once.

    Returns
    -------
    float64, shape (targets,)
        NaN where the mean prediction is not above 0.
    """
    step = -(-len(inputs) // FACTOR_INPUTS)
    chosen = np.arange(0, len(inputs), step)
    total = np.zeros((2, len(inputs.store.targets)))
    for at in range(0, len(chosen), batch_size):
        part = chosen[at : at + batch_size]
        total[0] += inputs.coverage(part).mean(axis=1, dtype=np.float64).sum(axis=0)
        prediction = predict(predictor, inputs, part)
        total[1] += prediction.mean(axis=1, dtype=np.float64).sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(total[1] > 0, total[0] / total[1], np.nan)


def predict(predictor: Predictor, inputs: InputSet, part: slice | np.ndarray) -> np.ndarray:
    """Predict some of the inputs: float, shape (inputs, bins, targets)."""
    tiles = inputs.tiles
    return predictor.predict(Inputs(tiles.chrom[part], tiles.start[part], inputs.sequence(part)))


class _Scorer:
    """Everything that is kept while the inputs pass by, in genome order."""

    def __init__(
        self,
        predictor: Predictor,
        inputs: InputSet,
        bin_sizes: list[int],
        smoothing: list[int],
        factor: np.ndarray | None,
        batch_size: int,
    ):
        self.predictor, self.inputs = predictor, inputs
        self.sizes = resolutions(predictor.bin_size, bin_sizes)
        targets = len(inputs.store.targets)
        self.factor = np.full(targets, np.nan) if factor is None else factor
        shape = (inputs.blocks, targets)
        self.groups = {"all": None, **inputs.groups}
        self.sums = {
            (group, size): np.zeros((*shape, len(FIELDS)))
            for group in self.groups
            for size in self.sizes
        }
        self.smoothed = {width: np.zeros((*shape, len(SMOOTHED))) for width in smoothing}
        self.box_car = BoxCar(smoothing, inputs.length)
        self.log_scale = {size: LogScaleCorrelation(targets) for size in self.sizes}
        self.ranks = {
            size: RankCorrelation(targets, inputs.blocks, len(inputs) * inputs.length // size)
            for size in self.sizes
            if size >= FINEST_BIN_SIZE
        }
        self.of_inputs = np.empty((3, len(inputs), targets), np.float32)  # mean, r, rho
        self.centre = self._lay_out(batch_size)

    def add(self, part: slice, pool: ThreadPoolExecutor) -> None:
        """Predict the next inputs and add what they sum to."""
        base, own = self._read(part)
        self.of_inputs[0, part] = own.mean(axis=2)
        (finest, pair), *coarser = self._at_each(base, own)
        tasks = [
            pool.submit(self._add_at, finest, *pair, part.start),
            pool.submit(lambda: [self._add_at(size, *at, part.start) for size, at in coarser]),
        ]
        if self.smoothed:
            tasks.append(pool.submit(self._smooth, part, base, own))
        for task in tasks:
            task.result()

    def _add_at(self, size: int, truth: np.ndarray, prediction: np.ndarray, start: int) -> None:
        """Add inputs from number `start` on at one bin size, a few at a time."""
        step = max(1, _AT_ONCE // truth[0].size)
        for first in range(0, len(truth), step):
            pair = truth[first : first + step], prediction[first : first + step]
            at = slice(start + first, start + first + len(pair[0]))
            sums = sums_of_inputs(*pair, self.centre, self.factor)
            if size == self.sizes[0]:
                self.of_inputs[1, at] = _where_varying(sums, "r")
                self.of_inputs[2, at] = _where_varying(sums, "rho")
            self._add_to_groups(size, sums, at)
            self.log_scale[size].add(*(values.swapaxes(1, 2) for values in pair))
            if size in self.ranks:
                self.ranks[size].add(*pair, self.inputs.block[at])

    def finish(self, name: str, of_coverage: bool) -> Evaluation:
        """Give what was kept."""
        totals = {size: self.sums["all", size].sum(axis=0) for size in self.sizes}
        return Evaluation(
            predictor=name,
            targets=self.inputs.store.targets,
            test_set=self.inputs.test_set,
            of_coverage=of_coverage,
            input_length=self.inputs.length,
            bin_sizes=self.sizes,
            centre=dict.fromkeys(self.sizes, self.centre),
            factor=dict.fromkeys(self.sizes, self.factor),
            block=self.inputs.block,
            sums=self.sums,
            smoothed=self.smoothed,
            ranks={size: ranks.counts_of_blocks() for size, ranks in self.ranks.items()},
            rho={size: ranks.spearman_r() for size, ranks in self.ranks.items()},
            log_scaled={
                size: self.log_scale[size].pearson_r(scale_factor(totals[size], self.centre))
                for size in self.sizes
            },
            of_inputs=self.of_inputs,
        )

    def _lay_out(self, batch_size: int) -> np.ndarray:
        """Predict a sample to lay out the histograms; give the centre that moments are around.

        Where no histogram is needed, the first inputs are enough for the centre.
        """
        count = len(self.inputs)
        needed = [ranks for ranks in self.ranks.values() if not ranks.exact]
        sample = sample_inputs(count) if needed else np.arange(min(count, batch_size))
        parts = [
            self._read(sample[at : at + batch_size]) for at in range(0, len(sample), batch_size)
        ]
        base, own = (np.concatenate(column) for column in zip(*parts, strict=True))
        for size, pair in self._at_each(base, own):
            if size in self.ranks and not self.ranks[size].exact:
                self.ranks[size].lay_out(*pair)
        centre = np.stack([base.mean(axis=(0, 2)), own.mean(axis=(0, 2))])
        return np.where(np.isfinite(centre), centre, 0.0)

    def _read(self, part: slice | np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Give truth per base and prediction per bin, float64 (inputs, targets, positions)."""
        prediction = predict(self.predictor, self.inputs, part)
        return tuple(
            np.ascontiguousarray(values.swapaxes(1, 2), np.float64)
            for values in (self.inputs.coverage(part), prediction)
        )

    def _at_each(
        self, base: np.ndarray, own: np.ndarray
    ) -> Iterator[tuple[int, tuple[np.ndarray, np.ndarray]]]:
        """Give truth and prediction at each bin size, from the finest up."""
        first = self.predictor.bin_size
        found = {first: (_average(base, first), own)}
        for size in self.sizes:
            finer = max(known for known in found if size % known == 0)
            if finer != size:
                found[size] = tuple(_average(values, size // finer) for values in found[finer])
            yield size, found[size]

    def _add_to_groups(self, size: int, sums: np.ndarray, at: slice) -> None:
        """Add the sums of consecutive inputs to their blocks, in each group that has them."""
        for group, member in self.groups.items():
            mine = sums if member is None else np.where(member[at, :, None], sums, 0.0)
            np.add.at(self.sums[group, size], self.inputs.block[at], mine)

    def _smooth(self, part: slice, base: np.ndarray, own: np.ndarray) -> None:
        """Smooth a few inputs at a time, which stay in the cache."""
        follows = self.inputs.follows
        step = max(1, _AT_ONCE // base[0].size)
        first = part.start
        while first < part.stop:
            stop = min(first + step, part.stop)
            gaps = np.flatnonzero(~follows[first + 1 : stop + 1])
            stop = first + 1 + int(gaps[0]) if len(gaps) else stop
            here = slice(first - part.start, stop - part.start)
            prediction = np.repeat(own[here], self.inputs.length // own.shape[2], axis=2)
            pair = np.stack([base[here], prediction])
            ready = stop - bool(follows[stop])  # the last input waits for the one that follows
            for width, smooth in self.box_car.add(pair, last=ready == stop):
                sums = smoothed_sums(smooth, self.centre)
                block = self.inputs.block[ready - len(sums) : ready]
                np.add.at(self.smoothed[width], block, sums)
            first = stop


def _average(values: np.ndarray, factor: int) -> np.ndarray:
    """Average neighbouring bins of (inputs, targets, bins)."""
    return values if factor == 1 else values.reshape(*values.shape[:2], -1, factor).mean(axis=3)


def _where_varying(sums: np.ndarray, name: str) -> np.ndarray:
    """Give r or rho of each input and target, NaN where the truth does not vary."""
    return np.where(sums[..., AT["varying"]] > 0, sums[..., AT[name]], np.nan)
