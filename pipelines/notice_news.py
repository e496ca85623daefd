"""What a refresh changed, in a few lines: read from the published tables, for notices.

Counts and the best few names; all of it stands on the client's page. When it is told, and to whom, is said in
`pipelines.notices`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import duckdb

from warehouse.connections import connect
from warehouse.layout import Workspace
from warehouse.slices import Slice

NAMED = 3
"""Names beside a count: enough to know whether to open the page, few enough for a chat."""

_CHANGES = {
    "closed": "closed",
    "lost": "lost",
    "reopened": "reopened",
    "new_best_gap": "new best gaps",
    "new_competitor_link": "new links to competitors",
}
"""Values of `changes.change` in the order they are told, and what people call them."""


_STEPS = {
    "new": "new",
    "reopened": "reopened",
    "returned": "returned",
    "panel_new": "new by the changed panel",
    "closed": "closed",
    "expired": "expired",
    "set_aside": "set aside",
    "panel_removed": "gone by the changed panel",
}
"""The steps of the bridge in `gap_progress`, and what people call them."""


@dataclass(frozen=True)
class News:
    """What one refresh changed.

    Attributes:
        headline: The state of its gaps, one line.
        details: A line for each kind of change, with the best few names, and for what needs a look.
        changes: How many domains changed, to tell much from little.
    """

    headline: str
    details: tuple[str, ...]
    changes: int


def read_news(workspace: Workspace, refreshes: Iterable[Slice]) -> dict[Slice, News]:
    """The news of published refreshes; a refresh that is not published has none."""
    slices = [list(one) for one in refreshes]
    if not slices or not workspace.published_database.exists():
        return {}
    with connect(workspace.published_database, workspace, read_only=True) as connection:
        connection.execute("create temp table told (client_id varchar, refreshed_on date)")
        connection.executemany("insert into told values (?, ?)", slices)
        changes: dict[Slice, dict[str, dict[str, Any]]] = {}
        for row in _rows(connection, _CHANGES_QUERY):
            changes.setdefault((row["client_id"], row["refreshed_on"]), {})[row["change"]] = row
        return {
            (row["client_id"], row["refreshed_on"]): _news(
                row, changes.get((row["client_id"], row["refreshed_on"]), {})
            )
            for row in _rows(connection, _PROGRESS_QUERY)
        }


def _news(progress: dict[str, Any], changes: dict[str, dict[str, Any]]) -> News:
    details = [_line(_CHANGES[change], changes[change]) for change in _CHANGES if change in changes]
    if progress["best_domains"]:
        details.append(f"best to begin with: {', '.join(progress['best_domains'])}")
    if progress["files_refused"]:
        details.append(f"refused: {_counted(progress['files_refused'], 'file')}; `linkgap inspect FILE` tells why")
    return News(_headline(progress), tuple(details), sum(row["domains"] for row in changes.values()))


def _headline(progress: dict[str, Any]) -> str:
    now = _counted(progress["open_at_end"], "open gap")
    if progress["refresh_number"] == 1:
        return f"first refresh, {now}"
    steps = [f"{progress[step]:,} {words}" for step, words in _STEPS.items() if progress[step]]
    return f"{now}, {progress['open_at_start']:,} before ({', '.join(steps) or 'none came or went'})"


def _line(words: str, row: dict[str, Any]) -> str:
    notes = [f"{row['won']} won"] if row["won"] else []
    if row["by_coverage"]:
        notes.append(f"{row['by_coverage']} perhaps only seen now")
    count = ", ".join([f"{row['domains']}", *notes])
    more = row["domains"] - len(row["names"])
    return f"{words} ({count}): {', '.join(row['names'])}{f' and {more} more' if more > 0 else ''}"


def _counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _rows(connection: duckdb.DuckDBPyConnection, query: str) -> list[dict[str, Any]]:
    result = connection.execute(query, {"named": NAMED} if "$named" in query else None)
    names = [column[0] for column in result.description]
    return [dict(zip(names, row, strict=True)) for row in result.fetchall()]


# one row per client, refresh and change; a domain that links to several competitors counts once
_CHANGES_QUERY = """
    with domains as (

        select
            changes.client_id,
            changes.refreshed_on,
            changes.change,
            changes.referring_domain,
            max(changes.score) as score,
            max(changes.authority) as authority,
            bool_or(changes.closed_kind is not distinct from 'won') as is_won,
            bool_or(changes.is_coverage_change) as is_coverage_change,
            list_sort(list(changes.site) filter (changes.site != '')) as sites
        from marts.changes
        inner join told
            on changes.client_id = told.client_id
            and changes.refreshed_on = told.refreshed_on
        group by changes.client_id, changes.refreshed_on, changes.change, changes.referring_domain

    ),

    ranked as (

        select
            *,
            row_number() over (
                partition by client_id, refreshed_on, change
                order by score desc nulls last, authority desc nulls last, referring_domain
            ) as place
        from domains

    )

    select
        client_id,
        refreshed_on,
        change,
        count(*) as domains,
        count(*) filter (is_won) as won,
        count(*) filter (is_coverage_change) as by_coverage,
        list(referring_domain || coalesce(' → ' || array_to_string(sites, ', '), '') order by place)
            filter (place <= $named) as names
    from ranked
    group by client_id, refreshed_on, change
"""

# one row per client and refresh
_PROGRESS_QUERY = """
    with best as (

        select
            opportunities.client_id,
            opportunities.refreshed_on,
            list(opportunities.referring_domain order by opportunities.rank) as domains
        from marts.opportunities
        inner join told
            on opportunities.client_id = told.client_id
            and opportunities.refreshed_on = told.refreshed_on
        where opportunities.rank <= $named
        group by opportunities.client_id, opportunities.refreshed_on

    )

    select
        gap_progress.*,
        refreshes.refresh_number,
        refreshes.files_refused,
        case when refreshes.refresh_number = 1 then best.domains end as best_domains
    from marts.gap_progress
    inner join told
        on gap_progress.client_id = told.client_id
        and gap_progress.refreshed_on = told.refreshed_on
    inner join marts.refreshes
        on gap_progress.client_id = refreshes.client_id
        and gap_progress.refreshed_on = refreshes.refreshed_on
    left join best
        on gap_progress.client_id = best.client_id
        and gap_progress.refreshed_on = best.refreshed_on
"""
