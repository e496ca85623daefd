"""Runs a suite of Great Expectations over a small frame and says which of its rows failed what.

Great Expectations takes seconds to import. It lives in a process of its own, which starts while the run still lands
files or loads dbt, and is asked with small frames. What is expected is written as plain data by the modules beside
this one.
"""

from __future__ import annotations

import os
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass
from functools import cache
from multiprocessing import get_context
from typing import Any

import pandas as pd


@dataclass(frozen=True)
class Between:
    """A column's values lie between two bounds; nulls are left alone.

    Attributes:
        column: Of the profile.
        minimum: Smallest allowed value, or None.
        maximum: Largest allowed value, or None.
        advice: What the reader of a finding should do.
        is_critical: Whether a finding refuses a file or stops a publication; else it warns.
    """

    column: str
    minimum: float | None
    maximum: float | None
    advice: str
    is_critical: bool


@dataclass(frozen=True)
class Finding:
    """One row of a profile that an expectation does not hold for: its index, the expectation, the value found."""

    row: Any
    expectation: Between
    value: Any


@dataclass(frozen=True)
class SuiteResult:
    """Findings of a suite and how many expectations were asked of how many rows."""

    findings: list[Finding]
    expectations: int
    rows: int

    @property
    def critical(self) -> list[Finding]:
        """The findings that refuse or stop."""
        return [finding for finding in self.findings if finding.expectation.is_critical]


def prepare() -> Future[bool]:
    """Start the process and let it import; returns at once."""
    return _process().submit(_import)


def validate(name: str, frame: pd.DataFrame, suite: list[Between]) -> SuiteResult:
    """Ask every expectation of a frame with a unique index.

    Raises:
        RuntimeError: An expectation could not be evaluated (a column is missing, say).
    """
    if frame.empty:
        return SuiteResult([], len(suite), 0)
    asked = [one for one in suite if one.column not in frame or frame[one.column].notna().any()]
    findings = _process().submit(_validate, name, frame, asked).result()
    return SuiteResult(findings, len(suite), len(frame))


@cache
def _process() -> ProcessPoolExecutor:
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    return ProcessPoolExecutor(max_workers=1, mp_context=get_context("spawn"))


def _import() -> bool:
    import great_expectations

    return great_expectations is not None


def _validate(name: str, frame: pd.DataFrame, suite: list[Between]) -> list[Finding]:
    """In the process of its own."""
    import great_expectations as gx
    from great_expectations.data_context.types.base import ProgressBarsConfig

    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    batch = (
        context.data_sources.add_pandas(name)
        .add_dataframe_asset(name)
        .add_batch_definition_whole_dataframe(name)
        .get_batch({"dataframe": frame.reset_index(names="profile_row")})
    )
    expectations = [
        gx.expectations.ExpectColumnValuesToBeBetween(
            column=one.column,
            min_value=one.minimum,
            max_value=one.maximum,
            severity="critical" if one.is_critical else "warning",
            meta={"number": number, "advice": one.advice},
        )
        for number, one in enumerate(suite)
    ]
    outcome = batch.validate(
        gx.ExpectationSuite(name=name, expectations=expectations),
        result_format={"result_format": "COMPLETE", "unexpected_index_column_names": ["profile_row"]},
    )
    findings: list[Finding] = []
    for result in outcome.results:
        if result.success:
            continue
        one = suite[result.expectation_config.meta["number"]]
        if "unexpected_index_list" not in result.result:
            raise RuntimeError(f"{name}: {one.column} could not be evaluated: {result.exception_info}")
        findings.extend(
            Finding(unexpected["profile_row"], one, unexpected[one.column])
            for unexpected in result.result["unexpected_index_list"]
        )
    return findings
