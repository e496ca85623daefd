"""How each client stands: last refresh, next window, coverage, open gaps, and which exports to fetch next."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from pipelines.clients import ClientSettings
from pipelines.due import ListOfLinks, Standing, standings
from warehouse.connections import connect
from warehouse.layout import Workspace
from warehouse.publication import published_facts


@dataclass(frozen=True)
class LastExport:
    """How the last refresh had a list of links.

    Attributes:
        is_truncated: It was cut off.
        is_stale: It was carried from an earlier refresh.
        settles: How many gaps a whole one of today would settle at most.
    """

    is_truncated: bool
    is_stale: bool
    settles: int

    @property
    def word(self) -> str:
        """`stale`, `truncated` or `whole`."""
        return "stale" if self.is_stale else "truncated" if self.is_truncated else "whole"


def client_statuses(workspace: Workspace, clients: dict[str, ClientSettings], today: date) -> list[dict[str, Any]]:
    """One status per client file, by client_id.

    Returns:
        client_id; last_refreshed_on, next_window_on, aimed_on, latest_on (ISO texts); state (`never refreshed`,
        `waiting`, `due`, `overdue`); is_ready (due, and all exports lie in the inbox); open_gaps; truncated and stale
        (numbers of lists of links in the last refresh that are so); missing (what the next refresh waits for);
        shopping_list (see there); refused (files that wait in the inbox and are no export of the panel: path →
        reason); growing (files that are still being copied).
    """
    coverage = _coverage(workspace, clients)
    open_gaps = published_facts(workspace, clients) if workspace.published_database.exists() else {}
    statuses = []
    for one in standings(workspace, clients, today, wait_seconds=0, is_mirrored=True):
        lists = coverage.get(one.client_id, {})
        statuses.append(
            {
                "client_id": one.client_id,
                "last_refreshed_on": _text(one.last_refreshed_on),
                "next_window_on": _text(one.window.opens_on),
                "aimed_on": _text(one.window.aimed_on),
                "latest_on": _text(one.window.latest_on),
                "state": one.state,
                "is_ready": one.is_ready,
                "open_gaps": open_gaps[one.client_id][0] if one.client_id in open_gaps else None,
                "truncated": sum(had.is_truncated for had in lists.values()),
                "stale": sum(had.is_stale for had in lists.values()),
                "missing": [str(missing) for missing in one.missing],
                "shopping_list": shopping_list(one, lists, clients[one.client_id]),
                "refused": one.refused,
                "growing": list(one.growing),
            }
        )
    return statuses


def shopping_list(
    standing: Standing, coverage: dict[ListOfLinks, LastExport], settings: ClientSettings
) -> list[dict[str, Any]]:
    """The exports to fetch for the next refresh, those first that it waits for, then those that settle most.

    Args:
        standing: Of the client.
        coverage: The lists of links of the last refresh.
        settings: The client file of today.

    Returns:
        site, provider and export_kind (both None for any list of links to the site), last_export (`whole`, `truncated`,
        `stale`, `none`), is_required (the next refresh waits for it), is_delivered (it lies in the inbox), and settles
        (at most so many gaps of the last refresh whose absence is unproven, or that it could not observe).
    """
    had = {one for one in coverage if one.site in settings.panel}
    covered = {one.site for one in had | standing.required}
    uncovered = {ListOfLinks(site, None, None) for site in settings.panel if site not in covered}
    rows = []
    for one in had | standing.required | uncovered:
        last = coverage.get(one)
        rows.append(
            one._asdict()
            | {
                "last_export": last.word if last else "none",
                "is_required": one in standing.required,
                "is_delivered": one in standing.delivered,
                "settles": last.settles if last else 0,
            }
        )
    return sorted(rows, key=lambda row: (not row["is_required"], -row["settles"], row["site"], str(row["provider"])))


def _text(day: date | None) -> str | None:
    return day.isoformat() if day else None


def _coverage(workspace: Workspace, clients: dict[str, ClientSettings]) -> dict[str, dict[ListOfLinks, LastExport]]:
    """client_id → list of links of the last refresh → how it had it.

    A whole list of an own site proves the absence of domains that its provider sees linking to a competitor; one of a
    competitor tells whether the domains that were carried or unconfirmed still link there.
    """
    if not workspace.published_database.exists():
        return {}
    with connect(workspace.published_database, workspace, read_only=True) as connection:
        rows = connection.execute(
            """
            with last as (
                select client_id, max(refreshed_on) as refreshed_on from marts.refreshes group by client_id
            ),
            seen as (
                select matrix.client_id, matrix.referring_domain, matrix.site, matrix.is_stale,
                    unnest(matrix.providers) as provider
                from marts.link_matrix as matrix
                inner join last using (client_id, refreshed_on)
                where not matrix.is_own_site
            ),
            unproven as (
                select seen.client_id, seen.provider, count(distinct gaps.referring_domain) as gaps
                from seen
                inner join marts.gaps as gaps using (client_id, referring_domain)
                inner join last using (client_id, refreshed_on)
                where gaps.gap_status = 'open' and gaps.absence = 'unproven'
                group by all
            ),
            unobserved as (
                select client_id, referring_domain
                from marts.gap_snapshots
                inner join last using (client_id, refreshed_on)
                where transition = 'unobserved'
            ),
            -- where the list was carried, the domains that rest on it; where it was cut off, any may
            unseen as (
                select
                    client_id,
                    seen.site,
                    seen.provider,
                    count(distinct referring_domain) filter (seen.is_stale) as carried
                from unobserved
                inner join seen using (client_id, referring_domain)
                group by all
            ),
            doubtful as (
                select client_id, count(*) as gaps from unobserved group by all
            )

            select
                coverage.client_id,
                coverage.site,
                coverage.provider,
                coverage.export_kind,
                coverage.is_truncated,
                coverage.is_stale,
                coalesce(unproven.gaps, 0) as unproven,
                coalesce(unseen.carried, 0) as carried,
                coalesce(doubtful.gaps, 0) as doubtful
            from marts.coverage
            inner join last using (client_id, refreshed_on)
            left join unproven using (client_id, provider)
            left join unseen using (client_id, site, provider)
            left join doubtful using (client_id)
            """
        ).fetchall()
    found: dict[str, dict[ListOfLinks, LastExport]] = {}
    for client_id, site, provider, export_kind, is_truncated, is_stale, unproven, carried, doubtful in rows:
        if client_id not in clients or not (is_truncated or is_stale):
            settles = 0
        elif site in clients[client_id].sites:
            settles = unproven
        else:
            settles = carried if is_stale else doubtful
        lists = found.setdefault(client_id, {})
        lists[ListOfLinks(site, provider, export_kind)] = LastExport(is_truncated, is_stale, settles)
    return found
