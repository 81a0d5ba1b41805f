"""Smooth truth and prediction along the chromosome (Toneyan et al. 2022, Extended Data Fig. 2)."""

from collections.abc import Iterator

import numpy as np

from epibench.evaluate.sums import around_centre
from epibench.evaluate.within import central_sums


class BoxCar:
    """Run box-car filters of several widths along inputs that come in genome order.

    The filter of width w at position i averages [i - w // 2, i - w // 2 + w). It reaches into the
    neighbouring input where that follows without a gap, and nowhere else: at the border of a
    stretch it averages what is there. (The published code smooths over all inputs joined end to
    end, so that values mix across gaps, and pads the outer ends with zeros.)

    Memory holds three inputs more than are added at once.

    Parameters
    ----------
    widths : list of int
        In bp, none above the input length.
    length : int
        Of an input, in bp.
    """

    def __init__(self, widths: list[int], length: int):
        self.widths = widths
        self.length = length
        self._left = 0  # inputs of the buffer that were given already and are context now
        self._buffer: np.ndarray | None = None  # (2, targets, positions)

    def add(self, pair: np.ndarray, last: bool) -> Iterator[tuple[int, np.ndarray]]:
        """Add inputs that follow those before without a gap.

        Parameters
        ----------
        pair : float64, shape (2, inputs, targets, length)
            Truth and prediction at base resolution.
        last : bool
            Whether the stretch ends here.

        Returns
        -------
        iterator of (int, float64 (2, inputs, targets, length))
            For each width the smoothed values of the inputs whose surroundings are now complete:
            all but the last one given, and all of them at the end of a stretch.
        """
        targets = pair.shape[2]
        flat = pair.transpose(0, 2, 1, 3).reshape(2, targets, -1)
        if self._buffer is not None:
            flat = np.concatenate([self._buffer, flat], axis=2)
        ready = slice(self._left, flat.shape[2] // self.length - (not last))
        if ready.start < ready.stop:
            sums = self._running_sums(flat)
            for width in self.widths:
                yield width, self._smooth(sums, width, ready)
        keep = max(ready.stop - 1, 0)
        self._buffer = None if last else flat[..., keep * self.length :].copy()
        self._left = 0 if last else ready.stop - keep

    def _running_sums(self, flat: np.ndarray) -> np.ndarray:
        """Sum from the start, with a margin on both sides in which the sum does not grow."""
        margin, end = self.length, flat.shape[2]
        sums = np.zeros((2, flat.shape[1], end + 1 + 2 * margin))
        np.cumsum(flat, axis=2, out=sums[..., margin + 1 : margin + 1 + end])
        sums[..., margin + 1 + end :] = sums[..., margin + end, None]
        return sums

    def _smooth(self, sums: np.ndarray, width: int, ready: slice) -> np.ndarray:
        """Average over the window around each position of the inputs that are ready."""
        start, stop = ready.start * self.length, ready.stop * self.length
        low = start + self.length - width // 2
        high = low + width
        size = stop - start
        smooth = sums[..., high : high + size] - sums[..., low : low + size]
        inside = np.clip(
            np.arange(sums.shape[2]) - self.length, 0, sums.shape[2] - 1 - 2 * self.length
        )
        smooth /= inside[high : high + size] - inside[low : low + size]
        pairs, targets, _ = smooth.shape
        return smooth.reshape(pairs, targets, -1, self.length).transpose(0, 2, 1, 3)


def smoothed_sums(smooth: np.ndarray, centre: np.ndarray) -> np.ndarray:
    """Sum smoothed values (2, inputs, targets, length) by input: (inputs, targets, 6)."""
    mean = smooth.mean(axis=3)
    squares, cross = central_sums(smooth - mean[..., None])
    return around_centre(mean, squares, cross, smooth.shape[3], centre)
