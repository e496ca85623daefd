"""What the panels on things to do ask the published tables, beside the opportunities: one function a query and panel.

Every query is bound to one `client_id` and one `refreshed_on`; text comes back as it was published.
"""

from __future__ import annotations

from datetime import date

import duckdb

from pipelines.report.queries import Row, ask

ASSET_ROWS = 20
"""Pages of competitors on the page: the set that opens the most has no more."""

LINK_ROWS = 50
"""Mentions, and lost links, on the page: a week of letters. The tables and hand-over files hold all of them."""


def assets(connection: duckdb.DuckDBPyConnection, client_id: str, refreshed_on: date) -> list[Row]:
    """One row per competitor page of the set that opens the most gap value, in its order; `cover_pct` runs on."""
    query = """
        select
            cover_rank,
            target_url,
            page_title,
            content_type,
            gap_domains,
            cover_gap_domains,
            cover_gap_score,
            cover_pct,
            is_broken,
            outdated_evidence
        from marts.competitor_assets
        where client_id = $client_id and refreshed_on = $refreshed_on and cover_rank <= $rows
        order by cover_rank
    """
    return ask(connection, query, {"client_id": client_id, "refreshed_on": refreshed_on, "rows": ASSET_ROWS})


def mentions(connection: duckdb.DuckDBPyConnection, client_id: str, refreshed_on: date) -> list[Row]:
    """One row per page that names the client without a link, the strongest domain first; `pages` counts all of them."""
    query = """
        select
            source_url,
            title,
            matched_term,
            matched_in,
            absence,
            is_domain_linking,
            authority,
            outreach_status,
            count(*) over () as pages
        from marts.unlinked_mentions
        where client_id = $client_id and refreshed_on = $refreshed_on
        order by authority desc nulls last, source_url
        limit $rows
    """
    return ask(connection, query, {"client_id": client_id, "refreshed_on": refreshed_on, "rows": LINK_ROWS})


def lost_links(connection: duckdb.DuckDBPyConnection, client_id: str, refreshed_on: date) -> list[Row]:
    """One row per lost link worth asking back, in the order of its rank; `links` counts all of them."""
    query = """
        select
            rank,
            source_url,
            target_url,
            reason,
            is_domain_still_linking,
            authority,
            lost_on,
            outreach_status,
            count(*) over () as links
        from marts.lost_links
        where client_id = $client_id and refreshed_on = $refreshed_on and rank is not null
        order by rank
        limit $rows
    """
    return ask(connection, query, {"client_id": client_id, "refreshed_on": refreshed_on, "rows": LINK_ROWS})


def outreach_results(connection: duckdb.DuckDBPyConnection, client_id: str, refreshed_on: date) -> list[Row]:
    """One row per dimension and value: what came of the letters; all of them first, then tactics, segments, tiers."""
    query = """
        select
            dimension,
            dimension_value,
            contacted,
            won,
            pending,
            decided,
            won_pct,
            won_pct_low,
            won_pct_high
        from marts.outreach_results
        where client_id = $client_id and refreshed_on = $refreshed_on
        order by list_position(['all', 'tactic', 'segment', 'tier'], dimension), contacted desc, dimension_value
    """
    return ask(connection, query, {"client_id": client_id, "refreshed_on": refreshed_on})


def authority_by_site(connection: duckdb.DuckDBPyConnection, client_id: str, refreshed_on: date) -> list[Row]:
    """One row per site of the panel, the client's own first: its referring domains by band of authority.

    `bands` has a struct per band in which it has domains, the strongest first, `band_pct` being its share of the
    site's; `domains_by_band` has the same counts by name.
    """
    query = """
        select
            site,
            is_own_site,
            sum(referring_domains) as referring_domains,
            list(
                struct_pack(
                    authority_band := authority_band,
                    referring_domains := referring_domains,
                    band_pct := 100.0 * referring_domains / site_domains
                )
                order by authority_band = 'unknown', authority_band desc
            ) as bands,
            map(list(authority_band), list(referring_domains)) as domains_by_band
        from (
            select *, sum(referring_domains) over (partition by site) as site_domains
            from marts.referring_domain_growth_bands
            where client_id = $client_id and refreshed_on = $refreshed_on
        )
        where referring_domains > 0
        group by site, is_own_site
        order by is_own_site desc, referring_domains desc, site
    """
    return ask(connection, query, {"client_id": client_id, "refreshed_on": refreshed_on})
