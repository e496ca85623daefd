"""Positions over three refreshes, as stories: what moved, what is not known, and pages that gained links beside others.

`acme.com`, `rival.com` and `foe.org` deliver lists of keywords; `-` is a refresh in which the page has no position, the
whole of foe.org's list is missing at the second refresh, and that of `wide.net` is cut off there.
"""

from __future__ import annotations

from datetime import date
from statistics import fmean, variance

import pytest
from scipy import stats

from tests.conftest import Sandbox, csv_text
from tests.exports_made import ahrefs_backlinks
from tests.world import Deliveries, World

DATES = [date(2026, 1, 10), date(2026, 3, 27), date(2026, 6, 10)]

#            site, page, positions in the three refreshes, movement and change expected in the second and third
STORIES = {
    "acme.com/up": (8, 5, 2, ("up", 3), ("up", 3)),
    "acme.com/down": (3, 3, 9, ("unchanged", 0), ("down", -6)),
    "acme.com/dropped": (4, 4, None, ("unchanged", 0), ("dropped", None)),
    "acme.com/entered": (None, None, 7, None, ("entered", None)),
    "acme.com/comes-back": (6, None, 6, ("dropped", None), ("entered", None)),
    "foe.org/not-delivered": (5, None, 2, None, ("unknown", None)),
    "wide.net/cut-off": (5, None, 2, None, ("unknown", None)),
    "wide.net/seen": (5, 7, 7, ("down", -2), ("unchanged", 0)),
}

# pages of rival.com that start from the same band; the first twelve gain a referring domain by the second refresh
PAGES = 30
GAINED = 12


def positions_of_page(number: int) -> tuple[int, int, int]:
    start = 4 + number % 6
    return start + 1, start, max(1, start - (number * 7) % 5 + (2 if number >= GAINED else 0))


def keyword_rows(site: str, number: int) -> list[list[object]]:
    rows: list[list[object]] = []
    for page, story in STORIES.items():
        if page.startswith(f"{site}/") and story[number] is not None:
            rows.append([f"word {page}", f"https://{page}?utm_source=x#top", "us", "desktop", story[number], 10])
    if site == "rival.com":
        for page in range(PAGES):
            position = positions_of_page(page)[number]
            rows.append([f"word {page}", f"https://rival.com/p{page}", "us", "desktop", position, 5])
            # a second keyword moves alike, so that the page's mean stays what it is
            rows.append([f"Other  Word {page}", f"http://rival.com/p{page}", "us", "desktop", position, 5])
    if site == "wide.net":
        while len(rows) % 1000 and number == 1:
            rows.append([f"filler {len(rows)}", "https://wide.net/filler", "us", "desktop", 60, 0])
    return rows


def rival_links(number: int) -> str:
    links = [
        {
            "Referring page URL": f"https://old-friend-{page}.com/running/{page}",
            "Target URL": f"https://rival.com/p{page}",
            "First seen": "2025-05-05 08:00:00",
            "Last seen": f"{DATES[number]} 08:00:00",
        }
        for page in range(PAGES)
    ]
    for page in range(GAINED) if number else ():
        for domain in (f"new-friend-{page}.com", *(["second-friend.com"] if page == 0 else [])):
            links.append(
                {
                    "Referring page URL": f"https://{domain}/notes-{page}",
                    "Target URL": f"https://rival.com/p{page}",
                    "First seen": "2026-02-14 08:00:00",
                    "Last seen": f"{DATES[number]} 08:00:00",
                }
            )
    # an old friend's second page is no new referring domain
    if number:
        links.append(
            {
                "Referring page URL": "https://old-friend-29.com/another",
                "Target URL": "https://rival.com/p29",
                "First seen": "2026-02-14 08:00:00",
                "Last seen": f"{DATES[number]} 08:00:00",
            }
        )
    return ahrefs_backlinks(*links)


def deliver(world: Deliveries, number: int) -> None:
    day = DATES[number]
    for site in ("acme.com", "rival.com", "foe.org", "wide.net"):
        if site == "foe.org" and number == 1:
            continue
        headers = ["keyword", "page_url", "country", "device", "position", "traffic"]
        world.deliver(f"rankings/{day}/{site}/keywords.csv", csv_text(headers, keyword_rows(site, number)))
    world.deliver(f"rankings/{day}/rival.com/backlinks.csv", rival_links(number))


CLIENT = """
sites: [acme.com]
competitors: [rival.com, foe.org, wide.net]
target_pages: ["http://ACME.com/up?gclid=1", acme.com/x]
"""


def deliver_stories(world: Deliveries) -> None:
    world.client("rankings", CLIENT)
    for number in range(3):
        deliver(world, number)
    deliver_positions(world)


@pytest.fixture(scope="module")
def rankings(world: World) -> Sandbox:
    return world.of("rankings")


@pytest.mark.parametrize("page", list(STORIES))
def test_every_story_moves_as_told(rankings: Sandbox, page: str) -> None:
    found = {
        day: (movement, change)
        for day, movement, change in rankings.query(
            "select refreshed_on, movement, change from marts.serp_movements where page = $page", page=page
        )
    }
    assert (found.get(DATES[1]), found.get(DATES[2])) == STORIES[page][3:5]


def test_in_the_first_refresh_nothing_is_known_of_before(rankings: Sandbox) -> None:
    assert rankings.query(
        "select distinct movement, position_before, change, traffic_before, position_band, gained_referring_domains, "
        "comparison_pages from marts.serp_movements where refreshed_on = $day",
        day=DATES[0],
    ) == [("unknown", None, None, None, None, None, None)]


def test_target_pages_of_the_client_file_are_marked(rankings: Sandbox) -> None:
    assert rankings.query("select distinct page from marts.serp_movements where is_target_page") == [("acme.com/up",)]
    assert rankings.query("select distinct site from marts.serp_movements where is_own_site") == [("acme.com",)]


def test_only_domains_first_seen_since_the_refresh_before_are_gained(rankings: Sandbox) -> None:
    """A page of a site whose links nobody delivered has no number: nobody knows."""
    found = dict(
        rankings.query(
            "select page, any_value(gained_referring_domains) from marts.serp_movements "
            "where refreshed_on = $day group by page",
            day=DATES[1],
        )
    )
    gained = {f"rival.com/p{page}": (2 if page == 0 else 1) if page < GAINED else 0 for page in range(PAGES)}
    assert {page: number for page, number in found.items() if page.startswith("rival.com")} == gained
    assert {number for page, number in found.items() if not page.startswith("rival.com")} == {None}
    assert rankings.query(
        "select distinct gained_referring_domains from marts.serp_movements where refreshed_on = $day and site = $site",
        day=DATES[2],
        site="rival.com",
    ) == [(0,)]


def test_pages_that_gained_nothing_stand_beside_a_movement(rankings: Sandbox) -> None:
    expected = [positions_of_page(page) for page in range(GAINED, PAGES)]
    (found,) = rankings.query(
        "select comparison_pages, comparison_change from marts.serp_movements "
        "where refreshed_on = $day and page = 'rival.com/p0' and keyword = 'other word 0'",
        day=DATES[1],
    )
    # starting from 4 to 10 at the first refresh: of acme.com nobody knows whether a page gained
    starts = [(before, now) for before, now, _ in expected if 4 <= before <= 10]
    assert found == (len(starts), pytest.approx(fmean(before - now for before, now in starts)))


def test_the_interval_of_the_difference_is_that_of_welch(rankings: Sandbox) -> None:
    changes = [before - now for _, before, now in map(positions_of_page, range(PAGES))]
    gained, others = changes[:GAINED], changes[GAINED:]
    errors = [variance(group) / len(group) for group in (gained, others)]
    degrees = sum(errors) ** 2 / sum(
        error**2 / (len(group) - 1) for error, group in zip(errors, (gained, others), strict=True)
    )
    difference = fmean(gained) - fmean(others)
    half = stats.t.ppf(0.975, degrees) * sum(errors) ** 0.5
    assert rankings.query(
        "select refreshed_on, position_band, pages_gained, pages_not_gained, own_pages_gained, pages_gained_dropped "
        "from marts.serp_comparisons"
    ) == [(DATES[2], "04-10", GAINED, PAGES - GAINED, 0, 0)]
    (found,) = rankings.query(
        "select change_gained, change_not_gained, difference, difference_low, difference_high "
        "from marts.serp_comparisons"
    )
    expected = (fmean(gained), fmean(others), difference, difference - half, difference + half)
    assert found == pytest.approx(expected, abs=0.001)


def deliver_positions(world: Deliveries) -> None:
    world.client("positions", "sites: [acme.com]\ncompetitors: [rival.com]\n")
    headers = ["Keyword", "Position", "Search Volume", "URL", "Traffic", "Position Type"]
    semrush = [
        ["shoes", 3, 90, "https://acme.com/a", 7, "Organic"],
        ["shoes", 9, 90, "https://acme.com/a", 1, "Organic"],
        ["shoes", 1, 90, "https://acme.com/a", 0, "AI overview"],
        ["answers", 1, 90, "https://acme.com/a", 0, "People also ask"],
        ["elsewhere", 1, 90, "https://else.com/a", 0, "Organic"],
    ]
    ahrefs = [
        ["shoes", "GB", 20, 4, "https://acme.com/b", ""],
        ["boots", "GB", 20, 1, "https://acme.com/b", "AI Overview"],
    ]
    gsc = [
        ["shoes", "https://acme.com/c", "MOBILE", 1, 10, 2.0],
        ["shoes", "https://acme.com/c", "MOBILE", 2, 30, 4.0],
    ]
    moz_site = "acme.com en-US Top Rank"
    delivered = {
        "acme.com-organic.Positions-mobile-uk-20260110-2026-01-10T16_10_02Z.csv": (headers, semrush),
        "acme.com-organic-keywords-subdomains_2026-01-10_21-13-42.csv": (
            ["Keyword", "Country code", "Volume", "Current position", "Current URL", "Current URL inside"],
            ahrefs,
        ),
        "gsc.csv": (["Query", "Page", "Device", "Clicks", "Impressions", "Position"], gsc),
        "moz.csv": (
            ["Keyword", "Specific Monthly Volume", moz_site, f"{moz_site}ing URL"],
            [["shoes", "1.8e3", 9, "acme.com/d"]],
        ),
    }
    for name, (names, rows) in delivered.items():
        world.deliver(f"positions/2026-01-10/acme.com/{name}", csv_text(names, rows))


def test_what_each_provider_delivers_is_read_as_positions_of_pages(world: World) -> None:
    """Blocks of answers are no positions, means are weighed, and files name country and device where rows do not."""
    assert world.of("positions").query(
        "select page, keyword, provider, country, device, position_now, traffic_now, search_volume "
        "from marts.serp_movements order by page"
    ) == [
        ("acme.com/a", "shoes", "semrush", "gb", "mobile", 3.0, 7.0, 90),
        ("acme.com/b", "shoes", "ahrefs", "gb", "unknown", 4.0, None, 20),
        ("acme.com/c", "shoes", "gsc", "unknown", "mobile", 3.5, 3.0, None),
        ("acme.com/d", "shoes", "moz", "us", "unknown", 9.0, None, 1800),
    ]
