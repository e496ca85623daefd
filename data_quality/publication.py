"""The gate before readers: may a client's new state be published, and is it plausible?

What stops a publication are the expectations of the published tables (grain, keys, value lists, conservation, bridge).
They are written once, in the ymls of the tables, and dbt checks them (`checks.failed_expectations`); here their failing
rows are counted per client. Volume, freshness and shares only warn.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import duckdb

from data_quality.expectations import Between, Question, profile_of

REJECTED_PCT = 80
"""Share of rows set aside above which somebody should look: real profiles lose 5 to 60 % to spam rules."""

VOLUME_RATIO = (0.5, 2.0)
"""Rows read against the refresh before; a jump usually means another export option was ticked."""

REASON_POINTS = 5
"""Percentage points of the rows read by which the share of one reason may differ from its usual one. A real panel of
five profiles, cut back to what it held at four dates 75 days apart, moved no share by more than 1.7 points; a kind of
export that was not delivered before moves one by tens (a Semrush audit: 68)."""

LEAST_ROWS = 100
"""Rows read from which on shares are compared: of fewer, five rows more or less are more than `REASON_POINTS`."""

USUAL_FROM = 2
"""Earlier refreshes from which on a share counts as usual: of one alone nobody knows whether it was."""


def question(
    connection: duckdb.DuckDBPyConnection,
    published_refreshes: Sequence[tuple[str, date, int]],
) -> Question:
    """Profile the refreshes that are about to be published, and say what is expected of them.

    Args:
        connection: The working database.
        published_refreshes: client_id, refreshed_on, rows_read of what is published, to compare volumes with.

    Returns:
        One profile row per client and refresh: `failing_rows` counts the rows of the client that break an expectation,
        and its detail names the expectations, each with an example; `volume_ratio` is null without an earlier refresh.
    """
    _fill(
        connection,
        "published_refreshes (client_id varchar, refreshed_on date, rows_read bigint)",
        published_refreshes,
    )
    profile = profile_of(connection.execute(_PROFILE))
    failing: dict[str, list[tuple[int, str]]] = {}
    for client_id, expectation, rows, example in connection.execute(_FAILING).fetchall():
        text = f"{expectation} ({rows} {'row' if rows == 1 else 'rows'}{f', for example {example}' if example else ''})"
        failing.setdefault(client_id, []).append((rows, text))
    for row in profile:
        of_client = failing.get(row["client_id"], [])
        row["failing_rows"] = sum(rows for rows, _ in of_client)
        row["failing_rows_detail"] = "; ".join(text for _, text in of_client)
    return Question("published tables", profile, EXPECTATIONS)


def _fill(connection: duckdb.DuckDBPyConnection, table: str, rows: Sequence[Sequence[object]]) -> None:
    """Make a temporary table (`name (column type, …)`) of rows."""
    connection.execute(f"create or replace temp table {table}")
    if rows:
        places = ", ".join("?" * len(rows[0]))
        connection.executemany(f"insert into {table.partition(' ')[0]} values ({places})", [list(row) for row in rows])


_FAILING = """
    select
        client_id,
        concat(table_name, ': ', expectation),
        cast(sum(row_count) as bigint),
        concat_ws(', ', nullif(min(example), ''), min(refreshed_on))
    from checks.failed_expectations
    group by all
    order by all
"""

_PROFILE = """
    with everything as (
        select client_id, refreshed_on, rows_read from marts.refreshes
        union all
        select client_id, refreshed_on, rows_read
        from published_refreshes
        where (client_id, refreshed_on) not in (select client_id, refreshed_on from marts.refreshes)
    ),
    before as (
        select
            client_id,
            refreshed_on,
            lag(rows_read) over (partition by client_id order by refreshed_on) as rows_read_before
        from everything
    ),
    lists as (
        select
            coverage.client_id,
            coverage.refreshed_on,
            count(*) filter (
                panel_sites.is_own_site
                and not coverage.is_stale
                and coverage.export_kind in ('backlinks', 'referring_domains')
            ) as own_lists,
            max(coverage.refreshed_on - coverage.as_of) as oldest_days,
            arg_max(
                concat_ws(' ', coverage.provider, coverage.export_kind, 'of', coverage.site, 'from', coverage.as_of),
                coverage.refreshed_on - coverage.as_of
            ) as oldest_list
        from marts.coverage
        inner join ledger.panel_sites
            on coverage.client_id = panel_sites.client_id
            and coverage.refreshed_on = panel_sites.refreshed_on
            and coverage.site = panel_sites.site
        group by coverage.client_id, coverage.refreshed_on
    ),
    gaps as (
        select client_id, refreshed_on, count(*) - count(distinct referring_domain) as repeated
        from marts.gaps
        group by client_id, refreshed_on
    ),
    opportunities as (
        select
            client_id,
            refreshed_on,
            count(*) filter (score not between 0 and 100) as scores_out_of_range,
            greatest(count(rank), coalesce(max(rank), 0)) - count(distinct rank) as ranks_out_of_order
        from marts.opportunities
        group by client_id, refreshed_on
    )
    select
        refreshes.client_id,
        refreshes.refreshed_on,
        '' as subject,
        refreshes.files_accepted,
        coalesce(lists.own_lists, 0) as own_lists,
        coalesce(greatest(lists.oldest_days - clients.latest_days, 0), 0) as days_carried_too_long,
        lists.oldest_list as days_carried_too_long_detail,
        100.0 * refreshes.rows_rejected / nullif(refreshes.rows_read, 0) as rejected_pct,
        refreshes.rows_read / nullif(before.rows_read_before, 0) as volume_ratio,
        coalesce(gaps.repeated, 0) as gaps_repeated,
        coalesce(opportunities.scores_out_of_range, 0) as scores_out_of_range,
        coalesce(opportunities.ranks_out_of_order, 0) as ranks_out_of_order
    from marts.refreshes
    inner join marts.clients
        on refreshes.client_id = clients.client_id
    inner join before
        on refreshes.client_id = before.client_id and refreshes.refreshed_on = before.refreshed_on
    left join lists
        on refreshes.client_id = lists.client_id and refreshes.refreshed_on = lists.refreshed_on
    left join gaps
        on refreshes.client_id = gaps.client_id and refreshes.refreshed_on = gaps.refreshed_on
    left join opportunities
        on refreshes.client_id = opportunities.client_id and refreshes.refreshed_on = opportunities.refreshed_on
    order by refreshes.client_id, refreshes.refreshed_on
"""


def rejections_question(
    connection: duckdb.DuckDBPyConnection, published_rejections: Sequence[tuple[str, date, int, str | None, int]]
) -> Question:
    """Hold the share of rows that each reason sets aside against its usual share.

    Args:
        connection: The working database.
        published_rejections: client_id, refreshed_on, rows_read, reason, rejected_rows of what is published; one row
            with reason null for a refresh that set nothing aside.

    Returns:
        One profile row per client, refresh with at least `USUAL_FROM` earlier ones, and reason of it or of an earlier
        one: `points` is the share of rows read that it sets aside, less the median of its earlier shares. Refreshes
        with fewer than `LEAST_ROWS` rows are left out.
    """
    _fill(
        connection,
        "published_rejections "
        "(client_id varchar, refreshed_on date, rows_read bigint, reason varchar, rejected_rows bigint)",
        published_rejections,
    )
    profile = profile_of(
        connection.execute(
            """
        with refreshes as (
            select client_id, refreshed_on, rows_read, true as is_in_run from marts.refreshes
            union all
            select distinct client_id, refreshed_on, rows_read, false
            from published_rejections
            where (client_id, refreshed_on) not in (select client_id, refreshed_on from marts.refreshes)
        ),
        rejected as (
            select client_id, refreshed_on, reason, count(*) as rejected_rows
            from marts.rejected_rows
            group by client_id, refreshed_on, reason
            union all
            select client_id, refreshed_on, reason, rejected_rows
            from published_rejections
            where
                reason is not null
                and (client_id, refreshed_on) not in (select client_id, refreshed_on from marts.refreshes)
        ),
        reasons as (
            select distinct client_id, reason from rejected
        ),
        -- a reason that a refresh does not know took none of its rows
        shares as (
            select
                refreshes.client_id,
                refreshes.refreshed_on,
                refreshes.is_in_run,
                reasons.reason,
                100.0 * coalesce(rejected.rejected_rows, 0) / refreshes.rows_read as share_pct
            from refreshes
            inner join reasons
                on refreshes.client_id = reasons.client_id
            left join rejected
                on refreshes.client_id = rejected.client_id
                and refreshes.refreshed_on = rejected.refreshed_on
                and reasons.reason = rejected.reason
            where refreshes.rows_read >= $least_rows
        ),
        compared as (
            select
                *,
                count(*) over earlier as refreshes_before,
                median(share_pct) over earlier as usual_pct,
                max(share_pct) over earlier as highest_pct
            from shares
            window earlier as (
                partition by client_id, reason
                order by refreshed_on
                rows between unbounded preceding and 1 preceding
            )
        )
        select
            client_id,
            refreshed_on,
            reason as subject,
            share_pct - usual_pct as points,
            format('{:.1f} % of the rows read, usually {:.1f} %', share_pct, usual_pct) as points_detail
        from compared
        where is_in_run and refreshes_before >= $usual_from and greatest(share_pct, highest_pct) > 0
        order by client_id, refreshed_on, reason
        """,
            {"usual_from": USUAL_FROM, "least_rows": LEAST_ROWS},
        )
    )
    return Question("rows set aside, by reason", profile, REJECTIONS_EXPECTATIONS)


EXPECTATIONS = [
    Between(
        "failing_rows",
        None,
        0,
        about="rows of published tables that break an expectation",
        unit="rows",
        advice="rows break what is expected of the published tables; please report it with the files",
        is_critical=True,
    ),
    Between(
        "files_accepted",
        1,
        None,
        about="accepted exports",
        unit="files",
        advice="no export was accepted; everything shown is carried from earlier refreshes",
    ),
    Between(
        "own_lists",
        1,
        None,
        about="accepted lists of the client's own links",
        unit="lists",
        advice="no export of the client's own links was accepted; no absence is proven",
    ),
    Between(
        "days_carried_too_long",
        None,
        0,
        about="days by which the oldest carried list exceeds a whole window between refreshes",
        unit="days",
        advice="a list has been carried for more than one refresh; export it again",
    ),
    Between(
        "rejected_pct",
        None,
        REJECTED_PCT,
        about="rows set aside",
        unit="%",
        advice="most rows were set aside; look at rejected_rows",
    ),
    Between(
        "volume_ratio",
        *VOLUME_RATIO,
        about="rows read, as a multiple of the refresh before",
        unit="times",
        advice="the volume jumped against the refresh before; was an export option changed?",
    ),
    Between(
        "gaps_repeated",
        None,
        0,
        about="domains that stand twice in gaps",
        unit="domains",
        advice="a domain counts more than once; please report it with the files",
    ),
    Between(
        "scores_out_of_range",
        None,
        0,
        about="opportunities with a score outside 0 to 100",
        unit="rows",
        advice="do the client's weights (priority.weights) add up? Else please report it",
    ),
    Between(
        "ranks_out_of_order",
        None,
        0,
        about="ranks of opportunities that are missing or taken twice",
        unit="ranks",
        advice="ranks should run from 1 without holes; please report it with the files",
    ),
]
"""What is expected of a refresh that is about to be published: the laws stop it, everything else warns."""

REJECTIONS_EXPECTATIONS = [
    Between(
        "points",
        -REASON_POINTS,
        REASON_POINTS,
        about="share of rows that the reason sets aside, less its usual share",
        unit="points",
        advice="it sets aside far more or fewer rows than usual: look at its rows in rejected_rows; was an export "
        "option or a threshold changed, or linkgap updated?",
    )
]
"""What is expected of the share of rows that a reason sets aside. It warns."""
