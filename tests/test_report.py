"""Published tables → pages: what a page says, what it never lets through, and what it says when there is nothing."""

from __future__ import annotations

import html
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import duckdb
import pytest

from pipelines.report import panel, queries
from pipelines.report.page import TEMPLATES, UnknownClientError, is_web_url, write_index, write_report
from tests.published_made import FIRST_DAY, Tables, published_file, small_panel

MARKUP = "\"><script>window.broken = true</script><img src=x onerror='window.broken = true'>{{ 7 * 7 }}"


class Page(HTMLParser):
    """The elements of a page and the text a reader sees."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: list[str] = []
        self.words: list[str] = []
        self._inside = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag in ("script", "style"):
            self._inside = tag

    def handle_endtag(self, tag: str) -> None:
        if tag == self._inside:
            self._inside = ""

    def handle_data(self, data: str) -> None:
        if self._inside == "script":
            self.scripts.append(data)
        elif not self._inside:
            self.words.append(data)

    @property
    def text(self) -> str:
        return re.sub(r"\s+", " ", "".join(self.words))

    def links(self) -> list[dict[str, str | None]]:
        return [attributes for tag, attributes in self.elements if tag == "a"]


def report(folder: Path, tables: Tables, client_id: str = "acme") -> Page:
    published = published_file(folder / "published.duckdb", tables)
    write_report(published, client_id, folder / "reports" / f"{client_id}.html")
    return Page((folder / "reports" / f"{client_id}.html").read_text(encoding="utf-8"))


def without(tables: Tables, *names: str) -> Tables:
    return tables | {name: [] for name in names}


def changed(tables: Tables, table: str, **values: Any) -> Tables:
    return tables | {table: [row | values for row in tables[table]]}


# --- what a page never lets through -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("table", "column"),
    [
        ("clients", "name"),
        ("clients", "main_site"),
        ("refreshes", "linkgap_version"),
        ("opportunities", "tactic_reason"),
        ("opportunities", "anchor"),
        ("opportunities", "best_source_url"),
        ("opportunities", "best_target_url"),
        ("opportunities", "tier"),
        ("opportunities", "outreach_status"),
        ("gaps", "absence"),
        ("gaps", "gap_class"),
        ("gap_segments", "segment"),
        ("coverage", "truncation_evidence"),
        ("coverage", "provider"),
        ("export_files", "path"),
        ("export_files", "site"),
        ("export_files", "reason"),
        ("rejected_rows", "source_url"),
        ("rejected_rows", "target_url"),
        ("rejected_rows", "reason"),
        ("rejected_rows", "evidence"),
        ("links", "source_url"),
        ("links", "target_url"),
    ],
)
def test_text_of_an_export_never_becomes_markup(tmp_path: Path, table: str, column: str) -> None:
    """Else a page somebody named in an export could run a script in the client's browser."""
    page = report(tmp_path, changed(small_panel(), table, **{column: MARKUP}))
    assert page.scripts == [(TEMPLATES / "page.js").read_text(encoding="utf-8").rstrip("\n")]
    assert not [tag for tag, _ in page.elements if tag in ("img", "iframe", "object", "base")]
    assert not [name for _, attributes in page.elements for name in attributes if name.startswith("on")]


def test_markup_in_a_domain_is_shown_as_it_was_delivered(tmp_path: Path) -> None:
    """Else escaping would hide from the reader what an export said."""
    tables = small_panel()
    for table in ("gaps", "link_matrix", "opportunities"):
        tables[table] = [row | {"referring_domain": "<b>bold</b>.com"} for row in tables[table][:1]]
    page = report(tmp_path, tables)
    assert "<b>bold</b>.com" in page.text


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "data:text/html,<p>", "ftp://a.com/", "//a.com/", "a.com", "https://a.com/\nb", ""]
)
def test_only_a_web_address_becomes_a_link(tmp_path: Path, url: str) -> None:
    """Else a click on a linking page could run code or open something that is no page."""
    page = report(tmp_path, changed(small_panel(), "opportunities", best_source_url=url, best_target_url=url))
    assert not is_web_url(url)
    assert [link["href"] for link in page.links() if not (link["href"] or "").startswith(("#", "checks.html"))] == []


def test_a_linking_page_is_a_link_that_passes_nothing_on(tmp_path: Path) -> None:
    """Else the linking site would learn from the referrer who analyses it."""
    page = report(tmp_path, small_panel(open_gaps=1))
    outward = [link for link in page.links() if (link["href"] or "").startswith("http")]
    assert [link["href"] for link in outward] == ["https://www.gap-1.com/a-page", "https://rival.com/shoes"]
    assert {link["rel"] for link in outward} == {"noopener noreferrer nofollow"}


def test_a_page_loads_nothing(tmp_path: Path) -> None:
    """Else it would break without a network, or tell a third party that it was opened."""
    tables = small_panel(refreshes=3)
    page = report(tmp_path, tables)
    write_index(tmp_path / "published.duckdb", tmp_path / "reports")
    index = Page((tmp_path / "reports" / "index.html").read_text(encoding="utf-8"))
    for each in (page, index):
        assert not [attributes for _, attributes in each.elements if {"src", "srcset", "background"} & set(attributes)]
        assert {attributes["href"] for tag, attributes in each.elements if tag == "link"} == {"data:,"}
        policies = [attributes["content"] for tag, attributes in each.elements if "http-equiv" in attributes]
        assert [str(policy).startswith("default-src 'none'") for policy in policies] == [True]
    style = (TEMPLATES / "style.css").read_text(encoding="utf-8")
    assert "@import" not in style
    assert "url(" not in style


def test_a_page_holds_one_client_alone(tmp_path: Path) -> None:
    """Else an agency would send one client's gaps to another."""
    tables = small_panel()
    for table, rows in small_panel(refreshes=2, open_gaps=5, client_id="other").items():
        tables[table].extend(row | {"name": "Somebody Else"} if table == "clients" else row for row in rows)
    page = report(tmp_path, tables)
    assert "Somebody Else" not in page.text
    assert "gap-4.com" not in page.text
    assert "number 1" in page.text


# --- what a page says ---------------------------------------------------------------------------------------------


def test_figures_are_those_of_the_latest_refresh(tmp_path: Path) -> None:
    """Else the first numbers a reader meets would be wrong."""
    published = published_file(tmp_path / "published.duckdb", small_panel(refreshes=2, open_gaps=3))
    with duckdb.connect(str(published), read_only=True) as connection:
        client = queries.client(connection, "acme")
        assert client is not None
        figures = queries.headline(connection, "acme", client["refreshed_on"])
    assert client["refresh_number"] == 2
    counts = {
        name: figures[name]
        for name in ("open_gaps", "best_gaps", "proven_gaps", "opportunities", "opportunities_tier_a")
    }
    assert counts == {"open_gaps": 3, "best_gaps": 2, "proven_gaps": 3, "opportunities": 3, "opportunities_tier_a": 2}
    assert (figures["gaps_won"], figures["gaps_won_before"]) == (1, 0)


def test_the_matrix_shows_own_sites_first_and_tells_the_kind_of_evidence(tmp_path: Path) -> None:
    """Else a number from a list of domains would pass for counted links."""
    published = published_file(tmp_path / "published.duckdb", small_panel())
    with duckdb.connect(str(published), read_only=True) as connection:
        sites = [row["site"] for row in panel.panel_sites(connection, "acme", FIRST_DAY)]
        matrix = {row["referring_domain"]: row for row in panel.gap_matrix(connection, "acme", FIRST_DAY)}
    assert sites == ["acme.com", "rival.com", "foe.org"]
    assert list(matrix) == ["gap-1.com", "gap-2.com", "gap-3.com", "covered.org"]
    cells = matrix["covered.org"]["cells"]
    assert [cell["site"] for cell in cells] == sites
    assert [cell["links"] for cell in cells] == [2, 0, 1]
    assert [cell["is_domain_level"] for cell in cells] == [False, False, True]
    assert [cell["shade"] for cell in cells] == [2, 0, 1]


def test_a_matrix_of_many_gaps_keeps_room_for_every_status(tmp_path: Path) -> None:
    """Else filtering for covered domains would show none as soon as there are enough open gaps."""
    published = published_file(tmp_path / "published.duckdb", small_panel(open_gaps=panel.MATRIX_ROWS["open"] + 5))
    with duckdb.connect(str(published), read_only=True) as connection:
        matrix = panel.gap_matrix(connection, "acme", FIRST_DAY)
    assert [row["gap_status"] for row in matrix].count("open") == panel.MATRIX_ROWS["open"]
    assert matrix[0]["domains_of_status"] == panel.MATRIX_ROWS["open"] + 5
    assert matrix[-1]["gap_status"] == "covered"


def test_overlap_counts_every_number_of_competitors(tmp_path: Path) -> None:
    """Else a step without any domain would be missing and the bars would mislead."""
    published = published_file(tmp_path / "published.duckdb", small_panel(open_gaps=1))
    with duckdb.connect(str(published), read_only=True) as connection:
        rows = panel.overlap(connection, "acme", FIRST_DAY)
    counted = [(row["competitors_linked"], row["gap_domains"], row["covered_domains"]) for row in rows]
    assert counted == [(2, 1, 0), (1, 0, 1)]


def test_each_domain_counts_in_the_one_combination_of_all_that_it_links_to(tmp_path: Path) -> None:
    """Else the rows of the UpSet plot would add up to more domains than there are."""
    tables = small_panel(open_gaps=5)
    own = {"referring_domain": "ours.net", "gap_status": "own", "client_links": 1, "competitor_sites": []}
    tables["gaps"].append(tables["gaps"][0] | own)
    published = published_file(tmp_path / "published.duckdb", tables)
    with duckdb.connect(str(published), read_only=True) as connection:
        rows = panel.combinations(connection, "acme", FIRST_DAY)
    # you, rival.com, foe.org
    assert [(row["members"], row["domains"], row["gap_domains"]) for row in rows] == [
        ([False, True, True], 3, 3),
        ([False, True, False], 2, 2),
        ([True, False, True], 1, 0),
        ([True, False, False], 1, 0),
    ]
    assert [(row["first"], row["last"]) for row in rows] == [(1, 2), (1, 1), (0, 2), (0, 0)]
    assert sum(row["domains"] for row in rows) == len(tables["gaps"])


def test_combinations_beyond_the_first_stand_together_in_one_row(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else many competitors would make a plot of hundreds of rows, or rare combinations would be dropped unsaid."""
    monkeypatch.setattr(panel, "COMBINATION_ROWS", 1)
    page = report(tmp_path, small_panel(open_gaps=5))
    assert "2 more combinations 3 2" in page.text


def test_placements_are_those_of_live_links_from_open_gaps_to_competitors(tmp_path: Path) -> None:
    """Else own links, lost links or covered domains would tell where competitors get theirs."""
    tables = small_panel(open_gaps=2)
    link = tables["links"][0] | {"referring_domain": "gap-1.com", "placement": "content", "is_follow": True}
    tables["links"] = [
        link,
        link | {"source_url": "https://gap-1.com/b", "placement": "footer", "is_follow": False},
        link | {"source_url": "https://gap-1.com/c", "is_live": False},
        link | {"source_url": "https://covered.org/", "referring_domain": "covered.org"},
        link | {"source_url": "https://gap-2.com/", "referring_domain": "gap-2.com", "placement": "unknown"},
    ]
    published = published_file(tmp_path / "published.duckdb", tables)
    with duckdb.connect(str(published), read_only=True) as connection:
        rows = queries.placement_mix(connection, "acme", FIRST_DAY)
    assert [(row["placement"], row["links"], row["follow_links"], row["domains"]) for row in rows] == [
        ("content", 1, 1, 1),
        ("footer", 1, 0, 1),
        ("unknown", 1, 1, 1),
    ]


def test_an_opportunity_tells_the_points_of_its_score(tmp_path: Path) -> None:
    """Else nobody could argue with a score."""
    page = report(tmp_path, changed(small_panel(open_gaps=1), "opportunities", risk=0.6))
    assert "gap-1.com mentions them in an article." in page.text
    assert "authority 30.0 relevance 20.0 competitors 20.0 traffic 0.0" in page.text
    assert "risk −60" in page.text


def test_bars_of_the_bridge_meet(tmp_path: Path) -> None:
    """Else the picture would contradict the table beside it."""
    tables = small_panel(refreshes=2, open_gaps=3)
    day = tables["gap_progress"][-1]["refreshed_on"]
    published = published_file(tmp_path / "published.duckdb", tables)
    with duckdb.connect(str(published), read_only=True) as connection:
        steps = queries.bridge_steps(connection, "acme", day)
    assert [(row["step"], row["amount"]) for row in steps] == [("open_at_start", 4), ("closed", 1), ("open_at_end", 3)]
    assert [(row["from_pct"], row["width_pct"]) for row in steps] == [(0, 100), (75, 25), (0, 75)]


def test_progress_over_several_refreshes_is_told_and_drawn(tmp_path: Path) -> None:
    """Else the client would not see whether the work pays."""
    page = report(tmp_path, small_panel(refreshes=3, open_gaps=3))
    assert "Of the gaps open at the first refresh, 25.0 % are closed and won today" in page.text.replace("\u202f", " ")
    assert "Gap bridge of every refresh" in page.text
    assert [tag for tag, _ in page.elements].count("circle") == 6


def test_files_that_were_not_taken_stand_first_with_their_reason(tmp_path: Path) -> None:
    """Else a refused file would be found by nobody."""
    page = report(tmp_path, small_panel())
    assert page.text.index("no known export") < page.text.index("rival.csv")
    assert "1 file was refused." in page.text
    assert "as many rows as a known cap" in page.text


def test_a_page_is_the_same_each_time(tmp_path: Path) -> None:
    """Else a rebuilt workspace would seem to have changed."""
    published = published_file(tmp_path / "published.duckdb", small_panel(refreshes=2))
    for name in ("one.html", "other.html"):
        write_report(published, "acme", tmp_path / name)
    assert (tmp_path / "one.html").read_bytes() == (tmp_path / "other.html").read_bytes()


def test_the_index_links_to_every_client(tmp_path: Path) -> None:
    """Else a page would be there that nobody finds."""
    tables = small_panel(refreshes=2)
    tables["clients"].append({"client_id": "zoo", "name": MARKUP, "main_site": "zoo.com", "is_active": False})
    write_index(published_file(tmp_path / "published.duckdb", tables), tmp_path)
    page = Page((tmp_path / "index.html").read_text(encoding="utf-8"))
    assert sorted(link["href"] or "" for link in page.links()) == [
        "#content",
        "acme.html",
        "checks.html",
        "tables.html",
        "zoo.html",
    ]
    assert "inactive" in page.text
    assert len(page.scripts) == 1


# --- what a page says when there is nothing -----------------------------------------------------------------------


def test_the_first_refresh_says_that_progress_comes_with_the_second(tmp_path: Path) -> None:
    """Else a new client would look at an empty chart."""
    page = report(tmp_path, small_panel())
    assert "This is the first refresh: 3 gaps are open" in page.text
    assert "due from 11 March 2026" in page.text
    assert "circle" not in [tag for tag, _ in page.elements]


def test_a_client_without_a_refresh_gets_a_page_that_says_how_to_make_one(tmp_path: Path) -> None:
    """Else the page would fail or show zeros that look like results."""
    tables: Tables = {"clients": small_panel()["clients"]}
    page = report(tmp_path, tables)
    assert "No refresh yet" in page.text
    assert "inbox/acme/YYYY-MM-DD/" in page.text


@pytest.mark.parametrize(
    ("tables", "words"),
    [
        (("opportunities",), "No opportunity in this refresh"),
        (("rejected_rows",), "No row was set aside"),
        (("gap_segments",), "No open gap has a link whose page is known"),
        (("gaps", "link_matrix"), "No domain links to a competitor"),
        (("export_files",), "No export file came with this refresh"),
        (("coverage",), "No site of the panel is covered"),
    ],
)
def test_an_empty_panel_says_so(tmp_path: Path, tables: tuple[str, ...], words: str) -> None:
    """Else an empty table would leave the reader wondering whether something broke."""
    assert words in report(tmp_path, without(small_panel(refreshes=2), *tables)).text


def test_a_refresh_without_any_gap_still_makes_a_page(tmp_path: Path) -> None:
    """Else the best result of all would be an error."""
    tables = without(
        small_panel(refreshes=2), "gaps", "link_matrix", "opportunities", "gap_segments", "gap_snapshots", "gap_cohorts"
    )
    tables["gap_progress"] = [
        row | {name: 0 for name, value in row.items() if name not in ("client_id", "refreshed_on") and value}
        for row in tables["gap_progress"]
    ]
    assert "0 gaps were open before this refresh, 0 are open now." in report(tmp_path, tables).text


def test_an_index_without_clients_says_what_to_do(tmp_path: Path) -> None:
    """Else the first page of a new workspace would be blank."""
    write_index(published_file(tmp_path / "published.duckdb", {}), tmp_path)
    assert "linkgap refresh" in html.unescape((tmp_path / "index.html").read_text(encoding="utf-8"))


def test_an_unknown_client_is_named_in_the_error(tmp_path: Path) -> None:
    """Else a misspelt client would get an empty page."""
    published = published_file(tmp_path / "published.duckdb", small_panel())
    with pytest.raises(UnknownClientError, match="nobody"):
        write_report(published, "nobody", tmp_path / "nobody.html")
    assert not (tmp_path / "nobody.html").exists()


def test_pages_to_check_are_listed_and_left_out_where_there_are_none(tmp_path: Path) -> None:
    tables = small_panel()
    assert "Check these" not in report(tmp_path, tables).text
    today = {"client_id": "acme", "refreshed_on": FIRST_DAY}
    tables["pages_to_check"] = [
        {**today, "check_rank": 1, "source_url": "https://www.gap-1.com/a", "score": 71.5, "competitors_linked": 2}
    ]
    (tmp_path / "published.duckdb").unlink()
    page = report(tmp_path, tables)
    assert "Check these 1 first" in page.text
    assert "https://www.gap-1.com/a" in [link.get("href") for link in page.links()]
    assert "gap-1.com/a" in page.text
