"""Every report of the catalogue: recognised, read the same however it was saved, and right on the real files."""

from __future__ import annotations

import csv
import gzip
import io
import os
import zipfile
from datetime import date
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import duckdb
import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipelines.exports.containers import extract, members
from pipelines.exports.decode import decode
from pipelines.exports.formats import ExportFormat, catalogue, format_named
from pipelines.exports.land import land
from pipelines.exports.recognise import RecognisedExport, recognise
from pipelines.exports.values import boolean_sql, day_sql, number_sql, read_sql
from pipelines.inspection import inspect_file
from tests.conftest import REAL_EXPORTS

FIXTURES = sorted((Path(__file__).parent / "fixtures" / "exports").iterdir())
DELIMITED = [path for path in FIXTURES if path.suffix in (".csv", ".tsv")]


def recognised(path: Path, folder: Path, sheet: str | None = None) -> tuple[RecognisedExport, Path]:
    text = decode(path, folder / "scratch", sheet)
    return recognise(text.path), text.path


def staged_rows(path: Path, folder: Path, sheet: str | None = None) -> tuple[str, list[dict[str, Any]]]:
    """Format and vintage, and the rows as dbt's sources show them; values that are not there are left out."""
    export, text = recognised(path, folder, sheet)
    values = {
        name: read_sql(f'"{name}"', column, export.format.date_order) for name, column in export.format.columns.items()
    }
    columns = [f'{value} as "{name}"' for name, value in values.items()]
    if export.format.target_columns:
        columns.append('"targets"')
    return export.format.name, rows_of(export, text, folder, f"row_number, unreadable, {', '.join(columns)}")


def rows_of(export: RecognisedExport, text: Path, folder: Path, columns: str) -> list[dict[str, Any]]:
    """The rows of an export once it is landed; values that are not there are left out."""
    with duckdb.connect() as connection:
        land(connection, text, export, "id", folder / "rows.parquet")
        frame = connection.execute(f"select {columns} from '{folder / 'rows.parquet'}' order by row_number")
        names = [column[0] for column in frame.description]
        rows = [dict(zip(names, row, strict=True)) for row in frame.fetchall()]
    return [{name: value for name, value in row.items() if value is not None} for row in rows]


@cache
def fixture_rows(path: Path) -> tuple[str, list[dict[str, Any]]]:
    """The staged rows of a fixture as it lies there."""
    with TemporaryDirectory() as folder:
        return staged_rows(path, Path(folder))


def landed_rows(path: Path, folder: Path) -> tuple[str, list[dict[str, Any]]]:
    """Format, and the rows as they are landed, of which staged ones are made column by column."""
    export, text = recognised(path, folder)
    return export.format.name, rows_of(export, text, folder, "*")


def table_of(path: Path, folder: Path) -> tuple[RecognisedExport, list[list[str]], list[list[str]]]:
    """Format, the lines above the header, and header and rows, of a delimited fixture."""
    export, _ = recognised(path, folder)
    lines = list(
        csv.reader(io.StringIO(path.read_text(encoding="utf-8-sig"), newline=""), delimiter=export.delimiter[0])
    )
    start = next(
        number
        for number, line in enumerate(lines)
        if [cell.strip() for cell in line] == [header.strip() for header in export.headers]
    )
    return (
        export,
        lines[:start],
        [[cell.lstrip() if export.delimiter == ", " else cell for cell in line] for line in lines[start:]],
    )


def written(rows: list[list[str]], delimiter: str = ",", line_end: str = "\n", is_all_quoted: bool = False) -> str:
    sink = io.StringIO()
    quoting = csv.QUOTE_ALL if is_all_quoted else csv.QUOTE_MINIMAL
    csv.writer(sink, delimiter=delimiter, lineterminator=line_end, quoting=quoting).writerows(rows)
    return sink.getvalue()


def test_every_format_has_a_fixture_of_each_vintage() -> None:
    expected = {f"{entry.name}.{vintage.name}" for entry in catalogue() for vintage in entry.vintages}
    assert {path.stem.removesuffix(".csv") for path in FIXTURES} >= {
        name for name in expected if name != "verified_checks.plain"
    }


@pytest.mark.parametrize("path", FIXTURES, ids=lambda path: path.name)
def test_a_fixture_is_what_its_name_says_and_nothing_in_it_is_lost(path: Path, tmp_path: Path) -> None:
    export, _ = recognised(path, tmp_path)
    name, _, vintage = path.stem.partition(".")
    assert (export.format.name, export.vintage) == (name, vintage)
    (found,) = inspect_file(path)
    assert found["problems"] == []
    assert found["ignored_headers"] == []
    assert found["rows"] >= 1


@pytest.mark.parametrize("path", DELIMITED, ids=lambda path: path.name)
@settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"]),
    delimiter=st.sampled_from([",", "\t", ";"]),
    line_end=st.sampled_from(["\n", "\r\n"]),
    is_all_quoted=st.booleans(),
    has_row_numbers=st.booleans(),
    case=st.sampled_from([str, str.upper, str.lower, lambda text: f" {text}  "]),
    random=st.randoms(use_true_random=False),
)
def test_saving_a_file_differently_changes_no_staged_row(
    tmp_path_factory: pytest.TempPathFactory,
    path: Path,
    encoding: str,
    delimiter: str,
    line_end: str,
    is_all_quoted: bool,
    has_row_numbers: bool,
    case: Any,
    random: Any,
) -> None:
    folder = tmp_path_factory.mktemp("saved")
    export, preamble, table = table_of(path, folder)
    positions = list(range(len(table[0])))
    random.shuffle(positions)
    # headers that are sites keep their spelling: a user has typed them
    header = [
        table[0][position] if export.fields[position] is None else case(table[0][position]) for position in positions
    ]
    rows = [header, *([row[position] for position in positions] for row in table[1:])]
    if has_row_numbers:
        rows = [[first, *row] for first, row in zip(["#", *map(str, range(1, len(rows)))], rows, strict=True)]
    text = written(preamble, ",") + written(rows, delimiter, line_end, is_all_quoted)
    other = folder / "download (1).csv"
    other.write_bytes(text.encode(encoding))
    assert staged_rows(other, folder / "a") == fixture_rows(path)


@pytest.mark.parametrize("path", DELIMITED, ids=lambda path: path.name)
def test_removed_columns_take_nothing_else_away(path: Path, tmp_path: Path) -> None:
    export, preamble, table = table_of(path, tmp_path)
    needed = {*export.format.signature, *export.format.any_of}
    name, expected = landed_rows(path, tmp_path / "a")
    for number, field in enumerate(export.fields):
        if field is None or field in needed:
            continue
        rows = [[cell for position, cell in enumerate(row) if position != number] for row in table]
        other = tmp_path / "other.csv"
        other.write_text(written(preamble) + written(rows), encoding="utf-8")
        assert landed_rows(other, tmp_path / "b") == (
            name,
            [{key: value for key, value in row.items() if key != field} for row in expected],
        ), field


@pytest.mark.parametrize("path", DELIMITED, ids=lambda path: path.name)
def test_packing_and_spreadsheets_change_no_staged_row(path: Path, tmp_path: Path) -> None:
    expected = fixture_rows(path)
    packed = tmp_path / "export.csv.gz"
    packed.write_bytes(gzip.compress(path.read_bytes()))
    assert staged_rows(packed, tmp_path / "b") == expected

    container = tmp_path / "exports.zip"
    with zipfile.ZipFile(container, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("folder/table.csv", path.read_bytes())
        file.writestr("__MACOSX/folder/._table.csv", b"rubbish")
    (member,) = members(container)
    assert member.name == "folder/table.csv"
    assert staged_rows(extract(container, member.name, tmp_path / "member"), tmp_path / "c") == expected

    _, preamble, table = table_of(path, tmp_path)
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for row in [*preamble, *table]:
        sheet.append(row)
    book.create_sheet("empty")
    workbook = tmp_path / "export.csv.xlsx"
    book.save(workbook)
    (member,) = members(workbook)
    assert member.name == "Sheet"
    name, rows = staged_rows(extract(workbook, "Sheet", tmp_path / "book"), tmp_path / "d", "Sheet")
    # a spreadsheet knows no empty cell that is not missing
    flags = {field for field, column in format_named(name).columns.items() if column.type == "flag"}
    assert [{key: value for key, value in row.items() if key not in flags} for row in rows] == [
        {key: value for key, value in row.items() if key not in flags} for row in expected[1]
    ]


def test_a_spreadsheets_own_numbers_dates_and_booleans_are_read(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["Page ascore", "Source url", "Target url", "Nofollow", "Sitewide", "First seen"])
    sheet.append([37, "https://a.example/", "https://rival.example/", True, False, date(2026, 1, 31)])
    sheet.append([None, None, None, None, None, None])
    sheet.append([0.5, "https://b.example/", "https://rival.example/", False, None, None])
    book.save(tmp_path / "x.xlsx")
    _, rows = staged_rows(tmp_path / "x.xlsx", tmp_path)
    assert [(row["page_score"], row["nofollow"], row.get("first_seen")) for row in rows] == [
        (37.0, True, date(2026, 1, 31)),
        (0.5, False, None),
    ]


def test_two_sheets_are_two_files(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    for name in ("one", "two"):
        book.create_sheet(name).append(["Linking page", "Last crawled"])
    book.save(tmp_path / "x.xlsx")
    found = members(tmp_path / "x.xlsx")
    assert [member.name for member in found] == ["one", "two"]
    assert len({member.file_id for member in found}) == 2
    assert [one["path"].rsplit("!")[-1] for one in inspect_file(tmp_path / "x.xlsx")] == ["one", "two"]


NUMBERS = {
    "28,484": 28484, "1.8e3": 1800, "<1": 1, "33.3%": 33.3, "$15": 15, "0,6": 0.6, "1.240,5": 1240.5, " 12 ": 12,
    "1.234.567": 1234567, "−2": -2, "1.2K": 1200, "99999999999B": None,
    "999,999,999,999,999,999": None, "inf": None, "nan": None, "n/a": None, "1e999": None, "": None,
}  # fmt: skip
DAYS = {
    "2026-02-06 04:08:05": (2026, 2, 6), "2026-02-06T23:08:05Z": (2026, 2, 6), "05/28/2025": (2025, 5, 28),
    "28/05/2025": (2025, 5, 28), "05/06/2025": (2025, 5, 6), "28.05.2025": (2025, 5, 28), "05.06.2025": (2025, 6, 5),
    "23-Feb-2020": (2020, 2, 23), "Feb 23, 2020": (2020, 2, 23), "2025年8月3日": (2025, 8, 3),
    "1573822666": (2019, 11, 15), "2019-11-15 23:57:46 -05:00": (2019, 11, 16),
    "2019-11-15 12:57:46 +00:00": (2019, 11, 15), "0001-01-01": None, "yesterday": None, "2026-02-30": None,
}  # fmt: skip
BOOLEANS = {"TRUE": True, "Yes": True, "1": True, "WAHR": True, "no": False, "FAUX": False, "0": False, "maybe": None}


def read(expression: str, text: str) -> Any:
    with duckdb.connect() as connection:
        return connection.execute(f"select {expression} from (select $text as cell)", {"text": text}).fetchall()[0][0]


@pytest.mark.parametrize(("text", "number"), NUMBERS.items())
def test_numbers_are_read_in_every_spelling(text: str, number: float | None) -> None:
    assert read(number_sql("cell"), text) == number


@pytest.mark.parametrize(("text", "day"), DAYS.items())
def test_days_are_read_in_every_spelling(text: str, day: tuple[int, int, int] | None) -> None:
    assert read(day_sql("cell", "mdy"), text) == (date(*day) if day else None)


def test_an_ambiguous_day_is_read_in_the_order_of_its_format() -> None:
    assert read(day_sql("cell", "dmy"), "05/06/2025") == date(2025, 6, 5)
    assert read(day_sql("cell", "dmy"), "05/28/2025") == date(2025, 5, 28)


@pytest.mark.parametrize(("text", "answer"), BOOLEANS.items())
def test_yes_and_no_are_read_in_every_spelling(text: str, answer: bool | None) -> None:
    assert read(boolean_sql("cell"), text) is answer


def test_cells_that_cannot_be_read_are_counted(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text(
        "Linking page,Last crawled\nhttps://a.example/,2026-01-01\nhttps://b.example/,soon\nhttps://c.example/,\n",
        encoding="utf-8",
    )
    (found,) = inspect_file(path)
    assert found["unreadable_values"] == {"last_seen": 1}
    assert "1 cells of 'last_seen' cannot be read as a date" in found["problems"][0]


def test_an_unknown_file_gets_the_nearest_report_and_what_it_lacks(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text(
        "Page ascore,Source title,Source url,Anchor,Nofollow\n1,a,https://a.example/,x,true\n", encoding="utf-8"
    )
    (found,) = inspect_file(path)
    assert found["problems"] == ["unknown kind of export: nearest is semrush backlinks, which also needs 'Target url'"]


def test_no_two_reports_claim_the_same_header() -> None:
    def fits(entry: ExportFormat, other: ExportFormat) -> bool:
        headers = [column.headers[0] for column in other.columns.values()]
        if entry.target_columns:
            return False
        fields = {entry.field_of(header) for header in headers}
        return fields.issuperset(entry.signature) and len(fields - {None}) > len(headers)

    assert [(a.name, b.name) for a in catalogue() for b in catalogue() if a is not b and fits(a, b)] == []


REAL = {
    "panel-gifts/bloomeroo.com.au-backlinks.csv": ("ahrefs", "backlinks", "2026", "bloomeroo.com.au"),
    "panel-gifts/lvly.com.au-backlinks.csv": ("ahrefs", "backlinks", "2026", "lvly.com.au"),
    "panel/iconverticons.com-backlinks.csv": ("semrush", "backlinks", "2023", "iconverticons.com"),
    "panel/laterbro.com-backlinks.csv": ("semrush", "backlinks", "2023", "laterbro.com"),
    "panel/tidyfavorites.com-backlinks.csv": ("semrush", "backlinks", "2023", "tidyfavorites.com"),
    "panel/thenubbyadmin.com-backlinks.csv": ("semrush", "backlinks", "2023", "thenubbyadmin.com"),
    "panel/joyridelabs.de-backlinks.csv": ("semrush", "backlinks", "2023", "joyridelabs.de"),
    "ahrefs/www.caldea.com-backlinks-subdomains.csv": ("ahrefs", "backlinks", "2026", "caldea.com"),
    "ahrefs/lamicrobyflo.fr-backlinks-subdomains_2025-12-02_19-18-32 - Sheet1.csv": (
        "ahrefs", "backlinks", "2025", "lamicrobyflo.fr",
    ),
    "ahrefs/mdsupplies.com-backlinks-subdomains_2026-09-01_13-28-23.csv": (
        "ahrefs", "backlinks", "2026", "mdsupplies.com",
    ),
    "ahrefs/mdsupplies.com-broken-backlinks-subdomains_2026-04-26_19-10-19.csv": (
        "ahrefs", "broken_backlinks", "2026", "mdsupplies.com",
    ),
    "ahrefs/pagepro.co-bbl-external-subdomains_2026-03-15_09-35-50.csv": (
        "ahrefs", "linked_pages", "2026", "pagepro.co",
    ),
    "ahrefs/pagepro.co-organic-keywords-subdomains-allg_2026-03-15_09-36-28.csv": (
        "ahrefs", "keywords", "grouped", "pagepro.co",
    ),
    "ahrefs/oralb.pl-organic-keywords-subdomains-pl--a_2026-02-16_21-13-42.csv": (
        "ahrefs", "keywords", "single_date", "oralb.pl",
    ),
    "ahrefs/pagepro.co-top-pages-subdomains-all--compa_2026-03-15_09-36-11.csv": (
        "ahrefs", "top_pages", "2026", "pagepro.co",
    ),
    "ahrefs/okara.ai_orgcompetitors_subdomains_us_2026-04-15_16-22-41.csv": (
        "ahrefs", "competitors", "2026", "okara.ai",
    ),
    "ahrefs/okara.ai_orgcompetitors-map_subdomains_us_2026-04-15_16-22-23.csv": (
        "ahrefs", "competitors", "2026", "okara.ai",
    ),
    "ahrefs/okara.ai-perf-subdomains_month6_daily_2026-04-15_16-19-07.csv": (
        "ahrefs", "metric_history", "2026", "okara.ai",
    ),
    "semrush/www.caldea.com-backlinks_refdomains.csv": ("semrush", "referring_domains", "2023", "caldea.com"),
    "semrush/boxhero.io-backlinks_matrix.csv": ("semrush", "gap_matrix", "2023", None),
    "semrush/sortly.com-backlinks_matrix.csv": ("semrush", "gap_matrix", "2023", None),
    "semrush/backlink_audit_domains_27811604_2026-02-06.csv": ("semrush", "backlinks", "audit", "caldea.com"),
    "semrush/caldea_kw_posicion_trafico_francia.csv": ("semrush", "keywords", "2023", "caldea.com"),
    "semrush/mrvcollective.org-backlinks_pages.csv": ("semrush", "linked_pages", "2023", "mrvcollective.org"),
    "semrush/MissingKeyword2Jan2026.csv": ("semrush", "keyword_gap", "2026", None),
    "moz/activtrak-moz-pa.csv": ("moz", "linked_pages", "link_explorer", "activtrak.com"),
    "moz/activtrak-keywords.csv": ("moz", "keywords", "keyword_explorer", "activtrak.com"),
    "gsc/http___www.johnmurch.com_-Latest links-2020-07-15.csv": ("gsc", "backlinks", "latest_links", "johnmurch.com"),
    "gsc/https___oztimberfloor.com.au_-Latest links-2026-05-18.csv": (
        "gsc", "backlinks", "latest_links", "oztimberfloor.com.au",
    ),
    "gsc/https___oztimberfloor.com.au_-More sample links-2026-05-18.csv": (
        "gsc", "backlinks", "sample_links", "oztimberfloor.com.au",
    ),
    "gsc/https___oztimberfloor.com.au_-Top target pages-2026-05-18.csv": (
        "gsc", "internal_links", "links_report", "oztimberfloor.com.au",
    ),
    "metrics/spamzilla_export-133821_2025-05-11-06-40-03.csv": ("spamzilla", "domain_metrics", "2025", None),
}  # fmt: skip
needs_real_files = pytest.mark.skipif(
    not REAL_EXPORTS.is_dir() and not os.environ.get("CI"), reason="the folder of real exports is not on this machine"
)


def rows_by_csv(path: Path) -> int:
    """Rows below the header, counted by Python's own CSV reader."""
    content = path.read_bytes()
    text = content.decode("utf-16" if content.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8-sig")
    delimiter = "\t" if "\t" in text.split("\n", 1)[0] else ","
    lines = [line for line in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter) if line]
    header = next(number for number, line in enumerate(lines) if line[0] == "URL") if text.startswith("-----") else 0
    return len(lines) - header - 1


@needs_real_files
def test_the_table_of_real_files_is_complete() -> None:
    names = {path.relative_to(REAL_EXPORTS).as_posix() for path in REAL_EXPORTS.rglob("*.csv")}
    assert names - {"panel-gifts/pursue.csv"} == set(REAL)


@needs_real_files
@pytest.mark.parametrize("name", list(REAL))
def test_real_files_are_recognised_and_read_whole(name: str) -> None:
    path = REAL_EXPORTS / name
    (found,) = inspect_file(path)
    assert found["problems"] == []
    assert found["ignored_headers"] == []
    assert (found["provider"], found["export_kind"], found["vintage"], found["site"]) == REAL[name]
    assert found["rows"] == rows_by_csv(path)


def test_the_list_of_exports_in_the_docs_is_complete() -> None:
    text = (Path(__file__).parents[1] / "docs" / "exports.md").read_text(encoding="utf-8")
    rows = [line.split("|")[2:5] for line in text.splitlines() if line.startswith("| ") and "`" in line]
    told = [(report.strip(" `"), kind.strip(), vintages.strip()) for report, kind, vintages in rows]
    assert told == [
        (
            entry.report or entry.export_kind,
            entry.export_kind,
            ", ".join(dict.fromkeys(vintage.name for vintage in entry.vintages)),
        )
        for entry in catalogue()
    ]
