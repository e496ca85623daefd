"""The published tables in PostgreSQL, on a real server: what arrives, who sees it, and what trouble leaves behind."""

from __future__ import annotations

import io
import json
import os
import secrets
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import date, datetime
from decimal import Decimal
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import duckdb
import psycopg2
import pytest
from typer.testing import CliRunner, Result

from bench.generate import REFRESHED_ON, write_tiny
from pipelines.cli import app
from tests.conftest import Sandbox
from tests.postgres_server import free_port, rows, running_server
from tests.published_made import contracts, published_file
from warehouse import postgresql
from warehouse.layout import CHECKOUT, Workspace
from warehouse.postgresql import (
    PublishedCopy,
    Target,
    TargetError,
    known_targets,
    publish_to_postgresql,
    withdraw_from_postgresql,
)

pytestmark = pytest.mark.servers

DAYS = (date(2026, 1, 10), date(2026, 3, 30))
ODD_TEXTS = (
    "\\",
    "\\.",
    "a\n\\.\nb",
    "\\N",
    "",
    "NULL",
    "{}",
    '"',
    "a\tb\r\nc",
    "'; drop table x; --",
    "\u2028é🦊",
    "%s",
)

VIEWS = ("gaps_ever", "open_gaps")


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """The address of an administrator, on a server that has linkgap's two roles."""
    with running_server() as url:
        rows_of(url, "create role linkgap_agency; create role linkgap_client", fetch=False)
        yield url


class Database:
    """A database of its own, whose owner may do nothing but own it, and a workspace to publish."""

    numbers = count(1)

    def __init__(self, server: str, home: Path) -> None:
        self.server = server
        self.name = f"test_{next(self.numbers)}"
        self.url = self.login(f"publisher_{self.name}")
        with closing(psycopg2.connect(server)) as connection:
            connection.autocommit = True
            connection.cursor().execute(f"create database {self.name} owner publisher_{self.name}")
        self.workspace = Workspace(home)
        self.workspace.published.mkdir(parents=True, exist_ok=True)

    def login(self, name: str, *groups: str) -> str:
        """The address of a new user that is a member of some roles."""
        password = secrets.token_hex(8)
        member = f" in role {', '.join(groups)}" if groups else ""
        rows_of(self.server, f"create role {name} login password '{password}'{member}", fetch=False)
        return f"postgresql://{name}:{password}@127.0.0.1:{urlsplit(self.server).port}/{self.name}"

    def client(self, client_id: str, name: str) -> str:
        """The address of a new user that may read one client, made as the documentation tells."""
        address = self.login(name, "linkgap_client")
        self.as_owner(f"insert into linkgap.client_roles (role_name, client_id) values ('{name}', '{client_id}')")
        return address

    def publish(self) -> PublishedCopy:
        return publish_to_postgresql(self.workspace, Target.parse(self.url))

    def as_owner(self, statement: str) -> None:
        rows_of(self.url, statement, fetch=False)

    def edit(self, *statements: str) -> None:
        """Change the published file; the refreshes of acme's last day count as published anew."""
        with duckdb.connect(str(self.workspace.published_database)) as connection:
            for statement in statements:
                connection.execute(statement)

    def tables(self) -> list[str]:
        return [table for (table,) in rows(self.url, "select table_name from linkgap.published_tables order by 1")]

    def state(self, url: str | None = None) -> dict[str, list[str]]:
        return {table: canonical(rows(url or self.url, f"select * from marts.{table}")) for table in self.tables()}

    def state_here(self, client_id: str | None = None) -> dict[str, list[str]]:
        """What the published file holds, of one client or of all."""
        with duckdb.connect(str(self.workspace.published_database), read_only=True) as connection:
            condition = f"where client_id = '{client_id}'" if client_id else ""
            tables = connection.execute(
                "select distinct table_name from duckdb_columns() where schema_name = 'marts' order by 1"
            ).fetchall()
            return {
                table: canonical(connection.execute(f"select * from marts.{table} {condition}").fetchall())
                for (table,) in tables
            }


def rows_of(url: str, statement: str, fetch: bool = True) -> list[tuple[Any, ...]]:
    with closing(psycopg2.connect(url)) as connection, connection, connection.cursor() as cursor:
        cursor.execute(statement)
        return list(cursor.fetchall()) if fetch else []


def canonical(found: list[tuple[Any, ...]]) -> list[str]:
    """Rows of either engine as sorted texts."""
    return sorted(repr([canonical_value(value) for value in row]) for row in found)


def canonical_value(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.replace(tzinfo=None)
    if isinstance(value, Decimal):
        return int(value)
    if isinstance(value, dict):
        return {key: canonical_value(inner) for key, inner in sorted(value.items())}
    if isinstance(value, list):
        return [canonical_value(inner) for inner in value]
    return value


def fill(path: Path) -> None:
    """A published file with rows of two clients in every table, all types, odd texts, and a view."""
    published_file(path, {})
    with duckdb.connect(str(path)) as connection:
        connection.execute(
            "create table odd as select unnest($texts) as odd, generate_subscripts($texts, 1) as number",
            {"texts": list(ODD_TEXTS)},
        )
        for table in contracts():
            columns = connection.execute(
                "select column_name, data_type from duckdb_columns() where table_name = $table order by column_index",
                {"table": table},
            ).fetchall()
            days = "unnest([date '2026-01-10', date '2026-03-30'])"
            values = ", ".join(value_sql(name, data_type) for name, data_type in columns)
            connection.execute(
                f"insert into marts.{table} select {values} from odd, "
                f"(select unnest(['acme', 'bolt']) as client), (select {days} as day)"
            )
            connection.execute(f"comment on table marts.{table} is 'One row: it''s of {table}.'")
            connection.execute(f"comment on column marts.{table}.client_id is 'Whose “row” 100 % it is.'")
        connection.execute("drop table odd")
        connection.execute(
            "create view marts.open_gaps as select client_id, count(*) as gaps, "
            "cast(sum(competitors_linked) as hugeint) as links, max(refreshed_on) as last_on "
            "from marts.gaps group by client_id"
        )
        # a row of a refresh that tells of all refreshes
        connection.execute(
            "create view marts.gaps_ever as select client_id, refreshed_on, "
            "sum(count(*)) over (partition by client_id) as gaps from marts.gaps group by client_id, refreshed_on"
        )
        connection.execute("comment on view marts.open_gaps is 'One row per client.'")


def value_sql(name: str, data_type: str) -> str:
    """A value for a row of the text number `number`; every seventh is null, never a key."""
    if name == "client_id":
        return "client"
    if name == "refreshed_on":
        return "day"
    text = f"odd || ' {name} of ' || client"
    value = {
        "VARCHAR": f"case when number % 2 = 0 then odd else {text} end",
        "VARCHAR[]": f"[odd, null, {text}][1:(number % 4)]",
        "BIGINT": "9007199254740993 * number",
        "INTEGER": "number - 5",
        "DOUBLE": "case when number = 3 then 'infinity'::double else 1 / number end",
        "BOOLEAN": "number % 2 = 0",
        "DATE": "day + cast(number as integer)",
        "TIMESTAMP": "day + interval 12 hour + interval 1 microsecond",
        "MAP(VARCHAR, BIGINT)": "map {odd: number}",
    }.get(data_type)
    if value is None:
        assert data_type.startswith("STRUCT(authority_band VARCHAR"), data_type
        value = "[{authority_band: odd, referring_domains: number, gained: null, lost: 0}]"
    return f"case when (number + length('{name}')) % 7 > 0 then {value} end"


@pytest.fixture
def database(server: str, tmp_path: Path) -> Database:
    made = Database(server, tmp_path)
    fill(made.workspace.published_database)
    return made


@pytest.fixture(scope="module")
def published(server: str, tmp_path_factory: pytest.TempPathFactory) -> Database:
    """Published once, for tests that only read."""
    made = Database(server, tmp_path_factory.mktemp("published"))
    fill(made.workspace.published_database)
    assert made.publish().warnings == []
    return made


def test_every_table_arrives_row_for_row(published: Database) -> None:
    """Also what CSV would lose or break: null beside empty text, line ends, and the end-of-data mark inside a text."""
    here = published.state_here()
    assert here.keys() == {*contracts(), *VIEWS}
    assert all(found for found in here.values())
    assert published.state() == here


def test_columns_keep_their_types_comments_and_keys(published: Database) -> None:
    types = {
        f"{table}.{column}": f"{data_type}{' not null' if is_required else ''}"
        for table, column, data_type, is_required in rows(
            published.url,
            "select c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull from pg_attribute a "
            "join pg_class c on c.oid = a.attrelid "
            "where relnamespace = 'marts'::regnamespace and relkind = 'r' and attnum > 0",
        )
    }
    assert types["gaps.client_id"] == "text not null"
    assert types["gaps.refreshed_on"] == "date not null"
    assert types["gaps.competitor_sites"] == "text[]"
    assert types["refreshes.published_at"] == "timestamp with time zone"
    assert types["export_files.unreadable_values"] == "jsonb"
    assert types["referring_domain_growth.authority_bands"] == "jsonb"
    assert types["gaps.is_unique"] == "boolean"
    assert types["gaps.client_links"] == "bigint"
    assert types["opportunities.score"] == "double precision"
    assert types["open_gaps.links"] == "numeric"
    with duckdb.connect(str(published.workspace.published_database), read_only=True) as connection:
        columns = "select table_name || '.' || column_name from duckdb_columns() where schema_name = 'marts'"
        assert sorted(types) == sorted(name for (name,) in connection.execute(columns).fetchall())
    (comments,) = rows(
        published.url,
        "select obj_description('marts.gaps'::regclass), col_description('marts.gaps'::regclass, 1), "
        "obj_description('marts.open_gaps'::regclass)",
    )
    assert comments == ("One row: it's of gaps.", "Whose “row” 100 % it is.", "One row per client.")


@pytest.fixture(scope="module")
def readers(published: Database) -> dict[str, str]:
    """client_id → the address of one who may read it: one by name, one through a role of several people."""
    rows_of(published.server, "create role bolt_team in role linkgap_client", fetch=False)
    published.as_owner("insert into linkgap.client_roles (role_name, client_id) values ('bolt_team', 'bolt')")
    return {"acme": published.client("acme", "acme_bi"), "bolt": published.login("bolt_ana", "bolt_team")}


@pytest.mark.parametrize(("client_id", "other"), [("acme", "bolt"), ("bolt", "acme")])
def test_a_client_reads_its_own_rows_of_every_table_and_no_other(
    published: Database, readers: dict[str, str], client_id: str, other: str
) -> None:
    reader = readers[client_id]
    assert published.state(reader) == published.state_here(client_id)
    for table in published.tables():
        assert rows(reader, f"select count(*) from marts.{table} where client_id = '{other}'") == [(0,)]
        assert rows(reader, f"select count(*) from marts.{table} where client_id <> '{client_id}'") == [(0,)]
    copied = io.StringIO()
    with closing(psycopg2.connect(reader)) as connection, connection.cursor() as cursor:
        cursor.copy_expert("copy marts.clients to stdout", copied)
    assert {line.split("\t")[0] for line in copied.getvalue().rstrip("\n").split("\n")} == {client_id}


def test_a_condition_of_the_readers_own_never_meets_rows_of_others(
    published: Database, readers: dict[str, str]
) -> None:
    """Else a cheap function, or what EXPLAIN runs, tells rows that the policy takes out afterwards."""
    with closing(psycopg2.connect(readers["acme"])) as connection, connection.cursor() as cursor:
        cursor.execute(
            "create function pg_temp.tell(client_id text) returns boolean language plpgsql cost 0.0000001 as "
            "$$ begin raise notice 'met %', client_id; return true; end $$"
        )
        cursor.execute("explain (analyze, verbose) select * from marts.gaps where pg_temp.tell(client_id)")
        plan = "\n".join(line for (line,) in cursor.fetchall())
        assert {notice.strip() for notice in connection.notices} == {"NOTICE:  met acme"}
        assert "bolt" not in plan
        cursor.execute("select count(*) from pg_stats where schemaname = 'marts'")
        assert cursor.fetchone() == (0,)
    # statistics are there: their owner sees them
    assert rows(published.url, "select count(*) > 0 from pg_stats where schemaname = 'marts'") == [(True,)]


@pytest.mark.parametrize("table", ["published_tables", "published_slices", "client_roles"])
def test_a_client_cannot_read_the_ledger(published: Database, readers: dict[str, str], table: str) -> None:
    with pytest.raises(psycopg2.errors.InsufficientPrivilege):
        rows(readers["acme"], f"select * from linkgap.{table}")


def test_who_may_name_the_table_of_roles_sees_their_own_alone(published: Database, readers: dict[str, str]) -> None:
    """The schema is closed to them; should somebody open it, the table itself still keeps the others' rows back."""
    published.as_owner("grant usage on schema linkgap to linkgap_client")
    try:
        assert rows(readers["acme"], "select * from linkgap.client_roles") == [("acme_bi", "acme")]
        assert rows(readers["bolt"], "select * from linkgap.client_roles") == [("bolt_team", "bolt")]
        with pytest.raises(psycopg2.errors.InsufficientPrivilege):
            rows_of(readers["acme"], "insert into linkgap.client_roles values ('acme_bi', 'bolt')", fetch=False)
        with pytest.raises(psycopg2.errors.InsufficientPrivilege):
            rows(readers["acme"], "select * from linkgap.published_slices")
    finally:
        published.as_owner("revoke usage on schema linkgap from linkgap_client")


def test_the_agency_reads_all_and_nobody_writes(published: Database, readers: dict[str, str]) -> None:
    agency = published.login("agency_bi", "linkgap_agency")
    assert published.state(agency) == published.state_here()
    for table in published.tables():
        for statement in (
            f"delete from marts.{table}",
            f"update marts.{table} set client_id = 'x'",
            f"insert into marts.{table} select * from marts.{table}",
            f"truncate marts.{table}",
            f"drop table marts.{table}",
            f"alter table marts.{table} disable row level security",
            f"create policy mine on marts.{table} using (true)",
        ):
            for reader in (agency, readers["acme"]):
                with pytest.raises(psycopg2.errors.InsufficientPrivilege):
                    rows_of(reader, statement, fetch=False)
    with pytest.raises(psycopg2.errors.InsufficientPrivilege):
        rows_of(agency, "create table marts.mine (a int)", fetch=False)
    with pytest.raises(psycopg2.errors.InsufficientPrivilege):
        rows_of(readers["acme"], "set role bolt_team", fetch=False)


def test_a_user_without_a_client_sees_nothing(published: Database) -> None:
    member = published.login("nobody_yet", "linkgap_client")
    for table in published.tables():
        assert rows(member, f"select * from marts.{table}") == []
    stranger = published.login("stranger")
    for table in published.tables():
        with pytest.raises(psycopg2.errors.InsufficientPrivilege):
            rows(stranger, f"select * from marts.{table}")


def test_every_table_is_secured(published: Database) -> None:
    of_marts = "from pg_class where relnamespace = 'marts'::regnamespace and relkind = 'r'"
    assert rows(published.url, f"select relname {of_marts} and not relrowsecurity") == []
    assert rows(published.url, "select count(*) from pg_views where schemaname in ('marts', 'linkgap')") == [(0,)]


def test_the_policy_asks_who_reads_once_a_query(published: Database, readers: dict[str, str]) -> None:
    """Else a dashboard over a million links asks a million times."""
    (plan,) = rows(readers["acme"], "explain (analyze, format json) select count(*) from marts.links")[0]

    def nodes(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
        yield node
        for inner in node.get("Plans", []):
            yield from nodes(inner)

    found = list(nodes(plan[0]["Plan"]))
    asked = [node for node in found if node.get("Relation Name") == "client_roles"]
    assert [node["Actual Loops"] for node in asked] == [1]
    assert [node["Subplan Name"] for node in found if node.get("Parent Relationship") == "InitPlan"]


def test_a_dropped_role_shuts_nobody_else_out(database: Database) -> None:
    database.publish()
    reader = database.client("acme", f"acme_{database.name}")
    database.client("bolt", f"gone_{database.name}")
    rows_of(database.server, f"drop role gone_{database.name}", fetch=False)
    assert database.state(reader) == database.state_here("acme")
    assert database.publish().warnings == [f"linkgap.client_roles: gone_{database.name} → bolt: there is no such role"]


def test_roles_that_see_nothing_are_told(database: Database) -> None:
    database.publish()
    name = database.name
    database.login(f"lonely_{name}")
    database.client("acmee", f"typo_{name}")
    database.as_owner(f"insert into linkgap.client_roles values ('lonely_{name}', 'acme')")
    assert database.publish().warnings == [
        f"linkgap.client_roles: lonely_{name} → acme: it sees nothing before `grant linkgap_client to lonely_{name}`",
        f"linkgap.client_roles: typo_{name} → acmee: no such client is published",
    ]


def row_versions(database: Database) -> dict[str, set[tuple[Any, ...]]]:
    """Which transaction wrote which row: the same after a publication that left it alone."""
    return {table: set(rows(database.url, f"select ctid, xmin from marts.{table}")) for table in database.tables()}


def test_publishing_again_copies_nothing(database: Database) -> None:
    database.publish()
    before = row_versions(database)
    assert database.publish().changes == {}
    assert row_versions(database) == before


def test_a_changed_refresh_copies_only_its_slices(database: Database) -> None:
    """Slices of other tables, clients and refreshes stay where they lie; equal rows of the same refresh, too."""
    database.publish()
    before = row_versions(database)
    of_slice = "where client_id = 'acme' and refreshed_on = '2026-03-30'"
    database.edit(
        f"update marts.gaps set client_links = 7 {of_slice}",
        f"delete from marts.lost_links {of_slice}",
        # one row twice, another gone: sums notice what an exclusive or would not
        f"insert into marts.decisions select * from marts.decisions {of_slice}",
        f"update marts.refreshes set published_at = '2030-01-01' {of_slice}",
        "update marts.clients set name = 'Acme of today' where client_id = 'acme'",
    )
    changes = database.publish().changes
    each = len(ODD_TEXTS)
    assert {table: (change.slices, change.rows_removed, change.rows_written) for table, change in changes.items()} == {
        "clients": (1, 2 * each, 2 * each),
        "decisions": (1, each, 2 * each),
        "gaps": (1, each, each),
        "lost_links": (1, each, 0),
        "refreshes": (1, each, each),
    }
    assert database.state() == database.state_here()
    after = row_versions(database)
    for table in database.tables():
        lost = len(before[table] - after[table])
        assert lost == (changes[table].rows_removed if table in changes else 0), table


def test_a_new_refresh_is_added_beside_the_others(database: Database) -> None:
    database.publish()
    database.edit(
        "insert into marts.gaps select * replace (date '2026-06-15' as refreshed_on) from marts.gaps "
        "where client_id = 'acme' and refreshed_on = '2026-03-30'"
    )
    changes = database.publish().changes
    removed = {table: change.rows_removed for table, change in changes.items()}
    # a view of a refresh that was not published anew may tell of the new one
    assert removed == {"gaps": 0, "gaps_ever": 2, "open_gaps": 1}
    assert database.state() == database.state_here()


def test_a_client_that_is_published_no_more_leaves_with_its_roles(database: Database) -> None:
    database.publish()
    reader = database.client("bolt", f"bolt_{database.name}")
    database.edit(*(f"delete from marts.{table} where client_id = 'bolt'" for table in contracts()))
    copy = database.publish()
    assert copy.warnings == [
        f"linkgap.client_roles: bolt_{database.name} → bolt: removed, the client is published no more"
    ]
    assert database.state() == database.state_here()
    for table in database.tables():
        assert rows(reader, f"select * from marts.{table}") == []
    for table in ("published_slices", "client_roles"):
        assert rows(database.url, f"select count(*) from linkgap.{table} where client_id = 'bolt'") == [(0,)]


def test_a_client_is_withdrawn_without_a_published_file(database: Database) -> None:
    database.publish()
    database.client("bolt", f"bolt_{database.name}")
    expected = database.state_here("acme")
    database.workspace.published_database.unlink()
    deleted = withdraw_from_postgresql(Target.parse(database.url), "bolt")
    assert deleted["marts.gaps"] == 2 * len(ODD_TEXTS)
    assert deleted["linkgap.client_roles"] == 1
    assert database.state() == expected
    assert withdraw_from_postgresql(Target.parse(database.url), "bolt") == {}


def test_a_table_that_is_published_no_more_is_dropped(database: Database) -> None:
    database.publish()
    database.edit(*(f"drop view marts.{view}" for view in VIEWS), "drop table marts.changes")
    database.publish()
    assert database.tables() == sorted(contracts().keys() - {"changes"})
    assert rows(database.url, "select to_regclass('marts.changes'), to_regclass('marts.open_gaps')") == [(None, None)]
    assert database.state() == database.state_here()


def test_a_new_column_keeps_views_of_the_agencys_own(database: Database) -> None:
    database.publish()
    database.as_owner("create view public.mine as select client_id, rank from marts.opportunities")
    database.edit("alter table marts.opportunities add column effort varchar")
    database.edit("update marts.opportunities set effort = 'low' where client_id = 'acme'")
    assert set(database.publish().changes) == {"opportunities"}
    assert database.state() == database.state_here()
    assert len(rows(database.url, "select * from public.mine")) == 4 * len(ODD_TEXTS)


def test_a_changed_type_makes_the_table_anew_with_its_rights(database: Database) -> None:
    database.publish()
    reader = database.client("acme", f"acme_{database.name}")
    agency = database.login(f"agency_{database.name}", "linkgap_agency")
    database.edit("alter table marts.gaps alter client_links type varchar", "alter table marts.changes drop change")
    changes = database.publish().changes
    assert {"gaps", "changes"} <= set(changes)
    assert database.state() == database.state_here()
    assert database.state(reader) == database.state_here("acme")
    assert database.state(agency) == database.state_here()


def test_a_view_that_holds_a_changed_table_is_named_and_nothing_changes(database: Database) -> None:
    database.publish()
    before = database.state()
    database.as_owner("create view public.mine as select client_links from marts.gaps")
    database.edit("alter table marts.gaps alter client_links type varchar", "delete from marts.clients")
    with pytest.raises(TargetError, match=r"view public\.mine depends on table marts\.gaps.*drop what depends on it"):
        database.publish()
    assert database.state() == before


def test_a_table_whose_policies_somebody_switched_off_is_made_anew(database: Database) -> None:
    database.publish()
    database.as_owner("alter table marts.links disable row level security")
    assert set(database.publish().changes) == {"links"}
    assert database.state() == database.state_here()
    assert rows(database.url, "select relrowsecurity from pg_class where oid = 'marts.links'::regclass") == [(True,)]


def test_a_table_that_somebody_dropped_comes_back(database: Database) -> None:
    database.publish()
    database.as_owner("drop table marts.links")
    assert set(database.publish().changes) == {"links"}
    assert database.state() == database.state_here()


def test_a_changed_comment_is_followed(database: Database) -> None:
    database.publish()
    database.edit(
        "comment on table marts.gaps is 'Another sentence.'", "comment on column marts.gaps.client_id is null"
    )
    assert database.publish().changes == {}
    assert rows(
        database.url, "select obj_description('marts.gaps'::regclass), col_description('marts.gaps'::regclass, 1)"
    ) == [("Another sentence.", None)]


def test_tables_of_others_are_left_alone(database: Database) -> None:
    database.as_owner("create schema marts; create table marts.links (mine int)")
    with pytest.raises(TargetError, match=r"marts\.links is there already and was not made by linkgap"):
        database.publish()
    assert rows(database.url, "select count(*) from marts.links") == [(0,)]
    database.as_owner("alter table marts.links rename to their_own")
    database.publish()
    database.publish()
    assert rows(database.url, "select count(*) from marts.their_own") == [(0,)]


def test_nul_characters_are_taken_out_and_counted_once(database: Database) -> None:
    database.edit(
        "update marts.links set anchor = 'a' || chr(0) || 'b', review_reasons = [chr(0), 'x' || chr(0)] "
        "where client_id = 'acme' and refreshed_on = '2026-01-10'",
        # a backslash before u0000 is text
        "update marts.export_files set unreadable_values = map {'k' || chr(0) || '\\u0000': 1} "
        "where client_id = 'bolt'",
    )
    each = len(ODD_TEXTS)
    assert database.publish().warnings == [
        f"marts.export_files: the character NUL was taken out of {2 * each} rows, PostgreSQL has none",
        f"marts.links: the character NUL was taken out of {each} rows, PostgreSQL has none",
    ]
    of_slice = "where client_id = 'acme' and refreshed_on = '2026-01-10'"
    assert set(rows(database.url, f"select anchor, review_reasons::text from marts.links {of_slice}")) == {
        ("ab", '{"",x}')
    }
    unreadable = "select distinct unreadable_values::text from marts.export_files where client_id = 'bolt'"
    assert rows(database.url, unreadable) == [('{"k\\\\u0000": 1}',)]
    again = database.publish()
    assert (again.changes, again.warnings) == ({}, [])


def test_a_killed_publication_leaves_the_old_state_whole(database: Database) -> None:
    database.publish()
    before = database.state()
    database.edit(
        "update marts.gaps set client_links = 7",
        "update marts.links set anchor = 'another'",
        "update marts.refreshes set published_at = '2030-01-01'",
        "alter table marts.changes add column effort varchar",
    )
    # dies in the middle of the links, when other tables are written
    program = """
import os, signal, sys
from pathlib import Path
from warehouse import postgresql
from warehouse.layout import Workspace
lines = postgresql.lines_of_slices
def dying(connection, table, *rest):
    for block in lines(connection, table, *rest):
        yield block
        if table == "links":
            os.kill(os.getpid(), signal.SIGKILL)
postgresql.lines_of_slices = dying
postgresql.publish_to_postgresql(Workspace(Path(sys.argv[1])), postgresql.configured_target())
"""
    died = subprocess.run(
        [sys.executable, "-c", program, str(database.workspace.home)],
        env={**os.environ, "LINKGAP_PUBLISH_TO": database.url},
        cwd=CHECKOUT,
        check=False,
    )
    assert died.returncode == -signal.SIGKILL
    assert database.state() == before
    database.publish()
    assert database.state() == database.state_here()


def test_readers_see_one_state_while_another_is_published(database: Database) -> None:
    """Every answer is of one publication: what it says of clients, gaps and links carries one stamp."""
    stamp = "update marts.{0} set {1} = '{2}'"
    marked = (("clients", "name"), ("gaps", "gap_class"), ("links", "anchor"), ("rejected_rows", "evidence"))

    def mark(number: int) -> None:
        database.edit(
            *(stamp.format(table, column, number) for table, column in marked),
            f"update marts.refreshes set published_at = timestamp '2030-01-01' + interval {number} hour",
        )

    mark(0)
    database.publish()
    reader = database.client("acme", f"acme_{database.name}")
    seen: list[tuple[Any, ...]] = []
    is_done = threading.Event()
    question = "select distinct " + ", ".join(
        f"(select string_agg(distinct {column}, '+') || count(*) from marts.{table})" for table, column in marked
    )

    def read() -> None:
        with closing(psycopg2.connect(reader)) as connection, connection.cursor() as cursor:
            connection.autocommit = True
            while not is_done.is_set():
                cursor.execute(question)
                seen.extend(cursor.fetchall())

    thread = threading.Thread(target=read)
    thread.start()
    try:
        for number in range(1, 6):
            mark(number)
            database.publish()
    finally:
        is_done.set()
        thread.join()
    each = len(ODD_TEXTS) * 2
    assert set(seen) <= {(f"{number}{each}",) * len(marked) for number in range(6)}
    assert len(set(seen)) > 1


def test_a_second_publication_waits_for_the_first_and_reads_the_file_after_it(database: Database) -> None:
    """Else an older state could follow a newer one."""
    database.publish()
    waits = threading.Event()
    with closing(psycopg2.connect(database.url)) as first, first.cursor() as cursor:
        cursor.execute("select pg_advisory_xact_lock(%s)", [postgresql._TURN])
        said: list[str] = []

        def say(text: str) -> None:
            said.append(text)
            waits.set()

        second = threading.Thread(
            target=publish_to_postgresql, args=(database.workspace, Target.parse(database.url), say)
        )
        second.start()
        assert waits.wait(30)
        database.edit("update marts.clients set name = 'written meanwhile'")
        first.commit()
        second.join(60)
    assert said == [f"waiting for another publication to {Target.parse(database.url).name}"]
    assert rows(database.url, "select distinct name from marts.clients") == [("written meanwhile",)]


def linkgap(workspace: Workspace, *arguments: str, **environment: str) -> Result:
    return CliRunner().invoke(app, list(arguments), env={"LINKGAP_HOME": str(workspace.home), **environment})


@pytest.fixture
def with_clients(database: Database) -> Database:
    database.workspace.clients.mkdir()
    return database


def test_the_command_says_what_changed(with_clients: Database) -> None:
    done = linkgap(with_clients.workspace, "publish", LINKGAP_PUBLISH_TO=with_clients.url)
    assert done.exit_code == 0, done.output
    assert f"marts.gaps: {4 * len(ODD_TEXTS)} rows written, 0 removed" in done.stdout
    name = Target.parse(with_clients.url).name
    again = linkgap(with_clients.workspace, "publish", "--to", with_clients.url, "--json")
    told = json.loads(again.stdout)
    assert told == {"target": name, "tables": len(contracts()) + len(VIEWS), "changes": {}, "warnings": []}
    assert known_targets(with_clients.workspace) == [name]
    assert secret_of(with_clients.url) not in done.output + again.output + name


def secret_of(url: str) -> str:
    password = urlsplit(url).password
    assert password
    return password


def test_trouble_is_one_readable_line_without_the_password(with_clients: Database) -> None:
    url = with_clients.url
    parts = urlsplit(url)
    wrong = f"wrong{secret_of(url)}"
    for address, expected in (
        (url.replace(str(parts.port), str(free_port())), "cannot connect: connection to server"),
        (url.replace(secret_of(url), wrong), "password authentication failed for user"),
        (url.replace(f"/{with_clients.name}", "/nowhere"), 'database "nowhere" does not exist'),
        (url.replace("127.0.0.1", "nowhere.invalid"), "could not translate host name"),
        (url.replace("postgresql://", "mysql://"), "expected postgresql://user@host:5432/database"),
        (f"{url}?nonsense={wrong}", "expected postgresql://user@host:5432/database"),
        (url.replace(f":{parts.port}", f":{wrong}"), "cannot connect: invalid integer value"),
        ("", "nothing says where to publish"),
    ):
        done = linkgap(with_clients.workspace, "publish", LINKGAP_PUBLISH_TO=address)
        assert done.exit_code == 2, done.output
        (line,) = done.stderr.splitlines()
        assert expected in line
        if f":{wrong}/" not in address:
            assert secret_of(url) not in done.output
    assert secret_of(url) not in repr(Target.parse(url))


def test_the_password_may_stand_where_libpq_looks_for_it(with_clients: Database, tmp_path: Path) -> None:
    url, password = with_clients.url, secret_of(with_clients.url)
    open_address = url.replace(f":{password}", "")
    parts = urlsplit(url)
    password_file, service_file = tmp_path / "pgpass", tmp_path / "services"
    password_file.write_text(f"127.0.0.1:*:*:{parts.username}:{password}\n", encoding="utf-8")
    password_file.chmod(0o600)
    service_file.write_text(
        f"[bi]\nhost=127.0.0.1\nport={parts.port}\nuser={parts.username}\npassword={password}\ndbname={with_clients.name}\n",
        encoding="utf-8",
    )
    for address, environment in (
        (open_address, {"PGPASSWORD": password}),
        (open_address, {"PGPASSFILE": str(password_file)}),
        ("postgresql:///?service=bi", {"PGSERVICEFILE": str(service_file)}),
    ):
        done = linkgap(with_clients.workspace, "publish", "--to", address, **environment)
        assert done.exit_code == 0, done.output
    assert Target.parse("postgresql:///?service=bi").name == "postgresql:///?service=bi"


def test_nothing_published_is_no_reason_to_empty_the_database(with_clients: Database) -> None:
    with_clients.publish()
    before = with_clients.state()
    with_clients.workspace.published_database.unlink()
    done = linkgap(with_clients.workspace, "publish", LINKGAP_PUBLISH_TO=with_clients.url)
    assert done.exit_code == 2
    assert "run `linkgap refresh` first" in done.stderr
    assert with_clients.state() == before


def test_an_old_server_and_one_that_cannot_keep_all_text_are_refused(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    with closing(psycopg2.connect(database.server)) as connection:
        connection.autocommit = True
        connection.cursor().execute(
            f"create database ascii_{database.name} owner publisher_{database.name} "
            "encoding 'LATIN1' locale 'C' template template0"
        )
    latin = Target.parse(database.url.replace(f"/{database.name}", f"/ascii_{database.name}"))
    with pytest.raises(TargetError, match="keeps text as LATIN1"):
        publish_to_postgresql(database.workspace, latin)
    monkeypatch.setattr(postgresql, "OLDEST_SERVER", 990000)
    with pytest.raises(TargetError, match="linkgap needs 99 or later"):
        database.publish()


def test_missing_rights_are_told_with_what_to_run(tmp_path: Path) -> None:
    with running_server() as server:
        database = Database(server, tmp_path)
        fill(database.workspace.published_database)
        with pytest.raises(TargetError) as told:
            database.publish()
        _, _, statements = str(told.value).partition("have an administrator run: ")
        assert statements == "create role linkgap_agency nologin; create role linkgap_client nologin;"
        rows_of(server, statements, fetch=False)
        guest = Target.parse(database.login("guest"))
        with pytest.raises(TargetError, match=r"permission denied for database .*docs/postgresql\.md"):
            publish_to_postgresql(database.workspace, guest)
        database.publish()
        with pytest.raises(TargetError, match=r"permission denied .*docs/postgresql\.md"):
            publish_to_postgresql(database.workspace, guest)
        assert database.state() == database.state_here()


def test_who_may_create_roles_needs_no_administrator(tmp_path: Path) -> None:
    with running_server() as server:
        database = Database(server, tmp_path)
        fill(database.workspace.published_database)
        rows_of(server, f"alter role publisher_{database.name} createrole", fetch=False)
        database.publish()
        reader = database.client("acme", "acme_bi")
        assert database.state(reader) == database.state_here("acme")


@pytest.fixture(scope="module")
def refreshed(server: str, make_sandbox: Callable[[str], Sandbox]) -> Database:
    """Two clients refreshed by the command, with a database to publish to."""
    sandbox = make_sandbox("refreshed")
    made = Database(server, sandbox.workspace.home)
    write_tiny(made.workspace.home, 2)
    done = in_its_own_process(made, "refresh", "tiny-001", LINKGAP_PUBLISH_TO=made.url)
    assert done.returncode == 0, done.stderr
    return made


def in_its_own_process(database: Database, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(Path(sys.executable).parent / "linkgap"), *arguments],
        env={**os.environ, "LINKGAP_HOME": str(database.workspace.home), **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_refresh_a_failure_of_the_server_and_a_forgotten_client(refreshed: Database) -> None:
    """Refreshed tables are there at once; a server that is away fails nothing; the next call makes up for it."""
    assert refreshed.state() == refreshed.state_here()
    assert rows(refreshed.url, "select client_id from marts.refreshes") == [("tiny-001",)]

    away = refreshed.url.replace(f":{urlsplit(refreshed.url).port}/", f":{free_port()}/")
    done = in_its_own_process(refreshed, "refresh", "--json", LINKGAP_PUBLISH_TO=away)
    assert done.returncode == 1
    told = json.loads(done.stdout)
    assert told["published"] == [f"tiny-002/{REFRESHED_ON}"]
    (problem,) = told["problems"]
    assert "cannot connect" in problem
    assert secret_of(refreshed.url) not in done.stdout + done.stderr
    assert "\ntiny-002" not in str(refreshed.state())

    done = in_its_own_process(refreshed, "refresh", LINKGAP_PUBLISH_TO=refreshed.url)
    assert done.returncode == 0, done.stderr
    assert refreshed.state() == refreshed.state_here()
    assert rows(refreshed.url, "select client_id from marts.refreshes order by 1") == [("tiny-001",), ("tiny-002",)]

    refreshed.client("tiny-001", "tiny_bi")
    done = in_its_own_process(refreshed, "forget", "tiny-001", "--yes", LINKGAP_PUBLISH_TO=away)
    assert done.returncode == 1
    assert "`linkgap forget tiny-001` removes the rest" in done.stderr
    done = in_its_own_process(refreshed, "forget", "tiny-001", "--yes", LINKGAP_PUBLISH_TO=refreshed.url)
    assert done.returncode == 0, done.stderr
    assert f"removed {Target.parse(refreshed.url).name}: " in done.stdout
    assert refreshed.state() == refreshed.state_here()
    assert "tiny-001" not in str(refreshed.state()) + str(rows(refreshed.url, "select * from linkgap.client_roles"))

    done = in_its_own_process(refreshed, "forget", "tiny-002", "--yes", LINKGAP_PUBLISH_TO="")
    assert done.returncode == 0, done.stderr
    assert f"kept {Target.parse(refreshed.url).name}: " in done.stdout
    logs = b"".join(path.read_bytes() for path in refreshed.workspace.dagster_home.rglob("*") if path.is_file())
    assert secret_of(refreshed.url).encode() not in logs
