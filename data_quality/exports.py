"""The gate at the door: is a landed export sound, and does it look like the whole, current list it should be?

One profile row a file, computed by DuckDB over all files of a format at once. A file that fails a critical expectation
is refused; nothing else of the run is touched. The rest only warns. Only lists of links and of linking domains are
asked for freshness, repetition and gaps in their cells: gaps rest on them.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import duckdb

from data_quality.expectations import Between, Question, profile_of

READABLE_KEYS_PCT = 50
"""A file in which fewer rows have readable URLs or domains is not what its header says (a shifted or garbled table).
Real files have 99 to 100 %; the worst one seen, an excerpt typed by hand, 97 %."""

READABLE_DATES_PCT = 50
"""Dates decide what is live. Below this share of readable dates a spreadsheet has rewritten them."""

UNREADABLE_ROWS_PCT = 20
"""More rows than this that are no rows of the table: a wrong delimiter or quoting, not a few broken lines."""

EMPTY_KEYS_PCT = 2
"""Rows without their URL or domain. None of the 17 real lists of links and domains that were measured has a single
one; each such row is lost to the analysis."""

EMPTY_TEXTS_PCT = 50
"""Rows without title or anchor, where the file has the column. Real lists of backlinks: titles 0 to 1.4 %, anchors 0 to
10.7 % (pictures without a text); in 252 further files 0.8 and 5.0 %. Half is far outside, whatever the niche."""

REPEATED_LINKS_PCT = 25
"""Rows that repeat source and target of another row of the file. Real ones: 0 % where one link a domain was exported,
1.3 to 7.5 % in the whole lists of five profiles (Semrush lists a link again where its anchor differs)."""

REPEATED_DOMAINS_PCT = 1
"""Rows that repeat the domain of another row: 0 in every real list of domains (3 lists, 15,020 rows)."""

DAYS_AHEAD = 7
"""Days that a file's newest observation may lie after the date of its refresh: exports of one refresh are downloaded
over a few days. Later than that, the folder has the wrong date, or month and day of the dates are mixed up."""

OBSERVED = (
    "first_seen",
    "last_seen",
    "lost",
    "target_checked",
    "page_checked",
    "first_crawled",
    "last_crawled",
)
"""Fields whose day says that the provider looked at something. The newest of them is 0 to 3 days older than the
download in the real files of Ahrefs and Semrush, 15 and 29 days in two short lists of Search Console: well within the
60 days that two refreshes usually lie apart at least. So an export whose newest day is older than that may well be the
one of the refresh before."""

LISTS = ("links", "domains")


@dataclass(frozen=True)
class LandedFormat:
    """What the profile of a format's files needs to know of its entry in the catalogue.

    Attributes:
        name: As people call it: `ahrefs backlinks`.
        describes: `links`, `domains` or `other`.
        field_types: Field → type.
        readable_days: Date field → SQL expression of its day, null where it cannot be read.
        row_site_field: Field that names the site a row speaks of, in files of many sites.
    """

    name: str
    describes: str
    field_types: Mapping[str, str]
    readable_days: Mapping[str, str]
    row_site_field: str | None = None

    @property
    def key(self) -> list[str]:
        """The fields that two rows of a list should not share; empty for what is no list of links or domains."""
        keys = {"links": ("source_url", "target_url"), "domains": ("domain",)}.get(self.describes, ())
        return [field for field in keys if field in self.field_types]

    @property
    def texts(self) -> list[str]:
        """The texts that segments and relevance are judged by."""
        return [name for name in ("title", "anchor") if self.describes == "links" and name in self.field_types]

    @property
    def observed(self) -> list[str]:
        """The fields whose newest day tells how old the export is."""
        return [name for name in OBSERVED if self.describes in LISTS and name in self.readable_days]


def profile(
    connection: duckdb.DuckDBPyConnection, landed_format: LandedFormat, parquet_files: Sequence[str]
) -> dict[str, dict[str, Any]]:
    """Profile landed files of one format.

    Args:
        connection: Any DuckDB connection.
        landed_format: Their format.
        parquet_files: The landed files; files without rows are missing in the result.

    Returns:
        By `file_id`: rows, unreadable_pct; per url, host or date field `<field>_readable_pct`
        among its non-empty values (null where it has none); for lists `<field>_empty_pct` of keys and texts,
        repeated_pct, and newest_day (null without a readable date). All percentages 0 to 100.
    """
    measures = ["count(*) as rows", "100.0 * count(unreadable) / count(*) as unreadable_pct"]
    for field, field_type in landed_format.field_types.items():
        test = {
            "url": f'contains("{field}", \'.\') and not contains("{field}", chr(65533))',
            "host": f"contains(\"{field}\", '.')",
            "date": f'"{field} day" is not null',
        }.get(field_type)
        if test:
            measures.append(f'100.0 * count(*) filter ({test}) / nullif(count("{field}"), 0) as "{field}_readable_pct"')
    for field in (*landed_format.key, *landed_format.texts):
        measures.append(f'100.0 * (count(*) - count("{field}")) / count(*) as "{field}_empty_pct"')
    if landed_format.key:
        key = [*landed_format.key, *([landed_format.row_site_field] if landed_format.row_site_field else [])]
        columns = ", ".join(f'"{field}"' for field in key)
        measures.append(f"100.0 * (count(*) - count(distinct hash({columns}))) / count(*) as repeated_pct")
    if landed_format.observed:
        newest = ", ".join(f'max("{field} day")' for field in landed_format.observed)
        measures.append(f"greatest({newest}) as newest_day")
    days = "".join(f', ({day}) as "{field} day"' for field, day in landed_format.readable_days.items())
    rows = connection.execute(
        f"""
        select file_id, {", ".join(measures)}
        from (select *{days} from read_parquet($files)) as landed
        group by file_id
        """,
        {"files": list(parquet_files)},
    )
    return {row["file_id"]: row for row in profile_of(rows)}


@dataclass(frozen=True)
class ProfiledDelivery:
    """One file as it was delivered for one refresh.

    Attributes:
        client_id: Whose.
        refreshed_on: Date of the refresh.
        path: As delivered.
        file_id: Of the profile.
        earliest_days: Shortest distance of two refreshes in the client's settings.
        fields: The fields that its header delivers.
    """

    client_id: str
    refreshed_on: date
    path: str
    file_id: str
    earliest_days: int
    fields: Collection[str]


def question(
    landed_format: LandedFormat, profiles: Mapping[str, dict[str, Any]], deliveries: Sequence[ProfiledDelivery]
) -> Question:
    """What a format's files are asked.

    Args:
        landed_format: Their format.
        profiles: As `profile` gives it.
        deliveries: Every delivery of a file of the format, those without rows included.

    Returns:
        A question with one profile row per delivery, with its `file_id`.
    """
    suite = expectations(landed_format)
    rows = [_row_of(landed_format, profiles.get(one.file_id, {}), one, suite) for one in deliveries]
    return Question(f"exports: {landed_format.name}", rows, suite)


def _row_of(
    landed_format: LandedFormat, measured: dict[str, Any], delivery: ProfiledDelivery, suite: Sequence[Between]
) -> dict[str, Any]:
    row: dict[str, Any] = {one.column: None for one in suite} | measured
    row |= {
        "client_id": delivery.client_id,
        "refreshed_on": delivery.refreshed_on,
        "subject": delivery.path,
        "file_id": delivery.file_id,
        "rows": measured.get("rows", 0),
    }
    if newest_day := measured.get("newest_day"):
        age = (delivery.refreshed_on - newest_day).days
        row["days_late"] = max(age - delivery.earliest_days, 0)
        row["days_ahead"] = max(-age, 0)
    for field in (*landed_format.key, *landed_format.texts):
        if field not in delivery.fields:
            # a column that people took out before the download is no damage
            row[f"{field}_empty_pct"] = None
    return row


def expectations(landed_format: LandedFormat) -> list[Between]:
    """What is expected of the files of a format: readable ones (critical), plausible ones (warnings)."""
    suite = [
        Between(
            "unreadable_pct",
            None,
            UNREADABLE_ROWS_PCT,
            about="rows that do not fit the header",
            unit="%",
            advice="too many rows do not fit the header; download the export again and do not re-save it",
            is_critical=True,
        )
    ]
    for field, field_type in landed_format.field_types.items():
        if field_type == "date":
            minimum, advice = READABLE_DATES_PCT, "dates cannot be read; export with dates like 2026-01-31"
        elif field_type in ("url", "host"):
            minimum, advice = READABLE_KEYS_PCT, "holds no web addresses where its header says so; is a column shifted?"
        else:
            continue
        suite.append(
            Between(
                f"{field}_readable_pct",
                minimum,
                None,
                about=f"readable values of '{field}'",
                unit="%",
                advice=f"column '{field}' {advice}",
                is_critical=True,
            )
        )
    if landed_format.describes not in LISTS:
        return suite
    suite.append(
        Between(
            "rows",
            1,
            None,
            about="rows",
            unit="rows",
            advice="the list is empty and counts as the whole truth: nobody links there; if that is wrong, "
            "download it again or take the file out",
        )
    )
    suite.extend(
        Between(
            f"{field}_empty_pct",
            None,
            EMPTY_KEYS_PCT,
            about=f"rows without '{field}'",
            unit="%",
            advice=f"rows without '{field}' are lost to the analysis; was the file edited?",
        )
        for field in landed_format.key
    )
    suite.extend(
        Between(
            f"{field}_empty_pct",
            None,
            EMPTY_TEXTS_PCT,
            about=f"rows without '{field}'",
            unit="%",
            advice=f"most rows have no '{field}': segments and relevance are judged without it; "
            "was the column emptied, or does the provider deliver it in another view?",
        )
        for field in landed_format.texts
    )
    suite.append(
        Between(
            "repeated_pct",
            None,
            REPEATED_LINKS_PCT if landed_format.describes == "links" else REPEATED_DOMAINS_PCT,
            about="rows that repeat another row of the file",
            unit="%",
            advice="rows repeat each other: were several downloads pasted together? They count once, but may have "
            "pushed others out of a capped list",
        )
    )
    if landed_format.observed:
        suite.append(
            Between(
                "days_late",
                None,
                0,
                about="days by which its newest observation is older than a window between refreshes",
                unit="days",
                advice="the export looks older than its refresh, perhaps it is the one of the refresh before; "
                "download it again or put it into the folder of its date",
            )
        )
        suite.append(
            Between(
                "days_ahead",
                None,
                DAYS_AHEAD,
                about="days by which its newest observation lies after the refresh",
                unit="days",
                advice="the export was taken after the date of its refresh: is the folder's date right, "
                "and are day and month in the right order?",
            )
        )
    return suite
