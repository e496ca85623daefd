"""The gate before readers: may a client's new state be published, and is it plausible?

What stops a publication are the contract's laws (grain, keys, value lists, conservation, bridge). They are written
once, as dbt tests whose failing rows begin with `client_id`; here they are counted per client. Volume, freshness and
shares only warn.
"""

from __future__ import annotations

from collections.abc import Mapping

import duckdb
import pandas as pd

from data_quality.expectations import Between, SuiteResult, validate

REJECTED_PCT = 80
"""Share of rows set aside above which somebody should look: real profiles lose 5 to 60 % to spam rules."""

VOLUME_RATIO = (0.5, 2.0)
"""Rows read against the refresh before; a jump usually means another export option was ticked."""


def profile(
    connection: duckdb.DuckDBPyConnection,
    failing_tests: Mapping[str, str],
    published_refreshes: pd.DataFrame,
) -> pd.DataFrame:
    """Profile the refreshes that are about to be published.

    Args:
        connection: The working database.
        failing_tests: Name → SQL of the dbt tests that failed; each returns rows with a `client_id`.
        published_refreshes: client_id, refreshed_on, rows_read of what is published, to compare volumes with.

    Returns:
        One row per client and refresh, index (running number), with client_id, refreshed_on, rows_read, rejected_pct,
        volume_ratio (null without an earlier refresh), files_accepted, own_lists (accepted lists of
        the client's own links) and broken_laws (failing rows of the client).
    """
    connection.register("published_refreshes", published_refreshes)
    frame = connection.execute(
        """
        with refreshes as (
            select client_id, refreshed_on, rows_read, rows_rejected, files_accepted
            from marts.refreshes
        ),
        everything as (
            select client_id, refreshed_on, rows_read from refreshes
            union all
            select client_id, cast(refreshed_on as date), rows_read
            from published_refreshes
            where (client_id, cast(refreshed_on as date)) not in (select client_id, refreshed_on from refreshes)
        ),
        before as (
            select
                client_id,
                refreshed_on,
                lag(rows_read) over (partition by client_id order by refreshed_on) as rows_read_before
            from everything
        )
        select
            refreshes.client_id,
            refreshes.refreshed_on,
            refreshes.rows_read,
            refreshes.files_accepted,
            coalesce(own.lists, 0) as own_lists,
            100.0 * refreshes.rows_rejected / nullif(refreshes.rows_read, 0) as rejected_pct,
            refreshes.rows_read / nullif(before.rows_read_before, 0) as volume_ratio
        from refreshes
        inner join before
            on refreshes.client_id = before.client_id and refreshes.refreshed_on = before.refreshed_on
        left join (
            select coverage.client_id, coverage.refreshed_on, count(*) as lists
            from marts.coverage
            inner join ledger.panel_sites
                on coverage.client_id = panel_sites.client_id
                and coverage.refreshed_on = panel_sites.refreshed_on
                and coverage.site = panel_sites.site
            where panel_sites.is_own_site
                and not coverage.is_stale
                and coverage.export_kind in ('backlinks', 'referring_domains')
            group by coverage.client_id, coverage.refreshed_on
        ) as own
            on refreshes.client_id = own.client_id and refreshes.refreshed_on = own.refreshed_on
        order by refreshes.client_id, refreshes.refreshed_on
        """
    ).df()
    connection.unregister("published_refreshes")
    broken: dict[str, int] = {}
    for sql in failing_tests.values():
        for client_id, rows in connection.execute(
            f"select client_id, count(*) from ({sql}) as failing group by client_id"
        ).fetchall():
            broken[client_id] = broken.get(client_id, 0) + rows
    frame["broken_laws"] = [broken.get(client_id, 0) for client_id in frame["client_id"]]
    return frame


def validate_profile(frame: pd.DataFrame) -> SuiteResult:
    """Hold a profile against the contract's laws (critical) and against what is usual (warnings)."""
    least, most = VOLUME_RATIO
    return validate(
        "publication",
        frame,
        [
            Between(
                "broken_laws",
                None,
                0,
                "rows break grain, keys, value lists, conservation or bridge; see the failed checks",
                is_critical=True,
            ),
            Between(
                "files_accepted",
                1,
                None,
                "no export was accepted; everything shown is carried from earlier refreshes",
                is_critical=False,
            ),
            Between(
                "own_lists",
                1,
                None,
                "no export of the client's own links was accepted; no absence is proven",
                is_critical=False,
            ),
            Between(
                "rejected_pct",
                None,
                REJECTED_PCT,
                "most rows were set aside; look at rejected_rows",
                is_critical=False,
            ),
            Between(
                "volume_ratio",
                least,
                most,
                "the volume jumped against the refresh before; was an export option changed?",
                is_critical=False,
            ),
        ],
    )
