"""The hand-over files of a client: four CSV files and a workbook with the same rows.

CSV is UTF-8 with a byte order mark: without one Excel reads it in the code page of the machine and spoils what is not
English, and nobody is told. Rows are streamed from the query into both files, so memory does not grow with
them. Files appear whole or not at all.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from datetime import date, datetime, time
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
import xlsxwriter
from xlsxwriter.exceptions import XlsxWriterException

from pipelines.handover.cells import LONGEST_CELL, Cell, shortened, to_cell
from warehouse.connections import sql_text
from warehouse.layout import Workspace
from warehouse.publication import PublishedFileError, told_if_of_another_version
from warehouse.replacing import replaced

TABLES = {
    "opportunities": "opportunities",
    "content_briefs": "competitor_assets",
    "mentions": "unlinked_mentions",
    "lost_links": "lost_links",
}
"""List → the published table that its rows are of, in the order of the sheets."""

MOST_SHEET_ROWS = 1_048_576
"""Rows that a sheet of Excel holds, the one with the names of the columns among them."""

FIRST_EXCEL_YEAR = 1900
"""Excel counts days from here; an earlier one, such as the zero of some exports, is a text."""

ROWS_IN_MEMORY = 5_000
"""Up to so many rows a workbook is made in memory (27 MB for 5,000): for a small client that takes half the time."""

_FETCHED_ROWS = 2_000
_WIDEST_COLUMN = 60


@dataclass(frozen=True)
class HandedOver:
    """What was written for a client.

    Attributes:
        files: The workbook, then the CSV files.
        notes: One line for everything of which the files do not hold all, with its count.
    """

    files: tuple[Path, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True)
class _Count:
    """How much of a list was written.

    Attributes:
        rows: In the CSV file.
        sheet_rows: In the sheet; fewer where a sheet cannot hold all.
        cut_cells: Texts of which only the first `LONGEST_CELL` characters stand in the files.
    """

    rows: int
    sheet_rows: int
    cut_cells: int


@cache
def query(name: str) -> str:
    """The SQL text whose rows are one list, the same for everybody: it has no parameter."""
    return (Path(__file__).parent / f"{name}.sql").read_text(encoding="utf-8")


def write_hand_over(connection: duckdb.DuckDBPyConnection, workspace: Workspace, client_id: str) -> HandedOver:
    """Write the hand-over files of one client over its latest refresh.

    Args:
        connection: To DuckDB in memory; one for all clients, because opening one costs as much as a small client.
        workspace: Where; the client's own published file is read, so that no row of another client can get in.
        client_id: Whose files.

    Raises:
        PublishedFileError: The client has no published file of its own, or one that lacks a table or column; the files
            there are as before.
    """
    database = workspace.client_database(client_id)
    if not database.exists():
        raise PublishedFileError(
            f"{workspace.relative(database)}: is missing, so {client_id} has no hand-over files; run `linkgap rebuild`"
        )
    folder = workspace.hand_over(client_id)
    workbook_path = folder / f"{client_id}.xlsx"
    lists = {name: folder / f"{name}.csv" for name in TABLES}
    consequence = f"{client_id} has no new hand-over files"
    with (
        told_if_of_another_version(workspace.relative(database), consequence),
        _reading(connection, database, client_id),
        ExitStack() as stack,
    ):
        # they take their places together, once all are written
        partials = {path: stack.enter_context(replaced(path)) for path in (workbook_path, *lists.values())}
        refreshed_on = _latest_refresh(connection)
        rows_in_tables = _rows_in_tables(connection, refreshed_on)
        options = _options(workspace, sum(rows_in_tables.values()))
        with _workbook(partials[workbook_path], options, refreshed_on) as workbook:
            counts = {name: _write_list(connection, name, workbook, partials[path]) for name, path in lists.items()}
            _write_about(workbook, counts, rows_in_tables)
    notes = (note for name, count in counts.items() for note in _notes(workspace.relative(lists[name]), name, count))
    return HandedOver((workbook_path, *lists.values()), tuple(notes))


@contextmanager
def _reading(connection: duckdb.DuckDBPyConnection, database: Path, client_id: str) -> Iterator[None]:
    """Let `marts` be that of a client's published file; another thread may read another client's meanwhile."""
    name = f'"file of {client_id}"'
    connection.execute(f"attach {sql_text(database)} as {name} (read_only)")
    try:
        connection.execute(f"use {name}")
        yield
    finally:
        connection.execute("use memory")
        connection.execute(f"detach {name}")


def _latest_refresh(connection: duckdb.DuckDBPyConnection) -> date | None:
    row = connection.execute("select max(refreshed_on) from marts.refreshes").fetchone()
    return row[0] if row else None


def _rows_in_tables(connection: duckdb.DuckDBPyConnection, refreshed_on: date | None) -> dict[str, int]:
    """List → rows that its table has of a refresh."""
    counts = (
        f"select '{name}', count(*) from marts.{table} where refreshed_on = $refreshed_on"
        for name, table in TABLES.items()
    )
    rows = connection.execute(" union all ".join(counts), {"refreshed_on": refreshed_on}).fetchall()
    return dict(rows)


def _options(workspace: Workspace, rows: int) -> dict[str, Any]:
    """A workbook takes no text for anything else; one of many rows keeps them in temporary files."""
    is_small = rows <= ROWS_IN_MEMORY
    memory: dict[str, Any] = (
        {"in_memory": True} if is_small else {"constant_memory": True, "tmpdir": str(workspace.temporary)}
    )
    return memory | {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}


@contextmanager
def _workbook(path: Path, options: dict[str, Any], refreshed_on: date | None) -> Iterator[xlsxwriter.Workbook]:
    workbook = xlsxwriter.Workbook(str(path), options)
    if refreshed_on:
        # the day of the exports, so that the same rows make the same file
        workbook.set_properties({"created": datetime.combine(refreshed_on, time())})
    try:
        yield workbook
    except BaseException:
        # closing removes what it keeps in the temporary folder; the error that came first is the one to tell
        with suppress(XlsxWriterException):
            workbook.close()
        raise
    workbook.close()


def _write_list(
    connection: duckdb.DuckDBPyConnection, name: str, workbook: xlsxwriter.Workbook, target: Path
) -> _Count:
    """Write the rows of one query into a CSV file and a sheet, as they come."""
    connection.execute(query(name))
    columns = [column[0] for column in connection.description or []]
    sheet = _Sheet(workbook, name, columns)
    rows, cut_cells = 0, 0
    with target.open("w", encoding="utf-8-sig", newline="") as file:
        lines = csv.writer(file)
        lines.writerow(columns)
        while fetched := connection.fetchmany(_FETCHED_ROWS):
            for values in fetched:
                cells = [to_cell(value) for value in values]
                shown = [shortened(cell) if isinstance(cell, str) else cell for cell in cells]
                cut_cells += sum(short is not cell for short, cell in zip(shown, cells, strict=True))
                lines.writerow([str(cell).lower() if isinstance(cell, bool) else cell for cell in shown])
                sheet.add(shown)
                rows += 1
    sheet.finish()
    return _Count(rows, sheet.rows, cut_cells)


class _Sheet:
    """A sheet that grows row by row, up to what Excel holds."""

    def __init__(self, workbook: xlsxwriter.Workbook, name: str, columns: list[str]) -> None:
        self.rows = 0
        self._sheet = workbook.add_worksheet(name)
        self._day = workbook.add_format({"num_format": "yyyy-mm-dd"})
        self._widths = [len(column) + 3 for column in columns]
        self._sheet.freeze_panes(1, 0)
        self._sheet.set_row(0, None, workbook.add_format({"bold": True}))
        for position, column in enumerate(columns):
            self._sheet.write_string(0, position, column)

    def add(self, cells: list[Cell]) -> None:
        """Write one row, unless the sheet is full."""
        if self.rows + 1 >= MOST_SHEET_ROWS:
            return
        self.rows += 1
        for position, cell in enumerate(cells):
            # each kind by its own method: none of them guesses
            if isinstance(cell, str):
                self._sheet.write_string(self.rows, position, cell)
                self._widths[position] = max(self._widths[position], min(len(cell), _WIDEST_COLUMN))
            elif isinstance(cell, bool):
                self._sheet.write_boolean(self.rows, position, cell)
            elif isinstance(cell, (int, float)):
                self._sheet.write_number(self.rows, position, cell)
            elif cell is not None and cell.year < FIRST_EXCEL_YEAR:
                self._sheet.write_string(self.rows, position, str(cell))
            elif cell is not None:
                self._sheet.write_datetime(self.rows, position, cell, self._day)

    def finish(self) -> None:
        """Give the columns their width, and the rows their filters."""
        self._sheet.autofilter(0, 0, max(self.rows, 1), len(self._widths) - 1)
        for position, width in enumerate(self._widths):
            self._sheet.set_column(position, position, max(width, 12))


def _write_about(workbook: xlsxwriter.Workbook, counts: dict[str, _Count], rows_in_tables: dict[str, int]) -> None:
    """The last sheet: what each list was made from, how many rows stayed behind, and what was cut."""
    columns = ["sheet", "query", "table", "rows_in_table", "rows", "rows_in_sheet", "cells_cut"]
    sheet = _Sheet(workbook, "about", columns)
    for name, count in counts.items():
        where_from = (f"pipelines/handover/{name}.sql", f"marts.{TABLES[name]}", rows_in_tables[name])
        sheet.add([name, *where_from, count.rows, count.sheet_rows, count.cut_cells])
    sheet.finish()


def _notes(path: str, name: str, count: _Count) -> Iterator[str]:
    if count.sheet_rows < count.rows:
        yield (
            f"{path}: {count.rows:,} rows; a sheet holds {MOST_SHEET_ROWS:,}, so the last "
            f"{count.rows - count.sheet_rows:,} are missing from the sheet {name}, the CSV file has all"
        )
    if count.cut_cells:
        cells = "cell" if count.cut_cells == 1 else "cells"
        yield (
            f"{path}: {count.cut_cells:,} {cells} cut to the {LONGEST_CELL:,} characters that Excel keeps of one; "
            f"marts.{TABLES[name]} has them whole"
        )
