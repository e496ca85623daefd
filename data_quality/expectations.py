"""Runs suites of Great Expectations over small frames and says which of their rows failed what.

Great Expectations takes seconds to import. It lives in a process of its own, which starts while the run still lands
files or loads dbt, and is asked with small frames. What is expected is written as plain data by the modules beside
this one.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass
from datetime import date
from functools import cache
from itertools import count
from multiprocessing import get_context
from multiprocessing.util import Finalize
from typing import Any

import pandas as pd

SUBJECT = ("client_id", "refreshed_on", "subject")
"""Columns of every profile that say whom a row speaks of; `subject` is a file, a reason …, or '' for the refresh."""


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
        profile: A frame with a unique index, the columns of `SUBJECT` and those the expectations name. A column
            `<column>_detail`, where there is one, says more about a value that was not expected.
        expectations: Of its columns.
    """

    suite: str
    profile: pd.DataFrame
    expectations: Sequence[Between]


@dataclass(frozen=True)
class Finding:
    """One row of a profile that an expectation does not hold for.

    Attributes:
        row: Index of the row in the profile.
        expectation: What did not hold.
        value: What was found.
        client_id: Whom the row speaks of.
        refreshed_on: Of which refresh.
        subject: Of which file, reason …; '' for the refresh as a whole.
        detail: More about the value; may be empty.
    """

    row: Any
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


def prepare() -> Future[bool]:
    """Start the process and let it import; returns at once."""
    return _process().submit(_import)


def validate(*questions: Question) -> list[SuiteResult]:
    """Ask every expectation of every profile.

    Returns:
        One result per question, in their order.

    Raises:
        RuntimeError: An expectation could not be evaluated (a column is missing, say).
    """
    asked = [
        (
            question.suite,
            question.profile[[column for column in question.profile if column not in SUBJECT]],
            [one for one in question.expectations if _has_values(question.profile, one.column)],
        )
        for question in questions
        if not question.profile.empty
    ]
    answers = iter(_process().submit(_validate, asked).result() if asked else [])
    return [SuiteResult(one, [] if one.profile.empty else _findings(one, next(answers))) for one in questions]


def _has_values(profile: pd.DataFrame, column: str) -> bool:
    # a column that is missing is asked for, so that the mistake shows
    return column not in profile or bool(profile[column].notna().any())


def _findings(question: Question, unexpected: list[tuple[Any, Between, Any]]) -> list[Finding]:
    findings = []
    for row, expectation, value in unexpected:
        facts = question.profile.loc[row]
        findings.append(
            Finding(
                row=row,
                expectation=expectation,
                value=float(value),
                client_id=str(facts["client_id"]),
                refreshed_on=pd.Timestamp(facts["refreshed_on"]).date(),
                subject=str(facts["subject"]),
                detail=str(facts.get(f"{expectation.column}_detail") or ""),
            )
        )
    return findings


@cache
def _process() -> ProcessPoolExecutor:
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    executor = ProcessPoolExecutor(max_workers=1, mp_context=get_context("spawn"))
    # A run that Dagster launches is itself a child of multiprocessing. At its end it closes its queues (finalizers of
    # priority 10) and waits for its own children, and only then would an executor tell its process to stop.
    Finalize(None, executor.shutdown, exitpriority=20)
    return executor


def _import() -> bool:
    return _context() is not None


@cache
def _context() -> Any:
    """In the process of its own, once."""
    import great_expectations as gx
    from great_expectations.data_context.types.base import ProgressBarsConfig

    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    return context


_numbers = count()


def _validate(asked: list[tuple[str, pd.DataFrame, list[Between]]]) -> list[list[tuple[Any, Between, Any]]]:
    """In the process of its own: per profile (row, expectation, value) of what was not expected."""
    return [_validate_one(*one) for one in asked]


def _validate_one(suite: str, profile: pd.DataFrame, asked: list[Between]) -> list[tuple[Any, Between, Any]]:
    import great_expectations as gx

    # the context keeps what it was given under its name
    name = f"{suite} {next(_numbers)}"
    batch = (
        _context()
        .data_sources.add_pandas(name)
        .add_dataframe_asset(name)
        .add_batch_definition_whole_dataframe(name)
        .get_batch({"dataframe": profile.reset_index(names="profile_row")})
    )
    expectations = [
        gx.expectations.ExpectColumnValuesToBeBetween(
            column=one.column,
            min_value=one.minimum,
            max_value=one.maximum,
            severity="critical" if one.is_critical else "warning",
            meta={"number": number, "advice": one.advice},
        )
        for number, one in enumerate(asked)
    ]
    outcome = batch.validate(
        gx.ExpectationSuite(name=name, expectations=expectations),
        result_format={"result_format": "COMPLETE", "unexpected_index_column_names": ["profile_row"]},
    )
    _context().data_sources.delete(name)
    unexpected: list[tuple[Any, Between, Any]] = []
    for result in outcome.results:
        if result.success:
            continue
        one = asked[result.expectation_config.meta["number"]]
        if "unexpected_index_list" not in result.result:
            raise RuntimeError(f"{suite}: {one.column} could not be evaluated: {result.exception_info}")
        unexpected.extend((row["profile_row"], one, row[one.column]) for row in result.result["unexpected_index_list"])
    return unexpected
