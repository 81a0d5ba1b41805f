"""Write all tables of a study as one spreadsheet."""

import re
from collections.abc import Sequence
from datetime import datetime
from math import isfinite
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
import xlsxwriter

from epibench.files import whole

MOST_ROWS = 1_048_576
"""Rows of a sheet in the file format, the heading among them."""

LONGEST_NAME = 31
"""Letters of a sheet's name in the file format."""

_FORBIDDEN = re.compile(r"[\[\]:*?/\\']")


class Sheet(NamedTuple):
    """A table with its name and what it is, in a sentence or two."""

    name: str
    about: str
    table: pd.DataFrame


def write_workbook(path: str | Path, sheets: Sequence[Sheet]) -> None:
    """Write an `.xlsx` file with a sheet a table, and a first sheet that lists them.

    Numbers are stored as numbers and names as text, so that none is taken for a formula. Two calls
    write the same bytes.

    Parameters
    ----------
    path : path
    sheets : sequence of Sheet
        A table that has more rows than the format allows is cut, and the first sheet says so.
    """
    names = sheet_names([sheet.name for sheet in sheets])
    with whole(path) as temporary:
        book = xlsxwriter.Workbook(
            str(temporary), {"strings_to_formulas": False, "strings_to_urls": False}
        )
        book.set_properties({"created": datetime(2000, 1, 1), "title": "Epibench"})
        bold = book.add_format({"bold": True})
        contents = [
            [name, sheet.about, len(sheet.table), _remark(sheet.table)]
            for name, sheet in zip(names, sheets, strict=True)
        ]
        columns = ["sheet", "what it is", "rows", "remark"]
        _fill(book.add_worksheet("Contents"), bold, columns, contents, [24, 110, 10, 30])
        for name, sheet in zip(names, sheets, strict=True):
            rows = sheet.table.head(MOST_ROWS - 1).to_numpy(dtype=object).tolist()
            columns = list(map(str, sheet.table.columns))
            widths = [min(40, max(9, len(column) + 2)) for column in columns]
            _fill(book.add_worksheet(name), bold, columns, rows, widths)
        book.close()


def sheet_names(names: Sequence[str]) -> list[str]:
    """Give names that the format allows: short, of allowed letters, and different without case.

    Parameters
    ----------
    names : sequence of str
    """
    found: list[str] = []
    taken = {"contents"}
    for name in names:
        plain = _FORBIDDEN.sub("_", name)[:LONGEST_NAME] or "_"
        unique, number = plain, 2
        while unique.lower() in taken:
            unique = f"{plain[: LONGEST_NAME - len(str(number)) - 1]}~{number}"
            number += 1
        taken.add(unique.lower())
        found.append(unique)
    return found


def _fill(sheet: Any, bold: Any, columns: list[str], rows: list[list], widths: list[int]) -> None:
    """Write a heading that stays in sight and can be filtered, and the rows below it."""
    sheet.freeze_panes(1, 0)
    for column, (name, width) in enumerate(zip(columns, widths, strict=True)):
        sheet.set_column(column, column, width)
        sheet.write_string(0, column, name, bold)
    for place, row in enumerate(rows, 1):
        for column, value in enumerate(row):
            _write(sheet, place, column, value)
    if columns:
        sheet.autofilter(0, 0, max(1, len(rows)), len(columns) - 1)


def _write(sheet: Any, row: int, column: int, value: Any) -> None:
    """Write a cell by the kind of its value; what is undefined stays empty."""
    if value is None or value is pd.NA or (isinstance(value, float) and not isfinite(value)):
        return
    if isinstance(value, bool):
        sheet.write_boolean(row, column, value)
    elif isinstance(value, int | float):
        sheet.write_number(row, column, value)
    else:
        sheet.write_string(row, column, str(value))


def _remark(table: pd.DataFrame) -> str:
    return f"cut after {MOST_ROWS - 1:,} rows" if len(table) >= MOST_ROWS else ""
