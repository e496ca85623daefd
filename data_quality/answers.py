"""Results of suites as plain data, client by client, for whoever shows them.

An answer keeps what was asked, of whom, what was observed and what did not hold, in words and without a frame; it is
kept as JSON (`warehouse.checks`) and read by the page of checks (`pipelines.report.checks`).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pandas as pd

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
        failed: dict[Any, dict[str, str]] = {}
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
        for client_id, profile in result.question.profile.groupby("client_id", sort=True):
            rows = [
                {
                    "refreshed_on": pd.Timestamp(facts["refreshed_on"]).date().isoformat(),
                    "subject": facts["subject"],
                    "observed": [
                        None if pd.isna(facts[one.column]) else one.observed(float(facts[one.column])) for one in suite
                    ],
                    "failed": failed.get(row, {}),
                }
                for row, facts in zip(profile.index, profile.to_dict("records"), strict=True)
            ]
            answers.setdefault(str(client_id), []).append(
                {"suite": result.question.suite, "expectations": expectations, "rows": rows}
            )
    return answers
