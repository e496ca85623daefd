"""Suites of Great Expectations as asset checks: what every check tells in the same words, and the one on links.

The checks of exports and of the published file belong to the steps that act on them (`exports`, `publication`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import dagster as dg

from data_quality import links
from data_quality.answers import answers_by_client
from data_quality.expectations import SuiteResult, validate
from pipelines.assets.writer import POOL, WorkspaceWriter
from warehouse.checks import add_checks
from warehouse.connections import connect

LINKS = dg.AssetKey(["marts", "links"])
WARNINGS = "warnings"
"""Metadata of a check with one line for each thing to look at; `linkgap refresh` prints them."""

FINDINGS_SHOWN = 100
"""Findings that the metadata of a check holds; all of them stand on the page of checks."""


def check_metadata(results: Sequence[SuiteResult]) -> dict[str, Any]:
    """Counts and findings of suites as the metadata of a check."""
    findings = [finding for result in results for finding in result.findings]
    return {
        "rows": sum(result.rows for result in results),
        "expectations": sum(result.expectations for result in results),
        "failed": len(findings),
        "findings": [finding.line for finding in findings][:FINDINGS_SHOWN],
        WARNINGS: [finding.line for result in results for finding in result.warnings][:FINDINGS_SHOWN],
    }


# blocking, so that it runs before publication and its page; a warning blocks nothing
@dg.asset_check(
    asset=LINKS,
    name="plausible_links",
    description="Great Expectations: the accepted links of each refresh look like links of real sites; only warns.",
    blocking=True,
    pool=POOL,
)
def plausible_links(writer: WorkspaceWriter) -> dg.AssetCheckResult:
    """Hold the accepted links of the run against what is usual."""
    workspace = writer.workspace
    with connect(workspace.working_database, workspace, read_only=True) as connection:
        question = links.question(connection)
    results = validate(question)
    add_checks(workspace, answers_by_client(results))
    return dg.AssetCheckResult(
        passed=not results[0].findings, severity=dg.AssetCheckSeverity.WARN, metadata=check_metadata(results)
    )
