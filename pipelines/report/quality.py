"""What the panel on quality asks the published tables: what a refresh rests on, and what was set aside and why.

As in `queries`: one function, one query, bound to one `client_id` and one `refreshed_on`. What a rule means beyond the
words in the evidence stands in the seed `quality_rules`, which is read here too.
"""

from __future__ import annotations

import csv
from datetime import date
from functools import cache

import duckdb

from pipelines.report.queries import Row, ask
from warehouse.layout import CHECKOUT

EXAMPLES = 5
"""Rows shown of each reason: enough to see what a rule takes. The table `rejected_rows` holds all of them."""

REJECTED_GAPS = 50
"""Gaps shown whose link to the client was set aside: more than one sitting goes through."""

LINKS_OF_GAP = 3
"""Set-aside links shown of each of them."""


def export_files(connection: duckdb.DuckDBPyConnection, client_id: str, refreshed_on: date) -> list[Row]:
    """One row per delivered file, those that were not taken first."""
    query = """
        select
            path,
            regexp_extract(path, '[^/]*$') as file_name,
            outcome,
            reason,
            provider,
            export_kind,
            vintage,
            site,
            rows_read,
            rows_accepted,
            rows_rejected,
            rows_duplicate
        from marts.export_files
        where client_id = $client_id and refreshed_on = $refreshed_on
        order by list_position(['refused', 'withdrawn', 'duplicate'], outcome) nulls last, path
    """
    return ask(connection, query, {"client_id": client_id, "refreshed_on": refreshed_on})


def coverage(connection: duckdb.DuckDBPyConnection, client_id: str, refreshed_on: date) -> list[Row]:
    """One row per site, provider and kind of export that this refresh rests on."""
    query = """
        select
            coverage.site,
            coverage.provider,
            coverage.export_kind,
            coverage.rows,
            coverage.truncation_evidence,
            coverage.is_truncated,
            coverage.is_stale,
            coverage.as_of,
            not list_contains(refreshes.competitors, coverage.site) as is_own_site
        from marts.coverage
        inner join marts.refreshes
            on coverage.client_id = refreshes.client_id
            and coverage.refreshed_on = refreshes.refreshed_on
        where coverage.client_id = $client_id and coverage.refreshed_on = $refreshed_on
        order by
            list_position(refreshes.competitors, coverage.site) nulls first,
            coverage.site,
            coverage.provider,
            coverage.export_kind
    """
    return ask(connection, query, {"client_id": client_id, "refreshed_on": refreshed_on})


def rejected_reasons(connection: duckdb.DuckDBPyConnection, client_id: str, refreshed_on: date) -> list[Row]:
    """One row per reason for which rows were set aside, the most frequent first.

    `rejected_pct` is its share of the rows read, `bar_pct` of the most frequent one; `examples` are spread over all of
    its rows, each with its file and row number; `why` says why the rule is there.
    """
    query = """
        with files as (

            select
                file_id,
                min(path) as path
            from marts.export_files
            where client_id = $client_id and refreshed_on = $refreshed_on
            group by file_id

        ),

        counted as (

            select
                rejected_rows.reason,
                min(split_part(rejected_rows.evidence, ': ', 1)) as meaning,
                count(*) as rejected_rows,
                count(distinct rejected_rows.file_id) as files,
                arg_min(
                    struct_pack(
                        source_url := rejected_rows.source_url,
                        target_url := rejected_rows.target_url,
                        evidence := regexp_replace(rejected_rows.evidence, '^[^:]*: ', ''),
                        path := files.path,
                        file_name := regexp_extract(files.path, '[^/]*$'),
                        row_number := rejected_rows.row_number
                    ),
                    struct_pack(
                        spread := hash(rejected_rows.source_url),
                        file_id := rejected_rows.file_id,
                        row_number := rejected_rows.row_number
                    ),
                    $examples
                ) as examples
            from marts.rejected_rows
            left join files
                on rejected_rows.file_id = files.file_id
            where rejected_rows.client_id = $client_id and rejected_rows.refreshed_on = $refreshed_on
            group by rejected_rows.reason

        )

        select
            counted.*,
            100.0 * counted.rejected_rows / nullif(refreshes.rows_read, 0) as rejected_pct,
            100.0 * counted.rejected_rows / max(counted.rejected_rows) over () as bar_pct
        from counted
        inner join marts.refreshes
            on refreshes.client_id = $client_id and refreshes.refreshed_on = $refreshed_on
        order by counted.rejected_rows desc, counted.reason
    """
    parameters = {"client_id": client_id, "refreshed_on": refreshed_on, "examples": EXAMPLES}
    return [row | {"why": _rules().get(row["reason"], {}).get("why")} for row in ask(connection, query, parameters)]


def review_reasons(connection: duckdb.DuckDBPyConnection, client_id: str, refreshed_on: date) -> list[Row]:
    """One row per rule that asks somebody to look at accepted links, the most frequent first; with examples."""
    query = """
        with reviewed as (

            select
                unnest(review_reasons) as reason,
                referring_domain,
                source_url,
                target_url,
                file_id,
                row_number
            from marts.links
            where client_id = $client_id and refreshed_on = $refreshed_on and len(review_reasons) > 0

        )

        select
            reason,
            count(*) as links,
            count(distinct referring_domain) as domains,
            100.0 * count(*) / max(count(*)) over () as bar_pct,
            arg_min(
                struct_pack(source_url := source_url, target_url := target_url),
                struct_pack(spread := hash(source_url), file_id := file_id, row_number := row_number),
                $examples
            ) as examples
        from reviewed
        group by reason
        order by links desc, reason
    """
    parameters = {"client_id": client_id, "refreshed_on": refreshed_on, "examples": EXAMPLES}
    rows = ask(connection, query, parameters)
    return [
        row | {"meaning": rule.get("reason"), "why": rule.get("why")}
        for row in rows
        for rule in (_rules().get(row["reason"], {}),)
    ]


def gaps_with_rejected_links(connection: duckdb.DuckDBPyConnection, client_id: str, refreshed_on: date) -> list[Row]:
    """One row per gap whose link to the client was set aside, the best opportunity first.

    `links` are rows of the domain that were set aside in files of the client's own sites. A row belongs to a domain by
    its host, or by the domain that its evidence names (hosts in Unicode).
    """
    query = """
        with gaps as (

            select
                gaps.referring_domain,
                gaps.competitors_linked,
                gaps.gap_status,
                opportunities.rank,
                count(*) over () as gaps_in_all
            from marts.gaps
            left join marts.opportunities
                on gaps.client_id = opportunities.client_id
                and gaps.refreshed_on = opportunities.refreshed_on
                and gaps.referring_domain = opportunities.referring_domain
            where
                gaps.client_id = $client_id
                and gaps.refreshed_on = $refreshed_on
                and gaps.absence = 'rejected_link'
            order by opportunities.rank nulls last, gaps.competitors_linked desc, gaps.referring_domain
            limit $rejected_gaps

        ),

        own_rows as (

            select
                rejected_rows.*,
                string_split(
                    regexp_extract(lower(rejected_rows.source_url), '^(?:[a-z]+://)?(?:[^/?#@]*@)?([^/?#:]+)', 1), '.'
                ) as labels,
                regexp_extract(rejected_rows.evidence, 'linking domain ([^; ]+)', 1) as named_domain
            from marts.rejected_rows
            inner join marts.refreshes
                on rejected_rows.client_id = refreshes.client_id
                and rejected_rows.refreshed_on = refreshes.refreshed_on
            where
                rejected_rows.client_id = $client_id
                and rejected_rows.refreshed_on = $refreshed_on
                and not list_contains(refreshes.competitors, rejected_rows.site)

        ),

        domains_of_rows as (

            select distinct
                own_rows.file_id,
                own_rows.row_number,
                own_rows.site,
                own_rows.source_url,
                own_rows.target_url,
                own_rows.reason,
                own_rows.reasons,
                regexp_replace(own_rows.evidence, '^[^:]*: ', '') as evidence,
                unnest(
                    list_append(
                        list_transform(
                            generate_series(1, len(own_rows.labels)),
                            lambda first: array_to_string(own_rows.labels[first:], '.')
                        ),
                        own_rows.named_domain
                    )
                ) as referring_domain
            from own_rows

        ),

        rejected as (

            select
                gaps.referring_domain,
                count(*) as rejected_links,
                arg_min(
                    struct_pack(
                        source_url := domains_of_rows.source_url,
                        target_url := domains_of_rows.target_url,
                        site := domains_of_rows.site,
                        reason := domains_of_rows.reason,
                        reasons := domains_of_rows.reasons,
                        evidence := domains_of_rows.evidence
                    ),
                    struct_pack(file_id := domains_of_rows.file_id, row_number := domains_of_rows.row_number),
                    $links_of_gap
                ) as links
            from gaps
            inner join domains_of_rows
                on gaps.referring_domain = domains_of_rows.referring_domain
            group by gaps.referring_domain

        )

        select
            gaps.*,
            coalesce(rejected.rejected_links, 0) as rejected_links,
            coalesce(rejected.links, []) as links
        from gaps
        left join rejected
            on gaps.referring_domain = rejected.referring_domain
        order by gaps.rank nulls last, gaps.competitors_linked desc, gaps.referring_domain
    """
    parameters = {
        "client_id": client_id,
        "refreshed_on": refreshed_on,
        "rejected_gaps": REJECTED_GAPS,
        "links_of_gap": LINKS_OF_GAP,
    }
    return ask(connection, query, parameters)


@cache
def _rules() -> dict[str, dict[str, str]]:
    """Rule → its row of the seed `quality_rules`."""
    with (CHECKOUT / "dbt_project" / "seeds" / "quality_rules.csv").open(encoding="utf-8", newline="") as file:
        return {row["rule"]: row for row in csv.DictReader(file)}
