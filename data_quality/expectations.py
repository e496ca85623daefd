"""Runs suites of Great Expectations over small frames and says which of their rows failed what.

Great Expectations takes seconds to import. It lives in a process of its own (`data_quality.worker`), which starts while
the run still lands files or loads dbt, and is asked with small frames. What is expected is written as plain data by the
modules beside this one.
"""

from __future__ import annotations

import atexit
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from threading import Lock
from typing import Any

import duckdb

from data_quality import worker
from data_quality.worker import Bounds, Columns, Unexpected, receive, send

Profile = list[dict[str, Any]]
"""Rows by column, all with the same columns. `client_id`, `refreshed_on` and `subject` (a file, a reason …, or '' for
the refresh) say what a row is about."""


def profile_of(result: duckdb.DuckDBPyConnection) -> Profile:
    """The rows of a query."""
    columns = [str(column[0]) for column in result.description or ()]
    return [dict(zip(columns, row, strict=True)) for row in result.fetchall()]


@dataclass(frozen=True)
class Between:
    """A column's values lie between two bounds; nulls are left alone.

    Attributes:
        column: Of the profile.
        minimum: Smallest allowed value, or None.
        maximum: Largest allowed value, or None.
        about: What the column measures, in words.
        unit: Of the values: `%`, `days`, `rows` …; '' for a plain number.
        advice: What the reader of a finding should do.
        is_critical: Whether a finding refuses a file or stops a publication; else it warns.
    """

    column: str
    minimum: float | None
    maximum: float | None
    about: str
    advice: str
    unit: str = ""
    is_critical: bool = False

    @property
    def expected(self) -> str:
        """The bounds in words."""
        if self.minimum is None:
            return f"at most {self._counted(self.maximum or 0)}"
        if self.maximum is None:
            return f"at least {self._counted(self.minimum)}"
        return f"{self.minimum:g} to {self._counted(self.maximum)}"

    def observed(self, value: float) -> str:
        """A value as people read it."""
        return self._counted(value)

    def _counted(self, value: float) -> str:
        if abs(value) >= 100 or float(value).is_integer():
            number = f"{value:,.0f}"
        else:
            number = f"{value:.1f}" if abs(value) >= 1 else f"{value:.2g}"
        unit = self.unit.removesuffix("s") if value == 1 else self.unit
        return f"{number} {unit}".strip()


@dataclass(frozen=True)
class Question:
    """A profile and what is expected of it.

    Attributes:
        suite: Name of the suite, as people read it.
        profile: Its rows have the columns that the expectations name. A column `<column>_detail`, where there is one,
            says more about a value that was not expected.
        expectations: Of its columns.
    """

    suite: str
    profile: Profile
    expectations: Sequence[Between]


@dataclass(frozen=True)
class Finding:
    """One row of a profile that an expectation does not hold for.

    Attributes:
        row: Place of the row in the profile.
        expectation: What did not hold.
        value: What was found.
        client_id: Whom the row speaks of.
        refreshed_on: Of which refresh.
        subject: Of which file, reason …; '' for the refresh as a whole.
        detail: More about the value; may be empty.
    """

    row: int
    expectation: Between
    value: float
    client_id: str
    refreshed_on: date
    subject: str
    detail: str

    @property
    def line(self) -> str:
        """The finding in one line: who, what to do, what was found."""
        subject = f" {self.subject}" if self.subject else ""
        detail = f"; {self.detail}" if self.detail else ""
        return (
            f"{self.client_id} {self.refreshed_on}{subject}: {self.expectation.advice} "
            f"({self.expectation.about}: {self.expectation.observed(self.value)}, "
            f"expected {self.expectation.expected}{detail})"
        )


@dataclass(frozen=True)
class SuiteResult:
    """What a suite was asked, of whom, and what it found."""

    question: Question
    findings: list[Finding]

    @property
    def expectations(self) -> int:
        return len(self.question.expectations)

    @property
    def rows(self) -> int:
        return len(self.question.profile)

    @property
    def critical(self) -> list[Finding]:
        """The findings that refuse or stop."""
        return [finding for finding in self.findings if finding.expectation.is_critical]

    @property
    def warnings(self) -> list[Finding]:
        """The findings that only warn, of rows that nothing refuses or stops."""
        stopped = {finding.row for finding in self.critical}
        return [one for one in self.findings if not one.expectation.is_critical and one.row not in stopped]


def prepare() -> None:
    """Start the process and let it import; returns at once."""
    _worker()


def validate(*questions: Question) -> list[SuiteResult]:
    """Ask every expectation of every profile.

    Returns:
        One result per question, in their order.

    Raises:
        RuntimeError: An expectation could not be evaluated (a column is missing, say).
    """
    asked = [(question, _asked_of(question)) for question in questions]
    answers = iter(
        _worker().answers(
            [
                (
                    question.suite,
                    {
                        column: [row[column] for row in question.profile]
                        for column in _columns_of(question, expectations)
                    },
                    [(one.column, one.minimum, one.maximum, one.is_critical) for one in expectations],
                )
                for question, expectations in asked
                if expectations
            ]
        )
    )
    return [
        SuiteResult(question, _findings(question, expectations, next(answers)) if expectations else [])
        for question, expectations in asked
    ]


def _asked_of(question: Question) -> list[Between]:
    """The expectations of a question that have a value to be held against."""
    if not question.profile:
        return []
    return [one for one in question.expectations if _has_values(question.profile, one.column)]


def _columns_of(question: Question, expectations: list[Between]) -> list[str]:
    return [column for column in dict.fromkeys(one.column for one in expectations) if column in question.profile[0]]


def _has_values(profile: Profile, column: str) -> bool:
    # a column that is missing is asked for, so that the mistake shows
    return column not in profile[0] or any(row[column] is not None for row in profile)


def _findings(question: Question, expectations: list[Between], unexpected: list[Unexpected]) -> list[Finding]:
    findings = []
    for row, number, value in unexpected:
        expectation = expectations[number]
        facts = question.profile[row]
        findings.append(
            Finding(
                row=row,
                expectation=expectation,
                value=float(value),
                client_id=str(facts["client_id"]),
                refreshed_on=facts["refreshed_on"],
                subject=str(facts["subject"]),
                detail=str(facts.get(f"{expectation.column}_detail") or ""),
            )
        )
    return findings


class _Worker:
    """The process of Great Expectations, one for all runs of this process."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._process = subprocess.Popen(
            [sys.executable, worker.__file__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "GX_ANALYTICS_ENABLED": "false"},
        )
        atexit.register(self._end)

    def _end(self) -> None:
        self._process.kill()
        self._process.wait()

    def answers(self, suites: list[tuple[str, Columns, list[Bounds]]]) -> list[list[Unexpected]]:
        if not suites:
            return []
        assert self._process.stdin and self._process.stdout
        with self._lock:
            try:
                send(self._process.stdin, suites)
                answer = receive(self._process.stdout)
            except (OSError, EOFError) as error:
                _worker.cache_clear()
                raise RuntimeError(
                    f"the process of Great Expectations ended (exit code {self._process.wait()}); run the command again"
                ) from error
        if isinstance(answer, Exception):
            raise answer
        return answer


@cache
def _worker() -> _Worker:
    return _Worker()
