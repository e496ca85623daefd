"""Laws of whole workspaces, over all stories together: order, rebuilding, keys between files, and nothing uncounted."""

from __future__ import annotations

from pathlib import Path

import dagster as dg
import pytest
from typer.testing import CliRunner

from pipelines.cli import app
from pipelines.refresh import prepare_environment
from tests.conftest import Sandbox, state_of
from tests.world import World, build_world
from warehouse.layout import Workspace


def test_a_restored_workspace_goes_on_and_a_rebuild_ends_in_the_same_tables(world: World, tmp_path: Path) -> None:
    """Else a lost disk would cost the history, or the order in which exports arrived would decide what is published.

    A rebuild computes all refreshes at once from the archive, and so in order; the world was delivered in any.
    """
    before = world.sandbox.published_state()
    file = tmp_path / "backup.tar.gz"
    linkgap(world.sandbox.workspace.home, "backup", str(file))
    linkgap(tmp_path, "restore", str(file), str(tmp_path / "elsewhere"))
    restored = Sandbox(Workspace(tmp_path / "elsewhere"))
    assert restored.published_state() == before
    for database in (world.sandbox.workspace.published / "clients").glob("*.duckdb"):
        assert state_of(restored.workspace.client_database(database.stem)) == state_of(database)
    for folder in ("archive/files", "archive/refreshes"):
        assert files_of(restored, f"warehouse/{folder}") == files_of(world.sandbox, f"warehouse/{folder}")
    assert files_of(restored, "clients") == files_of(world.sandbox, "clients")
    assert runs_of(restored) == runs_of(world.sandbox) != []

    outcome = restored.refresh()
    assert (outcome.run_id, outcome.published) == (None, [])

    restored.workspace.working_database.unlink()
    refused = {line.split(": ")[0].split("/")[1] for line in restored.rebuild().problems}
    assert refused == {"damaged"}
    assert restored.published_state() == before


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2])
def test_any_other_order_of_delivery_ends_in_the_same_tables(world: World, sandbox: Sandbox, seed: int) -> None:
    """A rebuild asks this of one order; it takes as long as half of the other tests to ask it of more."""
    build_world(sandbox, seed)
    assert sandbox.published_state() == world.sandbox.published_state()


def linkgap(home: Path, *arguments: str) -> None:
    result = CliRunner().invoke(app, arguments, env={"LINKGAP_HOME": str(home)})
    assert result.exit_code == 0, result.stderr


def files_of(sandbox: Sandbox, folder: str) -> dict[str, bytes]:
    root = sandbox.workspace.home / folder
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def runs_of(sandbox: Sandbox) -> list[tuple[str, int]]:
    prepare_environment(sandbox.workspace)
    with dg.DagsterInstance.get() as instance:
        return [(run.run_id, len(instance.all_logs(run.run_id))) for run in instance.get_runs()]


def test_the_file_of_each_client_holds_its_rows_of_the_common_file_and_no_others(world: World) -> None:
    whole = world.sandbox.published_state()
    files = {path.stem: state_of(path) for path in (world.sandbox.workspace.published / "clients").glob("*.duckdb")}
    assert files.keys() == {client_id for (client_id,) in world.sandbox.query("select client_id from marts.clients")}
    assert len(files) > 50
    for client_id, tables in files.items():
        assert tables == {table: [row for row in rows if row[0] == client_id] for table, rows in whole.items()}


def test_every_row_of_every_accepted_file_is_accounted_for(world: World) -> None:
    assert (
        world.sandbox.query(
            """
        select client_id, path from marts.export_files
        where outcome = 'accepted' and rows_read is distinct from rows_accepted + rows_rejected + rows_duplicate
        """
        )
        == []
    )
    assert world.sandbox.query("select count(*) > 5000 from marts.export_files inner join marts.links using (file_id)")


def test_the_scores_add_up_by_hand(world: World) -> None:
    rows = world.sandbox.query(
        """
        select
            score,
            (points_authority + points_relevance + points_competitors + points_traffic + points_placement
                + points_editorial + points_freshness + points_winnability) * (1 - risk)
        from marts.opportunities
        """
    )
    assert len(rows) > 1000
    assert all(abs(score - by_hand) <= 0.051 for score, by_hand in rows)


def test_the_bridge_of_every_client_adds_up(world: World) -> None:
    rows = world.sandbox.query(
        """
        select
            open_at_end - (open_at_start + new + reopened + returned + panel_new
                - closed - expired - set_aside - panel_removed),
            open_at_start - coalesce(lag(open_at_end) over (partition by client_id order by refreshed_on), 0)
        from marts.gap_progress
        """
    )
    assert set(rows) == {(0, 0)}


def test_every_delivery_was_published_and_only_what_is_wrong_was_refused(world: World) -> None:
    assert {name for outcome in world.outcomes for name in outcome.published} == {
        f"{client_id}/{day}"
        for client_id, day in world.sandbox.query("select client_id, refreshed_on from marts.refreshes")
    }
    refused = {line.split(": ")[0] for outcome in world.outcomes for line in outcome.problems}
    assert {name.split("/")[1] for name in refused} == {"_shared", "buch", "damaged", "nobody"}
