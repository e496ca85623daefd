"""What the published tables mean and promise, kept in the published files beside them.

Schema `dictionary` says it as tables (`published_tables`, `published_columns`, made by the dbt models of these names);
the catalogue of DuckDB says it as comments and `not null`, which is where BI tools look.
"""

from __future__ import annotations

import duckdb

from warehouse.connections import sql_text

TABLES = ("published_tables", "published_columns")


def copy_dictionary(connection: duckdb.DuckDBPyConnection, source: str) -> None:
    """Take the dictionary over from an attached database; one without keeps what is known."""
    if not has_dictionary(connection, source):
        return
    connection.execute("create schema if not exists dictionary")
    for table in TABLES:
        connection.execute(f"create or replace table dictionary.{table} as from {source}.dictionary.{table}")


def allow_missing_values(connection: duckdb.DuckDBPyConnection) -> None:
    """Take `not null` from the columns in schema `marts` that the dictionary does not require (any more)."""
    if not has_dictionary(connection):
        return
    for table, column, _ in _columns(connection, "not described.is_required and not columns.is_nullable"):
        connection.execute(f'alter table marts."{table}" alter column "{column}" drop not null')


def follow_dictionary(connection: duckdb.DuckDBPyConnection) -> None:
    """Give the tables in schema `marts` the comments and the `not null` that the dictionary has for them.

    A column stays nullable where rows of an older version lack the value.
    """
    if not has_dictionary(connection):
        return
    for thing, comment in connection.execute(
        """
        select 'table marts."' || tables.table_name || '"', described.comment
        from (
            select
                table_name,
                description || chr(10) || chr(10) || 'Primary key: ' || array_to_string(primary_key, ', ') as comment
            from dictionary.published_tables
        ) as described
        inner join duckdb_tables() as tables on described.table_name = tables.table_name
        where tables.schema_name = 'marts'
            and tables.database_name = current_database()
            and described.comment is distinct from tables.comment
        """
    ).fetchall():
        connection.execute(f"comment on {thing} is {sql_text(comment)}")
    for table, column, comment in _columns(connection, "described.description is distinct from columns.comment"):
        connection.execute(f'comment on column marts."{table}"."{column}" is {sql_text(comment)}')
    for table, column, _ in _columns(connection, "described.is_required and columns.is_nullable"):
        if not connection.execute(f'select 1 from marts."{table}" where "{column}" is null limit 1').fetchone():
            connection.execute(f'alter table marts."{table}" alter column "{column}" set not null')


def _columns(connection: duckdb.DuckDBPyConnection, condition: str) -> list[tuple[str, str, str]]:
    """Table, column and description of the columns of published tables for which a condition holds."""
    return connection.execute(
        f"""
        select described.table_name, described.column_name, described.description
        from dictionary.published_columns as described
        inner join duckdb_columns() as columns
            on described.table_name = columns.table_name and described.column_name = columns.column_name
        where columns.schema_name = 'marts' and columns.database_name = current_database() and {condition}
        """
    ).fetchall()


def has_dictionary(connection: duckdb.DuckDBPyConnection, database: str | None = None) -> bool:
    """Whether an attached database, or the one the connection opened, has a dictionary."""
    found = connection.execute(
        "select count(*) from duckdb_tables() where database_name = coalesce($database, current_database()) "
        "and schema_name = 'dictionary' and list_contains($tables, table_name)",
        {"database": database, "tables": list(TABLES)},
    ).fetchone()
    return bool(found and found[0] == len(TABLES))
