"""The history of the sites' metrics: every provider's own value, one a day, whichever refresh delivered it last."""

from __future__ import annotations

from datetime import date

import pytest

from tests.conftest import Sandbox, csv_text
from tests.exports_made import ahrefs_backlinks
from tests.world import Deliveries, World

DATES = [date(2026, 1, 10), date(2026, 3, 27)]


def deliver_stories(world: Deliveries) -> None:
    world.client("measured", "sites: [acme.com]\ncompetitors: [rival.com, bar.co.uk/shoes/]\n")
    history = ["date", "site", "provider", "metric", "value"]
    deliveries = {
        f"{DATES[0]}/history.csv": csv_text(
            history,
            [
                ["2025-11-01", "acme.com", "ahrefs", "ahrefs_dr", 31],
                ["2025-12-01", "acme.com", "ahrefs", "Domain Rating", 32],
                ["2025-12-01", "https://www.rival.com/", "moz", "moz_da", 52],
                ["2025-12-01", "elsewhere.com", "moz", "moz_da", 90],
                ["no day", "acme.com", "ahrefs", "ahrefs_dr", 99],
                ["2025-12-01", "acme.com", "in house", "Share of Voice", 4.5],
            ],
        ),
        f"{DATES[1]}/history.csv": csv_text(history, [["2025-12-01", "acme.com", "ahrefs", "ahrefs_dr", 33]]),
        f"{DATES[1]}/metrics.csv": csv_text(
            ["domain", "ahrefs_dr", "moz_da", "total_referring_domains"],
            [["www.acme.com", 40, 21, 310], ["rival.com", "", 53, ""], ["bar.co.uk", 77, 70, 9]],
        ),
        f"{DATES[1]}/trend.csv": csv_text(
            ["Target", "Target Type", "Metric", "Database", "Summary", "2025-12", "2026-01"],
            [
                ["rival.com", "root_domain", "Organic Traffic", "us", 81000, "", 79000],
                ["rival.com", "root_domain", "Authority Score", "Worldwide", 55, 54, 55],
                ["https://rival.com/shoes/", "url", "Organic Traffic", "us", 7, 7, 7],
            ],
        ),
        f"{DATES[1]}/acme.com/perf.csv": (
            "Date, Organic traffic (Monthly volume - All locations)\n2026-02-01, 1900\n2026-02-02, \n"
        ),
    }
    for number, day in enumerate(DATES):
        deliveries[f"{day}/rival.com/backlinks.csv"] = ahrefs_backlinks(
            *(
                {
                    "Referring page URL": f"https://friend-{one}.com/running",
                    "Target URL": "https://rival.com/",
                    "Nofollow": "true" if one == 0 else "false",
                }
                for one in range(2 + number)
            )
        )
    for path, text in deliveries.items():
        world.deliver(f"measured/{path}", text, step=DATES.index(date.fromisoformat(path.partition("/")[0])))
    # an earlier refresh that runs again keeps what came after it
    world.rerun("measured", DATES[0])


@pytest.fixture(scope="module")
def measured(world: World) -> Sandbox:
    return world.of("measured")


def history_of(sandbox: Sandbox, provider: str) -> list[tuple[object, ...]]:
    return sandbox.query(
        "select site, metric, measured_on, value, delivered_on from marts.authority_history where provider = $provider "
        "order by all",
        provider=provider,
    )


def test_a_corrected_day_counts_as_delivered_last_and_the_others_stay(measured: Sandbox) -> None:
    """The refreshes ran apart: what the first delivered is not loaded any more when the second runs."""
    assert history_of(measured, "ahrefs") == [
        ("acme.com", "domain_rating", date(2025, 11, 1), 31.0, DATES[0]),
        ("acme.com", "domain_rating", date(2025, 12, 1), 33.0, DATES[1]),
        ("acme.com", "domain_rating", DATES[1], 40.0, DATES[1]),
        ("acme.com", "organic_traffic", date(2026, 2, 1), 1900.0, DATES[1]),
    ]


def test_only_whole_sites_of_the_panel_have_a_history(measured: Sandbox) -> None:
    """A list of domains says nothing of a site that is a path of one."""
    assert history_of(measured, "moz") == [
        ("acme.com", "domain_authority", DATES[1], 21.0, DATES[1]),
        ("rival.com", "domain_authority", date(2025, 12, 1), 52.0, DATES[0]),
        ("rival.com", "domain_authority", DATES[1], 53.0, DATES[1]),
    ]
    assert measured.query("select distinct site from marts.authority_history order by 1") == [
        ("acme.com",),
        ("rival.com",),
    ]


def test_names_that_nobody_knows_stay_as_delivered(measured: Sandbox) -> None:
    assert history_of(measured, "in house") == [("acme.com", "share_of_voice", date(2025, 12, 1), 4.5, DATES[0])]


def test_months_of_a_trend_stand_on_their_first_day(measured: Sandbox) -> None:
    """What is said of one country has its name; the latest value has the day of the refresh."""
    assert history_of(measured, "semrush") == [
        ("rival.com", "authority_score", date(2025, 12, 1), 54.0, DATES[1]),
        ("rival.com", "authority_score", date(2026, 1, 1), 55.0, DATES[1]),
        ("rival.com", "authority_score", DATES[1], 55.0, DATES[1]),
        ("rival.com", "organic_traffic_us", date(2026, 1, 1), 79000.0, DATES[1]),
        ("rival.com", "organic_traffic_us", DATES[1], 81000.0, DATES[1]),
    ]


def test_linkgap_tells_what_it_counted_itself(measured: Sandbox) -> None:
    """Of acme.com no list of links was delivered: there is no number and no zero."""
    assert history_of(measured, "linkgap") == [
        ("rival.com", metric, day, float(value + number), day)
        for metric, value in (("backlinks", 2), ("follow_referring_domains", 1), ("referring_domains", 2))
        for number, day in enumerate(DATES)
    ]
