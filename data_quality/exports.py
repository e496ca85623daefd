"""The gate at the door: is a landed export sound?

One profile row a file, computed by DuckDB over all files of a format at once. A file that fails a critical expectation
is refused; nothing else of the run is touched.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import duckdb
import pandas as pd

from data_quality.expectations import Between, SuiteResult, validate

READABLE_KEYS_PCT = 50
"""A file in which fewer rows have readable URLs or domains is not what its header says (a shifted or garbled table).
Real files have 99 to 100 %; the worst one seen, an excerpt typed by hand, 97 %."""

READABLE_DATES_PCT = 50
"""Dates decide what is live. Below this share of readable dates a spreadsheet has rewritten them."""

UNREADABLE_ROWS_PCT = 20
"""More rows than this that are no rows of the table: a wrong delimiter or quoting, not a few broken lines."""


def profile(
    connection: duckdb.DuckDBPyConnection,
    field_types: Mapping[str, str],
    readable_days: Mapping[str, str],
    parquet_files: Sequence[str],
) -> pd.DataFrame:
    """Profile landed files of one format.

    Args:
        connection: Any DuckDB connection.
        field_types: Field → type, as the format's catalogue entry names them.
        readable_days: Date field → SQL expression of its day, null where it cannot be read.
        parquet_files: The landed files.

    Returns:
        One row per file, index `file_id`: rows, unreadable_pct, and per url, host or date field `<field>_readable_pct`
        among its non-empty values (null where it has none), all percentages 0 to 100.
    """
    measures = []
    for field, field_type in field_types.items():
        test = {
            "url": f'contains("{field}", \'.\') and not contains("{field}", chr(65533))',
            "host": f"contains(\"{field}\", '.')",
            "date": f"({readable_days.get(field)}) is not null",
        }.get(field_type)
        if test:
            measures.append(f'100.0 * count(*) filter ({test}) / nullif(count("{field}"), 0) as "{field}_readable_pct"')
    return (
        connection.execute(
            f"""
            select
                file_id,
                count(*) as rows,
                100.0 * count(unreadable) / count(*) as unreadable_pct,
                {", ".join(measures)}
            from read_parquet($files)
            group by file_id
            """,
            {"files": list(parquet_files)},
        )
        .df()
        .set_index("file_id")
    )


def validate_profile(export_kind: str, field_types: Mapping[str, str], frame: pd.DataFrame) -> SuiteResult:
    """Hold a profile against the expectations of its kind."""
    suite = [
        Between(
            "unreadable_pct",
            None,
            UNREADABLE_ROWS_PCT,
            "too many rows do not fit the header; download the export again and do not re-save it",
            is_critical=True,
        )
    ]
    for field, field_type in field_types.items():
        if field_type == "date":
            minimum, advice = READABLE_DATES_PCT, "dates cannot be read; export with dates like 2026-01-31"
        elif field_type in ("url", "host"):
            minimum, advice = READABLE_KEYS_PCT, "holds no web addresses where its header says so; is a column shifted?"
        else:
            continue
        suite.append(Between(f"{field}_readable_pct", minimum, None, f"column '{field}' {advice}", is_critical=True))
    return validate(f"{export_kind} exports", frame, suite)
