"""The check that no client is overdue; where one is, it says which exports are missing."""

from __future__ import annotations

from collections import Counter
from datetime import date
from typing import Any

import dagster as dg

from pipelines.assets.client_partitions import PUBLISHED, client_refreshes
from pipelines.assets.writer import POOL, WorkspaceWriter
from pipelines.clients import read_client_files
from pipelines.due import OVERDUE, standings


@dg.asset_check(
    asset=client_refreshes.key,
    additional_deps=[PUBLISHED],
    name="refreshed_in_time",
    description="No client is past the latest day of its window; where one is, the exports that are missing are named.",
    pool=POOL,
)
def refreshed_in_time(writer: WorkspaceWriter) -> dg.AssetCheckResult:
    """Hold today against every client's window."""
    return check_windows(writer, date.today())


def check_windows(writer: WorkspaceWriter, today: date) -> dg.AssetCheckResult:
    """The result of the check on a day."""
    clients, _ = read_client_files(writer.workspace.clients)
    found = standings(writer.workspace, clients, today)
    # clients are named by their refreshes, as everywhere in a run, so that forgetting one finds them
    overdue = {
        f"{one.client_id}/{one.last_refreshed_on}": {
            "latest_on": str(one.window.latest_on),
            "missing": [str(missing) for missing in one.missing],
        }
        for one in found
        if one.state == OVERDUE
    }
    metadata: dict[str, Any] = {
        "failed": len(overdue),
        "overdue": overdue,
        "clients": dict(Counter(one.state for one in found)),
        "ready": [name for one in found if one.is_ready for name in one.refreshes],
    }
    return dg.AssetCheckResult(passed=not overdue, metadata=metadata)
