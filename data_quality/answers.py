"""Results of suites as plain data, client by client, for whoever shows them.

An answer keeps what was asked, of whom, what was observed and what did not hold, in words and without a frame; it is
kept as JSON (`warehouse.checks`) and read by the page of checks (`pipelines.report.checks`).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from data_quality.expectations import SuiteResult

Answers = dict[str, list[dict[str, Any]]]
"""Client → one entry a suite: `suite`, `expectations` (about, expected, advice, is_critical) and `rows` (refreshed_on,
subject, observed values in the order of the expectations, null where there was nothing to ask; `failed`: number of the
expectation → detail)."""


def answers_by_client(results: Iterable[SuiteResult]) -> Answers:
    """What every suite found, for each client by itself."""
    answers: Answers = {}
    for result in results:
        suite = list(result.question.expectations)
        failed: dict[int, dict[str, str]] = {}
        for finding in result.findings:
            failed.setdefault(finding.row, {})[str(suite.index(finding.expectation))] = finding.detail
        expectations = [
            {
                "about": one.about,
                "expected": one.expected,
                "advice": one.advice,
                "is_critical": one.is_critical,
            }
            for one in suite
        ]
        rows_by_client: dict[str, list[dict[str, Any]]] = {}
        for number, facts in enumerate(result.question.profile):
            rows_by_client.setdefault(facts["client_id"], []).append(
                {
                    "refreshed_on": facts["refreshed_on"].isoformat(),
                    "subject": facts["subject"],
                    "observed": [
                        None if facts[one.column] is None else one.observed(float(facts[one.column])) for one in suite
                    ],
                    "failed": failed.get(number, {}),
                }
            )
        for client_id, rows in sorted(rows_by_client.items()):
            answers.setdefault(client_id, []).append(
                {"suite": result.question.suite, "expectations": expectations, "rows": rows}
            )
    return answers
