"""What the panels of a page ask the published tables: one function, one query, one panel.

Every query is bound to one `client_id` and, where a table has one, to one `refreshed_on`; only `clients_overview` spans
clients. Text comes back as it was published. Making it safe for a page is the business of `page` and the templates.
Who links to whom is asked in `panel`, what a refresh rests on, and what was set aside, in `quality`.
"""

from __future__ import annotations

from datetime import date
from typing import Any

import duckdb

Row = dict[str, Any]
"""Column → value; structs are dicts, lists are lists."""

OPPORTUNITY_ROWS = 5000
"""Opportunities on the page: all of them for most clients. The published table holds every one."""

SHOWN_AT_FIRST = 50
"""Opportunities that the page shows before somebody asks for more: those whose stability the score tells, too."""


def clients_overview(connection: duckdb.DuckDBPyConnection) -> list[Row]:
    """One row per client: when it was last refreshed, its open gaps and how many it closed."""
    query = """
        with refreshes as (

            select *
            from marts.refreshes
            qualify row_number() over (partition by client_id order by refreshed_on desc) = 1

        )

        select
            clients.client_id,
            clients.name,
            clients.main_site,
            len(refreshes.competitors) as competitors,
            refreshes.refresh_number,
            kpis.open_at_end,
            kpis.closing_pct_baseline,
            clients.is_active,
            refreshes.refreshed_on,
            clients.next_window_on
        from marts.clients
        left join refreshes
            on clients.client_id = refreshes.client_id
        left join marts.kpis
            on refreshes.client_id = kpis.client_id
            and refreshes.refreshed_on = kpis.refreshed_on
        order by lower(clients.name), clients.client_id
    """
    return ask(connection, query, {})


def client(connection: duckdb.DuckDBPyConnection, client_id: str) -> Row | None:
    """The client with its latest refresh; `refreshed_on` is null before the first, None for an unknown client."""
    query = """
        with latest as (

            select *
            from marts.refreshes
            where client_id = $client_id
            order by refreshed_on desc
            limit 1

        )

        select
            clients.client_id,
            clients.name,
            clients.main_site,
            clients.is_active,
            clients.next_window_on,
            latest.refreshed_on,
            latest.refresh_number,
            latest.competitors,
            latest.min_competitors,
            latest.linkgap_version,
            latest.files_accepted,
            latest.files_refused,
            latest.files_duplicate,
            latest.files_withdrawn,
            latest.rows_read,
            latest.rows_accepted,
            latest.rows_rejected,
            latest.rows_duplicate
        from marts.clients
        left join latest
            on clients.client_id = latest.client_id
        where clients.client_id = $client_id
    """
    rows = ask(connection, query, {"client_id": client_id})
    return rows[0] if rows else None


def headline(connection: duckdb.DuckDBPyConnection, client_id: str, refreshed_on: date) -> Row:
    """The KPIs of a refresh, each with its value at the refresh before (`_before`; null in the first).

    All are null in a refresh that was published before there were KPIs, until it is published again.
    """
    query = """
        with refreshes as (

            select refreshed_on
            from marts.refreshes
            where client_id = $client_id and refreshed_on <= $refreshed_on
            order by refreshed_on desc
            limit 2

        ),

        figures as (

            select
                refreshes.refreshed_on,
                kpis.* exclude (client_id, refreshed_on)
            from refreshes
            left join marts.kpis
                on kpis.client_id = $client_id
                and refreshes.refreshed_on = kpis.refreshed_on

        )

        select
            today.*,
            columns(earlier.* exclude (refreshed_on)) as "\\0_before"
        from figures as today
        left join figures as earlier
            on earlier.refreshed_on < today.refreshed_on
        where today.refreshed_on = $refreshed_on
    """
    return ask(connection, query, {"client_id": client_id, "refreshed_on": refreshed_on})[0]


def top_opportunities(connection: duckdb.DuckDBPyConnection, client_id: str, refreshed_on: date) -> list[Row]:
    """One row per ranked opportunity, the best first; `points` has one struct per component of the score.

    Components are found by their column names, so that a new one shows by itself.
    """
    query = """
        with opportunities as (

            select *
            from marts.opportunities
            where client_id = $client_id and refreshed_on = $refreshed_on and rank <= $opportunity_rows

        ),

        components as (

            unpivot opportunities
            on columns('^points_')
            into name component value points

        ),

        pointed as (

            select
                referring_domain,
                list(
                    struct_pack(component := component.replace('points_', ''), points := points)
                    order by
                        list_position(
                            [
                                'points_authority', 'points_relevance', 'points_competitors', 'points_traffic',
                                'points_placement', 'points_editorial', 'points_freshness', 'points_winnability'
                            ],
                            component
                        ) nulls last,
                        component
                ) as points
            from components
            group by referring_domain

        )

        select
            opportunities.rank,
            opportunities.referring_domain,
            opportunities.tier,
            opportunities.tactic,
            opportunities.tactic_reason,
            opportunities.segment,
            opportunities.absence,
            opportunities.anchor,
            opportunities.best_source_url,
            opportunities.best_target_url,
            opportunities.outreach_status,
            opportunities.authority,
            opportunities.score,
            opportunities.top_50_pct,
            opportunities.win_chance,
            100.0 * opportunities.risk as risk_pct,
            pointed.points
        from opportunities
        left join pointed
            on opportunities.referring_domain = pointed.referring_domain
        order by opportunities.rank
    """
    parameters = {"client_id": client_id, "refreshed_on": refreshed_on, "opportunity_rows": OPPORTUNITY_ROWS}
    return ask(connection, query, parameters)


def progress(connection: duckdb.DuckDBPyConnection, client_id: str, refreshed_on: date) -> list[Row]:
    """One row per refresh up to this one: the gap bridge, the closing rates, and where the charts put it.

    `time_pct` is the refresh's place between the first and the last one, `axis_top` the round number above all counts.
    """
    query = """
        with refreshes as (

            select
                refreshed_on,
                refresh_number
            from marts.refreshes
            where client_id = $client_id and refreshed_on <= $refreshed_on

        ),

        counted as (

            select
                refreshes.refresh_number,
                gap_progress.*,
                kpis.gaps_newly_won,
                kpis.gaps_won,
                100.0 * date_diff('day', min(refreshes.refreshed_on) over (), refreshes.refreshed_on)
                / nullif(date_diff('day', min(refreshes.refreshed_on) over (), max(refreshes.refreshed_on) over ()), 0)
                    as time_pct,
                greatest(max(gap_progress.open_at_end) over (), max(kpis.gaps_won) over (), 1) as highest
            from refreshes
            inner join marts.gap_progress
                on gap_progress.client_id = $client_id
                and refreshes.refreshed_on = gap_progress.refreshed_on
            left join marts.kpis
                on kpis.client_id = $client_id
                and refreshes.refreshed_on = kpis.refreshed_on

        )

        select
            *,
            cast(
                ceil(2 * highest / power(10, floor(log10(highest)))) * power(10, floor(log10(highest))) / 2 as bigint
            ) as axis_top
        from counted
        order by refreshed_on
    """
    return ask(connection, query, {"client_id": client_id, "refreshed_on": refreshed_on})


def bridge_steps(connection: duckdb.DuckDBPyConnection, client_id: str, refreshed_on: date) -> list[Row]:
    """One row per step of this refresh's gap bridge, in its order; steps that moved nothing are left out.

    `direction` is start, more, fewer or end; `from_pct` and `width_pct` place its bar on a scale that ends at the
    highest count reached.
    """
    query = """
        with progress as (

            select
                open_at_start, new, reopened, returned, panel_new,
                closed, expired, set_aside, panel_removed, open_at_end
            from marts.gap_progress
            where client_id = $client_id and refreshed_on = $refreshed_on

        ),

        amounts as (

            unpivot progress on columns(*) into name step value amount

        ),

        ordered as (

            select
                step,
                amount,
                list_position(
                    [
                        'open_at_start', 'new', 'reopened', 'returned', 'panel_new',
                        'closed', 'expired', 'set_aside', 'panel_removed', 'open_at_end'
                    ],
                    step
                ) as position,
                case
                    when step = 'open_at_start' then 'start'
                    when step = 'open_at_end' then 'end'
                    when step in ('new', 'reopened', 'returned', 'panel_new') then 'more'
                    else 'fewer'
                end as direction
            from amounts

        ),

        summed as (

            select
                *,
                sum(case direction when 'fewer' then -amount when 'end' then 0 else amount end)
                    over (order by position) as count_after
            from ordered

        )

        select
            step,
            amount,
            direction,
            100.0 * case direction when 'more' then count_after - amount when 'fewer' then count_after else 0 end
            / nullif(max(count_after) over (), 0) as from_pct,
            100.0 * amount / nullif(max(count_after) over (), 0) as width_pct
        from summed
        qualify amount > 0 or direction in ('start', 'end')
        order by position
    """
    return ask(connection, query, {"client_id": client_id, "refreshed_on": refreshed_on})


def cohorts(connection: duckdb.DuckDBPyConnection, client_id: str, refreshed_on: date) -> list[Row]:
    """One row per cohort: what has become, by this refresh, of the gaps that first opened together."""
    query = """
        select
            first_opened_on,
            cohort_size,
            open,
            closed,
            lost,
            expired,
            set_aside,
            closing_pct
        from marts.gap_cohorts
        where client_id = $client_id and refreshed_on = $refreshed_on
        order by first_opened_on
    """
    return ask(connection, query, {"client_id": client_id, "refreshed_on": refreshed_on})


def segment_mix(connection: duckdb.DuckDBPyConnection, client_id: str, refreshed_on: date) -> list[Row]:
    """One row per segment of the links from open gaps to competitors; `links_pct` is its share of all of them.

    A gap counts in `domains` of each segment it has links of, in `main_domains` once.
    """
    query = """
        select
            gap_segments.segment,
            cast(sum(gap_segments.links) as bigint) as links,
            cast(sum(gap_segments.editorial_links) as bigint) as editorial_links,
            count(*) as domains,
            count(*) filter (gap_segments.is_main) as main_domains,
            100.0 * sum(gap_segments.links) / sum(sum(gap_segments.links)) over () as links_pct
        from marts.gap_segments
        inner join marts.gaps
            on gap_segments.client_id = gaps.client_id
            and gap_segments.refreshed_on = gaps.refreshed_on
            and gap_segments.referring_domain = gaps.referring_domain
        where
            gap_segments.client_id = $client_id
            and gap_segments.refreshed_on = $refreshed_on
            and gaps.gap_status = 'open'
        group by gap_segments.segment
        order by links desc, gap_segments.segment
    """
    return ask(connection, query, {"client_id": client_id, "refreshed_on": refreshed_on})


def placement_mix(connection: duckdb.DuckDBPyConnection, client_id: str, refreshed_on: date) -> list[Row]:
    """One row per place on the page of live links from open gaps to competitors; `links_pct` is its share of all."""
    query = """
        select
            links.placement,
            count(*) as links,
            count(*) filter (links.is_follow) as follow_links,
            count(distinct links.referring_domain) as domains,
            100.0 * count(*) / sum(count(*)) over () as links_pct
        from marts.links
        inner join marts.gaps
            on links.client_id = gaps.client_id
            and links.refreshed_on = gaps.refreshed_on
            and links.referring_domain = gaps.referring_domain
        where
            links.client_id = $client_id
            and links.refreshed_on = $refreshed_on
            and gaps.gap_status = 'open'
            and links.is_live
            and list_contains(gaps.competitor_sites, links.site)
        group by links.placement
        order by links.placement = 'unknown', links desc, links.placement
    """
    return ask(connection, query, {"client_id": client_id, "refreshed_on": refreshed_on})


def pages_to_check(connection: duckdb.DuckDBPyConnection, client_id: str, refreshed_on: date) -> list[Row]:
    """One row per page that somebody should look at first, the best gap first."""
    query = """
        select
            check_rank,
            source_url,
            referring_domain,
            score,
            competitors_linked
        from marts.pages_to_check
        where client_id = $client_id and refreshed_on = $refreshed_on
        order by check_rank
    """
    return ask(connection, query, {"client_id": client_id, "refreshed_on": refreshed_on})


def ask(connection: duckdb.DuckDBPyConnection, query: str, parameters: dict[str, Any]) -> list[Row]:
    """The rows of a query, each as column → value."""
    cursor = connection.execute(query, parameters)
    names = [column[0] for column in cursor.description or []]
    return [dict(zip(names, values, strict=True)) for values in cursor.fetchall()]
