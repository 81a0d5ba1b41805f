"""Write NumPy files of a length that is not known in advance."""

from hashlib import sha256
from pathlib import Path

import numpy as np


class ArrayFile:
    """Append rows to a `.npy` file, which is valid once closed.

    NumPy pads the header so that the first axis may grow in place: the file is written once, in
    order, and nothing is kept in memory. A checksum of each split's rows is taken on the way.

    Parameters
    ----------
    path : Path
        File to write.
    dtype : dtype
        Type of the rows.
    columns : tuple of int
        Shape of one row: () for a vector, (targets,) for a table.
    """

    def __init__(self, path: Path, dtype: np.typing.DTypeLike, columns: tuple[int, ...] = ()):
        self.rows = 0
        self._dtype, self._columns = np.dtype(dtype), columns
        self._sums: dict[str, sha256] = {}
        self._file = open(path, "wb")  # noqa: SIM115 - closed by __exit__
        self._write_header()

    def __enter__(self) -> "ArrayFile":
        return self

    def __exit__(self, *_) -> None:
        self._file.seek(0)
        self._write_header()
        self._file.close()

    def append(self, rows: np.ndarray, split: str) -> None:
        """Add rows (n, *columns) that belong to a split."""
        data = np.ascontiguousarray(rows, self._dtype)
        self._sums.setdefault(split, sha256()).update(data)
        self._file.write(data)
        self.rows += len(data)

    def checksums(self) -> dict[str, str]:
        """Return the SHA-256 of the rows of each split."""
        return {split: total.hexdigest() for split, total in self._sums.items()}

    def _write_header(self) -> None:
        shape = (self.rows, *self._columns)
        descr = np.lib.format.dtype_to_descr(self._dtype)
        header = {"descr": descr, "fortran_order": False, "shape": shape}
        np.lib.format.write_array_header_1_0(self._file, header)
