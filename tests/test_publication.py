"""Readers see the old whole state or the new one, also after a crash; one client's trouble stays its own.

Most is asked of working files made row by row, for publication does not care where rows come from.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest
from typer.testing import CliRunner

from pipelines.assets import exports
from pipelines.cli import app
from tests.conftest import Sandbox, new_sandbox, state_of
from tests.exports_made import ahrefs_backlinks
from tests.published_made import FIRST_DAY, Tables, published_file, small_panel
from tests.world import Deliveries, World
from warehouse import client_files, replacing
from warehouse.client_files import finish_client_files
from warehouse.connections import connect
from warehouse.dictionary import allow_missing_values, follow_dictionary
from warehouse.history import built_deliveries, forget_built, remember_built
from warehouse.kept_states import UnknownStateError, kept_states
from warehouse.layout import Workspace
from warehouse.publication import publish, roll_back
from warehouse.slices import Slice

DAY = "2026-01-10"
CLIENTS = ("acme", "bolt")
DAYS = [FIRST_DAY + timedelta(days=75 * number) for number in range(4)]


def links_to(site: str, *domains: str) -> str:
    return ahrefs_backlinks(
        *({"Referring page URL": f"https://{domain}/", "Target URL": f"https://{site}/"} for domain in domains)
    )


def computed(workspace: Workspace, *clients: str, refreshes: int) -> list[Slice]:
    """Put refreshes of clients into the working database, and name their slices."""
    tables: Tables = {}
    for client_id in clients:
        for table, rows in small_panel(refreshes=refreshes, client_id=client_id).items():
            tables.setdefault(table, []).extend(rows)
    workspace.working_database.parent.mkdir(parents=True, exist_ok=True)
    published_file(workspace.working_database, tables)
    return [(row["client_id"], row["refreshed_on"]) for row in tables["refreshes"]]


@pytest.fixture
def two_clients(sandbox: Sandbox) -> Sandbox:
    """Both are published with one refresh; a second one of each is computed."""
    publish(sandbox.workspace, computed(sandbox.workspace, *CLIENTS, refreshes=1), CLIENTS, [])
    computed(sandbox.workspace, *CLIENTS, refreshes=2)
    return sandbox


def deliver_stories(world: Deliveries) -> None:
    for client_id in ("sharing-one", "sharing-two"):
        world.client(client_id, f"sites: [{client_id}.com]\ncompetitors: [shared-rival.com]\n")
        own = links_to("shared-rival.com", f"linker-of-{client_id}.com")
        world.deliver(f"{client_id}/{DAY}/shared-rival.com-backlinks.csv", own, step=0)
    shared = links_to("shared-rival.com", "shared.com")
    world.deliver(f"_shared/{DAY}/shared-rival.com/shared.csv", shared, step=0)


def test_a_shared_export_serves_every_client_whose_panel_has_its_site(world: World) -> None:
    assert world.sandbox.query(
        "select client_id, referring_domain from marts.gaps where referring_domain = 'shared.com' order by 1"
    ) == [("sharing-one", "shared.com"), ("sharing-two", "shared.com")]


def test_the_file_of_a_client_holds_nothing_of_another(two_clients: Sandbox) -> None:
    for rows in state_of(two_clients.workspace.client_database("bolt")).values():
        assert all(row[0] == "bolt" for row in rows)


def test_an_open_reader_keeps_the_old_state_and_a_new_one_sees_the_new(two_clients: Sandbox) -> None:
    count = "select count(*) from marts.refreshes"
    with duckdb.connect(str(two_clients.workspace.published_database), read_only=True) as reader:
        assert reader.execute(count).fetchall() == [(2,)]
        publish(two_clients.workspace, [("acme", DAYS[1])], CLIENTS, [])
        assert reader.execute(count).fetchall() == [(2,)]
    assert two_clients.query(count) == [(3,)]


@pytest.mark.parametrize("moment", ["before the new file takes its place", "before the client files are written"])
def test_a_crash_leaves_the_old_state_and_running_again_gives_the_same_result(
    two_clients: Sandbox, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    workspace = two_clients.workspace
    database = workspace.published_database
    before = two_clients.published_state()
    replace = os.replace

    def crash(source: Path, target: Path) -> None:
        is_common = Path(target) == database
        is_client = Path(target).parent == database.parent / "clients" and Path(target).suffix == ".duckdb"
        if (is_common and "place" in moment) or (is_client and "client" in moment):
            raise OSError("the power went off")
        replace(source, target)

    with monkeypatch.context() as patch:
        patch.setattr(replacing.os, "replace", crash)
        with pytest.raises(OSError, match="the power went off"):
            publish(workspace, [("acme", DAYS[1])], CLIENTS, [])
    if "place" in moment:
        assert two_clients.published_state() == before
        publish(workspace, [("acme", DAYS[1])], CLIENTS, [])
    else:
        finish_client_files(workspace)
    assert two_clients.query("select client_id from marts.refreshes where refreshed_on = $day", day=DAYS[1]) == [
        ("acme",)
    ]
    acme = {table: [row for row in rows if row[0] == "acme"] for table, rows in two_clients.published_state().items()}
    assert state_of(workspace.client_database("acme")) == acme


def test_a_client_file_that_grows_or_shrinks_holds_the_same_rows(
    two_clients: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Small files are written anew, of large ones only the slices that changed."""
    file = two_clients.workspace.client_database("acme")
    found = []
    for small_rows in (client_files.SMALL_ROWS, 0, 0, client_files.SMALL_ROWS):
        with monkeypatch.context() as patch:
            patch.setattr(client_files, "SMALL_ROWS", small_rows)
            publish(two_clients.workspace, [("acme", DAYS[1])], CLIENTS, [])
        with duckdb.connect(str(file), read_only=True) as connection:
            (size,) = connection.execute("select block_size from pragma_database_size()").fetchone() or (0,)
        found.append((size == client_files.SMALL_BLOCK, state_of(file)))
    assert [is_small for is_small, _ in found] == [True, False, False, True]
    acme = {table: [row for row in rows if row[0] == "acme"] for table, rows in two_clients.published_state().items()}
    assert all(state == acme for _, state in found)


def test_no_room_in_a_small_client_file_shows_what_lay_in_memory(two_clients: Sandbox) -> None:
    """DuckDB leaves it behind texts that it compresses with a dictionary: perhaps texts of another client."""
    database = two_clients.workspace.client_database("acme")
    with duckdb.connect(str(database), read_only=True) as connection:
        tables = connection.execute("select table_name from duckdb_tables() where schema_name = 'marts'").fetchall()
        methods = {
            method
            for (table,) in tables
            for (method,) in connection.execute(
                f"select compression from pragma_storage_info('marts.{table}') where segment_type = 'VARCHAR'"
            ).fetchall()
        }
    assert methods == {"Uncompressed"}


KILLED = """
import os, signal, sys
from pathlib import Path
from pipelines.cli import main
from warehouse import client_files, replacing
from warehouse.client_files import finish_client_files
replace = os.replace
def kill(source, target):
    if Path(target).name == "linkgap.duckdb":
        os.kill(os.getpid(), signal.SIGKILL)
    replace(source, target)
replacing.os.replace = kill
sys.argv = ["linkgap", "refresh"]
main()
"""


@pytest.fixture
def to_refresh(tmp_path: Path) -> Iterator[tuple[Sandbox, Sandbox]]:
    """Two workspaces with the same deliveries for two clients."""
    sandboxes = new_sandbox(tmp_path / "one"), new_sandbox(tmp_path / "other")
    for sandbox in sandboxes:
        for client_id in CLIENTS:
            sandbox.client(client_id, f"sites: [{client_id}.com]\ncompetitors: [rival.com]\n")
            sandbox.deliver(f"{client_id}/{DAY}/rival.com-backlinks.csv", links_to("rival.com", "one.com", "two.com"))
    yield sandboxes


def test_a_killed_refresh_and_a_broken_expectation_cost_no_other_client_anything(
    to_refresh: tuple[Sandbox, Sandbox], monkeypatch: pytest.MonkeyPatch
) -> None:
    """From the kill on end to end: a dead process leaves nothing in the way of the next call.

    And what really fails in dbt, for one client, withholds that client in the same run, with its name, the broken
    expectation and a row.
    """
    killed, whole = to_refresh
    environment = os.environ | {"LINKGAP_HOME": str(killed.workspace.home)}
    call = subprocess.run([sys.executable, "-c", KILLED], env=environment, capture_output=True, check=False)
    assert call.returncode == -signal.SIGKILL
    assert not killed.workspace.published_database.exists()

    outcome = killed.refresh()
    assert (outcome.problems, outcome.published) == ([], [f"acme/{DAY}", f"bolt/{DAY}"])

    prepare = exports.prepare_inputs

    def lose_a_hash(workspace: Workspace, plan: Any) -> Any:
        prepared = prepare(workspace, plan)
        with connect(workspace.working_database, workspace) as connection:
            connection.execute("update ledger.refreshes set settings_hash = null where client_id = 'bolt'")
        return prepared

    with monkeypatch.context() as patch:
        patch.setattr(exports, "prepare_inputs", lose_a_hash)
        outcome = whole.refresh()
    assert outcome.published == [f"acme/{DAY}"]
    (problem,) = outcome.problems
    assert problem.startswith("clients/bolt.yaml: not published, readers keep the state before: ")
    assert f"refreshes: settings_hash is not null (1 row, for example {DAY})" in problem
    assert whole.query("select client_id from marts.refreshes") == [("acme",)]
    assert state_of(whole.workspace.client_database("acme")) == state_of(killed.workspace.client_database("acme"))


def test_nothing_of_a_failed_publication_is_left_beside_the_file(
    two_clients: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    def crash(*_: object) -> None:
        raise OSError("the power went off")

    with monkeypatch.context() as patch:
        patch.setattr(replacing.os, "replace", crash)
        with pytest.raises(OSError, match="the power went off"):
            publish(two_clients.workspace, [("acme", DAYS[1])], CLIENTS, [])
    publish(two_clients.workspace, [], CLIENTS, [])
    published = two_clients.workspace.published
    assert sorted(path.name for path in published.iterdir()) == ["clients", "earlier", "linkgap.duckdb"]
    assert all(path.suffix == ".duckdb" for path in (published / "earlier").iterdir())


def test_histories_of_another_layout_count_as_not_built(sandbox: Sandbox) -> None:
    """An update may change what history tables hold; the next refresh computes them again."""
    workspace = sandbox.workspace
    workspace.working_database.parent.mkdir(parents=True)
    forget_built(workspace, [])
    with connect(workspace.working_database, workspace) as connection:
        connection.execute(
            "create schema ledger; create table ledger.refreshes as select 'acme' as client_id, "
            "date '2026-01-10' as refreshed_on, 'hash' as deliveries_hash, true as is_in_run"
        )
    remember_built(workspace)
    assert built_deliveries(workspace) == {("acme", date(2026, 1, 10)): "hash"}
    with connect(workspace.working_database, workspace) as connection:
        connection.execute("update history.layout set digest = 'of an older version' where table_name like '%states'")
        connection.execute("update history.layout set digest = 'of an older version' where table_name like 'int_p%'")
    assert built_deliveries(workspace) == {}
    forget_built(workspace, [])
    assert built_deliveries(workspace) == {}


def states_of_clients(sandbox: Sandbox) -> dict[str, object]:
    return {path.stem: state_of(path) for path in (sandbox.workspace.published / "clients").glob("*.duckdb")}


def test_an_earlier_state_comes_back_with_the_files_of_its_clients(sandbox: Sandbox) -> None:
    """Else a bad delivery would stay published until somebody computed everything again."""
    workspace = sandbox.workspace
    publish(workspace, computed(workspace, "acme", refreshes=1), ["acme"], [])
    before, clients_before = sandbox.published_state(), states_of_clients(sandbox)
    (published_at,) = sandbox.query("select max(published_at) from marts.refreshes")[0]
    computed(workspace, *CLIENTS, refreshes=2)
    publish(workspace, [("acme", DAYS[1]), ("bolt", DAYS[0]), ("bolt", DAYS[1])], CLIENTS, [])
    after, clients_after = sandbox.published_state(), states_of_clients(sandbox)
    home = {"LINKGAP_HOME": str(workspace.home)}
    added = [f"acme/{DAYS[1]}", f"bolt/{DAYS[0]}", f"bolt/{DAYS[1]}"]

    listed = CliRunner().invoke(app, ["rollback"], env=home)
    (state,) = kept_states(workspace)
    assert state.published_at == published_at.replace(microsecond=0)
    assert listed.stdout.startswith(state.name)
    assert f"without {', '.join(added)}" in listed.stdout

    done = CliRunner().invoke(app, ["rollback", state.name], env=home)
    assert done.exit_code == 0, done.stderr
    assert sandbox.published_state() == before
    assert states_of_clients(sandbox) == clients_before
    assert not (workspace.reports / "bolt.html").exists()
    assert not workspace.hand_over("bolt").exists()
    assert "bolt" not in (workspace.reports / "index.html").read_text(encoding="utf-8")

    # what was published until then is kept as well, so that going back can be undone
    newest = kept_states(workspace)[0]
    told = json.loads(CliRunner().invoke(app, ["rollback", "--json"], env=home).stdout)
    assert told[0] == {"state": newest.name, "changes": {"removed": [], "replaced": [], "added": added}}
    assert CliRunner().invoke(app, ["rollback", newest.name], env=home).exit_code == 0
    assert sandbox.published_state() == after
    assert states_of_clients(sandbox) == clients_after
    assert (workspace.reports / "bolt.html").exists()

    difference = roll_back(workspace, state.name)
    assert difference.removed == [("acme", DAYS[1]), ("bolt", DAYS[0]), ("bolt", DAYS[1])]


def test_no_more_states_are_kept_than_asked_for(two_clients: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else they would fill the disk."""
    workspace = two_clients.workspace
    monkeypatch.setenv("LINKGAP_KEEP_STATES", "1")
    for day in DAYS[:2]:
        publish(workspace, [("acme", day)], CLIENTS, [])
    (state,) = kept_states(workspace)
    with pytest.raises(UnknownStateError, match=rf"^19990101-000000: .* is kept: {state.name}$"):
        roll_back(workspace, "19990101-000000")
    monkeypatch.setenv("LINKGAP_KEEP_STATES", "0")
    publish(workspace, [], CLIENTS, [])
    assert kept_states(workspace) == []


def test_published_files_say_what_their_columns_mean_and_promise(world: World) -> None:
    """Else an analyst would have to guess, and a BI tool could offer nothing."""
    for database in (world.sandbox.database, world.of("golden").database):
        with duckdb.connect(str(database), read_only=True) as connection:
            undescribed = connection.execute(
                "select table_name from duckdb_columns() where schema_name = 'marts' and comment is null "
                "union all select table_name from duckdb_tables() where schema_name = 'marts' "
                "and comment not like '%Primary key: client_id%'"
            ).fetchall()
            gaps = connection.execute(
                "select column_name, data_type, key_position, is_required, known_values "
                "from dictionary.published_columns where table_name = 'gaps' order by column_number"
            ).fetchall()
            required = connection.execute(
                "select column_name from duckdb_columns() "
                "where schema_name = 'marts' and table_name = 'gaps' and not is_nullable order by column_index"
            ).fetchall()
            belongs_to = connection.execute(
                "select belongs_to from dictionary.published_tables where table_name = 'gaps'"
            ).fetchone()
        assert undescribed == []
        assert gaps[:3] == [
            ("client_id", "varchar", 1, True, None),
            ("refreshed_on", "date", 2, True, None),
            ("referring_domain", "varchar", 3, True, None),
        ]
        assert [row[4] for row in gaps if row[0] == "absence"] == [["rejected_link", "proven", "unproven"]]
        assert [column for (column,) in required] == [row[0] for row in gaps if row[3]]
        assert belongs_to == (["referring_domains (client_id, refreshed_on, referring_domain)"],)
    page = (world.sandbox.workspace.reports / "tables.html").read_text(encoding="utf-8")
    assert '<div id="gaps">' in page
    assert "<code>rejected_link</code> <code>proven</code> <code>unproven</code>" in page


def test_a_column_that_need_not_have_a_value_any_more_takes_rows_without_one(tmp_path: Path) -> None:
    """Else the first refresh after an update could not be published."""
    with duckdb.connect(str(tmp_path / "published.duckdb")) as connection:
        connection.execute("create schema marts; create schema dictionary")
        connection.execute("create table marts.gaps (client_id varchar not null, state varchar not null)")
        connection.execute("insert into marts.gaps values ('acme', 'open')")
        connection.execute(
            "create table dictionary.published_tables as select 'gaps' as table_name, 'It''s' as description, "
            "['client_id'] as primary_key"
        )
        connection.execute(
            "create table dictionary.published_columns as from (values "
            "('gaps', 'client_id', 'Whose', true), ('gaps', 'state', 'What became of it', false)"
            ") as columns (table_name, column_name, description, is_required)"
        )
        allow_missing_values(connection)
        connection.execute("insert into marts.gaps values ('bolt', null)")
        connection.execute("update dictionary.published_columns set is_required = true")
        follow_dictionary(connection)
        # it is required again, but one row lacks it
        assert connection.execute(
            "select column_name, is_nullable, comment from duckdb_columns() where table_name = 'gaps'"
        ).fetchall() == [("client_id", False, "Whose"), ("state", True, "What became of it")]


READER = """
import json, os, sys, duckdb
days = " union all ".join(
    f"select list_sort(list(distinct refreshed_on)) as days from marts.{table}"
    for table in ("refreshes", "gap_progress", "gap_snapshots", "kpi_values")
)
seen = set()
print("reading", flush=True)
while not os.path.exists(sys.argv[2]):
    with duckdb.connect(sys.argv[1], read_only=True) as connection:
        seen.add(connection.execute(f"select count(distinct days), max(len(days)) from ({days})").fetchone())
print(json.dumps(sorted(seen)))
"""
"""Asks until a file is there; tells in how many states the tables were at once, and how many days they had."""


def test_readers_in_other_processes_never_see_half_a_refresh(tmp_path: Path) -> None:
    """Else a dashboard would show today's gaps beside yesterday's figures."""
    workspace = Workspace(tmp_path)
    workspace.working_database.parent.mkdir(parents=True)
    tables = small_panel(refreshes=12)
    published_file(workspace.working_database, tables)
    days = [row["refreshed_on"] for row in tables["refreshes"]]
    publish(workspace, [("acme", days[0])], ["acme"], [])
    end = tmp_path / "end"
    command = [sys.executable, "-c", READER, str(workspace.published_database), str(end)]
    readers = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    try:
        for reader in readers:
            assert reader.stdout
            assert reader.stdout.readline() == "reading\n"
        for day in days[1:]:
            publish(workspace, [("acme", day)], ["acme"], [])
    finally:
        end.touch()
        answers = [reader.communicate(timeout=60)[0] for reader in readers]
    seen = {tuple(one) for answer in answers for one in json.loads(answer)}
    assert {states for states, _ in seen} == {1}
    assert {count for _, count in seen} <= set(range(1, len(days) + 1))
    assert len(seen) > 2
