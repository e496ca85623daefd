"""Bytes → recognised, decoded, landed export."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.exports.decode import decode
from pipelines.exports.errors import UnreadableExportError
from pipelines.exports.formats import catalogue
from pipelines.exports.land import LandedRows, land
from pipelines.exports.recognise import recognise
from pipelines.inspection import inspect_file
from tests.conftest import csv_text
from tests.exports_made import (
    AHREFS_HEADERS,
    SEMRUSH_HEADERS,
    ahrefs_backlinks,
    semrush_backlinks,
    semrush_referring_domains,
)

LINK = {
    "Referring page URL": "https://a.com/ü 🏃",
    "Target URL": "https://rival.com/",
    "Referring page title": '🏃 "run"',
}
OLD_AHREFS = [
    "#",
    "Total Backlinks",
    "Domain Rating",
    "URL Rating",
    "Referring Domains",
    "Referring Page URL",
    "Referring Page Title",
    "Internal Links Count",
    "External Links Count",
    "Last HTTP Code",
    "Link URL",
    "TextPre",
    "Link Anchor",
    "TextPost",
    "Type",
    "Backlink Status",
    "First Seen",
    "Last Check",
    "Language",
    "Traffic",
    "Keywords",
    "Js rendered",
    "Linked Domains",
]
MATRIX = csv_text(
    ["Domain", "Domain ascore", "acme.com", "rival.com", "Matches"], [["a.com", 50, 0, 3, 1], ["b.com", 4, 0, 0, 0]]
)


def landed_rows(folder: Path, content: bytes, columns: str = "*") -> tuple[str, LandedRows, list[tuple[object, ...]]]:
    path = folder / "export.csv"
    path.write_bytes(content)
    text = decode(path, folder / "text")
    export = recognise(text.path)
    with duckdb.connect() as connection:
        counts = land(connection, text.path, export, "id", folder / "rows.parquet")
        rows = connection.execute(f"select {columns} from '{folder / 'rows.parquet'}' order by row_number").fetchall()
    return f"{export.format.name} {export.vintage}", counts, rows


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (ahrefs_backlinks(LINK), "ahrefs_backlinks 2026"),
        (csv_text([h for h in AHREFS_HEADERS if h not in ("Is spam", "Page type")], []), "ahrefs_backlinks 2025"),
        (csv_text(OLD_AHREFS, []), "ahrefs_backlinks 2021"),
        (semrush_backlinks(), "semrush_backlinks 2023"),
        (csv_text(["Page trust score", *SEMRUSH_HEADERS[1:15]], []), "semrush_backlinks 2018"),
        (semrush_referring_domains(("a.com", 3, 1)), "semrush_referring_domains 2023"),
        (MATRIX, "semrush_gap_matrix 2023"),
    ],
)
def test_each_kind_and_vintage_is_recognised_by_its_headers(tmp_path: Path, content: str, name: str) -> None:
    assert landed_rows(tmp_path, content.encode())[0] == name


def test_order_case_blanks_and_removed_columns_do_not_matter(tmp_path: Path) -> None:
    headers = ["  TARGET url", "anchor ", "#", "Referring  page URL", "External links", "My note"]
    content = csv_text(headers, [["https://rival.com/", "x", 1, "https://a.com/", 4, "?"]])
    name, _, rows = landed_rows(tmp_path, content.encode(), "source_url, target_url, anchor, title")
    assert name.startswith("ahrefs_backlinks")
    assert rows == [("https://a.com/", "https://rival.com/", "x", None)]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("delimiter", [",", "\t", ";"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_encoding_delimiter_and_line_ends_change_nothing(
    tmp_path: Path, encoding: str, delimiter: str, line_end: str
) -> None:
    rows = [["https://a.com/🏃", 'said "yes", twice', "https://rival.com/", 3], ["https://b.com/", "two\nlines", "", 4]]
    text = csv_text(["Referring page URL", "Anchor", "Target URL", "External links"], [])
    import csv
    import io

    sink = io.StringIO()
    writer = csv.writer(sink, delimiter=delimiter, lineterminator=line_end, quoting=csv.QUOTE_ALL)
    writer.writerow(text.strip().split(","))
    writer.writerows(rows)
    _, counts, landed = landed_rows(
        tmp_path, sink.getvalue().encode(encoding), "row_number, source_url, anchor, target_url"
    )
    assert counts == LandedRows(2, 0, {})
    assert landed == [
        (1, "https://a.com/🏃", 'said "yes", twice', "https://rival.com/"),
        (2, "https://b.com/", "two\nlines", None),
    ]


@settings(max_examples=30, deadline=None)
@given(
    cells=st.lists(
        st.lists(
            st.text(st.characters(exclude_characters="\r\x00\ufeff", exclude_categories=["Cs"]), max_size=12),
            min_size=4,
            max_size=4,
        ),
        max_size=8,
    )
)
def test_any_text_lands_as_it_was_delivered(tmp_path_factory: pytest.TempPathFactory, cells: list[list[str]]) -> None:
    folder = tmp_path_factory.mktemp("land")
    quoted = "".join(",".join('"' + cell.replace('"', '""') + '"' for cell in row) + "\n" for row in cells)
    content = "Referring page URL,Anchor,Target URL,External links\n" + quoted
    _, counts, rows = landed_rows(folder, content.encode(), "source_url, anchor, target_url, external_links")
    assert counts == LandedRows(len(cells), 0, counts.unreadable_values)
    assert [[cell or "" for cell in row] for row in rows] == cells


def test_rows_that_are_no_rows_keep_their_number(tmp_path: Path) -> None:
    content = csv_text(
        ["Referring page URL", "Anchor", "Target URL", "External links"], [["https://a.com/", "", "b", "1"]]
    )
    content += "https://short.com/,x\nhttps://long.com/,x,y,1,extra,more\nhttps://c.com/,,d,2\n"
    _, counts, rows = landed_rows(tmp_path, content.encode(), "row_number, source_url, unreadable")
    assert counts == LandedRows(4, 2, {})
    assert rows == [
        (1, "https://a.com/", None),
        (2, "https://short.com/", "fewer than the 4 cells of the header"),
        (3, "https://long.com/", "more than the 4 cells of the header"),
        (4, "https://c.com/", None),
    ]


def test_a_header_alone_is_a_complete_list_of_nothing(tmp_path: Path) -> None:
    assert landed_rows(tmp_path, ahrefs_backlinks().encode())[1] == LandedRows(0, 0, {})
    assert landed_rows(tmp_path, ahrefs_backlinks().strip().encode())[1] == LandedRows(0, 0, {})


def test_windows_letters_are_read_and_flagged(tmp_path: Path) -> None:
    content = csv_text(
        ["Referring page URL", "Anchor", "Target URL", "External links"], [["https://a.com/", "für", "b", "1"]]
    )
    path = tmp_path / "x.csv"
    path.write_bytes(content.encode("windows-1252"))
    (found,) = inspect_file(path)
    assert found["encoding"] == "windows-1252"
    assert found["rows"] == 1
    assert "Windows-1252" in found["problems"][0]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "empty"),
        (b"\xff\xfe", "empty"),
        (b"\n\n  \n", "empty"),
        (b"ERROR 50 :: NOTHING FOUND\n", "answered with an error"),
        (b"\x1f\x8b\x08\x00cut", "damaged or cut off"),
        (b'{"tasks": [{"result": null, "status_message": "Not enough money"}]}', "Not enough money"),
        (b'{"tasks": [', "JSON text breaks off"),
        (b"PK\x03\x04rest", "this zip is empty, damaged"),
        (bytes(range(256)) * 20, "binary"),
        (b"date,amount\n2026-01-01,3\n", "no header of a known export"),
        (b"Source url,Anchor,Nofollow\nhttps://a.com/,x,true\n", "also needs 'Target url'"),
        (ahrefs_backlinks(LINK, LINK).encode("utf-16")[:-3], "cut off"),
        (ahrefs_backlinks(LINK, LINK).encode("utf-16")[:-200], "cut off"),
    ],
)
def test_what_cannot_be_an_export_is_refused_with_a_reason(tmp_path: Path, content: bytes, words: str) -> None:
    with pytest.raises(UnreadableExportError, match=words):
        landed_rows(tmp_path, content)


def test_matrix_cells_land_under_the_sites_they_are_of(tmp_path: Path) -> None:
    _, _, rows = landed_rows(tmp_path, MATRIX.encode(), "domain, targets")
    assert rows == [("a.com", {"acme.com": "0", "rival.com": "3"}), ("b.com", {"acme.com": "0", "rival.com": "0"})]


def test_of_two_columns_of_the_same_site_the_first_counts(tmp_path: Path) -> None:
    content = csv_text(["Domain", "Domain ascore", "rival.com", "rival.com ", "Matches"], [["a.com", 50, 3, 9, 1]])
    _, _, rows = landed_rows(tmp_path, content.encode(), "domain, targets")
    assert rows == [("a.com", {"rival.com": "3"})]


def test_inspect_finds_the_site_among_the_targets_and_fails_a_cut_off_file(tmp_path: Path) -> None:
    path = tmp_path / "download (3).csv"
    path.write_text(ahrefs_backlinks(LINK), encoding="utf-8")
    assert inspect_file(path)[0]["site"] == "rival.com"
    path.write_bytes(ahrefs_backlinks(LINK, LINK).encode("utf-16")[:-200])
    assert inspect_file(path)[0]["rows"] is None


def test_catalogue_entries_name_fields_they_have() -> None:
    for entry in catalogue():
        assert {*entry.signature, *entry.any_of} <= set(entry.columns), entry.name
