"""What a client's page says of pages to build, mentions, lost links, letters and the authority of linking domains."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from pipelines.report import next_steps
from pipelines.report.page import write_report
from tests.published_made import FIRST_DAY, Tables, published_file, small_panel
from tests.test_report import report
from warehouse.publication import PublishedFileError

TODAY = {"client_id": "acme", "refreshed_on": FIRST_DAY}
ASSET = TODAY | {"site": "rival.com", "content_type": "guide", "gap_domains": 2, "is_broken": False}


def busy_panel() -> Tables:
    tables = small_panel()
    tables["competitor_assets"] = [
        ASSET | {"target_url": "https://rival.com/b", "cover_rank": 2, "cover_gap_domains": 1, "cover_pct": 60.0},
        ASSET
        | {
            "target_url": "https://rival.com/a",
            "cover_rank": 1,
            "cover_gap_domains": 2,
            "cover_pct": 40.0,
            "is_broken": True,
            "outdated_evidence": "2019 is the latest year in its URL",
        },
        ASSET | {"target_url": "https://rival.com/", "content_type": "home"},
    ]
    mention = TODAY | {"matched_term": "Acme", "matched_in": "title", "absence": "proven", "is_domain_linking": False}
    tables["unlinked_mentions"] = [
        mention | {"source_url": f"https://names-{number}.com/<i>", "authority": float(number)}
        for number in range(1, next_steps.LINK_ROWS + 3)
    ]
    lost = TODAY | {"target_url": "https://acme.com/", "reason": "link_removed", "is_domain_still_linking": False}
    tables["lost_links"] = [
        lost | {"source_url": "https://second.com/", "rank": 2},
        lost | {"source_url": "https://first.com/", "rank": 1, "reason": "own_page_broken"},
        lost | {"source_url": "https://never-ask.com/", "rank": None, "outreach_status": "do_not_contact"},
    ]
    result = TODAY | {"contacted": 12, "won": 3, "pending": 2, "decided": 10, "won_pct": 30.0}
    tables["outreach_results"] = [
        result | {"dimension": "tier", "dimension_value": "A", "won_pct_low": 10.8, "won_pct_high": 60.3},
        result | {"dimension": "all", "dimension_value": "all", "won_pct_low": 10.8, "won_pct_high": 60.3},
    ]
    band = TODAY | {"site": "rival.com", "is_own_site": False}
    tables["referring_domain_growth_bands"] = [
        band | {"authority_band": "00-19", "referring_domains": 6},
        band | {"authority_band": "80-100", "referring_domains": 2},
        band | {"authority_band": "unknown", "referring_domains": 2},
        band | {"authority_band": "20-39", "referring_domains": 0},
        band | {"authority_band": "00-19", "referring_domains": 5, "site": "acme.com", "is_own_site": True},
    ]
    return tables


def test_pages_to_build_stand_in_their_order_with_the_running_total(tmp_path: Path) -> None:
    with _published(tmp_path) as connection:
        rows = next_steps.assets(connection, "acme", FIRST_DAY)
    assert [(row["target_url"], row["cover_pct"]) for row in rows] == [
        ("https://rival.com/a", 40.0),
        ("https://rival.com/b", 60.0),
    ]
    text = report(tmp_path, busy_panel()).text
    assert "does not answer any more" in text
    assert "2019 is the latest year in its URL" in text


def test_mentions_are_the_strongest_and_all_are_counted(tmp_path: Path) -> None:
    with _published(tmp_path) as connection:
        rows = next_steps.mentions(connection, "acme", FIRST_DAY)
    assert [row["authority"] for row in rows] == [float(number) for number in range(52, 2, -1)]
    page = report(tmp_path, busy_panel())
    assert "The first 50 of 52" in page.text
    # an address of an export is text, and no markup
    assert "names-52.com/<i>" in page.text


def test_lost_links_are_asked_back_by_rank_and_nobody_who_is_not_to_be_asked(tmp_path: Path) -> None:
    with _published(tmp_path) as connection:
        rows = next_steps.lost_links(connection, "acme", FIRST_DAY)
    assert [row["source_url"] for row in rows] == ["https://first.com/", "https://second.com/"]
    assert "never-ask.com" not in report(tmp_path, busy_panel()).text


def test_results_of_letters_show_where_there_are_letters(tmp_path: Path) -> None:
    page = report(tmp_path, busy_panel())
    assert page.text.index("all 12 3 2 10 30.0") < page.text.index("A tier 12 3 2 10 30.0")
    assert "10.8 to 60.3" in page.text
    (tmp_path / "none").mkdir()
    assert "What came of letters" not in report(tmp_path / "none", small_panel()).text


def test_authority_is_compared_in_shares_of_each_site(tmp_path: Path) -> None:
    with _published(tmp_path) as connection:
        own, rival = next_steps.authority_by_site(connection, "acme", FIRST_DAY)
    assert (own["site"], own["referring_domains"]) == ("acme.com", 5)
    assert [(band["authority_band"], band["band_pct"]) for band in rival["bands"]] == [
        ("80-100", pytest.approx(20)),
        ("00-19", pytest.approx(60)),
        ("unknown", pytest.approx(20)),
    ]
    assert rival["domains_by_band"] == {"80-100": 2, "00-19": 6, "unknown": 2}


def test_a_file_of_another_version_is_told_and_not_a_traceback(tmp_path: Path) -> None:
    published = published_file(tmp_path / "published.duckdb", small_panel())
    with duckdb.connect(str(published)) as connection:
        connection.execute("drop table marts.outreach_results")
    with pytest.raises(PublishedFileError, match=r"published by another version of linkgap.*`linkgap rebuild`"):
        write_report(published, "acme", tmp_path / "acme.html")


def _published(folder: Path) -> duckdb.DuckDBPyConnection:
    return duckdb.connect(str(published_file(folder / "asked.duckdb", busy_panel())), read_only=True)
