"""Odd values and places: what real inboxes hold once in a while, in one workspace and one run."""

from __future__ import annotations

import pytest

from tests.conftest import Sandbox, csv_text
from tests.exports_made import ahrefs_backlinks, semrush_referring_domains
from tests.world import Deliveries, World

DAY = "2026-01-10"


def link(source: str, target: str, **cells: str) -> dict[str, str]:
    return {"Referring page URL": source, "Target URL": target, **{k.replace("_", " "): v for k, v in cells.items()}}


def deliver_stories(world: Deliveries) -> None:
    world.client(
        "buch",
        "sites: [bücher.de, alt.bücher.de]\ncompetitors: [bar.co.uk/Shoes/, bar.co.uk/Hats/, rival.com]\n",
    )
    world.deliver(f"buch/{DAY}/own.csv", ahrefs_backlinks(link("https://a.com/", "https://bücher.de./x")))
    world.deliver(f"buch/{DAY}/old.csv", ahrefs_backlinks(link("https://b.com/", "https://ALT.bücher.de/")))
    world.deliver(
        f"buch/{DAY}/path.csv",
        ahrefs_backlinks(
            link("https://shoes.com/", "https://bar.co.uk/Shoes/red"),
            link("https://blog.com/", "https://bar.co.uk/blog/Shoes/red"),
            link("https://a.com/", "https://bar.co.uk/Shoes"),
        ),
    )
    world.deliver(
        f"buch/{DAY}/rival.com-backlinks-exact_2026-01-10_10-00-00.csv",
        ahrefs_backlinks(
            link("https://old-date.com/", "https://rival.com/", Last_seen="0001-01-01 00:00:00"),
            link("https://numbers.com/", "https://rival.com/", Domain_rating="inf", Domain_traffic="1e300"),
        ),
    )
    world.deliver(
        f"buch/{DAY}/matrix.csv",
        csv_text(
            ["Domain", "Domain ascore", "rival.com", "elsewhere.com", "Matches"],
            [["inf.com", "nan", "inf", 0, 1], ["fine.com", 40, 2, 0, 1], ["localhost", 40, 2, 0, 1]],
        ),
    )
    world.deliver(f"buch/{DAY}/my list of rival.com (2).csv", semrush_referring_domains(("listed.com", 30, 4)))
    world.deliver(f"nobody/{DAY}/x.csv", ahrefs_backlinks())
    world.deliver(f"_shared/{DAY}/x.csv", ahrefs_backlinks())
    world.deliver("buch/loose.csv", ahrefs_backlinks())
    world.deliver("buch/outreach.csv", "domain,status\n")


@pytest.fixture(scope="module")
def odd(world: World) -> Sandbox:
    return world.of("buch")


def test_deliveries_that_nobody_takes_are_named(world: World) -> None:
    problems = {line.split(": ")[0] for outcome in world.outcomes for line in outcome.problems}
    assert problems >= {"inbox/buch/loose.csv", "inbox/nobody", f"inbox/_shared/{DAY}/x.csv"}


def test_sites_in_unicode_and_with_paths_are_found_among_the_targets(odd: Sandbox) -> None:
    sites = dict(odd.query("select regexp_extract(path, '[^/]*$'), site from marts.export_files"))
    assert sites["own.csv"] == "bücher.de"
    assert sites["old.csv"] == "alt.bücher.de"
    assert sites["path.csv"] == "bar.co.uk/Shoes/"
    assert sites["my list of rival.com (2).csv"] == "rival.com"
    assert odd.query("select source_url from marts.rejected_rows where reason = 'wrong_site'") == [
        ("https://blog.com/",)
    ]


def test_numbers_and_dates_beyond_reason_are_missing_values(odd: Sandbox) -> None:
    domains = {domain for (domain,) in odd.query("select referring_domain from marts.gaps where gap_status = 'open'")}
    assert domains == {"shoes.com", "old-date.com", "numbers.com", "fine.com", "listed.com"}
    assert odd.query("select reason from marts.rejected_rows where source_url = 'localhost'") == [("invalid_host",)]


def test_columns_of_a_matrix_that_are_no_sites_are_counted(odd: Sandbox) -> None:
    assert odd.query("select reason from marts.export_files where path like '%matrix.csv'") == [
        ("1 columns ignored, no sites of the panel: elsewhere.com",)
    ]


def test_an_export_of_one_page_is_no_complete_list(odd: Sandbox) -> None:
    assert odd.query(
        "select is_truncated, truncation_evidence from marts.coverage "
        "where site = 'rival.com' and provider = 'ahrefs' and export_kind = 'backlinks'"
    ) == [(True, "scope exact: one page of the site")]


def test_a_client_is_one_party_with_all_its_sites(odd: Sandbox) -> None:
    assert odd.query("select gap_status, is_unique from marts.gaps where referring_domain = 'a.com'") == [
        ("covered", False)
    ]
    assert odd.query("select site from marts.link_matrix where referring_domain = 'b.com'") == [("alt.bücher.de",)]
