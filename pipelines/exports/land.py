"""A recognised export → text Parquet.

One Parquet file per delivered file, every value as delivered, `file_id` and `row_number` (1 = first data row) beside
it. Rows that are no rows of the table keep their number and say what is wrong in `unreadable`; nothing is trimmed,
cast or judged here.
"""

from __future__ import annotations

import codecs
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

import duckdb

from pipelines.exports.errors import UnreadableExportError
from pipelines.exports.recognise import RecognisedExport
from pipelines.exports.values import read_sql
from warehouse.connections import sql_text
from warehouse.replacing import replaced

_MISSING = "\x01missing\x01"
"""Stands for "no cell" while rows with too few cells are looked for; no export holds it."""

_SPARE_COLUMNS = 20
_MAXIMUM_LINE_BYTES = 16 << 20
_CHUNK_BYTES = 8 << 20


@dataclass(frozen=True)
class LandedRows:
    """Counts of a landed file.

    Attributes:
        rows: All data rows.
        unreadable_rows: Of them, rows that are no rows of the table.
        unreadable_values: Field → cells in which something stands that is no number, date or boolean.
    """

    rows: int
    unreadable_rows: int
    unreadable_values: dict[str, int]


def land(
    connection: duckdb.DuckDBPyConnection,
    text: Path,
    export: RecognisedExport,
    file_id: str,
    target: Path,
) -> LandedRows:
    """Write an export as Parquet, in the order of its rows.

    Args:
        connection: Any DuckDB connection; nothing is kept in it.
        text: The export as UTF-8.
        export: What it was recognised as.
        file_id: SHA-256 of the delivered bytes.
        target: The Parquet file to write; it appears whole or not at all.

    Raises:
        UnreadableExportError: The text breaks off, or is no table; with the line.
    """
    with replaced(target) as partial:
        if export.preamble_bytes:
            text = _without_preamble(text, export.preamble_bytes, target.with_suffix(".text"))
        try:
            _copy(connection, _strict_rows(text, export), export, file_id, partial)
        except duckdb.Error:
            _copy_leniently(connection, text, export, file_id, partial)
        finally:
            target.with_suffix(".text").unlink(missing_ok=True)
        return _count(connection, partial, export)


def _without_preamble(text: Path, preamble_bytes: int, target: Path) -> Path:
    """The same text from its header on: its lines may end otherwise than those above it."""
    with text.open("rb") as source, target.open("wb") as sink:
        if source.read(len(codecs.BOM_UTF8)) != codecs.BOM_UTF8:
            source.seek(0)
        source.seek(preamble_bytes, os.SEEK_CUR)
        shutil.copyfileobj(source, sink, _CHUNK_BYTES)
    return target


def _count(connection: duckdb.DuckDBPyConnection, parquet: Path, export: RecognisedExport) -> LandedRows:
    checked = {
        field: column
        for field, column in export.format.columns.items()
        if field in export.fields and column.type in ("number", "date", "boolean")
    }
    counts = ["count(*)", "count(unreadable)"]
    for field, column in checked.items():
        value = read_sql(f'"{field}"', column, export.format.date_order)
        counts.append(f'count("{field}") - count({value})')
    found = connection.execute(
        f"select {', '.join(counts)} from read_parquet($path)", {"path": str(parquet)}
    ).fetchone()
    assert found is not None
    unreadable_values = {field: count for field, count in zip(checked, found[2:], strict=True) if count}
    return LandedRows(found[0], found[1], unreadable_values)


def _copy(
    connection: duckdb.DuckDBPyConnection,
    rows: str,
    export: RecognisedExport,
    file_id: str,
    target: Path,
    unreadable: str = "cast(null as varchar)",
) -> None:
    positions = {field: index for index, field in enumerate(export.fields) if field}
    values = []
    for field, column in export.format.columns.items():
        # an empty cell says "no" in a flag and nothing anywhere else
        cell = (
            f"column{positions.get(field, 0):03d}"
            if column.type == "flag"
            else f"nullif(column{positions.get(field, 0):03d}, '')"
        )
        values.append(f'{cell if field in positions else "cast(null as varchar)"} as "{field}"')
    if export.format.target_columns:
        cells = [(header, export.headers.index(header)) for header in export.target_headers]
        keys = ", ".join(sql_text(header.strip()) for header, _ in cells)
        numbers = ", ".join(f"column{index:03d}" for _, index in cells)
        values.append(f'cast(map([{keys}], [{numbers}]) as map(varchar, varchar)) as "targets"')
    if export.format.month_columns:
        months = export.month_headers
        keys = ", ".join(map(sql_text, months))
        numbers = ", ".join(f"column{export.headers.index(header):03d}" for header in months.values())
        values.append(f'cast(map([{keys}], [{numbers}]) as map(varchar, varchar)) as "months"')
    connection.execute(
        f"""
        copy (
            select
                {sql_text(file_id)} as file_id,
                row_number() over () as row_number,
                {unreadable} as unreadable,
                {", ".join(values)}
            from {rows}
        ) to {sql_text(target)} (format parquet, compression snappy, row_group_size 122880)
        """
    )


def _reader(text: Path, export: RecognisedExport, columns: int, **options: str) -> str:
    types = ", ".join(f"'column{index:03d}': 'varchar'" for index in range(columns))
    settings = {
        "auto_detect": "false",
        "header": "false",
        "skip": "1",
        "delim": sql_text(export.delimiter),
        "quote": "'\"'",
        "escape": "'\"'",
        "columns": "{" + types + "}",
        "max_line_size": str(_MAXIMUM_LINE_BYTES),
        # an empty cell is told from a missing one
        "nullstr": sql_text(_MISSING),
        **options,
    }
    return f"read_csv({sql_text(text)}, {', '.join(f'{key} = {value}' for key, value in settings.items())})"


def _strict_rows(text: Path, export: RecognisedExport) -> str:
    return _reader(text, export, len(export.headers))


def _copy_leniently(
    connection: duckdb.DuckDBPyConnection, text: Path, export: RecognisedExport, file_id: str, target: Path
) -> None:
    """Read again with room for too short and too long rows, and mark those."""
    expected = len(export.headers)
    rows = _reader(
        text,
        export,
        expected + _SPARE_COLUMNS,
        null_padding="true",
        parallel="false",
        strict_mode="false",
    )
    unreadable = (
        f"case when column{expected - 1:03d} is null then 'fewer than the {expected} cells of the header' "
        f"when column{expected:03d} is not null then 'more than the {expected} cells of the header' end"
    )
    try:
        _copy(connection, rows, export, file_id, target, unreadable)
    except duckdb.Error as error:
        target.unlink(missing_ok=True)
        problem = str(error).split("\n")[0]
        raise UnreadableExportError(f"the table cannot be read ({problem}); download the export again") from error
    if _is_cut_off(connection, text, target):
        target.unlink()
        raise UnreadableExportError(
            "the last row breaks off: the download was cut off and is no complete list; download the export again"
        )


def _is_cut_off(connection: duckdb.DuckDBPyConnection, text: Path, parquet: Path) -> bool:
    """Whether the last row has too few cells and no end of line."""
    with text.open("rb") as file:
        file.seek(-1, os.SEEK_END)
        ends_in_newline = file.read(1) in (b"\n", b"\r")
    last = connection.execute(
        "select unreadable like 'fewer%' from read_parquet($path) order by row_number desc limit 1",
        {"path": str(parquet)},
    ).fetchone()
    return not ends_in_newline and bool(last and last[0])
