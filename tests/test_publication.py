"""Readers see the old whole state or the new one, also after a crash; one client's trouble stays its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from datetime import date
from pathlib import Path

import duckdb
import pytest
from typer.testing import CliRunner

from pipelines.cli import app
from tests.conftest import Sandbox, state_of
from tests.exports_made import ahrefs_backlinks
from tests.published_made import published_file, small_panel
from warehouse import replacing
from warehouse.connections import connect
from warehouse.dictionary import allow_missing_values, follow_dictionary
from warehouse.history import built_deliveries
from warehouse.kept_states import UnknownStateError, kept_states
from warehouse.layout import Workspace
from warehouse.publication import finish_client_files, publish, roll_back

DAY = "2026-01-10"


def links_to(site: str, *domains: str) -> str:
    return ahrefs_backlinks(
        *({"Referring page URL": f"https://{domain}/", "Target URL": f"https://{site}/"} for domain in domains)
    )


@pytest.fixture(scope="module")
def two_clients(make_sandbox: Callable[[str], Sandbox]) -> Sandbox:
    sandbox = make_sandbox("publication")
    for client_id in ("acme", "bolt"):
        sandbox.client(client_id, f"sites: [{client_id}.com]\ncompetitors: [rival.com]\n")
        sandbox.deliver(f"{client_id}/{DAY}/rival.com-backlinks.csv", links_to("rival.com", "one.com", "two.com"))
    sandbox.deliver(f"_shared/{DAY}/rival.com/shared.csv", links_to("rival.com", "shared.com"))
    assert sandbox.refresh().problems == []
    return sandbox


def test_a_shared_export_serves_every_client_whose_panel_has_its_site(two_clients: Sandbox) -> None:
    assert two_clients.query(
        "select client_id, referring_domain from marts.gaps where referring_domain = 'shared.com' order by 1"
    ) == [("acme", "shared.com"), ("bolt", "shared.com")]


def test_the_file_of_a_client_holds_nothing_of_another(two_clients: Sandbox) -> None:
    for rows in state_of(two_clients.workspace.client_database("bolt")).values():
        assert rows is not None
        assert all(row[0] == "bolt" for row in rows)


def test_an_open_reader_keeps_the_old_state_and_a_new_one_sees_the_new(two_clients: Sandbox) -> None:
    database = two_clients.workspace.published_database
    with duckdb.connect(str(database), read_only=True) as reader:
        before = reader.execute("select count(*) from marts.links").fetchone()
        two_clients.deliver("acme/2026-03-30/rival.com-backlinks.csv", links_to("rival.com", "one.com", "three.com"))
        assert two_clients.refresh().published == ["acme/2026-03-30"]
        assert reader.execute("select count(*) from marts.links").fetchone() == before
    assert two_clients.query("select count(*) from marts.refreshes") == [(3,)]


@pytest.mark.parametrize("moment", ["before the new file takes its place", "before the client files are written"])
def test_a_crash_leaves_the_old_state_and_running_again_gives_the_same_result(
    two_clients: Sandbox, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    day = "2026-06-15" if "place" in moment else "2026-08-30"
    two_clients.deliver(f"acme/{day}/rival.com-backlinks.csv", links_to("rival.com", "one.com", "four.com"))
    database = two_clients.workspace.published_database
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
        outcome = two_clients.refresh()
    assert "the power went off" in outcome.problems[0]
    if "place" in moment:
        assert two_clients.published_state() == before
        assert two_clients.refresh().problems == []
    else:
        finish_client_files(two_clients.workspace)
    assert ("acme",) in two_clients.query("select client_id from marts.refreshes where refreshed_on = $day", day=day)
    assert two_clients.refresh().problems == []
    acme = {table: [row for row in rows if row[0] == "acme"] for table, rows in two_clients.published_state().items()}
    assert state_of(two_clients.workspace.client_database("acme")) == acme


def test_a_client_that_breaks_a_law_is_withheld_and_the_other_is_published(
    two_clients: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pipelines.assets import publication as step

    monkeypatch.setattr(
        step, "failed_tests", lambda _workspace: {"a_law": "select client_id from marts.gaps where client_id = 'bolt'"}
    )
    for client_id in ("acme", "bolt"):
        two_clients.deliver(f"{client_id}/2026-12-01/rival.com-backlinks.csv", links_to("rival.com", "five.com"))
    outcome = two_clients.refresh()
    assert outcome.published == ["acme/2026-12-01"]
    assert len(outcome.problems) == 1
    assert "clients/bolt.yaml: not published" in outcome.problems[0]
    assert two_clients.query("select client_id from marts.refreshes where refreshed_on = '2026-12-01'") == [("acme",)]


def test_settings_are_archived_and_only_on_brings_in_todays(make_sandbox: Callable[[str], Sandbox]) -> None:
    sandbox = make_sandbox("settings")
    panel = "sites: [acme.com]\ncompetitors: [rival.com, foe.org]\n"
    sandbox.client("acme", panel)
    for day in (DAY, "2026-03-30"):
        sandbox.deliver(f"acme/{day}/rival.com-backlinks.csv", links_to("rival.com", "one.com"))
    sandbox.refresh()
    sandbox.client("acme", panel + "gap: {min_competitors: 2}\n")
    statuses = "select refreshed_on, gap_status from marts.gaps order by 1"
    # a changed client file counts from the next refresh on; one delivered late takes the settings of the one before it
    sandbox.deliver("acme/2026-02-15/rival.com-backlinks.csv", links_to("rival.com", "one.com"))
    sandbox.deliver("acme/2026-06-15/rival.com-backlinks.csv", links_to("rival.com", "one.com"))
    sandbox.refresh()
    assert [status for _, status in sandbox.query(statuses)] == ["open", "open", "open", "below_minimum"]
    sandbox.refresh(on=date(2026, 3, 30))
    assert [status for _, status in sandbox.query(statuses)] == ["open", "open", "below_minimum", "below_minimum"]


def test_nothing_of_a_failed_publication_is_left_beside_the_file(two_clients: Sandbox) -> None:
    publish(two_clients.workspace, [], ["acme", "bolt"], [])
    published = two_clients.workspace.published
    assert sorted(path.name for path in published.iterdir()) == ["clients", "earlier", "linkgap.duckdb"]
    assert all(path.suffix == ".duckdb" for path in (published / "earlier").iterdir())


def test_histories_of_another_layout_count_as_not_built(two_clients: Sandbox) -> None:
    """An update may change what history tables hold; the next refresh computes them again."""
    workspace = two_clients.workspace
    before = built_deliveries(workspace)
    assert before
    with connect(workspace.working_database, workspace) as connection:
        (layout,) = connection.execute("select layout from history.layout").fetchone() or ("",)
        connection.execute("update history.layout set layout = 'of an older version'")
    assert built_deliveries(workspace) == {}
    with connect(workspace.working_database, workspace) as connection:
        connection.execute("update history.layout set layout = $layout", {"layout": layout})
    assert built_deliveries(workspace) == before


def states_of_clients(sandbox: Sandbox) -> dict[str, object]:
    return {path.stem: state_of(path) for path in (sandbox.workspace.published / "clients").glob("*.duckdb")}


def test_an_earlier_state_comes_back_with_the_files_of_its_clients(make_sandbox: Callable[[str], Sandbox]) -> None:
    """Else a bad delivery would stay published until somebody computed everything again."""
    sandbox = make_sandbox("rollback")
    sandbox.client("acme", "sites: [acme.com]\ncompetitors: [rival.com]\n")
    sandbox.deliver(f"acme/{DAY}/rival.com-backlinks.csv", links_to("rival.com", "one.com", "two.com"))
    sandbox.refresh()
    before, clients_before = sandbox.published_state(), states_of_clients(sandbox)
    (published_at,) = sandbox.query("select max(published_at) from marts.refreshes")[0]
    sandbox.client("bolt", "sites: [bolt.com]\ncompetitors: [rival.com]\n")
    for path in ("acme/2026-03-30", f"bolt/{DAY}"):
        sandbox.deliver(f"{path}/rival.com-backlinks.csv", links_to("rival.com", "three.com"))
    sandbox.refresh()
    after, clients_after = sandbox.published_state(), states_of_clients(sandbox)
    assert (sandbox.workspace.reports / "bolt.html").exists()
    home = {"LINKGAP_HOME": str(sandbox.workspace.home)}

    listed = CliRunner().invoke(app, ["rollback"], env=home)
    (state,) = kept_states(sandbox.workspace)
    assert state.published_at == published_at.replace(microsecond=0)
    assert listed.stdout.startswith(state.name)
    assert f"without acme/2026-03-30, bolt/{DAY}" in listed.stdout

    done = CliRunner().invoke(app, ["rollback", state.name], env=home)
    assert done.exit_code == 0, done.stderr
    assert sandbox.published_state() == before
    assert states_of_clients(sandbox) == clients_before
    assert not (sandbox.workspace.reports / "bolt.html").exists()
    assert not sandbox.workspace.hand_over("bolt").exists()
    assert "bolt" not in (sandbox.workspace.reports / "index.html").read_text(encoding="utf-8")

    # what was published until then is kept as well, so that going back can be undone
    newest = kept_states(sandbox.workspace)[0]
    told = json.loads(CliRunner().invoke(app, ["rollback", "--json"], env=home).stdout)
    assert told[0] == {
        "state": newest.name,
        "changes": {"removed": [], "replaced": [], "added": ["acme/2026-03-30", f"bolt/{DAY}"]},
    }
    assert CliRunner().invoke(app, ["rollback", newest.name], env=home).exit_code == 0
    assert sandbox.published_state() == after
    assert states_of_clients(sandbox) == clients_after

    difference = roll_back(sandbox.workspace, state.name)
    assert difference.removed == [("acme", date(2026, 3, 30)), ("bolt", date(2026, 1, 10))]
    assert sandbox.refresh().published == ["acme/2026-03-30", f"bolt/{DAY}"]
    assert sandbox.published_state() == after


def test_no_more_states_are_kept_than_asked_for(two_clients: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else they would fill the disk."""
    workspace = two_clients.workspace
    monkeypatch.setenv("LINKGAP_KEEP_STATES", "1")
    publish(workspace, [], ["acme", "bolt"], [])
    (state,) = kept_states(workspace)
    with pytest.raises(UnknownStateError, match=rf"^19990101-000000: .* is kept: {state.name}$"):
        roll_back(workspace, "19990101-000000")
    monkeypatch.setenv("LINKGAP_KEEP_STATES", "0")
    publish(workspace, [], ["acme", "bolt"], [])
    assert kept_states(workspace) == []


def test_published_files_say_what_their_columns_mean_and_promise(two_clients: Sandbox) -> None:
    """Else an analyst would have to guess, and a BI tool could offer nothing."""
    for database in (two_clients.workspace.published_database, two_clients.workspace.client_database("acme")):
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
    page = (two_clients.workspace.reports / "tables.html").read_text(encoding="utf-8")
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
