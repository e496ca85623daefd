"""What the page of checks shows: findings first, then every expectation that was asked.

Reads what the gates left behind (`warehouse.checks`, in the words of `data_quality.answers`), and nothing published.
Nothing is judged here: what is expected, and what a finding means, is said in `data_quality`.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

from warehouse.checks import Checks

OUTCOMES = ("stopped", "warns", "passed")
"""What became of an expectation, the worst first. A critical one refused the file or stopped the publication."""

VALUES_SHOWN = 6
"""Different values of one expectation that stand beside it; more of them are folded."""

PLACES_SHOWN = 2
"""Places of one value that stand beside it; where there are more, their number does, and they are folded."""


def checks_page(checks: Checks) -> dict[str, Any]:
    """The page's content.

    Returns:
        `findings`: one entry a finding, the worst first; `clients`: one entry a client with its suites and their
        expectations, each with `outcome` (the worst of its answers), `answers` (refreshed_on, subject, observed,
        outcome) and `values` (the same by what was observed, with its `places`); `totals`: outcome → answers.
    """
    clients: list[dict[str, Any]] = [
        {"client_id": client_id, "suites": [_suite(entry) for entry in entries]}
        for client_id, entries in sorted(checks.items())
    ]
    findings = [
        {"client_id": client["client_id"], "suite": suite["suite"], **expectation, **answer}
        for client in clients
        for suite in client["suites"]
        for expectation in suite["expectations"]
        for answer in expectation["answers"]
        if answer["outcome"] != "passed"
    ]
    totals: Counter[str] = Counter()
    for client in clients:
        client["counts"] = Counter(
            answer["outcome"]
            for suite in client["suites"]
            for expectation in suite["expectations"]
            for answer in expectation["answers"]
        )
        totals.update(client["counts"])
    findings.sort(key=lambda one: (OUTCOMES.index(one["outcome"]), one["client_id"], one["refreshed_on"]))
    return {
        "findings": findings,
        "clients": clients,
        "totals": totals,
        "values_shown": VALUES_SHOWN,
        "places_shown": PLACES_SHOWN,
    }


def _suite(entry: dict[str, Any]) -> dict[str, Any]:
    expectations = [
        _expectation(number, expectation, entry["rows"]) for number, expectation in enumerate(entry["expectations"])
    ]
    # an expectation of a column that no file has says nothing
    asked = [one for one in expectations if one["answers"]]
    return {
        "suite": entry["suite"],
        "expectations": asked,
        "counts": Counter(answer["outcome"] for one in asked for answer in one["answers"]),
    }


def _expectation(number: int, expectation: dict[str, Any], rows: list[dict[str, Any]]) -> dict[str, Any]:
    answers = []
    for row in rows:
        observed = row["observed"][number]
        if observed is None:
            continue
        detail = row["failed"].get(str(number))
        failed = "stopped" if expectation["is_critical"] else "warns"
        answers.append(
            {
                "refreshed_on": row["refreshed_on"],
                "subject": row["subject"],
                "label": row["subject"].rsplit("/", 1)[-1],
                "observed": observed,
                "detail": detail or "",
                "outcome": "passed" if detail is None else failed,
            }
        )
    answers.sort(key=lambda one: OUTCOMES.index(one["outcome"]))
    return {
        **{name: expectation[name] for name in ("about", "expected", "advice")},
        "answers": answers,
        "values": _values(answers),
        "outcome": answers[0]["outcome"] if answers else "passed",
    }


def _values(answers: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Answers by what was observed, in the order of the answers: most files agree."""
    values: dict[tuple[str, str], dict[str, Any]] = {}
    for answer in answers:
        value = {"observed": answer["observed"], "outcome": answer["outcome"], "places": []}
        values.setdefault((answer["outcome"], answer["observed"]), value)["places"].append(answer)
    return list(values.values())
