"""Predict reference and alternative allele of variants, each thing once."""

from collections import OrderedDict
from collections.abc import Sequence

import keras
import numpy as np

from epibench.models.reach import reach_of
from epibench.models.some_bins import SomeBins
from epibench.predict import BATCH_SIZE, CoverageFunction
from epibench.variants.window import Window

CACHE_BYTES = 512 << 20
"""Predictions of reference inputs that are kept for later variants."""


class AllelePredictor:
    """Predict inputs with both alleles; what several variants share is predicted once.

    Inputs with the reference allele that begin at the same position are the same, whichever variant
    asks for them: predictions are kept, the last used longest. Of inputs with a substituted base
    only the bins that can see it are predicted, from what these can see; the others are those of
    the reference. Both give what whole inputs would, up to rounding.

    Parameters
    ----------
    model : keras.Model
        From one-hot sequences, float32 (batch, length, 4), to (batch, bins, targets), or of a
        binary model (batch, targets).
    batch_size : int, default 64
        Inputs that go through the model at once.
    layer : str or None
        A layer whose output is given in place of the model's; default None.
    reverse_complement : bool, default False
        Whether each prediction is the mean over both strands.
    cache_bytes : int, default 512 MiB
        Largest size of the predictions that are kept.
    """

    def __init__(
        self,
        model: keras.Model,
        batch_size: int = BATCH_SIZE,
        *,
        layer: str | None = None,
        reverse_complement: bool = False,
        cache_bytes: int = CACHE_BYTES,
    ):
        if layer:
            model = keras.Model(model.input, model.get_layer(layer).output)
        self.length = model.input_shape[1]
        self._whole = CoverageFunction(model, batch_size)
        self.shape = (1, *model.output_shape[1:])[-2:]  # a binary model has one bin
        self._reach = reach_of(model)
        self._some = None
        if self._reach:
            seen_by = (self._reach.left + self._reach.right) // self._reach.stride + 1
            some = SomeBins(model, min(seen_by, model.output_shape[1]))
            if some.cropped < self.length:
                self._some, self._part = some, CoverageFunction(some.model, batch_size)
        self._both = reverse_complement
        self._kept: OrderedDict[tuple[str, int, bool], np.ndarray] = OrderedDict()
        self._cache_bytes = cache_bytes

    def __call__(
        self, windows: Sequence[Window], offsets: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Predict the inputs that begin at each offset of each window.

        Parameters
        ----------
        windows : sequence of Window
            A few at a time: both results are in memory.
        offsets : int, shape (shifts,)
            Where inputs begin in their windows, in bp.

        Returns
        -------
        reference, alternative : float32, shape (windows, shifts, bins, targets)
        """
        found = self._one_strand(windows, offsets)
        if not self._both:
            return found
        turned = [window.turned() for window in windows]
        others = self._one_strand(turned, len(windows[0].reference) - self.length - offsets)
        for side, other in zip(found, others, strict=True):
            side += other[:, :, ::-1]
            side /= 2
        return found

    def _one_strand(
        self, windows: Sequence[Window], offsets: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        reference = self._references(windows, offsets)
        alternative = reference.copy()
        whole = [i for i, each in enumerate(windows) if not self._is_local(each)]
        local = [i for i, each in enumerate(windows) if self._is_local(each)]
        if whole:
            codes = np.stack([_inputs(windows[i].alternative, offsets, self.length) for i in whole])
            found = self._whole(codes.reshape(-1, self.length))
            alternative[whole] = found.reshape(len(whole), *reference.shape[1:])
        if local:
            self._patch(alternative, windows, np.array(local), offsets)
        return reference, alternative

    def _is_local(self, window: Window) -> bool:
        return self._some is not None and window.changed == 1

    def _references(self, windows: Sequence[Window], offsets: np.ndarray) -> np.ndarray:
        """Give predictions of reference inputs, from those that are kept where they are."""
        keys = [[_key(each, int(o)) for o in offsets] for each in windows]
        wanted = {
            key: each.reference[offset : offset + self.length]
            for each, row in zip(windows, keys, strict=True)
            for offset, key in zip(offsets, row, strict=True)
        }
        missing = [key for key in wanted if key not in self._kept]
        if missing:
            found = self._whole(np.stack([wanted[key] for key in missing]))
            parts = (part.copy() for part in found.reshape(-1, *self.shape))  # no view of them all
            self._kept.update(zip(missing, parts, strict=True))
        for key in wanted:
            self._kept.move_to_end(key)
        reference = np.stack([[self._kept[key] for key in row] for row in keys])
        self._forget(reference[0, 0].nbytes)
        return reference

    def _forget(self, size: int) -> None:
        """Drop what was used longest ago, until the rest fits."""
        while len(self._kept) * size > self._cache_bytes:
            self._kept.popitem(last=False)

    def _patch(
        self,
        alternative: np.ndarray,
        windows: Sequence[Window],
        local: np.ndarray,
        offsets: np.ndarray,
    ) -> None:
        """Replace the bins that can see a substituted base."""
        reach, bins = self._reach, self._some.bins
        codes = np.stack([_inputs(windows[i].alternative, offsets, self.length) for i in local])
        place = np.array([windows[i].at for i in local])[:, None] - offsets
        first = np.clip(-((reach.right - place) // reach.stride), 0, self.shape[0] - bins)
        crops, shift = self._some.crop(codes.reshape(-1, self.length), first.ravel())
        found = self._part(crops)
        seen = np.take_along_axis(found, (shift[:, None] + np.arange(bins))[..., None], axis=1)
        rows = first[..., None] + np.arange(bins)
        shifts = np.arange(len(offsets))[:, None]
        alternative[local[:, None, None], shifts, rows] = seen.reshape(*rows.shape, -1)


def _inputs(codes: np.ndarray, offsets: np.ndarray, length: int) -> np.ndarray:
    """Cut the inputs that begin at each offset out of a window: (shifts, length)."""
    return codes[offsets[:, None] + np.arange(length)]


def _key(window: Window, offset: int) -> tuple[str, int, bool]:
    """Name an input by where it begins on its strand."""
    end = window.start + len(window.reference)
    return window.chrom, end - offset if window.reverse else window.start + offset, window.reverse
