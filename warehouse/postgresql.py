"""The published tables in PostgreSQL, for BI servers: every reader sees the clients that its role may see.

A publication is one transaction, so readers see the old whole state or the new whole state. What of it differs is found
by the hash of each slice (`warehouse.copy_text`), kept beside the tables in schema `linkgap`; only those slices are
deleted and copied. The tables are whatever schema `marts` of the published file holds; views arrive as tables. Who sees
what is told in `docs/postgresql.md`.
"""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import duckdb
import psycopg2
from psycopg2 import errors, sql
from psycopg2.extensions import connection as PostgresConnection
from psycopg2.extensions import cursor as Cursor
from psycopg2.extras import execute_values

from warehouse.connections import connect
from warehouse.copy_text import SliceContent, SliceKey, lines_of_slices, postgres_type, slice_contents, slice_keys
from warehouse.layout import Workspace
from warehouse.replacing import write_text

PUBLISH_TO = "LINKGAP_PUBLISH_TO"
"""Variable with the address of the database to publish to."""

AGENCY, CLIENT = "linkgap_agency", "linkgap_client"
"""The role that reads every row, and the role that reads rows of the clients given to its members."""

OLDEST_SERVER = 140000
"""As PostgreSQL numbers its versions: the oldest one that its project still maintains."""

LOCK_SECONDS = 60
"""How long a publication that changes a table's columns waits for readers; others queue behind it meanwhile."""

_TURN = 0x6C696E6B676170
"""Key of the advisory lock that lets one publication in at a time: "linkgap"."""

_SET_UP = f"""
create schema linkgap;
create schema if not exists marts;
create table linkgap.published_tables (table_name text primary key);
create table linkgap.published_slices (
    table_name text not null references linkgap.published_tables on delete cascade,
    client_id text,
    refreshed_on date,
    content_hash text not null
);
create table linkgap.client_roles (role_name text, client_id text, primary key (role_name, client_id));
comment on table linkgap.client_roles is
    'Which role may read which client: its members read that client''s rows of schema marts.';
-- read on behalf of whoever reads a published table, who must not learn of other roles
alter table linkgap.client_roles enable row level security;
create policy own_roles on linkgap.client_roles for select to {CLIENT} using (
    exists (
        select from pg_catalog.pg_roles
        where pg_roles.rolname = role_name and pg_catalog.pg_has_role(pg_roles.oid, 'usage')
    )
);
grant select on linkgap.client_roles to {CLIENT};
grant usage on schema marts to {AGENCY}, {CLIENT};
"""

_CLIENTS_OF_READER = "array(select client_roles.client_id from linkgap.client_roles)"
"""An uncorrelated subquery: PostgreSQL asks it once a query, not once a row."""


class TargetError(RuntimeError):
    """PostgreSQL was not published to and keeps the state before; the message says why and never holds a password."""


@dataclass(frozen=True)
class Target:
    """A database to publish to.

    Attributes:
        parameters: What the address says, as libpq calls it. What it leaves open libpq takes from where it always does:
            `PGPASSWORD` and its like, the password file, the service file.
    """

    parameters: dict[str, str] = field(repr=False)

    @classmethod
    def parse(cls, address: str) -> Target:
        """Read an address.

        Raises:
            TargetError: It is none.
        """
        expected = "expected postgresql://user@host:5432/database; special characters of a password are percent-encoded"
        if not address.startswith(("postgresql://", "postgres://")):
            raise TargetError(f"the address to publish to is none of PostgreSQL: {expected}")
        try:
            return cls(psycopg2.extensions.parse_dsn(address))
        except psycopg2.Error:
            # libpq quotes the address, and the password in it
            raise TargetError(f"the address to publish to cannot be read: {expected}") from None

    @property
    def name(self) -> str:
        """The address without its password."""
        user, host, port, database, service = (
            self.parameters.get(key, "") for key in ("user", "host", "port", "dbname", "service")
        )
        address = f"{user and f'{user}@'}{host}{port and f':{port}'}/{database}"
        return f"postgresql://{address}{service and f'?service={service}'}"


@dataclass(frozen=True)
class TableChange:
    """What a publication changed in one table: slices written or removed, rows deleted and rows copied."""

    slices: int
    rows_removed: int
    rows_written: int


@dataclass(frozen=True)
class PublishedCopy:
    """What a publication to PostgreSQL did.

    Attributes:
        target: The address, without a password.
        tables: How many tables are published there now.
        changes: By table; those that stayed as they were are not in it.
        warnings: One line for everything that somebody should look at.
    """

    target: str
    tables: int
    changes: dict[str, TableChange]
    warnings: list[str]


@dataclass(frozen=True)
class _Table:
    """A table as DuckDB has it, or as PostgreSQL has it or should have it; comments by column, `""` for the table."""

    types: dict[str, str]
    required: frozenset[str]
    comments: dict[str, str]
    is_view: bool = False


def configured_target() -> Target | None:
    """The database that `LINKGAP_PUBLISH_TO` names; None where it is not set.

    Raises:
        TargetError: It is no address.
    """
    address = os.environ.get(PUBLISH_TO)
    return Target.parse(address) if address else None


def publish_to_postgresql(
    workspace: Workspace, target: Target, say: Callable[[str], None] = lambda _: None
) -> PublishedCopy:
    """Bring the tables in PostgreSQL up to the published file, in one transaction.

    Args:
        workspace: What is published.
        target: Where to.
        say: Is told what takes time, as a phrase.

    Raises:
        TargetError: Nothing was changed there.
    """
    if not workspace.published_database.exists():
        raise TargetError("nothing is published yet that could be copied; run `linkgap refresh` first")
    with _transaction(target) as cursor:
        _take_turn(cursor, target, say)
        _set_up(cursor, target)
        # opened after the wait for another publication, so that an older state never follows a newer one
        with connect(workspace.published_database, workspace, read_only=True) as published:
            marts = _published_tables(published)
            changes, warnings = _bring_up(cursor, published, marts)
        warnings.extend(_idle_roles(cursor, "clients" in marts))
    _remember(workspace, target)
    return PublishedCopy(target.name, len(marts), changes, warnings)


def withdraw_from_postgresql(target: Target, client_id: str) -> dict[str, int]:
    """Delete a client's rows, and the right of any role to see them.

    Returns:
        `schema.table` → rows that were deleted, where there were any.

    Raises:
        TargetError: Nothing was deleted.
    """
    deleted = {}
    with _transaction(target) as cursor:
        _take_turn(cursor, target, lambda _: None)
        if _is_set_up(cursor):
            tables = [table for table, has in _existing_tables(cursor).items() if "client_id" in has.types]
            for schema, table in [
                *(("marts", table) for table in tables if table in _known_tables(cursor)),
                ("linkgap", "published_slices"),
                ("linkgap", "client_roles"),
            ]:
                cursor.execute(
                    sql.SQL("delete from {} where client_id = %s").format(sql.Identifier(schema, table)), [client_id]
                )
                if cursor.rowcount:
                    deleted[f"{schema}.{table}"] = cursor.rowcount
    return deleted


def known_targets(workspace: Workspace) -> list[str]:
    """The databases that this workspace was published to, their addresses without passwords."""
    record = workspace.published_elsewhere
    return record.read_text(encoding="utf-8").splitlines() if record.exists() else []


def _remember(workspace: Workspace, target: Target) -> None:
    names = known_targets(workspace)
    if target.name not in names:
        write_text(workspace.published_elsewhere, "".join(f"{name}\n" for name in [*names, target.name]))


@contextmanager
def _transaction(target: Target) -> Iterator[Cursor]:
    """A transaction that is committed at the end of the block, or leaves no trace."""
    try:
        connection = psycopg2.connect(
            **{"connect_timeout": "10", "application_name": "linkgap", **target.parameters, "client_encoding": "UTF8"}
        )
    except psycopg2.Error as error:
        raise TargetError(f"{target.name}: cannot connect: {_reason(error)}") from error
    try:
        with connection, connection.cursor() as cursor:
            _check_server(connection, target)
            # a role's own limits are made for people; nobody's functions stand in for PostgreSQL's
            cursor.execute(
                "set local search_path = pg_catalog; set local statement_timeout = 0; "
                "set local idle_in_transaction_session_timeout = 0; "
                "set local timezone = 'UTC'; set local datestyle = 'ISO'"
            )
            yield cursor
    except psycopg2.Error as error:
        raise TargetError(f"{target.name}: nothing was changed there: {_reason(error)}{_advice(error)}") from error
    finally:
        connection.close()


def _check_server(connection: PostgresConnection, target: Target) -> None:
    if connection.server_version < OLDEST_SERVER:
        version = f"{connection.server_version // 10000}"
        raise TargetError(
            f"{target.name}: the server is PostgreSQL {version}; linkgap needs {OLDEST_SERVER // 10000} or later"
        )
    encoding = connection.get_parameter_status("server_encoding")
    if encoding != "UTF8":
        raise TargetError(
            f"{target.name}: the database keeps text as {encoding}, which lacks characters; "
            "make one with `create database … encoding 'UTF8' template template0`"
        )


def _reason(error: psycopg2.Error) -> str:
    """What the server or libpq says, on one line; neither ever tells a password."""
    said = (error.diag.message_primary, error.diag.message_detail) if error.diag.message_primary else (str(error),)
    return "; ".join(" ".join(part.split()) for part in said if part)


def _advice(error: psycopg2.Error) -> str:
    if isinstance(error, errors.InsufficientPrivilege):
        return "; docs/postgresql.md tells which rights linkgap needs"
    if isinstance(error, errors.LockNotAvailable):
        return f"; readers held a table whose columns change for {LOCK_SECONDS} s; publish again when they are done"
    if isinstance(error, errors.DependentObjectsStillExist):
        return "; the columns of the table changed: drop what depends on it, publish, and make it again"
    return ""


def _take_turn(cursor: Cursor, target: Target, say: Callable[[str], None]) -> None:
    """Wait until no other publication to this database is under way."""
    cursor.execute("select pg_try_advisory_xact_lock(%s)", [_TURN])
    if not _row(cursor)[0]:
        say(f"waiting for another publication to {target.name}")
        cursor.execute("select pg_advisory_xact_lock(%s)", [_TURN])
    cursor.execute("select set_config('lock_timeout', %s, true)", [f"{LOCK_SECONDS}s"])


def _is_set_up(cursor: Cursor) -> bool:
    cursor.execute("select to_regclass('linkgap.client_roles') is not null")
    return bool(_row(cursor)[0])


def _set_up(cursor: Cursor, target: Target) -> None:
    """Make roles, schemas and ledger where they are missing."""
    cursor.execute(
        "select role_name from unnest(%s) as role_name where to_regrole(role_name) is null", [[AGENCY, CLIENT]]
    )
    missing = [role for (role,) in cursor.fetchall()]
    creation = " ".join(f"create role {role} nologin;" for role in missing)
    if missing:
        cursor.execute("select current_user, rolcreaterole or rolsuper from pg_roles where rolname = current_user")
        user, may_create = _row(cursor)
        if not may_create:
            raise TargetError(f"{target.name}: {user} may not create roles; have an administrator run: {creation}")
        cursor.execute(creation)
    if not _is_set_up(cursor):
        cursor.execute(_SET_UP)


def _published_tables(published: duckdb.DuckDBPyConnection) -> dict[str, _Table]:
    """The tables and views in schema `marts` of the published file."""
    tables: dict[str, _Table] = {}
    for table, comment, is_view in published.execute(
        """
        select table_name, comment, false from duckdb_tables()
        where schema_name = 'marts' and database_name = current_database()
        union all
        select view_name, comment, true from duckdb_views()
        where schema_name = 'marts' and database_name = current_database()
        order by 1
        """
    ).fetchall():
        columns = published.execute(
            """
            select column_name, data_type, comment, not is_nullable from duckdb_columns()
            where schema_name = 'marts' and database_name = current_database() and table_name = $table
            order by column_index
            """,
            {"table": table},
        ).fetchall()
        types = {name: data_type for name, data_type, _, _ in columns}
        tables[table] = _Table(
            types,
            # slices and policies rest on the keys
            frozenset([*slice_keys(list(types)), *(name for name, _, _, is_required in columns if is_required)]),
            {name: text for name, text in [("", comment), *((name, text) for name, _, text, _ in columns)] if text},
            is_view,
        )
    return tables


def _existing_tables(cursor: Cursor) -> dict[str, _Table]:
    """The tables in schema `marts` of PostgreSQL; one without row-level security counts as one without columns."""
    cursor.execute(
        """
        select
            tables.relname,
            columns.attname,
            format_type(columns.atttypid, columns.atttypmod),
            columns.attnotnull,
            col_description(tables.oid, columns.attnum),
            obj_description(tables.oid, 'pg_class'),
            tables.relrowsecurity
        from pg_class as tables
        left join pg_attribute as columns
            on tables.oid = columns.attrelid and columns.attnum > 0 and not columns.attisdropped
        where tables.relnamespace = to_regnamespace('marts') and tables.relkind in ('r', 'p', 'v', 'm', 'f')
        order by tables.relname, columns.attnum
        """
    )
    tables: dict[str, tuple[dict[str, str], set[str], dict[str, str]]] = {}
    for table, column, data_type, is_required, comment, table_comment, is_secured in cursor.fetchall():
        types, required, comments = tables.setdefault(table, ({}, set(), {}))
        if table_comment:
            comments[""] = table_comment
        if is_secured and column is not None:
            types[column] = data_type
            required |= {column} if is_required else set()
            comments |= {column: comment} if comment else {}
    return {
        table: _Table(types, frozenset(required), comments) for table, (types, required, comments) in tables.items()
    }


def _known_tables(cursor: Cursor) -> set[str]:
    cursor.execute("select table_name from linkgap.published_tables")
    return {table for (table,) in cursor.fetchall()}


def _bring_up(
    cursor: Cursor, published: duckdb.DuckDBPyConnection, marts: dict[str, _Table]
) -> tuple[dict[str, TableChange], list[str]]:
    """Make every table equal to its original; what changed by table, and warnings."""
    known, existing = _known_tables(cursor), _existing_tables(cursor)
    if foreign := sorted((existing.keys() & marts.keys()) - known):
        raise TargetError(
            f"marts.{foreign[0]} is there already and was not made by linkgap; rename it, or publish elsewhere"
        )
    cursor.execute("select table_name, client_id, refreshed_on, content_hash from linkgap.published_slices")
    ledger: dict[str, dict[SliceKey, str]] = {}
    for table, client_id, refreshed_on, content_hash in cursor.fetchall():
        ledger.setdefault(table, {})[client_id, refreshed_on] = content_hash
    settled = _settled_slices(cursor, published, marts, existing)
    changes, warnings = {}, []
    for table in sorted(known - marts.keys()):
        _drop(cursor, table)
    for table, wanted in marts.items():
        is_kept = _align(cursor, table, wanted, existing.get(table))
        unseen = settled if is_kept and _may_settle(wanted, existing[table]) else set()
        before = {one: digest for one, digest in ledger.get(table, {}).items() if one not in unseen}
        now = slice_contents(published, table, wanted.types, unseen)
        change = _replace_slices(cursor, published, table, wanted, before if is_kept else {}, now)
        if change:
            changes[table] = change
        if with_nul := sum(content.rows_with_nul for one, content in now.items() if _differs(before, one, content)):
            warnings.append(f"marts.{table}: the character NUL was taken out of {with_nul:,} rows, PostgreSQL has none")
    warnings.extend(_forget_roles(cursor, {client_id for slices in ledger.values() for client_id, _ in slices}))
    return changes, warnings


def _forget_roles(cursor: Cursor, clients_before: set[str | None]) -> list[str]:
    """Take the rights of roles to clients away that are published no more; a warning for each."""
    cursor.execute(
        """
        delete from linkgap.client_roles
        where client_id = any (%s)
            and client_id not in (select client_id from linkgap.published_slices where client_id is not null)
        returning role_name, client_id
        """,
        [[client_id for client_id in clients_before if client_id is not None]],
    )
    return [
        f"linkgap.client_roles: {role} → {client_id}: removed, the client is published no more"
        for role, client_id in sorted(cursor.fetchall())
    ]


def _may_settle(wanted: _Table, existing: _Table) -> bool:
    """Whether a refresh that was not published anew has the same rows as before: a view may look further."""
    return not wanted.is_view and len(slice_keys(list(wanted.types))) == 2 and len(existing.types) == len(wanted.types)


def _differs(before: dict[SliceKey, str], one: SliceKey, content: SliceContent) -> bool:
    return before.get(one) != content.content_hash


def _settled_slices(
    cursor: Cursor, published: duckdb.DuckDBPyConnection, marts: dict[str, _Table], existing: dict[str, _Table]
) -> set[SliceKey]:
    """Refreshes that were not published anew since: no table's slice of them needs to be looked at.

    `published_at` is new whenever a slice of any table is written, also that of a refresh that a late one changed.
    """
    stamps = {"client_id", "refreshed_on", "published_at"}
    if not all("refreshes" in tables and stamps <= tables["refreshes"].types.keys() for tables in (marts, existing)):
        return set()
    statement = "select client_id, refreshed_on, cast(published_at as varchar) from marts.refreshes"
    here = published.execute(statement).fetchall()
    cursor.execute("select client_id, refreshed_on, cast(published_at as timestamp)::text from marts.refreshes")
    return {(client_id, day) for client_id, day, _ in set(here) & set(cursor.fetchall())}


def _align(cursor: Cursor, table: str, wanted: _Table, existing: _Table | None) -> bool:
    """Give a table its columns, comments, rights and policies; tells whether rows that were in it still are.

    New columns at the end are added, so that views of somebody's own stay; anything else makes the table anew.
    """
    types = {name: postgres_type(data_type) for name, data_type in wanted.types.items()}
    added = dict(list(types.items())[len(existing.types) :]) if existing else {}
    is_kept = (
        existing is not None
        and bool(existing.types)
        and [*existing.types.items(), *added.items()] == list(types.items())
        and existing.required == wanted.required
        and not added.keys() & wanted.required
    )
    if not is_kept:
        _create(cursor, table, types, wanted)
    for name, data_type in added.items() if is_kept else ():
        statement = sql.SQL("alter table {} add column {} {}")
        cursor.execute(statement.format(_name(table), sql.Identifier(name), sql.SQL(data_type)))
    before = existing.comments if existing and is_kept else {}
    for name in sorted(before.keys() | wanted.comments.keys()):
        text = wanted.comments.get(name)
        if text != before.get(name):
            thing = sql.SQL("column {}.{}").format(_name(table), sql.Identifier(name)) if name else None
            thing = thing or sql.SQL("table {}").format(_name(table))
            cursor.execute(sql.SQL("comment on {} is %s").format(thing), [text])
    return is_kept


def _create(cursor: Cursor, table: str, types: dict[str, str], wanted: _Table) -> None:
    """Make an empty table, in the place of one that is there; its owner and members of the two roles can read it."""
    _drop(cursor, table)
    columns = sql.SQL(", ").join(
        sql.SQL("{} {}{}").format(
            sql.Identifier(name), sql.SQL(data_type), sql.SQL(" not null" if name in wanted.required else "")
        )
        for name, data_type in types.items()
    )
    cursor.execute(sql.SQL("create table {} ({})").format(_name(table), columns))
    cursor.execute("insert into linkgap.published_tables values (%s)", [table])
    keys = slice_keys(list(types))
    if keys:
        keys_listed = sql.SQL(", ").join(map(sql.Identifier, keys))
        cursor.execute(sql.SQL("create index on {} ({})").format(_name(table), keys_listed))
    # a table without clients is the agency's; the owner publishes, so it is not bound
    cursor.execute(
        sql.SQL(
            f"alter table {{0}} enable row level security; grant select on {{0}} to {AGENCY}, {CLIENT}; "
            f"create policy agency_reads_all on {{0}} for select to {AGENCY} using (true)"
        ).format(_name(table))
    )
    if "client_id" in keys:
        policy = f"create policy clients_read_theirs on {{}} for select to {CLIENT} using "
        cursor.execute(sql.SQL(f"{policy}(client_id = any ({_CLIENTS_OF_READER}))").format(_name(table)))


def _drop(cursor: Cursor, table: str) -> None:
    cursor.execute(sql.SQL("drop table if exists {}").format(_name(table)))
    cursor.execute("delete from linkgap.published_tables where table_name = %s", [table])


def _replace_slices(
    cursor: Cursor,
    published: duckdb.DuckDBPyConnection,
    table: str,
    wanted: _Table,
    before: dict[SliceKey, str],
    now: dict[SliceKey, SliceContent],
) -> TableChange | None:
    """Delete the slices that changed or are gone, and copy those that changed or are new; None where none did."""
    to_copy = [one for one, content in now.items() if _differs(before, one, content)]
    to_delete = [one for one in before if one not in now or _differs(before, one, now[one])]
    if not to_copy and not to_delete:
        return None
    keys = slice_keys(list(wanted.types))
    removed = _delete_slices(cursor, _name(table), keys, to_delete)
    _delete_slices(cursor, sql.SQL("linkgap.published_slices"), ["client_id", "refreshed_on"], to_delete, table)
    written = 0
    if to_copy:
        columns = sql.SQL(", ").join(map(sql.Identifier, wanted.types))
        lines = _Stream(lines_of_slices(published, table, wanted.types, to_copy))
        cursor.copy_expert(sql.SQL("copy {} ({}) from stdin").format(_name(table), columns), lines, size=1 << 16)
        written = cursor.rowcount
    expected = sum(now[one].rows for one in to_copy)
    if written != expected:
        raise TargetError(f"marts.{table}: {written:,} rows arrived instead of {expected:,}; nothing was published")
    execute_values(
        cursor,
        "insert into linkgap.published_slices (table_name, client_id, refreshed_on, content_hash) values %s",
        [(table, *one, now[one].content_hash) for one in to_copy],
        page_size=1000,
    )
    cursor.execute(sql.SQL("analyze {}").format(_name(table)))
    return TableChange(len({*to_copy, *to_delete}), removed, written)


def _delete_slices(
    cursor: Cursor, name: sql.Composable, keys: list[str], slices: Collection[SliceKey], of_table: str | None = None
) -> int:
    """Delete the rows of some slices, of the ledger those of one table; the number of rows."""
    if not slices:
        return 0
    equals = "is not distinct from" if of_table else "="
    conditions = [f"target.{key} {equals} gone.{key}" for key in keys] + (["table_name = %s"] if of_table else [])
    statement = "delete from {} as target using unnest(%s::text[], %s::date[]) as gone (client_id, refreshed_on) where "
    parameters: list[Any] = [[client_id for client_id, _ in slices], [day for _, day in slices]]
    cursor.execute(
        sql.SQL(statement + (" and ".join(conditions) or "true")).format(name),
        [*parameters, *([of_table] if of_table else [])],
    )
    return int(cursor.rowcount)


def _idle_roles(cursor: Cursor, has_clients: bool) -> list[str]:
    """Warnings for rows of `linkgap.client_roles` that let nobody see anything."""
    cursor.execute(
        f"""
        select role_name, client_id, to_regrole(quote_ident(role_name)) is null
        from linkgap.client_roles
        where case
            when to_regrole(quote_ident(role_name)) is null then true
            else not pg_has_role(quote_ident(role_name)::regrole::oid, '{CLIENT}'::name, 'member')
        end
        order by role_name, client_id
        """
    )
    warnings = [
        f"linkgap.client_roles: {role} → {client_id}: "
        + ("there is no such role" if is_missing else f"it sees nothing before `grant {CLIENT} to {role}`")
        for role, client_id, is_missing in cursor.fetchall()
    ]
    if has_clients:
        cursor.execute(
            "select role_name, client_id from linkgap.client_roles "
            "where client_id not in (select client_id from marts.clients) order by role_name, client_id"
        )
        warnings += [
            f"linkgap.client_roles: {role} → {client_id}: no such client is published"
            for role, client_id in cursor.fetchall()
        ]
    return warnings


def _name(table: str) -> sql.Identifier:
    return sql.Identifier("marts", table)


def _row(cursor: Cursor) -> tuple[Any, ...]:
    row = cursor.fetchone()
    assert row is not None
    return row


class _Stream(io.RawIOBase):
    """Blocks of bytes as the file that COPY reads."""

    def __init__(self, blocks: Iterator[bytes]) -> None:
        self._blocks = blocks
        self._rest = memoryview(b"")

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        """The next bytes, at most `size` of them; none at the end."""
        while not self._rest:
            block = next(self._blocks, None)
            if block is None:
                return b""
            self._rest = memoryview(block)
        taken, self._rest = self._rest[:size], self._rest[size:]
        return bytes(taken)
