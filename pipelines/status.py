"""How each client stands: last refresh, next window, coverage, open gaps."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from pipelines.clients import ClientSettings
from warehouse.connections import connect
from warehouse.layout import Workspace


def client_statuses(workspace: Workspace, clients: dict[str, ClientSettings], today: date) -> list[dict[str, Any]]:
    """One status per client file, by client_id.

    Returns:
        client_id, last_refreshed_on, next_window_on, state (`never refreshed`, `waiting`, `due`, `overdue`), open_gaps,
        truncated and stale (numbers of lists of links in the last refresh that are so); dates as ISO text.
    """
    published = _published(workspace)
    statuses = []
    for client_id, settings in sorted(clients.items()):
        last, open_gaps, truncated, stale = published.get(client_id, (None, None, 0, 0))
        window = settings.refresh
        opens = last + timedelta(days=window.earliest_days) if last else None
        if last is None:
            state = "never refreshed"
        elif today > last + timedelta(days=window.latest_days):
            state = "overdue"
        elif opens and today >= opens:
            state = "due"
        else:
            state = "waiting"
        statuses.append(
            {
                "client_id": client_id,
                "last_refreshed_on": last.isoformat() if last else None,
                "next_window_on": opens.isoformat() if opens else None,
                "state": state,
                "open_gaps": open_gaps,
                "truncated": truncated,
                "stale": stale,
            }
        )
    return statuses


def _published(workspace: Workspace) -> dict[str, tuple[date, int, int, int]]:
    if not workspace.published_database.exists():
        return {}
    with connect(workspace.published_database, workspace, read_only=True) as connection:
        rows = connection.execute(
            """
            with last as (
                select client_id, max(refreshed_on) as refreshed_on from marts.refreshes group by client_id
            )
            select
                last.client_id,
                last.refreshed_on,
                any_value(progress.open_at_end),
                count(*) filter (coverage.is_truncated),
                count(*) filter (coverage.is_stale)
            from last
            left join marts.gap_progress as progress
                on last.client_id = progress.client_id and last.refreshed_on = progress.refreshed_on
            left join marts.coverage as coverage
                on last.client_id = coverage.client_id and last.refreshed_on = coverage.refreshed_on
            group by last.client_id, last.refreshed_on
            """
        ).fetchall()
    return {client_id: (day, gaps, truncated, stale) for client_id, day, gaps, truncated, stale in rows}
