"""Lists that people keep by hand in `inbox/<client_id>/`, and which refresh each row counts for.

`verified.csv` holds what somebody saw on pages, `overrides.csv` what somebody decided, `outreach.csv` what somebody did
and what came of it. Each is one list for all time; a row counts from the refresh before its day on: for a refresh all
rows made before the next one. So what is written today changes the last refresh and leaves the history as it was.
"""

from __future__ import annotations

import codecs
import csv
import hashlib
import io
import re
from datetime import date
from pathlib import Path

import duckdb

from pipelines.exports.formats import normalise_header
from pipelines.exports.values import day_sql

DAY_HEADERS = {
    "verified.csv": ("checked_on",),
    "overrides.csv": ("when", "decided_on", "date"),
    "outreach.csv": ("date", "when", "logged_on"),
}
"""List → the headers, newest first, under which its rows tell their day."""


def is_people_list(path: str) -> bool:
    """Whether a delivery, by its path relative to the workspace, is one of these lists."""
    parts = path.split("/")
    return len(parts) == 3 and parts[-1] in DAY_HEADERS


def rows_before(path: Path, until: date | None) -> bytes | None:
    """The bytes of a list that count for a refresh.

    Args:
        path: The list as people keep it; a CSV with a column of days (2026-01-31).
        until: Day of the next refresh; None for the last one, which takes them all.

    Returns:
        The file itself where every row counts, a CSV of the rows that do, or None where no row does. Rows without a
        readable day count always.
    """
    content = path.read_bytes()
    if until is None:
        return content
    text = _text_of(content)
    header = text.split("\n", 1)[0]
    delimiter = max(",;\t", key=header.count)
    try:
        rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))
    except csv.Error:
        return content
    names = [normalise_header(name) for name in rows[0]] if rows else []
    position = next((names.index(header) for header in DAY_HEADERS[path.name] if header in names), None)
    if position is None:
        return content
    days = _days({row[position] for row in rows[1:] if len(row) > position})
    counting = [
        row for row in rows[1:] if len(row) <= position or (day := days.get(row[position])) is None or day < until
    ]
    if len(counting) == len(rows) - 1:
        return content
    if not counting:
        return None
    sink = io.StringIO()
    csv.writer(sink, delimiter=delimiter, lineterminator="\n").writerows([rows[0], *counting])
    return sink.getvalue().encode()


def _text_of(content: bytes) -> str:
    """The text of a list, also as spreadsheets on Windows save it; the line that tells Excel the separator goes."""
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        text = content.decode("utf-16", "replace")
    else:
        try:
            text = content.decode("utf-8-sig")
        except UnicodeDecodeError:
            text = content.decode("cp1252", "replace")
    return re.sub(r"\Asep=.\r?\n", "", text)


def rows_id(content: bytes) -> str:
    """SHA-256 of the rows that count, as hexadecimal digits."""
    return hashlib.sha256(content).hexdigest()


def _days(cells: set[str]) -> dict[str, date | None]:
    """Cells as the catalogue reads dates."""
    with duckdb.connect() as connection:
        found = connection.execute(
            f"select cell, {day_sql('cell', 'mdy')} from (select unnest($cells) as cell)", {"cells": sorted(cells)}
        ).fetchall()
    return dict(found)
