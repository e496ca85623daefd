"""Runs a suite of Great Expectations over a small frame and says which of its rows failed what.

Imported lazily by its callers: Great Expectations takes seconds to import.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

import pandas as pd

os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")

import great_expectations as gx
from great_expectations.data_context.types.base import ProgressBarsConfig


@dataclass(frozen=True)
class Finding:
    """One row of a profile that an expectation does not hold for.

    Attributes:
        row: Index of the row in the frame.
        expectation: Its type and column.
        advice: What the reader should do about it.
        is_critical: Whether it refuses a file or stops a publication; else it warns.
        value: What was found.
    """

    row: Any
    expectation: str
    advice: str
    is_critical: bool
    value: Any


@dataclass(frozen=True)
class SuiteResult:
    """Findings of a suite and how many expectations were asked of how many rows."""

    findings: list[Finding]
    expectations: int
    rows: int

    @property
    def critical(self) -> list[Finding]:
        return [finding for finding in self.findings if finding.is_critical]


def validate(name: str, frame: pd.DataFrame, expectations: list[gx.expectations.Expectation]) -> SuiteResult:
    """Ask every expectation of a frame with a unique index.

    Each expectation carries `meta={'advice': …}` and severity `critical` or `warning`.
    """
    if frame.empty:
        return SuiteResult([], len(expectations), 0)
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    source = context.data_sources.add_pandas(name)
    batch = (
        source.add_dataframe_asset(name)
        .add_batch_definition_whole_dataframe(name)
        .get_batch({"dataframe": frame.reset_index(names="profile_row")})
    )
    outcome = batch.validate(
        gx.ExpectationSuite(name=name, expectations=expectations),
        result_format={"result_format": "COMPLETE", "unexpected_index_column_names": ["profile_row"]},
    )
    findings: list[Finding] = []
    for result in outcome.results:
        if result.success:
            continue
        config = result.expectation_config
        if "unexpected_index_list" not in result.result:
            raise RuntimeError(f"{name}: {config.type} could not be evaluated: {result.exception_info}")
        column = config.kwargs["column"]
        findings.extend(
            Finding(
                row=unexpected["profile_row"],
                expectation=f"{config.type}({column})",
                advice=(config.meta or {}).get("advice", ""),
                is_critical=config.severity == "critical",
                value=unexpected[column],
            )
            for unexpected in result.result["unexpected_index_list"]
        )
    return SuiteResult(findings, len(expectations), len(frame))
