"""What the panels of a page ask the published tables: one function, one query, one panel.

Every query is bound to one `client_id` and, where a table has one, to one `refreshed_on`; only `clients_overview` spans
clients. Text comes back as it was published. Making it safe for a page is the business of `page` and the templates.
What a refresh rests on, and what was set aside, is asked in `quality`.
"""

from __future__ import annotations

from datetime import date
from typing import Any

import duckdb

Row = dict[str, Any]
"""Column → value; structs are dicts, lists are lists."""

MATRIX_ROWS = {"open": 140, "covered": 40, "below_minimum": 20}
"""Rows of the matrix by gap status: some 200, the most one scrolls through, enough of each to filter for."""

COMBINATION_ROWS = 20
"""Rows of the UpSet plot; the combinations beyond them stand together in one more."""

OPPORTUNITY_ROWS = 5000
"""Opportunities on the page: all of them for most clients. The published table holds every one."""

SHOWN_AT_FIRST = 50
"""Opportunities that the page shows before somebody asks for more: those whose stability the score tells, too."""

# The sites of the panel in the order of the page: the client's own, main site first, then the competitors as they are
# configured. Own sites other than the main one are known from the links to them: without any, they do not show.
_PANEL_SITES = """
panel_sites as (

    select
        main_site as site,
        true as is_own_site,
        0 as position
    from marts.clients
    where client_id = $client_id

    union all

    select distinct
        link_matrix.site,
        true as is_own_site,
        1 as position
    from marts.link_matrix
    inner join marts.clients
        on link_matrix.client_id = clients.client_id
        and link_matrix.site != clients.main_site
    where
        link_matrix.client_id = $client_id
        and link_matrix.refreshed_on = $refreshed_on
        and link_matrix.is_own_site

    union all

    select
        unnest(competitors) as site,
        false as is_own_site,
        1 + generate_subscripts(competitors, 1) as position
    from marts.refreshes
    where client_id = $client_id and refreshed_on = $refreshed_on

)
"""


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


def panel_sites(connection: duckdb.DuckDBPyConnection, client_id: str, refreshed_on: date) -> list[Row]:
    """One row per site of the panel: the domains that link to it, and to it alone, and those that are open gaps."""
    query = f"""
        with {_PANEL_SITES},

        linked as (

            select
                link_matrix.site,
                count(*) as domains,
                sum(link_matrix.links) as links,
                count(*) filter (gaps.gap_status = 'open') as open_gaps,
                count(*) filter (gaps.is_unique) as unique_domains
            from marts.link_matrix
            inner join marts.gaps
                on link_matrix.client_id = gaps.client_id
                and link_matrix.refreshed_on = gaps.refreshed_on
                and link_matrix.referring_domain = gaps.referring_domain
            where link_matrix.client_id = $client_id and link_matrix.refreshed_on = $refreshed_on
            group by link_matrix.site

        )

        select
            panel_sites.site,
            panel_sites.is_own_site,
            coalesce(linked.domains, 0) as domains,
            cast(coalesce(linked.links, 0) as bigint) as links,
            coalesce(linked.unique_domains, 0) as unique_domains,
            case when not panel_sites.is_own_site then coalesce(linked.open_gaps, 0) end as open_gaps
        from panel_sites
        left join linked
            on panel_sites.site = linked.site
        order by not panel_sites.is_own_site, panel_sites.position, panel_sites.site
    """
    return ask(connection, query, {"client_id": client_id, "refreshed_on": refreshed_on})


def gap_matrix(connection: duckdb.DuckDBPyConnection, client_id: str, refreshed_on: date) -> list[Row]:
    """One row per referring domain that links to a competitor, the foremost of each gap status.

    Open gaps stand in the order of their opportunities, the others by competitors linked and authority. `cells` has one
    struct per site, in the order of `panel_sites`; its `shade` is 0 (no link) to 5 (sixteen links or more), one step
    for each doubling.
    """
    query = f"""
        with {_PANEL_SITES},

        domains as (

            select
                gaps.referring_domain,
                gaps.gap_status,
                gaps.gap_class,
                gaps.absence,
                gaps.competitors_linked,
                gaps.competitor_links,
                referring_domains.authority,
                opportunities.rank,
                opportunities.score,
                count(*) over (partition by gaps.gap_status) as domains_of_status,
                row_number() over (
                    partition by gaps.gap_status
                    order by
                        opportunities.rank nulls last,
                        gaps.competitors_linked desc,
                        referring_domains.authority desc nulls last,
                        gaps.referring_domain
                ) as position
            from marts.gaps
            left join marts.referring_domains
                on gaps.client_id = referring_domains.client_id
                and gaps.refreshed_on = referring_domains.refreshed_on
                and gaps.referring_domain = referring_domains.referring_domain
            left join marts.opportunities
                on gaps.client_id = opportunities.client_id
                and gaps.refreshed_on = opportunities.refreshed_on
                and gaps.referring_domain = opportunities.referring_domain
            where
                gaps.client_id = $client_id
                and gaps.refreshed_on = $refreshed_on
                and gaps.competitors_linked > 0

        ),

        shown as (

            select *
            from domains
            where position <= case gap_status
                when 'open' then $open
                when 'covered' then $covered
                else $below_minimum
            end

        ),

        links as (

            select *
            from marts.link_matrix
            where client_id = $client_id and refreshed_on = $refreshed_on

        ),

        cells as (

            select
                shown.referring_domain,
                list(
                    struct_pack(
                        site := panel_sites.site,
                        is_own_site := panel_sites.is_own_site,
                        links := coalesce(links.links, 0),
                        is_domain_level := coalesce(links.evidence = 'domain', false),
                        is_stale := coalesce(links.is_stale, false),
                        shade := case
                            when links.links > 0 then cast(least(5, 1 + floor(log2(links.links))) as integer)
                            else 0
                        end
                    )
                    order by not panel_sites.is_own_site, panel_sites.position, panel_sites.site
                ) as cells
            from shown
            cross join panel_sites
            left join links
                on shown.referring_domain = links.referring_domain
                and panel_sites.site = links.site
            group by shown.referring_domain

        )

        select
            shown.*,
            cells.cells
        from shown
        inner join cells
            on shown.referring_domain = cells.referring_domain
        order by list_position(['open', 'covered', 'below_minimum'], shown.gap_status), shown.position
    """
    return ask(connection, query, {"client_id": client_id, "refreshed_on": refreshed_on, **MATRIX_ROWS})


def overlap(connection: duckdb.DuckDBPyConnection, client_id: str, refreshed_on: date) -> list[Row]:
    """One row per number of competitors linked, all of them first: domains with and without a link to the client.

    The `_pct` are shares of the fullest row, for bars.
    """
    query = """
        with steps as (

            select
                unnest(generate_series(len(competitors), 1, -1)) as competitors_linked,
                len(competitors) as competitors,
                min_competitors
            from marts.refreshes
            where client_id = $client_id and refreshed_on = $refreshed_on

        ),

        counted as (

            select
                competitors_linked,
                count(*) as domains,
                count(*) filter (client_links = 0) as gap_domains,
                count(*) filter (client_links > 0) as covered_domains
            from marts.gaps
            where client_id = $client_id and refreshed_on = $refreshed_on
            group by competitors_linked

        )

        select
            steps.competitors_linked,
            steps.competitors,
            steps.competitors_linked < steps.min_competitors as is_below_minimum,
            coalesce(counted.domains, 0) as domains,
            coalesce(counted.gap_domains, 0) as gap_domains,
            coalesce(counted.covered_domains, 0) as covered_domains,
            100.0 * coalesce(counted.gap_domains, 0) / nullif(max(counted.domains) over (), 0) as gap_pct,
            100.0 * coalesce(counted.covered_domains, 0) / nullif(max(counted.domains) over (), 0) as covered_pct
        from steps
        left join counted
            on steps.competitors_linked = counted.competitors_linked
        order by steps.competitors_linked desc
    """
    return ask(connection, query, {"client_id": client_id, "refreshed_on": refreshed_on})


def combinations(connection: duckdb.DuckDBPyConnection, client_id: str, refreshed_on: date) -> list[Row]:
    """One row per combination of parties that the same domains link to, the most domains first: an UpSet plot's rows.

    The client with all its own sites is the first party, its competitors follow as configured. A domain counts in one
    combination, the one of all parties it links to (Lex et al. 2014, UpSet: Visualization of Intersecting Sets).

    Returns:
        `members`, one boolean a party; `first` and `last`, the places of the outermost parties linked, from 0; domains;
        `domains_pct`, its share of the fullest combination; `gap_domains`, those whose gap is open; `is_rest`, true for
        one last row without members that holds the combinations beyond the first ones, `rest_combinations` of them.
    """
    query = """
        with parties as (

            select competitors
            from marts.refreshes
            where client_id = $client_id and refreshed_on = $refreshed_on

        ),

        counted as (

            select
                list_prepend(
                    gaps.client_links > 0,
                    list_transform(parties.competitors, lambda site : list_contains(gaps.competitor_sites, site))
                ) as members,
                count(*) as domains,
                count(*) filter (gaps.gap_status = 'open') as gap_domains
            from marts.gaps
            cross join parties
            where gaps.client_id = $client_id and gaps.refreshed_on = $refreshed_on
            group by members

        ),

        placed as (

            select
                *,
                row_number() over (order by domains desc, members desc) > $combination_rows as is_rest
            from counted

        ),

        shown as (

            select
                if(is_rest, null, members) as members,
                is_rest,
                cast(sum(domains) as bigint) as domains,
                cast(sum(gap_domains) as bigint) as gap_domains,
                count(*) as rest_combinations
            from placed
            group by all

        )

        select
            members,
            list_position(members, true) - 1 as first,
            len(members) - list_position(list_reverse(members), true) as last,
            domains,
            gap_domains,
            is_rest,
            rest_combinations,
            100.0 * domains / max(domains) filter (not is_rest) over () as domains_pct
        from shown
        order by is_rest, domains desc, members desc
    """
    parameters = {"client_id": client_id, "refreshed_on": refreshed_on, "combination_rows": COMBINATION_ROWS}
    return ask(connection, query, parameters)


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
