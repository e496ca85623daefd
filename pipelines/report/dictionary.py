"""What the page of the published tables shows: every table and column, what it means and what is promised of it."""

from __future__ import annotations

import duckdb

from pipelines.report.queries import Row, ask


def published_tables(connection: duckdb.DuckDBPyConnection) -> list[Row]:
    """The tables of schema `marts`, by name, with their columns in order.

    Meanings are the comments of the published file, and a column is required where the file says `not null`; keys,
    known values and limits stand in its schema `dictionary`.

    Returns:
        One row a table: table_name, description, primary_key, belongs_to, and columns, each a row of column_name,
        data_type, description, key_position, is_required, known_values, least and greatest.
    """
    columns = ask(
        connection,
        """
        select
            catalogue.table_name,
            catalogue.column_name,
            lower(catalogue.data_type) as data_type,
            catalogue.comment as description,
            told.key_position,
            not catalogue.is_nullable as is_required,
            told.known_values,
            told.least,
            told.greatest
        from duckdb_columns() as catalogue
        inner join dictionary.published_columns as told
            on catalogue.table_name = told.table_name and catalogue.column_name = told.column_name
        where catalogue.schema_name = 'marts' and catalogue.database_name = current_database()
        order by catalogue.table_name, told.column_number
        """,
        {},
    )
    tables = ask(
        connection,
        "select table_name, description, primary_key, belongs_to from dictionary.published_tables order by table_name",
        {},
    )
    by_table: dict[str, list[Row]] = {}
    for column in columns:
        by_table.setdefault(column["table_name"], []).append(column)
    return [table | {"columns": by_table[table["table_name"]]} for table in tables if table["table_name"] in by_table]
