"""The gate behind the quality rules: do the accepted links of a refresh look like the links of real sites?

One profile row per client and refresh, computed by DuckDB in one pass over `marts.links`. Everything here only warns:
what breaks a key or a value list stops a publication by a dbt test, and what an unusual share means is for people to
decide.
"""

from __future__ import annotations

import duckdb

from data_quality.expectations import Between, Question, profile_of

DAYS_AHEAD = 7
"""Days that a link's day may lie after its refresh, as at the door (`data_quality.exports.DAYS_AHEAD`)."""

AHEAD_PCT = 1
"""Links seen later than that: none in a real panel whose refresh is dated four days before its newest observation."""

BACKWARDS_PCT = 1
"""Links first seen after they were last seen: none in all real files. Days merged from two providers may make some."""

WITHOUT_ANCHOR_PCT = 60
"""Links without a text: 0.1 to 4.1 % at the seven sites of two real panels. A list without the column (Search Console)
brings links without one, and may be half of what a client delivers."""

FOLLOW_PCT = (5, 99.5)
"""Share of live links that are follow: 41 to 82 % at the seven sites of two real panels. Far outside, rel attributes
were not read: a column is missing (then everything counts as follow), or its spelling is new."""

LIVE_PCT = 10
"""Share of links that are live: 18 to 100 % at the same seven sites. Below, the list was one of lost links."""

REVIEW_PCT = 50
"""Share of links that some rule asks somebody to look at: 0.2 to 5.4 % at the same sites. Nobody looks at half of a
list."""

LEAST_LINKS = 30
"""Shares are asked of at least as many links: of fewer, one link more or less decides."""


def question(connection: duckdb.DuckDBPyConnection) -> Question:
    """Profile the accepted links of the working database and say what is expected of them.

    Args:
        connection: The working database, with the refreshes of the run in its marts.

    Returns:
        One profile row per client and refresh; shares are null below `LEAST_LINKS` links, and everything is null for a
        refresh without lists of links.
    """
    profile = profile_of(
        connection.execute(
            """
        with listed as (
            select distinct client_id, refreshed_on
            from marts.coverage
            where export_kind in ('backlinks', 'broken_backlinks', 'page_intersect')
        ),
        counted as (
            select
                client_id,
                refreshed_on,
                count(*) as links,
                count(*) filter (is_live) as live_links,
                count(*) filter (is_live and not is_own_site) as competitor_links,
                count(*) - count(distinct hash(source_url, target_url, site)) as repeated,
                count(*) filter (
                    segment_confidence not between 0 and 1 or relevance not between 0 and 1
                ) as out_of_range,
                100.0 * count(*) filter (first_seen > last_seen) / count(*) as backwards_pct,
                100.0 * count(*) filter (greatest(first_seen, last_seen) > refreshed_on + $days_ahead) / count(*)
                    as ahead_pct,
                100.0 * count(*) filter (coalesce(anchor, '') = '') / count(*) as without_anchor_pct,
                100.0 * count(*) filter (is_live) / count(*) as live_pct,
                100.0 * count(*) filter (is_live and is_follow) / nullif(count(*) filter (is_live), 0) as follow_pct,
                100.0 * count(*) filter (len(review_reasons) > 0) / count(*) as review_pct
            from marts.links
            group by client_id, refreshed_on
        )
        select
            refreshes.client_id,
            refreshes.refreshed_on,
            '' as subject,
            coalesce(counted.competitor_links, 0) as competitor_links,
            coalesce(counted.repeated, 0) as repeated,
            coalesce(counted.out_of_range, 0) as out_of_range,
            counted.backwards_pct,
            counted.ahead_pct,
            case when counted.links >= $least then counted.without_anchor_pct end as without_anchor_pct,
            case when counted.links >= $least then counted.live_pct end as live_pct,
            case when counted.live_links >= $least then counted.follow_pct end as follow_pct,
            case when counted.links >= $least then counted.review_pct end as review_pct
        from marts.refreshes
        inner join listed
            on refreshes.client_id = listed.client_id and refreshes.refreshed_on = listed.refreshed_on
        left join counted
            on refreshes.client_id = counted.client_id and refreshes.refreshed_on = counted.refreshed_on
        order by refreshes.client_id, refreshes.refreshed_on
        """,
            {"days_ahead": DAYS_AHEAD, "least": LEAST_LINKS},
        )
    )
    return Question("accepted links", profile, EXPECTATIONS)


EXPECTATIONS = [
    Between(
        "competitor_links",
        1,
        None,
        about="accepted live links to a competitor",
        unit="links",
        advice="without a link to a competitor there is no gap; look at rejected_rows, or whether the exports are of "
        "the right sites",
    ),
    Between(
        "repeated",
        None,
        0,
        about="links that stand there twice",
        unit="links",
        advice="a link counts more than once; please report it with the files",
    ),
    Between(
        "out_of_range",
        None,
        0,
        about="links whose relevance or confidence is not between 0 and 1",
        unit="links",
        advice="scores rest on it; please report it with the files",
    ),
    Between(
        "backwards_pct",
        None,
        BACKWARDS_PCT,
        about="links first seen after they were last seen",
        unit="%",
        advice="which gaps are won depends on these days; are day and month in the right order?",
    ),
    Between(
        "ahead_pct",
        None,
        AHEAD_PCT,
        about=f"links seen more than {DAYS_AHEAD} days after the refresh",
        unit="%",
        advice="the exports are younger than the date of their folder; name the folder by the day they were taken",
    ),
    Between(
        "without_anchor_pct",
        None,
        WITHOUT_ANCHOR_PCT,
        about="links without an anchor text",
        unit="%",
        advice="segments and relevance are judged with little to go by; add an export that has anchors",
    ),
    Between(
        "live_pct",
        LIVE_PCT,
        None,
        about="links that are live",
        unit="%",
        advice="nearly all links are lost: was the list of lost links exported instead of all?",
    ),
    Between(
        "follow_pct",
        *FOLLOW_PCT,
        about="live links that are follow",
        unit="%",
        advice="nofollow, ugc and sponsored seem not to have been read: does the export have these columns?",
    ),
    Between(
        "review_pct",
        None,
        REVIEW_PCT,
        about="links that a rule wants looked at",
        unit="%",
        advice="more than anybody looks at: raise the thresholds in the client file (quality.thresholds), "
        "or decide for whole domains in overrides.csv",
    ),
]
"""What is expected of the accepted links of a refresh. All of it warns."""
