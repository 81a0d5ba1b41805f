"""Write what a predictor gives for the test chromosomes as bigWig files (Fig. 2a)."""

from contextlib import ExitStack
from pathlib import Path

import numpy as np

from epibench.data.store import Store
from epibench.data.windows import Tiles, tile_inputs
from epibench.data.write_bigwig import add_bins, new_bigwig
from epibench.errors import InputError
from epibench.evaluate.evaluate import coarsen
from epibench.evaluate.predictors import Inputs, Predictor


class MeasuredCoverage:
    """Measured coverage as if it were a prediction, so that both are written by the same code.

    Parameters
    ----------
    store : Store
        Holds the coverage.
    bin_size : int
        In bp.

    Raises
    ------
    InputError
        When the bin size does not divide the input length.
    """

    def __init__(self, store: Store, bin_size: int):
        length = store.summary["settings"]["windows"]["input_length"]
        if length % bin_size:
            raise InputError(
                f"measured coverage cannot be binned at {bin_size} bp: that does not divide "
                f"windows.input_length = {length}; choose a divisor"
            )
        self.bin_size = bin_size
        self.store = store

    def predict(self, inputs: Inputs) -> np.ndarray:
        """Average the stored coverage, float64, shape (batch, bins, targets)."""
        length = inputs.sequence.shape[1]
        first = self.store.offset(inputs.chrom, inputs.start, length)
        rows = first[:, None] + np.arange(length)
        return coarsen(self.store.coverage[rows].astype(np.float32), self.bin_size)


def write_tracks(
    predictor: Predictor, store: Store, folder: str | Path, *, batch_size: int
) -> None:
    """Write `<target>.bw` of every target: coverage in unscaled units at the predictor's bin size.

    The tiled inputs of the test chromosomes are covered, nothing else: a position without a value
    was not predicted. One pass in constant memory, but for the summaries of one file at a time
    (`new_bigwig`).

    Parameters
    ----------
    predictor : Predictor
        Anything that gives coverage for inputs.
    store : Store
        Holds the sequence.
    folder : path
        Gets the files; each appears when it is complete, after the last input was predicted.
    batch_size : int
        Inputs that are predicted at once.
    """
    length = store.summary["settings"]["windows"]["input_length"]
    tiles = tile_inputs(store, "test", length)
    names = list(store.chromosomes)
    with ExitStack() as stack:
        files = [
            stack.enter_context(new_bigwig(Path(folder) / f"{target}.bw", store.chromosomes))
            for target in store.targets
        ]
        for at in range(0, len(tiles), batch_size):
            part = slice(at, at + batch_size)
            batch = Tiles(tiles.chrom[part], tiles.start[part], tiles.offset[part])
            sequence = store.sequence[batch.offset[:, None] + np.arange(length)]
            coverage = predictor.predict(Inputs(batch.chrom, batch.start, sequence))
            for first, last in adjacent(batch, length).tolist():
                values = coverage[first:last].reshape(-1, len(files))
                chrom, start = names[batch.chrom[first]], batch.start[first]
                for target, file in enumerate(files):
                    add_bins(file, chrom, start, values[:, target], predictor.bin_size)


def adjacent(tiles: Tiles, length: int) -> np.ndarray:
    """Group tiles that follow each other without a gap.

    Parameters
    ----------
    tiles : Tiles
        In genome order.
    length : int
        Length of a tile in bp.

    Returns
    -------
    int64, shape (groups, 2)
        First tile of each group, and the one after its last.
    """
    gap = (np.diff(tiles.start) != length) | (np.diff(tiles.chrom) != 0)
    inner = np.flatnonzero(gap) + 1
    edges = np.concatenate([[0], inner, [len(tiles)]]).astype(np.int64)
    return np.stack([edges[:-1], edges[1:]], axis=1)
