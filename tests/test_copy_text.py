"""Lines for COPY and hashes of slices: a hash that misses a change leaves old rows in PostgreSQL."""

from __future__ import annotations

from datetime import date

import duckdb
import pytest

from warehouse.copy_text import lines_of_slices, postgres_type, slice_contents

DAY = date(2026, 1, 10)
KEY = ("acme", DAY)


def contents(rows: str, columns: str = "value varchar") -> dict[tuple[str | None, date | None], str]:
    """The hash of each slice of a table with these rows after the two keys."""
    connection, types = table_of(rows, columns)
    return {one: content.content_hash for one, content in slice_contents(connection, "made", types).items()}


def table_of(rows: str, columns: str) -> tuple[duckdb.DuckDBPyConnection, dict[str, str]]:
    connection = duckdb.connect()
    connection.execute(
        f"create schema marts; create table marts.made (client_id varchar, refreshed_on date, {columns})"
    )
    connection.execute(f"insert into marts.made select 'acme', date '{DAY}', * from (values {rows})")
    types = connection.execute("select column_name, data_type from duckdb_columns() where schema_name = 'marts'")
    return connection, dict(types.fetchall())


def test_the_order_of_rows_does_not_count() -> None:
    assert contents("('a'), ('b'), ('c')") == contents("('c'), ('a'), ('b')")


@pytest.mark.parametrize(
    ("rows", "others"),
    [
        ("('a'), ('a')", "('b'), ('b')"),
        ("('a')", "('a'), ('a'), ('a')"),
        ("(null)", "('')"),
        ("(null)", "('\\N')"),
        ("('\\')", "('\\\\')"),
        ("('a' || chr(10))", "('a\\n')"),
    ],
)
def test_rows_that_differ_have_another_hash(rows: str, others: str) -> None:
    """Rows that stand twice, too, and texts that look like what COPY calls null or a line end."""
    assert contents(rows) != contents(others)


def test_missing_empty_and_null_lists_differ() -> None:
    """DuckDB's own hash of a row is the same for the first three."""
    lists = ("null", "[]", "[null]", "['']", "['NULL']", "['a', 'b']", "['b', 'a']", "['a,b']", "['\"']")
    assert len({contents(f"({one}::varchar[])", "value varchar[]")[KEY] for one in lists}) == len(lists)


def test_values_that_change_places_between_columns_differ() -> None:
    columns = "first varchar, second varchar"
    assert contents("('a', null)", columns) != contents("(null, 'a')", columns)
    assert contents("('a' || chr(9), 'b')", columns) != contents("('a', chr(9) || 'b')", columns)


def test_slices_that_are_not_asked_for_are_not_looked_at() -> None:
    connection, types = table_of("('a')", "value varchar")
    connection.execute("insert into marts.made values ('bolt', date '2026-01-10', 'b')")
    assert list(slice_contents(connection, "made", types, but_not=[KEY])) == [("bolt", DAY)]
    assert list(lines_of_slices(connection, "made", types, [KEY])) == [b"acme\t2026-01-10\ta\n"]


def test_lines_are_what_copy_reads() -> None:
    connection, types = table_of(
        "('a\tb\\' || chr(10) || chr(0), ['x', null, '\"\\'], {'k': chr(0) || '\\u0000'}, 0.1::double, null)",
        "text varchar, list varchar[], structure struct(k varchar), number double, missing bigint",
    )
    assert b"".join(lines_of_slices(connection, "made", types, [KEY])).decode() == (
        'acme\t2026-01-10\ta\\tb\\\\\\n\t{"x",NULL,"\\\\"\\\\\\\\"}\t{"k":"\\\\\\\\u0000"}\t0.1\t\\N\n'
    )
    assert slice_contents(connection, "made", types)[KEY].rows_with_nul == 1


@pytest.mark.parametrize(
    ("sql_type", "expected"),
    [
        ("VARCHAR", "text"),
        ("VARCHAR[]", "text[]"),
        ("BIGINT[]", "bigint[]"),
        ("UBIGINT", "numeric"),
        ("HUGEINT", "numeric"),
        ("DECIMAL(18,3)", "numeric(18,3)"),
        ("TIMESTAMP", "timestamp with time zone"),
        ("STRUCT(a INTEGER)", "jsonb"),
        ("STRUCT(a INTEGER)[]", "jsonb"),
        ("MAP(VARCHAR, BIGINT)", "jsonb"),
        ("VARCHAR[][]", "jsonb"),
        ("DOUBLE[3]", "jsonb"),
        ("ENUM('a', 'b')", "text"),
        ("INTERVAL", "text"),
    ],
)
def test_types_keep_every_value(sql_type: str, expected: str) -> None:
    assert postgres_type(sql_type) == expected
