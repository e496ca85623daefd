"""The suites of Great Expectations, each warning once firing and once not, on frames and tables one can read."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from datetime import date, timedelta
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import duckdb
import pytest

from data_quality import exports, links, publication
from data_quality.answers import answers_by_client
from data_quality.expectations import Between, Question, validate
from tests.published_made import contracts
from warehouse.checks import add_checks, begin_checks, read_checks
from warehouse.layout import Workspace

DAY = date(2026, 3, 1)
BACKLINKS = exports.LandedFormat(
    "ahrefs backlinks",
    "links",
    {"source_url": "url", "target_url": "url", "title": "text", "anchor": "text", "last_seen": "date"},
    {"last_seen": "try_cast(last_seen as date)"},
)
DOMAINS = exports.LandedFormat("semrush referring domains", "domains", {"domain": "host"}, {})
KEYWORDS = exports.LandedFormat("semrush keywords", "other", {"keyword": "text", "url": "url"}, {})


# --- what every suite does ----------------------------------------------------------------------------------------


def about(**values: Any) -> dict[str, Any]:
    """A row of a profile."""
    return {"client_id": "acme", "refreshed_on": DAY, "subject": ""} | values


def asked(profile: list[dict[str, Any]], *suite: Between) -> list[tuple[str, str, float]]:
    (result,) = validate(Question("a suite", [about(**row) for row in profile], list(suite)))
    return [(one.client_id, one.expectation.column, one.value) for one in result.findings]


def test_bounds_are_part_of_what_is_expected_and_nulls_are_left_alone() -> None:
    """Else a value at its limit, or one that is not known, would warn."""
    suite = Between("x", 1, 2, "a number", "do something")
    assert asked([{"x": 1.0}, {"x": 2.0}, {"x": None}], suite) == []
    assert asked([{"x": 0.9}, {"x": 2.1}, {"x": None}], suite) == [("acme", "x", 0.9), ("acme", "x", 2.1)]
    assert asked([{"x": None}, {"x": None}], suite) == []


def test_a_column_that_is_missing_is_an_error_and_no_pass() -> None:
    """Else a misspelt column would never be asked and nobody would notice."""
    with pytest.raises(RuntimeError, match="x could not be evaluated"):
        asked([{"y": 1.0}], Between("x", 1, 2, "a number", "do something"))


def ask_one() -> None:
    os.setsid()
    assert asked([{"x": 3.0}], Between("x", 1, 2, "a number", "do something")) == [("acme", "x", 3.0)]


def test_a_process_that_multiprocessing_started_can_ask_and_end() -> None:
    """Else every run that the Dagster daemon or UI launches stays behind for ever, with its process of expectations."""
    run = get_context("spawn").Process(target=ask_one)
    run.start()
    run.join(60)
    if run.exitcode is None:
        os.killpg(run.pid, signal.SIGKILL)
        pytest.fail("the process did not end")
    assert run.exitcode == 0


def test_a_finding_says_whom_it_speaks_of_what_was_found_and_what_to_do() -> None:
    """Else the line on the terminal would be a riddle."""
    row = about(subject="a.csv", x=1.0, x_detail="the third one")
    (result,) = validate(Question("s", [row], [Between("x", None, 0, "odd rows", "look at them", unit="rows")]))
    assert [one.line for one in result.warnings] == [
        "acme 2026-03-01 a.csv: look at them (odd rows: 1 row, expected at most 0 rows; the third one)"
    ]


def test_what_is_refused_does_not_warn_as_well() -> None:
    """Else one broken file would fill the terminal."""
    suite = [Between("x", None, 2, "a", "stop", is_critical=True), Between("y", None, 2, "b", "look")]
    (result,) = validate(Question("s", [about(x=3, y=3), about(x=0, y=3)], suite))
    assert [one.row for one in result.critical] == [0]
    assert [one.row for one in result.warnings] == [1]


# --- exports ------------------------------------------------------------------------------------------------------


def export_findings(
    folder: Path,
    rows: list[dict[str, Any]],
    landed_format: exports.LandedFormat = BACKLINKS,
    fields: list[str] | None = None,
    refreshed_on: date = DAY,
) -> list[str]:
    """Land rows as they would be, and name the columns that were not as expected."""
    columns = ["file_id", "unreadable", *landed_format.field_types]
    parquet = folder / "rows.parquet"
    with duckdb.connect() as connection:
        typed = ", ".join(f'"{column}" varchar' for column in columns)
        connection.execute(f"create table landed ({typed})")
        for row in rows:
            values = [{"file_id": "f"} | row][0]
            connection.execute(
                f"insert into landed values ({', '.join('?' for _ in columns)})", [values.get(c) for c in columns]
            )
        connection.execute(f"copy landed to '{parquet}' (format parquet)")
        profiles = exports.profile(connection, landed_format, [str(parquet)])
    delivery = exports.ProfiledDelivery(
        "acme", refreshed_on, "inbox/acme/a.csv", "f", 60, list(landed_format.field_types) if fields is None else fields
    )
    (result,) = validate(exports.question(landed_format, profiles, [delivery]))
    return [one.expectation.column for one in result.findings]


def link(number: int, **values: Any) -> dict[str, Any]:
    return {
        "source_url": f"https://a.com/{number}",
        "target_url": "https://rival.com/",
        "title": "Shoes",
        "anchor": "shoes",
        "last_seen": "2026-02-20",
    } | values


def test_a_sound_list_of_links_has_no_findings(tmp_path: Path) -> None:
    """Else every refresh would warn."""
    assert export_findings(tmp_path, [link(number) for number in range(10)]) == []


@pytest.mark.parametrize(
    ("rows", "column"),
    [
        ([], "rows"),
        ([link(1), link(1, source_url=None)], "source_url_empty_pct"),
        ([link(1, title=None), link(2, title=None)], "title_empty_pct"),
        ([link(1, anchor=None), link(2, anchor=None)], "anchor_empty_pct"),
        ([link(1), link(1, anchor="other")], "repeated_pct"),
        ([link(1, last_seen="2025-12-20")], "days_late"),
        ([link(1, last_seen="2026-03-20")], "days_ahead"),
        ([link(1, unreadable="too short"), link(2)], "unreadable_pct"),
        ([link(1, source_url="Shoes"), link(2, source_url="Boots")], "source_url_readable_pct"),
        ([link(1, last_seen="last week")], "last_seen_readable_pct"),
    ],
)
def test_each_thing_that_is_odd_about_a_list_of_links_is_found_by_itself(
    tmp_path: Path, rows: list[dict[str, Any]], column: str
) -> None:
    """Else a damaged, old or pasted-together export would go in unseen."""
    assert export_findings(tmp_path, rows) == [column]


def test_a_date_of_the_window_or_of_the_week_after_is_fresh(tmp_path: Path) -> None:
    """Else short lists and downloads spread over some days would warn."""
    assert export_findings(tmp_path, [link(1, last_seen="2025-12-31")]) == []
    assert export_findings(tmp_path, [link(1, last_seen="2026-03-08")]) == []


def test_a_column_taken_out_by_people_is_no_column_without_values(tmp_path: Path) -> None:
    """Else an export with fewer columns, which is allowed, would warn."""
    rows = [link(number, title=None, anchor=None) for number in range(3)]
    assert export_findings(tmp_path, rows, fields=["source_url", "target_url", "last_seen"]) == []


def test_a_list_of_domains_repeats_none_of_them(tmp_path: Path) -> None:
    """Else two downloads pasted together would pass for one."""
    assert export_findings(tmp_path, [{"domain": "a.com"}, {"domain": "b.com"}], DOMAINS) == []
    assert export_findings(tmp_path, [{"domain": "a.com"}, {"domain": "a.com"}], DOMAINS) == ["repeated_pct"]


def test_reports_that_list_no_links_may_be_empty_and_repeat_themselves(tmp_path: Path) -> None:
    """Else every list of keywords would warn: a keyword stands there once a country."""
    assert export_findings(tmp_path, [], KEYWORDS) == []
    rows = [{"keyword": "shoes", "url": "https://a.com/"}] * 2
    assert export_findings(tmp_path, rows, KEYWORDS) == []


# --- accepted links -----------------------------------------------------------------------------------------------


@pytest.fixture
def working() -> Iterator[duckdb.DuckDBPyConnection]:
    """The marts of a working database, empty, with the one table of the ledger that the gates ask."""
    with duckdb.connect() as connection:
        connection.execute("create schema marts")
        connection.execute("create schema ledger")
        connection.execute("create schema checks")
        for table, columns in contracts().items():
            connection.execute(f"create table marts.{table} ({columns})")
        connection.execute(
            "create table checks.failed_expectations "
            "(table_name varchar, expectation varchar, client_id varchar, refreshed_on date, row_count bigint, "
            "example varchar)"
        )
        connection.execute(
            "create table ledger.panel_sites (client_id varchar, refreshed_on date, site varchar, is_own_site boolean)"
        )
        yield connection


def insert(connection: duckdb.DuckDBPyConnection, table: str, *rows: dict[str, Any]) -> None:
    for row in rows:
        key = {"client_id": "acme"} if table == "marts.clients" else {"client_id": "acme", "refreshed_on": DAY}
        row = key | row
        names = ", ".join(f'"{name}"' for name in row)
        marks = ", ".join("?" for _ in row)
        connection.execute(f"insert into {table} ({names}) values ({marks})", list(row.values()))


def accepted_link(number: int, **values: Any) -> dict[str, Any]:
    return {
        "source_url": f"https://a.com/{number}",
        "target_url": "https://rival.com/",
        "site": "rival.com",
        "is_own_site": False,
        "is_live": True,
        "is_follow": number % 2 == 0,
        "anchor": "shoes",
        "relevance": 0.5,
        "segment_confidence": 1.0,
        "review_reasons": [],
        "first_seen": date(2025, 1, 1),
        "last_seen": date(2026, 2, 1),
    } | values


def link_findings(connection: duckdb.DuckDBPyConnection, rows: list[dict[str, Any]], kind: str = "backlinks") -> Any:
    insert(connection, "marts.refreshes", {})
    insert(connection, "marts.coverage", {"site": "rival.com", "provider": "ahrefs", "export_kind": kind})
    insert(connection, "marts.links", *rows)
    (result,) = validate(links.question(connection))
    return [one.expectation.column for one in result.findings]


LINKS = [accepted_link(number) for number in range(40)]


def test_plausible_links_have_no_findings(working: duckdb.DuckDBPyConnection) -> None:
    """Else every refresh would warn."""
    assert link_findings(working, LINKS) == []


def all_with(**values: Any) -> list[dict[str, Any]]:
    return [row | values for row in LINKS]


@pytest.mark.parametrize(
    ("rows", "column"),
    [
        ([], "competitor_links"),
        (all_with(is_own_site=True), "competitor_links"),
        ([*LINKS, LINKS[0]], "repeated"),
        ([*LINKS, accepted_link(99, relevance=1.2)], "out_of_range"),
        ([*LINKS, accepted_link(99, segment_confidence=-0.1)], "out_of_range"),
        ([*LINKS, accepted_link(99, first_seen=date(2026, 2, 2))], "backwards_pct"),
        ([*LINKS, accepted_link(99, last_seen=DAY + timedelta(days=8))], "ahead_pct"),
        (all_with(anchor=None), "without_anchor_pct"),
        (all_with(is_follow=True), "follow_pct"),
        (all_with(is_follow=False), "follow_pct"),
        ([*[row | {"is_live": False} for row in LINKS], accepted_link(99)], "live_pct"),
        (all_with(review_reasons=["link_heavy_page"]), "review_pct"),
    ],
)
def test_each_thing_that_is_odd_about_accepted_links_is_found_by_itself(
    working: duckdb.DuckDBPyConnection, rows: list[dict[str, Any]], column: str
) -> None:
    """Else a column that was not read, or a rule that takes too much, would show only in odd gaps."""
    assert link_findings(working, rows) == [column]


def test_shares_of_a_few_links_are_not_asked(working: duckdb.DuckDBPyConnection) -> None:
    """Else a client with three links would warn for ever."""
    assert link_findings(working, [accepted_link(2, anchor=None, is_follow=True)]) == []


def test_a_refresh_of_domain_lists_alone_is_not_asked_for_links(working: duckdb.DuckDBPyConnection) -> None:
    """Else a panel known from gap matrices alone would warn."""
    assert link_findings(working, [], kind="gap_matrix") == []


# --- published tables ---------------------------------------------------------------------------------------------


FAILING = {"table_name": "gaps", "expectation": "key is unique", "row_count": 2, "example": "a.com"}


def publication_findings(
    connection: duckdb.DuckDBPyConnection,
    failing: dict[str, Any] | None = None,
    rows_before: int | None = None,
    coverage: dict[str, Any] | None = None,
    **refresh: Any,
) -> list[str]:
    insert(connection, "marts.clients", {"latest_days": 90})
    counts = {"rows_read": 100, "rows_rejected": 10, "files_accepted": 2} | refresh
    insert(connection, "marts.refreshes", counts)
    own = {"site": "acme.com", "provider": "ahrefs", "export_kind": "backlinks", "is_stale": False, "as_of": DAY}
    insert(connection, "marts.coverage", own | (coverage or {}))
    insert(connection, "ledger.panel_sites", {"site": "acme.com", "is_own_site": True})
    if failing:
        insert(connection, "checks.failed_expectations", failing)
    earlier = [("acme", date(2025, 12, 1), rows_before)] if rows_before else []
    (result,) = validate(publication.question(connection, earlier))
    return [one.expectation.column for one in result.findings]


@pytest.mark.parametrize(
    ("facts", "columns"),
    [
        ({}, []),
        ({"rows_before": 60}, []),
        ({"rows_before": 300}, ["volume_ratio"]),
        ({"rows_before": 40}, ["volume_ratio"]),
        ({"rows_rejected": 81}, ["rejected_pct"]),
        ({"files_accepted": 0}, ["files_accepted"]),
        ({"coverage": {"export_kind": "keywords"}}, ["own_lists"]),
        ({"coverage": {"is_stale": True, "as_of": date(2025, 12, 15)}}, ["own_lists"]),
        ({"coverage": {"is_stale": True, "as_of": date(2025, 10, 1)}}, ["own_lists", "days_carried_too_long"]),
        ({"failing": FAILING}, ["failing_rows"]),
        ({"failing": FAILING | {"client_id": "bolt"}}, []),
    ],
)
def test_each_thing_that_is_odd_about_a_refresh_is_found(
    working: duckdb.DuckDBPyConnection, facts: dict[str, Any], columns: list[str]
) -> None:
    """Else a refresh that rests on little, or that lost half its rows, would look like any other."""
    assert sorted(publication_findings(working, **facts)) == sorted(columns)


@pytest.mark.parametrize(
    ("table", "rows", "column"),
    [
        ("gaps", [{"referring_domain": "a.com"}] * 2, "gaps_repeated"),
        ("opportunities", [{"referring_domain": "a.com", "score": 100.1, "rank": 1}], "scores_out_of_range"),
        ("opportunities", [{"referring_domain": d, "score": 1, "rank": r} for d, r in (("a", 1), ("b", 3))], "ranks"),
        ("opportunities", [{"referring_domain": d, "score": 1, "rank": 1} for d in "ab"], "ranks"),
        ("opportunities", [{"referring_domain": d, "score": 1, "rank": r} for d, r in (("a", 1), ("b", None))], None),
    ],
)
def test_ranks_scores_and_domains_are_as_the_contract_says(
    working: duckdb.DuckDBPyConnection, table: str, rows: list[dict[str, Any]], column: str | None
) -> None:
    """Else a table with holes would go to readers without a word."""
    insert(working, f"marts.{table}", *rows)
    expected = [] if column is None else ["ranks_out_of_order" if column == "ranks" else column]
    assert publication_findings(working) == expected


def test_a_broken_expectation_is_named_with_its_table_and_an_example(working: duckdb.DuckDBPyConnection) -> None:
    """Else somebody would have to open the database to learn why a client was withheld."""
    insert(working, "marts.clients", {"latest_days": 90})
    insert(working, "marts.refreshes", {})
    insert(working, "checks.failed_expectations", FAILING)
    (row,) = publication.question(working, []).profile
    assert (row["failing_rows"], row["failing_rows_detail"]) == (
        2,
        f"gaps: key is unique (2 rows, for example a.com, {DAY})",
    )


def test_only_broken_expectations_of_published_tables_stop_a_publication() -> None:
    """The contract: volume, freshness and shares only warn."""
    every = [*publication.EXPECTATIONS, *publication.REJECTIONS_EXPECTATIONS, *links.EXPECTATIONS]
    assert [one.column for one in every if one.is_critical] == ["failing_rows"]
    assert all(one.advice and one.about for one in every)


# --- rows set aside, by reason ------------------------------------------------------------------------------------


def rejection_findings(
    connection: duckdb.DuckDBPyConnection, now: dict[str, int], earlier: list[dict[str, int]], rows_read: int = 200
) -> list[tuple[str, float]]:
    insert(connection, "marts.refreshes", {"rows_read": rows_read})
    for reason, rows in now.items():
        insert(connection, "marts.rejected_rows", *[{"reason": reason, "row_number": n} for n in range(rows)])
    published = [
        ("acme", DAY - timedelta(days=75 * (number + 1)), 200, reason, rows)
        for number, reasons in enumerate(earlier)
        for reason, rows in (reasons or {None: 0}).items()
    ]
    (result,) = validate(publication.rejections_question(connection, published))
    return [(one.subject, one.value) for one in result.findings]


@pytest.mark.parametrize(
    ("now", "earlier", "found"),
    [
        ({"spam": 60}, [{"spam": 50}, {"spam": 56}], []),
        ({"spam": 80}, [{"spam": 50}, {"spam": 56}], [("spam", 13.5)]),
        ({"spam": 80}, [{"spam": 50}], []),
        ({"spam": 80}, [], []),
        ({"spam": 20, "casino": 30}, [{"spam": 20}, {"spam": 20}], [("casino", 15.0)]),
        ({}, [{"spam": 20}, {"spam": 20}], [("spam", -10.0)]),
        ({"spam": 20}, [{}, {}], [("spam", 10.0)]),
        ({"spam": 50}, [{"spam": 50}, {"spam": 50}, {"spam": 190}], []),
    ],
)
def test_a_reason_that_takes_far_more_or_fewer_rows_than_usual_is_named(
    working: duckdb.DuckDBPyConnection,
    now: dict[str, int],
    earlier: list[dict[str, int]],
    found: list[tuple[str, float]],
) -> None:
    """Else a new export option, or a rule gone wild, would empty a client's gaps unnoticed. The usual is the median."""
    assert rejection_findings(working, now, earlier) == found


def test_shares_of_a_handful_of_rows_are_not_compared(working: duckdb.DuckDBPyConnection) -> None:
    """Else one row of twenty would be a jump."""
    assert rejection_findings(working, {"spam": 20}, [{}, {}], rows_read=99) == []


def test_earlier_refreshes_of_the_same_run_count_as_history(working: duckdb.DuckDBPyConnection) -> None:
    """Else a rebuild would never compare anything."""
    for number in range(3):
        day = DAY + timedelta(days=75 * number)
        insert(working, "marts.refreshes", {"refreshed_on": day, "rows_read": 100})
        rows = 40 if number == 2 else 10
        insert(working, "marts.rejected_rows", *[{"refreshed_on": day, "reason": "spam"} for _ in range(rows)])
    (result,) = validate(publication.rejections_question(working, []))
    (finding,) = result.findings
    assert (finding.refreshed_on, finding.value) == (DAY + timedelta(days=150), 30.0)
    assert "40.0 % of the rows read, usually 10.0 %" in finding.line


# --- what is kept of it -------------------------------------------------------------------------------------------


def test_answers_are_kept_by_client_and_a_new_run_starts_anew(tmp_path: Path) -> None:
    """Else the page of checks would show one client's files to another, or findings that are long mended."""
    profile = [about(subject="a.csv", x=1.0), about(client_id="bolt", subject="b.csv", x=5.0)]
    results = validate(Question("a suite", profile, [Between("x", None, 2, "a number", "do something", unit="%")]))
    workspace = Workspace(tmp_path)
    begin_checks(workspace, ["acme", "bolt"], answers_by_client(results))
    add_checks(workspace, {"acme": [{"suite": "another", "expectations": [], "rows": []}]})
    checks = read_checks(workspace)
    assert [entry["suite"] for entry in checks["acme"]] == ["a suite", "another"]
    (entry,) = checks["bolt"]
    assert entry["expectations"] == [
        {"about": "a number", "expected": "at most 2 %", "advice": "do something", "is_critical": False}
    ]
    assert entry["rows"] == [
        {"refreshed_on": "2026-03-01", "subject": "b.csv", "observed": ["5 %"], "failed": {"0": ""}}
    ]
    begin_checks(workspace, ["acme"], {})
    assert read_checks(workspace) == {"acme": [], "bolt": checks["bolt"]}
