"""A workspace written by an older version goes on with this one."""

from __future__ import annotations

import shutil
import tarfile
from pathlib import Path

import pytest

from tests.conftest import Sandbox
from warehouse.layout import Workspace

WRITTEN_BY = {"0.1.0": Path(__file__).with_name("fixtures") / "workspace-0.1.0.tar.xz"}
"""Version → the whole folder of a workspace after `linkgap refresh`, as that version left it.

Two clients, each with refreshes of 2026-01-10 and 2026-03-27: `acme` has few rows, a row of its own in every list of
people, and gaps that opened and closed; `bolt` has an export of every kind that 0.1.0 recognised (`fixtures/exports`).
"""
DAYS = ("2026-01-10", "2026-03-27")
SECOND, THIRD = DAYS[1], "2026-06-12"


@pytest.mark.parametrize("version", WRITTEN_BY)
def test_a_workspace_of_an_older_version_keeps_its_history(version: str, tmp_path: Path) -> None:
    """Else an upgrade would cost the client what no new export brings back."""
    with tarfile.open(WRITTEN_BY[version]) as archive:
        archive.extractall(tmp_path, filter="data")
    sandbox = Sandbox(Workspace(tmp_path))
    before = rows_until_the_second_refresh(sandbox)
    shutil.copytree(tmp_path / "inbox/acme" / SECOND, tmp_path / "inbox/acme" / THIRD)

    outcome = sandbox.refresh()
    # histories have another layout, and are computed again from the archive
    assert outcome.problems == []
    assert set(outcome.published) == {
        f"acme/{THIRD}",
        *(f"{client_id}/{day}" for client_id in ("acme", "bolt") for day in DAYS),
    }

    assert rows_until_the_second_refresh(sandbox) == before
    (third,) = sandbox.query(
        "select open_at_start, open_at_end from marts.gap_progress where refreshed_on = $day", day=THIRD
    )
    (second,) = sandbox.query(
        "select open_at_end from marts.gap_progress where client_id = 'acme' and refreshed_on = $day", day=SECOND
    )
    assert third == (*second, *second)


def rows_until_the_second_refresh(sandbox: Sandbox) -> dict[str, list[str]]:
    """Of each table that has a history, without the time of publication."""
    tables = sandbox.query("select table_name from duckdb_columns() where column_name = 'refreshed_on'")
    columns = "columns(name -> name != 'published_at')"
    return {
        table: sorted(
            map(repr, sandbox.query(f"select {columns} from marts.{table} where refreshed_on <= $day", day=SECOND))
        )
        for (table,) in tables
    }
