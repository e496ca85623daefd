"""A forgotten client is in no byte of the workspace, and everything of the other clients is as before."""

from __future__ import annotations

import gzip
import json
import re
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb
import pytest
from typer.testing import CliRunner, Result

from pipelines import dagster_records, forgetting
from pipelines.cli import app
from pipelines.forgetting import Forgotten, forget_client
from pipelines.remote_inbox import mirror_inbox
from tests.conftest import Sandbox, csv_text, new_sandbox
from tests.exports_made import ahrefs_backlinks, semrush_backlinks
from warehouse import connections
from warehouse.archive import archived_file, file_sha256
from warehouse.connections import WarehouseBusyError, connect, writing
from warehouse.layout import Workspace
from warehouse.rewriting import rewrite_sqlite, sqlite_files

DAYS = ["2026-01-10", "2026-03-30", "2026-06-15"]

GONE = "zephyr-xylo"
"""The client to forget; no part of any other word of this world."""

TRACES = [b"zephyr-xylo", b"zephyrxylosite", b"only-zx-knows", b"zxlinker", b"zxsuperseded", b"Zxylophones"]
"""Its id, its site, the domain only people named, the one that only it has, one of a replaced file, its name."""


def links_to(site: str, *domains: str) -> str:
    return ahrefs_backlinks(
        *(
            {
                "Referring page URL": f"https://{domain}/post",
                "Referring page title": f"Kites and wind, an article of {domain}",
                "Target URL": f"https://{site}/",
                "Language": "",
            }
            for domain in domains
        )
    )


@pytest.fixture(scope="module")
def world(make_sandbox: Callable[[str], Sandbox]) -> Sandbox:
    """Four clients: a run for all, one for a client that stays, one for the client to forget and another."""
    sandbox = make_sandbox("forget")
    sandbox.client(
        GONE,
        "name: Zxylophones\nsites: [zephyrxylosite.com]\ncompetitors: [rival.com, foe.org]\n"
        "markets: {languages: [en]}\n",
    )
    sandbox.client("bolt", "sites: [bolt.com]\ncompetitors: [rival.com]\n")
    sandbox.client("acme", "sites: [acme.com]\ncompetitors: [rival.com]\n")
    sandbox.client("acme-two", "sites: [acme-two.com]\ncompetitors: [rival.com]\n")
    sandbox.deliver(f"_shared/{DAYS[0]}/rival.com/shared.csv", links_to("rival.com", "shared.com"))
    sandbox.deliver(
        f"_shared/{DAYS[0]}/foe.org/foe.csv",
        semrush_backlinks({"Source url": "https://zxlinker.net/", "Target url": "https://foe.org/"}),
    )
    for client_id in (GONE, "bolt"):
        # the same bytes delivered to two clients
        sandbox.deliver(f"{client_id}/{DAYS[0]}/rival.com/same.csv", links_to("rival.com", "both.com", "one.com"))
    for client_id in ("acme", "acme-two"):
        sandbox.deliver(f"{client_id}/{DAYS[0]}/rival.com/of.csv", links_to("rival.com", f"linker-of-{client_id}.com"))
    sandbox.deliver(f"{GONE}/{DAYS[0]}/rival.com-more.csv", links_to("rival.com", "zxlinker.net", "zxsuperseded.com"))
    sandbox.deliver(f"{GONE}/{DAYS[0]}/zephyrxylosite.com-own.csv", links_to("zephyrxylosite.com", "one.com"))
    sandbox.deliver(f"{GONE}/{DAYS[0]}/no-export-of-zephyr-xylo.csv", "a,b\n1,2\n")
    sandbox.deliver(
        f"{GONE}/overrides.csv",
        csv_text(
            ["domain", "page", "decision", "segment", "tactic", "relevance", "who", "when", "why"],
            [["only-zx-knows.org", "", "reject", "", "", "", "Ana", DAYS[0], "we know them"]],
        ),
    )
    assert [line.split(":")[0] for line in sandbox.refresh().problems] == [
        f"inbox/{GONE}/{DAYS[0]}/no-export-of-zephyr-xylo.csv"
    ]
    sandbox.deliver(f"acme-two/{DAYS[2]}/rival.com-more.csv", links_to("rival.com", "late.com"))
    assert sandbox.refresh("acme-two").published == [f"acme-two/{DAYS[2]}"]
    (sandbox.workspace.inbox / GONE / DAYS[0] / "no-export-of-zephyr-xylo.csv").unlink()
    # a file delivered anew: the bytes before are in the archive, and no manifest names them
    sandbox.deliver(f"{GONE}/{DAYS[0]}/rival.com-more.csv", links_to("rival.com", "zxlinker.net"))
    sandbox.deliver(f"bolt/{DAYS[1]}/rival.com-more.csv", links_to("rival.com", "both.com", "new.com"))
    assert sandbox.refresh(GONE, "bolt").problems == []
    with sqlite3.connect(sandbox.workspace.dagster_home / "schedules" / "schedules.db") as schedules:
        # as a schedule or sensor of somebody's own leaves them
        for client_id in (GONE, "acme-two"):
            body = f'{{"skip_reason": "{client_id}/{DAYS[0]} is not due"}}'
            schedules.execute("insert into job_ticks (tick_body) values (?)", [body])
    schedules.close()
    return sandbox


@pytest.fixture
def copied(world: Sandbox, tmp_path: Path) -> Sandbox:
    return copy_of(world, tmp_path / "copy")


def copy_of(sandbox: Sandbox, home: Path) -> Sandbox:
    shutil.copytree(sandbox.workspace.home, home)
    return new_sandbox(home)


@pytest.fixture(scope="module")
def forgotten(world: Sandbox, make_sandbox: Callable[[str], Sandbox]) -> tuple[Sandbox, Forgotten]:
    sandbox = copy_of(world, make_sandbox("forgotten").workspace.home / "copy")
    outcome = Forgotten(GONE)
    forget_client(sandbox.workspace, outcome)
    return sandbox, outcome


def linkgap(sandbox: Sandbox, *arguments: str, **options: Any) -> Result:
    environment = {"LINKGAP_HOME": str(sandbox.workspace.home), "LINKGAP_INBOX": sandbox.workspace.inbox_source or ""}
    return CliRunner().invoke(app, list(arguments), env=environment, **options)


def contents(path: Path) -> list[bytes]:
    """The bytes of a file, and what a compressed or columnar one says when it is read."""
    found = [path.read_bytes()]
    if path.suffix == ".gz":
        found.append(gzip.decompress(found[0]))
    if path.suffix == ".parquet":
        found.append(repr(duckdb.sql(f"from read_parquet('{path}')").fetchall()).encode())
    if path.suffix == ".duckdb":
        with duckdb.connect(str(path), read_only=True) as connection:
            for schema, table in connection.execute("select schema_name, table_name from duckdb_tables()").fetchall():
                found.append(repr(connection.execute(f'from "{schema}"."{table}"').fetchall()).encode())
            found.append(repr(connection.execute("select view_name, sql from duckdb_views()").fetchall()).encode())
    return found


def places_of(sandbox: Sandbox, *words: bytes) -> list[str]:
    """Every file below the workspace whose name or content holds one of the words."""
    found = []
    for path in sorted(sandbox.workspace.home.rglob("*")):
        name = path.relative_to(sandbox.workspace.home).as_posix()
        texts = [name.encode(), *(contents(path) if path.is_file() else [])]
        if name != f"inbox/_shared/{DAYS[0]}/foe.org/foe.csv" and any(word in text for word in words for text in texts):
            found.append(name)
    return found


def others(sandbox: Sandbox, *gone: str) -> dict[str, list[tuple[Any, ...]]]:
    return {table: [row for row in rows if row[0] not in gone] for table, rows in sandbox.published_state().items()}


def runs_of(sandbox: Sandbox) -> list[str]:
    with dg.DagsterInstance.from_config(str(sandbox.workspace.dagster_home)) as instance:
        return [json.dumps(run.run_config) for run in instance.get_runs()]


def materialised(sandbox: Sandbox) -> set[str]:
    with dg.DagsterInstance.from_config(str(sandbox.workspace.dagster_home)) as instance:
        return instance.get_materialized_partitions(dg.AssetKey(["published", "client_refreshes"]))


def test_the_traces_that_are_looked_for_are_there_before(world: Sandbox) -> None:
    """Else finding nothing afterwards would prove nothing."""
    found = b"".join(
        text
        for path in world.workspace.home.rglob("*")
        for text in (path.name.encode(), *(contents(path) if path.is_file() else []))
    )
    assert [word for word in TRACES if word not in found] == []
    assert len(places_of(world, GONE.encode())) > 15
    assert len(runs_of(world)) == 3
    assert materialised(world) == {GONE, "bolt", "acme", "acme-two"}


def test_no_byte_of_the_workspace_tells_of_the_client(forgotten: tuple[Sandbox, Forgotten]) -> None:
    assert places_of(forgotten[0], *TRACES) == []


def test_what_others_have_published_is_unchanged(world: Sandbox, forgotten: tuple[Sandbox, Forgotten]) -> None:
    sandbox, _ = forgotten
    assert sandbox.published_state() == others(world, GONE)
    for client_id in ("bolt", "acme", "acme-two"):
        database = sandbox.workspace.client_database(client_id)
        assert database.read_bytes() == world.workspace.client_database(client_id).read_bytes()
    comments = "select table_name, column_name, comment from duckdb_columns() where schema_name = 'marts' order by all"
    assert sandbox.query(comments) == world.query(comments)


def test_bytes_that_another_client_was_given_stay_and_the_others_go(
    world: Sandbox, forgotten: tuple[Sandbox, Forgotten]
) -> None:
    sandbox, outcome = forgotten
    shared = world.workspace.inbox / "_shared" / DAYS[0]
    for path, stays in (
        (world.workspace.inbox / "bolt" / DAYS[0] / "rival.com" / "same.csv", True),
        (shared / "rival.com" / "shared.csv", True),
        (shared / "foe.org" / "foe.csv", False),
        (world.workspace.inbox / GONE / DAYS[0] / "zephyrxylosite.com-own.csv", False),
    ):
        file_id = file_sha256(path)
        assert archived_file(world.workspace, file_id).exists()
        assert archived_file(sandbox.workspace, file_id).exists() is stays
        assert bool(list(sandbox.workspace.landed.rglob(f"*{file_id}*"))) is stays
    assert outcome.kept == [
        f"inbox/_shared/{DAYS[0]}/foe.org/foe.csv: a shared export that serves no other client; delete it there"
    ]


def test_pages_of_all_clients_are_written_without_it(forgotten: tuple[Sandbox, Forgotten]) -> None:
    reports = forgotten[0].workspace.reports
    assert sorted(page.name for page in reports.iterdir()) == [
        "acme-two.html",
        "acme.html",
        "bolt.html",
        "checks.html",
        "handover",
        "index.html",
        "tables.html",
    ]
    assert sorted(folder.name for folder in (reports / "handover").iterdir()) == ["acme", "acme-two", "bolt"]
    for page in ("index.html", "checks.html"):
        assert "bolt" in (reports / page).read_text(encoding="utf-8")


def test_runs_that_computed_it_are_gone_and_other_clients_stay_materialised(
    forgotten: tuple[Sandbox, Forgotten],
) -> None:
    sandbox, _ = forgotten
    (remaining,) = runs_of(sandbox)
    assert f"acme-two/{DAYS[2]}" in remaining
    assert materialised(sandbox) == {"bolt", "acme", "acme-two"}
    with dg.DagsterInstance.from_config(str(sandbox.workspace.dagster_home)) as instance:
        assert sorted(instance.get_dynamic_partitions("clients")) == ["acme", "acme-two", "bolt"]
        (event,) = [
            record.asset_entry.last_materialization
            for record in instance.get_asset_records([dg.AssetKey(["ledger", "export_files"])])
        ]
        assert event.asset_materialization.metadata["refreshes"].value == [f"acme-two/{DAYS[2]}"]
        (run_id,) = [run.run_id for run in instance.get_runs()]
    logs = sandbox.workspace.dagster_home / "storage"
    assert [folder.name for folder in logs.iterdir()] == [run_id]
    rows = {
        "history/runs/index.db": ["select distinct run_id from asset_check_executions"],
        "history/runs.db": ["select distinct run_id from run_tags"],
    }
    for database, queries in rows.items():
        with closing(sqlite3.connect(sandbox.workspace.dagster_home / database)) as connection:
            for query in queries:
                assert connection.execute(query).fetchall() == [(run_id,)], query
    with closing(sqlite3.connect(sandbox.workspace.dagster_home / "schedules" / "schedules.db")) as connection:
        assert [("acme-two" in body) for (body,) in connection.execute("select tick_body from job_ticks")] == [True]


def test_every_thing_removed_is_listed_with_its_count(forgotten: tuple[Sandbox, Forgotten]) -> None:
    lines = [removal.line for removal in forgotten[1].removed]
    assert lines[:2] == [f"removed clients/{GONE}.yaml: 1 file", f"removed inbox/{GONE}: 4 files"]
    assert f"removed warehouse/archive/refreshes/{GONE}: 1 manifest" in lines
    assert "removed warehouse/dagster: 2 runs" in lines
    assert "removed warehouse/dagster: 1 partition" in lines
    for place in ("published/linkgap.duckdb", "working/linkgap_working.duckdb"):
        assert any(re.fullmatch(rf"removed warehouse/{place}: [1-9][\d,]* rows", line) for line in lines), place


def test_refreshing_and_rebuilding_bring_nothing_back(world: Sandbox, forgotten: tuple[Sandbox, Forgotten]) -> None:
    sandbox, _ = forgotten
    stray = [line for line in sandbox.refresh().problems if "foe.csv" not in line]
    assert stray == []
    assert sandbox.refresh().published == []
    rebuilt = sandbox.rebuild()
    assert rebuilt.problems == []
    assert {name.split("/")[0] for name in rebuilt.published} == {"bolt", "acme", "acme-two"}
    assert sandbox.published_state() == others(world, GONE)
    assert places_of(sandbox, *TRACES) == []


@pytest.mark.parametrize(
    ("module", "step"),
    [
        (forgetting, "withdraw_client"),
        (forgetting, "remove_unused_files"),
        (forgetting, "forget_histories"),
        (dagster_records, "_clean_records"),
        (dagster_records, "rewrite_sqlite"),
    ],
)
def test_after_a_crash_forgetting_again_finishes(
    copied: Sandbox, world: Sandbox, monkeypatch: pytest.MonkeyPatch, module: Any, step: str
) -> None:
    def crash(*_: object, **__: object) -> None:
        raise OSError("the power went off")

    with monkeypatch.context() as patch:
        patch.setattr(module, step, crash)
        result = linkgap(copied, "forget", GONE)
    assert result.exit_code == 1
    assert f"the power went off; when that is mended, `linkgap forget {GONE}` removes the rest" in result.stderr
    assert linkgap(copied, "forget", GONE).exit_code == 0
    assert places_of(copied, *TRACES) == []
    assert copied.published_state() == others(world, GONE)
    assert linkgap(copied, "forget", GONE).exit_code == 2


def test_a_client_whose_name_begins_like_its_own_is_left_alone(copied: Sandbox, world: Sandbox) -> None:
    workspace = copied.workspace
    kept = {
        path.relative_to(workspace.home): path.read_bytes()
        for path in workspace.home.rglob("*acme-two*/**/*")
        if path.is_file()
    }
    assert linkgap(copied, "forget", "acme").exit_code == 0
    assert {name: (workspace.home / name).read_bytes() for name in kept} == kept
    assert copied.published_state() == others(world, "acme")
    assert f"acme-two/{DAYS[2]}" in "".join(runs_of(copied))
    assert materialised(copied) == {GONE, "bolt", "acme-two"}
    assert places_of(copied, b"linker-of-acme.com") == []
    with connect(workspace.working_database, workspace, read_only=True) as connection:
        built = connection.execute("select distinct client_id from history.built order by 1").fetchall()
    assert built == [("acme-two",), ("bolt",), (GONE,)]
    word = re.compile(rb"(?<![A-Za-z0-9-])acme(?![A-Za-z0-9-])")
    for path in workspace.home.rglob("*"):
        if path.is_file() and path.suffix in (".json", ".html", ".yaml", ".db"):
            assert not word.search(path.read_bytes()), path
    # and what was reported again for another client in its place goes with that client
    assert linkgap(copied, "forget", GONE).exit_code == 0
    assert linkgap(copied, "forget", "bolt").exit_code == 0
    assert places_of(copied, b"bolt", *TRACES) == []
    assert copied.published_state() == others(world, "acme", GONE, "bolt")
    # the last one leaves an empty warehouse
    assert linkgap(copied, "forget", "acme-two").exit_code == 0
    assert set(map(len, copied.published_state().values())) == {0}
    assert places_of(copied, b"acme", b"bolt", *TRACES) == []
    assert (workspace.reports / "index.html").exists()


def test_a_reader_keeps_the_old_state(copied: Sandbox) -> None:
    with duckdb.connect(str(copied.workspace.published_database), read_only=True) as reader:
        before = reader.execute("from marts.clients order by client_id").fetchall()
        assert linkgap(copied, "forget", GONE).exit_code == 0
        assert reader.execute("from marts.clients order by client_id").fetchall() == before
    assert (GONE,) not in copied.query("select client_id from marts.clients")


def test_a_sqlite_file_written_anew_holds_no_deleted_rows(tmp_path: Path) -> None:
    path = tmp_path / "some.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("pragma secure_delete = off")
        connection.execute("pragma journal_mode = wal")
        connection.execute("create table texts (text varchar)")
        connection.executemany("insert into texts values (?)", [[word] for word in ("zxlinker.net " * 400, "stays")])
        connection.execute("delete from texts where text like 'zx%'")
        log = path.with_name("some.db-wal")
        assert b"zxlinker" in path.read_bytes() + log.read_bytes()
        rewrite_sqlite(path)
        assert b"zxlinker" not in path.read_bytes() + log.read_bytes()
        assert connection.execute("select text from texts").fetchall() == [("stays",)]
    assert sqlite_files(tmp_path) == [path]


@pytest.mark.parametrize("text", [None, "sites: [a.com]\ncompetitors: []\n", "competitors: [\n"])
def test_a_client_that_was_never_refreshed_is_forgotten_too(sandbox: Sandbox, text: str | None) -> None:
    """With no client file, with one that says too little, and with one that is no YAML."""
    if text is not None:
        sandbox.client(GONE, text)
    sandbox.client("bolt", "sites: [bolt.com]\ncompetitors: [rival.com]\n")
    sandbox.deliver(f"{GONE}/{DAYS[0]}/rival.com.csv", links_to("rival.com", "zxlinker.net"))
    result = linkgap(sandbox, "forget", GONE, "--json")
    assert result.exit_code == 0
    told = json.loads(result.stdout)
    assert told["client_id"] == GONE
    assert {"path": f"inbox/{GONE}", "what": "file", "count": 1} in told["removed"]
    assert places_of(sandbox, *TRACES) == []
    assert (sandbox.workspace.clients / "bolt.yaml").exists()


def test_a_client_whose_file_is_gone_is_forgotten(copied: Sandbox, world: Sandbox) -> None:
    (copied.workspace.clients / f"{GONE}.yaml").unlink()
    shutil.rmtree(copied.workspace.inbox / GONE)
    assert linkgap(copied, "forget", GONE).exit_code == 0
    assert places_of(copied, *TRACES) == []
    assert copied.published_state() == others(world, GONE)


@pytest.mark.parametrize("name", ["nobody", "_shared", "..", "../clients", ".", "clients/bolt", "linkgap"])
def test_an_unknown_client_is_named_and_nothing_happens(world: Sandbox, name: str) -> None:
    before = sorted(path for path in world.workspace.home.rglob("*"))
    result = linkgap(world, "forget", name)
    assert result.exit_code == 2
    assert result.stderr.startswith(f"linkgap: {name}: no client file, delivery, archive or published row")
    assert len(result.stderr.splitlines()) == 1
    assert sorted(path for path in world.workspace.home.rglob("*")) == before


def test_a_damaged_manifest_of_another_client_stops_before_anything_is_removed(copied: Sandbox) -> None:
    """Else files that the other client needs would be taken for unused."""
    manifest = copied.workspace.archived_refreshes / "bolt" / f"{DAYS[0]}.json"
    manifest.write_text("{", encoding="utf-8")
    result = linkgap(copied, "forget", GONE)
    assert result.exit_code == 2
    assert f"{manifest}: cannot be read" in result.stderr
    assert (copied.workspace.clients / f"{GONE}.yaml").exists()


def test_it_waits_for_the_writer(copied: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forgetting, "writing", partial(connections.writing, timeout_seconds=0.1))
    with writing(copied.workspace), pytest.raises(WarehouseBusyError):
        forget_client(copied.workspace, Forgotten(GONE))
    assert (copied.workspace.clients / f"{GONE}.yaml").exists()


def test_the_mirror_of_a_remote_inbox_is_forgotten_and_the_remote_files_are_named(tmp_path: Path) -> None:
    remote = tmp_path / "exports"
    for client_id in (GONE, "bolt"):
        (remote / client_id / DAYS[0]).mkdir(parents=True)
        (remote / client_id / DAYS[0] / "rival.com.csv").write_text(links_to("rival.com", "one.com"), encoding="utf-8")
    home = tmp_path / "home"
    (home / "clients").mkdir(parents=True)
    sandbox = Sandbox(Workspace(home, f"file://{remote}"))
    sandbox.client(GONE, "sites: [zephyrxylosite.com]\ncompetitors: [rival.com]\n")
    assert mirror_inbox(sandbox.workspace) == []
    result = linkgap(sandbox, "forget", GONE)
    assert result.exit_code == 0
    assert f"kept file://{remote}/{GONE}/: a remote inbox is only ever read; delete the files there" in result.stdout
    assert (remote / GONE / DAYS[0] / "rival.com.csv").exists()
    assert places_of(sandbox, *TRACES) == []
    assert (sandbox.workspace.inbox / "bolt" / DAYS[0] / "rival.com.csv").exists()


def test_a_site_that_another_panel_names_is_told(sandbox: Sandbox) -> None:
    sandbox.client(GONE, "sites: [zephyrxylosite.com]\ncompetitors: [rival.com]\n")
    sandbox.client("bolt", "sites: [bolt.com]\ncompetitors: [zephyrxylosite.com]\n")
    result = linkgap(sandbox, "forget", GONE)
    assert "kept clients/bolt.yaml: zephyrxylosite.com stands in this client's panel, too" in result.stdout


def test_a_terminal_is_asked_first(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    path = sandbox.client(GONE, "sites: [zephyrxylosite.com]\ncompetitors: [rival.com]\n")
    monkeypatch.setattr("pipelines.cli._is_terminal", lambda: True)
    result = linkgap(sandbox, "forget", GONE, input="n\n")
    assert (result.exit_code, path.exists()) == (2, True)
    assert "nothing was removed" in result.stderr
    assert linkgap(sandbox, "forget", GONE, "--yes").exit_code == 0
    assert not path.exists()
