"""What the panel on quality says of rows set aside, and how they may come back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb

from pipelines.report import quality
from tests.published_made import FIRST_DAY, Tables, published_file, small_panel
from tests.test_report import report

TODAY = {"client_id": "acme", "refreshed_on": FIRST_DAY}


def rejected(number: int, reason: str, **values: Any) -> dict[str, Any]:
    return {
        **TODAY,
        "file_id": "f",
        "row_number": number,
        "site": "rival.com",
        "source_url": f"https://spam-{number}.biz/",
        "target_url": "https://rival.com/",
        "reason": reason,
        "reasons": [reason],
        "evidence": f"why it went: linking domain spam-{number}.biz",
    } | values


def asked(folder: Path, tables: Tables, question: Any) -> list[dict[str, Any]]:
    published = published_file(folder / "published.duckdb", tables)
    with duckdb.connect(str(published), read_only=True) as connection:
        rows: list[dict[str, Any]] = question(connection, "acme", FIRST_DAY)
    return rows


def test_reasons_stand_by_their_size_with_share_and_a_few_examples(tmp_path: Path) -> None:
    """Else a reader could not tell what a rule takes without writing SQL."""
    tables = small_panel() | {
        "rejected_rows": [
            *[rejected(number, "many_outgoing_links") for number in range(1, 9)],
            rejected(9, "ip_host", source_url=None, evidence="a host: no more"),
        ]
    }
    tables["refreshes"][0] |= {"rows_read": 20}
    first, second = asked(tmp_path, tables, quality.rejected_reasons)
    assert (first["reason"], first["rejected_rows"], first["rejected_pct"], first["bar_pct"]) == (
        "many_outgoing_links",
        8,
        40.0,
        100.0,
    )
    assert len(first["examples"]) == quality.EXAMPLES
    example = first["examples"][0]
    assert example["file_name"] == "rival.csv"
    assert example["evidence"] == f"linking domain spam-{example['row_number']}.biz"
    assert first["meaning"] == "why it went"
    assert "reader" in first["why"]
    assert (second["reason"], second["bar_pct"]) == ("ip_host", 12.5)
    assert [one["source_url"] for one in second["examples"]] == [None]


def test_a_rule_that_the_seed_does_not_know_is_shown_without_its_why(tmp_path: Path) -> None:
    """Else a page over tables of another version would fail."""
    tables = small_panel() | {"rejected_rows": [rejected(1, "a_rule_of_tomorrow")]}
    assert "a rule of tomorrow" in report(tmp_path, tables).text


def test_forty_reasons_leave_the_rare_ones_folded(tmp_path: Path) -> None:
    """Else the page would be a wall of rules."""
    rows = [rejected(number * 100 + n, f"rule_{number:02}") for number in range(40) for n in range(41 - number)]
    page = report(tmp_path, small_panel() | {"rejected_rows": rows})
    assert "28 more reasons, 434 rows" in page.text
    assert [attributes.get("class") for tag, attributes in page.elements if tag == "details"].count("rule") == 41


def test_links_to_look_at_are_counted_by_rule(tmp_path: Path) -> None:
    """Else nobody would know that a decision is waited for."""
    link = small_panel()["links"][0]
    tables = small_panel() | {
        "links": [
            link | {"review_reasons": ["link_heavy_page", "disavowed"]},
            link | {"referring_domain": "other.net", "row_number": 4},
            link | {"review_reasons": [], "row_number": 5},
            link | {"review_reasons": None, "row_number": 6},
        ]
    }
    rows = asked(tmp_path, tables, quality.review_reasons)
    assert [(row["reason"], row["links"], row["domains"]) for row in rows] == [
        ("link_heavy_page", 2, 2),
        ("disavowed", 1, 1),
    ]
    assert rows[1]["meaning"] == "the client has disavowed the domain"
    (tmp_path / "published.duckdb").unlink()
    assert "Accepted links to look at" in report(tmp_path, tables).text


def gaps_with_rejected_links() -> Tables:
    tables = small_panel(open_gaps=3)
    tables["gaps"] = [row | {"absence": "rejected_link"} for row in tables["gaps"][:2]]
    tables["rejected_rows"] = [
        rejected(1, "page_gone", site="acme.com", source_url="http://Blog.gap-1.com:80/a?x", target_url="acme.com"),
        rejected(2, "page_gone", site="rival.com", source_url="https://gap-1.com/"),
        rejected(3, "site_profile", site="acme.com", source_url="https://not-gap-1.com/"),
        rejected(
            4, "site_profile", site="acme.com", source_url="https://gäp-2.com/", evidence="a: linking domain gap-2.com"
        ),
        rejected(5, "unreadable_row", site=None, source_url="https://gap-1.com/"),
    ]
    return tables


def test_gaps_whose_link_was_set_aside_name_the_links_to_own_sites(tmp_path: Path) -> None:
    """Else an absence that is none could not be argued with. A competitor's rows, and other hosts, are not meant."""
    rows = asked(tmp_path, gaps_with_rejected_links(), quality.gaps_with_rejected_links)
    assert [(row["referring_domain"], [one["reason"] for one in row["links"]]) for row in rows] == [
        ("gap-1.com", ["page_gone"]),
        ("gap-2.com", ["site_profile"]),
    ]
    assert rows[0]["links"][0]["source_url"] == "http://Blog.gap-1.com:80/a?x"
    assert rows[0]["gaps_in_all"] == 2


def test_the_page_says_how_to_bring_a_domain_back(tmp_path: Path) -> None:
    """Else a wrong rule would have the last word."""
    page = report(tmp_path, gaps_with_rejected_links())
    assert "Gaps whose link to you was set aside, 2" in page.text
    assert "quality.allowed_domains in clients/acme.yaml" in page.text
    assert "inbox/acme/overrides.csv" in page.text


def test_a_gap_whose_rejected_link_is_carried_says_so(tmp_path: Path) -> None:
    """Else the cell would be empty."""
    tables = gaps_with_rejected_links() | {"rejected_rows": []}
    assert "in a list of an earlier refresh" in report(tmp_path, tables).text


def test_without_any_the_panels_are_left_out(tmp_path: Path) -> None:
    """Else a clean client would get empty tables."""
    text = report(tmp_path, small_panel() | {"links": [], "rejected_rows": []}).text
    assert "Accepted links to look at" not in text
    assert "Gaps whose link to you was set aside" not in text
    assert "No row was set aside" in text
