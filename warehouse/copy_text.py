"""Rows of a DuckDB table as the lines that PostgreSQL's COPY reads, and a hash of every slice of them.

The line of a row is made in one place and serves both: what is hashed is what is copied. Text format, not CSV, because
servers before 18 take a line `\\.` inside a quoted CSV value for the end of the data. What is done with the lines
stands in `warehouse.postgresql`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date

import duckdb

SliceKey = tuple[str | None, date | None]
"""(client_id, refreshed_on); None where the table has no such column."""

_KEYS = ("client_id", "refreshed_on")

_ROWS_AT_ONCE = 10_000
"""Rows between DuckDB and the server at a time; links have some 500 bytes each."""

_SCALARS = {
    "VARCHAR": "text",
    "UUID": "uuid",
    "BOOLEAN": "boolean",
    "TINYINT": "smallint",
    "UTINYINT": "smallint",
    "SMALLINT": "smallint",
    "USMALLINT": "integer",
    "INTEGER": "integer",
    "UINTEGER": "bigint",
    "BIGINT": "bigint",
    "UBIGINT": "numeric",
    "HUGEINT": "numeric",
    "UHUGEINT": "numeric",
    "FLOAT": "real",
    "DOUBLE": "double precision",
    "DATE": "date",
    "TIME": "time without time zone",
    # linkgap's times are UTC
    "TIMESTAMP": "timestamp with time zone",
    "TIMESTAMP WITH TIME ZONE": "timestamp with time zone",
}


@dataclass(frozen=True)
class SliceContent:
    """What a slice holds.

    Attributes:
        rows: Number of rows.
        content_hash: The same for the same rows in any order; a row that stands twice counts twice.
        rows_with_nul: Rows some text of which holds the character NUL, which PostgreSQL cannot keep.
    """

    rows: int
    content_hash: str
    rows_with_nul: int


def postgres_type(sql_type: str) -> str:
    """The PostgreSQL type, as `format_type` spells it, that keeps every value of a DuckDB type.

    Lists of simple values are arrays; structures, maps and lists of them are jsonb; what has no counterpart is text.
    """
    if sql_type in _SCALARS:
        return _SCALARS[sql_type]
    if sql_type.startswith("DECIMAL("):
        return sql_type.replace("DECIMAL", "numeric")
    if _is_array(sql_type):
        return f"{_SCALARS[sql_type.removesuffix('[]')]}[]"
    if sql_type == "JSON" or sql_type.startswith(("STRUCT(", "MAP(")) or sql_type.endswith("]"):
        return "jsonb"
    return "text"


def slice_keys(columns: Sequence[str]) -> list[str]:
    """The columns that tell a table's slices apart."""
    return [key for key in _KEYS if key in columns]


def slice_contents(
    connection: duckdb.DuckDBPyConnection,
    table: str,
    columns: dict[str, str],
    but_not: Collection[SliceKey] = (),
) -> dict[SliceKey, SliceContent]:
    """What the slices of a table in schema `marts` hold, in one pass.

    Args:
        connection: An open published file.
        table: A table or view.
        columns: Its columns with their DuckDB types, in order.
        but_not: Slices that are not looked at, of a table that has both keys.
    """
    keys = slice_keys(list(columns))
    condition = f"where not {_in_slices(connection, keys, but_not)}" if but_not else ""
    # sums, not exclusive or: a row that stands twice must not vanish; two halves of MD5 fit into 128 bits for 2^63 rows
    rows = connection.execute(
        f"""
        select
            {", ".join([*keys, *(f"null as {key}" for key in _KEYS if key not in keys)])},
            count(*) as row_count,
            sum(md5_number_lower(line)) as lower_sum,
            sum(md5_number_upper(line)) as upper_sum,
            count(*) filter (has_nul) as rows_with_nul
        from ({_lines_sql(table, columns, condition)})
        group by {", ".join([*keys, "true"])}
        """
    ).fetchall()
    return {
        (client_id, refreshed_on): SliceContent(row_count, f"{row_count}-{lower_sum:x}-{upper_sum:x}", rows_with_nul)
        for client_id, refreshed_on, row_count, lower_sum, upper_sum, rows_with_nul in rows
    }


def lines_of_slices(
    connection: duckdb.DuckDBPyConnection, table: str, columns: dict[str, str], slices: Collection[SliceKey]
) -> Iterator[bytes]:
    """The lines of some slices of a table, in UTF-8, some thousand rows at a time."""
    keys = slice_keys(list(columns))
    condition = f"where {_in_slices(connection, keys, slices)}" if keys else ""
    connection.execute(f"select line from ({_lines_sql(table, columns, condition)})")
    while rows := connection.fetchmany(_ROWS_AT_ONCE):
        yield "".join(f"{line}\n" for (line,) in rows).encode()


def _in_slices(connection: duckdb.DuckDBPyConnection, keys: list[str], slices: Collection[SliceKey]) -> str:
    """The condition that picks the rows of some slices; they stand in a temporary table."""
    connection.execute(
        "create or replace temp table chosen_slices as "
        "select unnest($clients::varchar[]) as client_id, unnest($days::date[]) as refreshed_on",
        {"clients": [client_id for client_id, _ in slices], "days": [day for _, day in slices]},
    )
    return f"(({', '.join(keys)}) in (select ({', '.join(keys)}) from chosen_slices))"


def _lines_sql(table: str, columns: dict[str, str], condition: str) -> str:
    """Slice keys, line without NUL, and whether there was one, of the rows that meet a condition."""
    fields = ", chr(9), ".join(f"coalesce({_field_sql(name, sql_type)}, '\\N')" for name, sql_type in columns.items())
    keys = "".join(f"{key}, " for key in slice_keys(list(columns)))
    return f"""
        select {keys}replace(line_with_nul, chr(0), '') as line, contains(line_with_nul, chr(0)) as has_nul
        from (select {keys}concat({fields}) as line_with_nul from marts.{_quoted(table)} {condition})
    """


def _field_sql(name: str, sql_type: str) -> str:
    """One value as COPY reads it; null stays null, a NUL stays in."""
    column = _quoted(name)
    if sql_type in _SCALARS and sql_type != "VARCHAR":
        return f"cast({column} as varchar)"
    if _is_array(sql_type):
        quoted = "'\"' || replace(replace(cast(element as varchar), '\\', '\\\\'), '\"', '\\\"') || '\"'"
        elements = f"list_transform({column}, lambda element: coalesce({quoted}, 'NULL'))"
        return _escaped(f"'{{' || array_to_string({elements}, ',') || '}}'")
    if postgres_type(sql_type) == "jsonb":
        # JSON spells NUL \u0000, unless the backslash is itself one that is escaped; chr(1) stands in no JSON text
        pairs_apart = f"replace(cast(to_json({column}) as varchar), '\\\\', chr(1))"
        return _escaped(f"replace(replace({pairs_apart}, '\\u0000', chr(0)), chr(1), '\\\\')")
    return _escaped(f"cast({column} as varchar)")


def _escaped(text: str) -> str:
    for character, escape in (("'\\'", "'\\\\'"), ("chr(10)", "'\\n'"), ("chr(13)", "'\\r'"), ("chr(9)", "'\\t'")):
        text = f"replace({text}, {character}, {escape})"
    return text


def _is_array(sql_type: str) -> bool:
    return sql_type.endswith("[]") and sql_type.removesuffix("[]") in _SCALARS


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
