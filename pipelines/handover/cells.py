"""What may stand in a cell: a text from the web that no spreadsheet takes for a formula.

Numbers, dates and flags stay what they are. Anchors, titles and URLs are written by anybody, and a spreadsheet computes
what begins with a formula sign.
"""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from math import isfinite
from typing import Any

LONGEST_CELL = 32_767
"""Characters that Excel keeps of a cell, in UTF-16 units; of a CSV it spills what is longer into other cells."""

Cell = str | int | float | bool | date | None

# What a spreadsheet accepts as the beginning of a formula, also full-width as on East Asian keyboards.
_SIGNS = r"=+\-@＝＋－＠﹦﹢﹣﹫"

# What some reader may trim before it looks: blanks, characters without width, quotes.
_TRIMMED = r"[\s\u00ad\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff\"']*"

# Breaks of lines, tabs, other control characters, and what XML cannot hold.
_NO_TEXT = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufffe\uffff]+")

# `<r>`: XlsxWriter takes a text that begins so for markup of its own.
_FORMULA = re.compile(rf"{_TRIMMED}[{_SIGNS}]|<r>")

# Where the separator of lists is a semicolon, Excel splits a double-clicked CSV there, too, also inside quotes.
_FORMULA_AFTER_SEMICOLON = re.compile(rf"(;{_TRIMMED})(?=[{_SIGNS}])")


def safe_text(text: str) -> str:
    """A text as it may stand in a cell of a CSV file or of a workbook.

    Control characters, breaks of lines among them, become one blank. Before a formula sign at the beginning stands `'`,
    as OWASP advises against CSV injection, also where blanks or quotes come first, and after each semicolon.
    """
    text = _FORMULA_AFTER_SEMICOLON.sub(r"\1'", _NO_TEXT.sub(" ", text))
    return f"'{text}" if _FORMULA.match(text) else text


def shortened(text: str) -> str:
    """The first `LONGEST_CELL` characters of a text, as Excel counts them; the text itself where it is no longer."""
    if len(text) * 2 <= LONGEST_CELL:
        return text
    units = text.encode("utf-16-le")
    return text if len(units) <= LONGEST_CELL * 2 else units[: LONGEST_CELL * 2].decode("utf-16-le", errors="ignore")


def to_cell(value: Any) -> Cell:
    """A value of a query as it may stand in a cell; what is no number, flag or date is a text, an empty one is none."""
    if isinstance(value, Decimal):
        value = float(value)
    if value is None or (isinstance(value, float) and not isfinite(value)):
        return None
    if isinstance(value, (bool, int, float, date)):
        return value
    return safe_text(str(value)) or None
