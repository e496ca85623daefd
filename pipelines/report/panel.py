"""What the page asks about the panel: who links to whom, and what the sites have in common."""

from __future__ import annotations

from datetime import date

import duckdb

from pipelines.report.queries import Row, ask

MATRIX_ROWS = {"open": 140, "covered": 40, "below_minimum": 20}
"""Rows of the matrix by gap status: some 200, the most one scrolls through, enough of each to filter for."""

COMBINATION_ROWS = 20
"""Rows of the UpSet plot; the combinations beyond them stand together in one more."""

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
