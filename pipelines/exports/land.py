"""A recognised export → text Parquet.

One Parquet file per delivered file, every value as delivered, `file_id` and `row_number` (1 = first data row) beside
it. Rows that are no rows of the table keep their number and say what is wrong in `unreadable`; nothing is trimmed,
cast or judged here.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import duckdb

from pipelines.exports.decode import UnreadableExportError
from pipelines.exports.recognise import RecognisedExport

_MISSING = "\x01missing\x01"
"""Stands for "no cell" while rows with too few cells are looked for; no export holds it."""

_SPARE_COLUMNS = 20
_MAXIMUM_LINE_BYTES = 16 << 20


@dataclass(frozen=True)
class LandedRows:
    """Counts of a landed file: all data rows, and those of them that could not be read."""

    rows: int
    unreadable_rows: int


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
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_suffix(".partial")
    try:
        _copy(connection, _strict_rows(text, export), export, file_id, partial)
    except duckdb.Error:
        _copy_leniently(connection, text, export, file_id, partial)
    rows, unreadable_rows = _fetch_counts(connection, partial)
    os.replace(partial, target)
    return LandedRows(rows, unreadable_rows)


def _fetch_counts(connection: duckdb.DuckDBPyConnection, parquet: Path) -> tuple[int, int]:
    counts = connection.execute(
        "select count(*), count(unreadable) from read_parquet($path)", {"path": str(parquet)}
    ).fetchone()
    assert counts is not None
    return counts[0], counts[1]


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
    for field in export.format.columns:
        cell = f"nullif(column{positions[field]:03d}, '')" if field in positions else "cast(null as varchar)"
        values.append(f'{cell} as "{field}"')
    if export.format.target_columns:
        cells = [(header, export.headers.index(header)) for header in export.target_headers]
        keys = ", ".join(_literal(header.strip()) for header, _ in cells)
        numbers = ", ".join(f"column{index:03d}" for _, index in cells)
        values.append(f'cast(map([{keys}], [{numbers}]) as map(varchar, varchar)) as "targets"')
    connection.execute(
        f"""
        copy (
            select
                {_literal(file_id)} as file_id,
                row_number() over () as row_number,
                {unreadable} as unreadable,
                {", ".join(values)}
            from {rows}
        ) to {_literal(str(target))} (format parquet, compression snappy, row_group_size 122880)
        """
    )


def _reader(text: Path, export: RecognisedExport, columns: int, **options: str) -> str:
    types = ", ".join(f"'column{index:03d}': 'varchar'" for index in range(columns))
    settings = {
        "auto_detect": "false",
        "header": "false",
        "skip": str(export.header_line),
        "delim": _literal(export.delimiter),
        "quote": "'\"'",
        "escape": "'\"'",
        "columns": "{" + types + "}",
        "max_line_size": str(_MAXIMUM_LINE_BYTES),
        **options,
    }
    return f"read_csv({_literal(str(text))}, {', '.join(f'{key} = {value}' for key, value in settings.items())})"


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
        nullstr=_literal(_MISSING),
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


def _literal(text: str) -> str:
    """A SQL string literal; the only way text from outside gets into a statement that takes no parameters."""
    return "'" + text.replace("'", "''") + "'"
