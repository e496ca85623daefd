"""Odd values and places: what real inboxes hold once in a while, in one workspace and one run."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest

from pipelines.refresh import RefreshOutcome
from tests.conftest import Sandbox, csv_text
from tests.exports_made import ahrefs_backlinks, semrush_referring_domains

DAY = "2026-01-10"


def link(source: str, target: str, **cells: str) -> dict[str, str]:
    return {"Referring page URL": source, "Target URL": target, **{k.replace("_", " "): v for k, v in cells.items()}}


@pytest.fixture(scope="module")
def odd(make_sandbox: Callable[[str], Sandbox]) -> tuple[Sandbox, RefreshOutcome]:
    sandbox = make_sandbox("odd-input")
    sandbox.client(
        "buch",
        "sites: [bücher.de, alt.bücher.de]\ncompetitors: [bar.co.uk/Shoes/, bar.co.uk/Hats/, rival.com]\n",
    )
    sandbox.deliver(f"buch/{DAY}/own.csv", ahrefs_backlinks(link("https://a.com/", "https://bücher.de./x")))
    sandbox.deliver(f"buch/{DAY}/old.csv", ahrefs_backlinks(link("https://b.com/", "https://ALT.bücher.de/")))
    sandbox.deliver(
        f"buch/{DAY}/path.csv",
        ahrefs_backlinks(
            link("https://shoes.com/", "https://bar.co.uk/Shoes/red"),
            link("https://blog.com/", "https://bar.co.uk/blog/Shoes/red"),
            link("https://a.com/", "https://bar.co.uk/Shoes"),
        ),
    )
    sandbox.deliver(
        f"buch/{DAY}/rival.com-backlinks-exact_2026-01-10_10-00-00.csv",
        ahrefs_backlinks(
            link("https://old-date.com/", "https://rival.com/", Last_seen="0001-01-01 00:00:00"),
            link("https://numbers.com/", "https://rival.com/", Domain_rating="inf", Domain_traffic="1e300"),
        ),
    )
    sandbox.deliver(
        f"buch/{DAY}/matrix.csv",
        csv_text(
            ["Domain", "Domain ascore", "rival.com", "elsewhere.com", "Matches"],
            [["inf.com", "nan", "inf", 0, 1], ["fine.com", 40, 2, 0, 1], ["localhost", 40, 2, 0, 1]],
        ),
    )
    sandbox.deliver(f"buch/{DAY}/my list of rival.com (2).csv", semrush_referring_domains(("listed.com", 30, 4)))
    sandbox.deliver(f"nobody/{DAY}/x.csv", ahrefs_backlinks())
    sandbox.deliver(f"_shared/{DAY}/x.csv", ahrefs_backlinks())
    sandbox.deliver("buch/loose.csv", ahrefs_backlinks())
    sandbox.deliver("buch/outreach.csv", "domain,status\n")
    return sandbox, sandbox.refresh()


def test_deliveries_that_nobody_takes_are_named(odd: tuple[Sandbox, RefreshOutcome]) -> None:
    _, outcome = odd
    assert outcome.published == [f"buch/{DAY}"]
    assert [problem.split(": ")[0] for problem in outcome.problems] == [
        "inbox/buch/loose.csv",
        "inbox/nobody",
        f"inbox/_shared/{DAY}/x.csv",
    ]


def test_sites_in_unicode_and_with_paths_are_found_among_the_targets(odd: tuple[Sandbox, RefreshOutcome]) -> None:
    sandbox, _ = odd
    sites = dict(sandbox.query("select regexp_extract(path, '[^/]*$'), site from marts.export_files"))
    assert sites["own.csv"] == "bücher.de"
    assert sites["old.csv"] == "alt.bücher.de"
    assert sites["path.csv"] == "bar.co.uk/Shoes/"
    assert sites["my list of rival.com (2).csv"] == "rival.com"
    assert sandbox.query("select source_url from marts.rejected_rows where reason = 'wrong_site'") == [
        ("https://blog.com/",)
    ]


def test_numbers_and_dates_beyond_reason_are_missing_values(odd: tuple[Sandbox, RefreshOutcome]) -> None:
    sandbox, _ = odd
    domains = {
        domain for (domain,) in sandbox.query("select referring_domain from marts.gaps where gap_status = 'open'")
    }
    assert domains == {"shoes.com", "old-date.com", "numbers.com", "fine.com", "listed.com"}
    assert sandbox.query("select reason from marts.rejected_rows where source_url = 'localhost'") == [("invalid_host",)]


def test_columns_of_a_matrix_that_are_no_sites_are_counted(odd: tuple[Sandbox, RefreshOutcome]) -> None:
    sandbox, _ = odd
    assert sandbox.query("select reason from marts.export_files where path like '%matrix.csv'") == [
        ("1 columns ignored, no sites of the panel: elsewhere.com",)
    ]


def test_an_export_of_one_page_is_no_complete_list(odd: tuple[Sandbox, RefreshOutcome]) -> None:
    sandbox, _ = odd
    assert sandbox.query(
        "select is_truncated, truncation_evidence from marts.coverage "
        "where site = 'rival.com' and provider = 'ahrefs' and export_kind = 'backlinks'"
    ) == [(True, "scope exact: one page of the site")]


def test_a_client_is_one_party_with_all_its_sites(odd: tuple[Sandbox, RefreshOutcome]) -> None:
    sandbox, _ = odd
    assert sandbox.query("select gap_status, is_unique from marts.gaps where referring_domain = 'a.com'") == [
        ("covered", False)
    ]
    assert sandbox.query("select site from marts.link_matrix where referring_domain = 'b.com'") == [("alt.bücher.de",)]


def test_the_table_of_clients_follows_the_client_files_without_a_refresh(
    odd: tuple[Sandbox, RefreshOutcome],
) -> None:
    """Runs last in this module: it takes the client file away."""
    sandbox, _ = odd
    file = sandbox.workspace.clients / "buch.yaml"
    text = file.read_text(encoding="utf-8")
    file.write_text(
        text + "name: Bücherei\nrefresh: {every_days: 30, earliest_days: 20, latest_days: 40}\n", encoding="utf-8"
    )
    sandbox.refresh()
    assert sandbox.query("select name, next_window_on, is_active from marts.clients") == [
        ("Bücherei", date(2026, 1, 30), True)
    ]
    file.write_text("client_id: [broken\n", encoding="utf-8")
    sandbox.refresh()
    assert sandbox.query("select is_active from marts.clients") == [(True,)]
    file.unlink()
    sandbox.refresh()
    assert sandbox.query("select name, is_active from marts.clients") == [("Bücherei", False)]
