"""The golden run: a small world whose exports and outcome can be checked by reading this file.

One client, two competitors, five refreshes, delivered out of order; before the last one the client drops foe.org, takes
bar.co.uk as a competitor and acme-shop.com as a second site of its own. A story is a linking domain and, per refresh,
whom it links to: `c` and `s` the client, `r` rival.com, `f` foe.org, `b` bar.co.uk, `-` nobody. Capital letters are
links that Ahrefs calls spam. Beside it stands the transition the contract demands.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import pytest

from tests.conftest import Sandbox
from tests.exports_made import ahrefs_backlinks, semrush_backlinks
from tests.world import Deliveries

DATES = [date(2026, 1, 10), date(2026, 3, 27), date(2026, 6, 10), date(2026, 8, 24), date(2026, 11, 7)]

STORIES = """
domain              R1  R2  R3  R4  R5   transitions
stays-open.com      r   r   r   r   r    new stayed_open stayed_open stayed_open stayed_open
best-gap.org        rf  rf  rf  rf  rf   new stayed_open stayed_open stayed_open stayed_open
opens-later.net     -   r   r   r   -    none new stayed_open stayed_open expired
won-link.com        r   cr  cr  cr  cr   new closed stayed_closed stayed_closed stayed_closed
reopens.com         r   cr  r   r   cr   new closed reopened stayed_open closed
was-linked.com      cr  r   r   r   r    none reopened stayed_open stayed_open stayed_open
comes-back.com      r   -   -   r   r    new expired unchanged returned stayed_open
loses-all.com       r   cr  -   c   -    new closed lost regained lost
spam-for-a-while.co r   R   r   R   r    new set_aside returned set_aside returned
spam-forever.com    R   R   R   R   R    none none none none none
only-foe.com        f   f   f   f   f    new stayed_open unobserved stayed_open panel_removed
covered.org         cr  cr  cr  cr  cr   none none none none none
own-only.com        c   c   c   c   c    none none none none none
only-bar.net        b   b   b   b   b    none none none none panel_new
back-at-bar.com     r   -   -   -   b    new expired unchanged unchanged panel_new
bar-and-rival.org   -   -   -   -   rb   none none none none new
shop-is-linked.com  r   r   r   r   rs   new stayed_open stayed_open stayed_open closed
foe-and-none.org    rf  rf  rf  f   f    new stayed_open stayed_open stayed_open panel_removed
"""
# At the third refresh nobody delivered an export of foe.org: its links are carried, and nothing that rests on them
# alone may close or expire.
WITHOUT_FOE = DATES[2]

SITES = {"c": "acme.com", "r": "rival.com", "f": "foe.org"}
SITES_OF_THE_LAST = {"c": "acme.com", "s": "acme-shop.com", "r": "rival.com", "b": "bar.co.uk"}


def stories() -> dict[str, tuple[list[str], list[str]]]:
    """Domain → whom it links to per refresh, and the transitions expected."""
    lines = [line.split() for line in STORIES.strip().splitlines()[1:]]
    return {line[0]: (line[1:6], line[6:11]) for line in lines}


CLIENT = "sites: [acme.com]\ncompetitors: [rival.com, foe.org]\nniche: {terms: [running]}\n"
CLIENT_OF_THE_LAST = (
    "sites: [acme.com, acme-shop.com]\ncompetitors: [rival.com, bar.co.uk]\nniche: {terms: [running]}\n"
)
ARRIVAL = (1, 1, 2, 0, 3)
"""In which step the exports of each refresh arrive: the fourth first, then the first two late, then the third."""


def deliver_stories(world: Deliveries) -> None:
    world.client("golden", CLIENT)
    world.client("golden", CLIENT_OF_THE_LAST, step=ARRIVAL[4])
    for number, step in enumerate(ARRIVAL):
        for path, content in exports_of(number):
            world.deliver(f"golden/{path}", content, step)


def exports_of(number: int) -> Iterator[tuple[str, str]]:
    """Path below the client's folder, and content, of the exports of a refresh."""
    day = DATES[number]
    for letter, site in (SITES_OF_THE_LAST if number == 4 else SITES).items():
        if site != "foe.org" or day != WITHOUT_FOE:
            yield f"{day}/{site}-backlinks-subdomains.csv", ahrefs_backlinks(*_links(letter, site, number))
    # a second provider from the second refresh on: what it alone sees is no news
    if number:
        link = {"Source url": "https://only-semrush.com/a", "Target url": "https://rival.com/", "Last seen": str(day)}
        yield f"{day}/rival.com-backlinks.csv", semrush_backlinks(link)


def _links(letter: str, site: str, number: int) -> list[dict[str, str]]:
    links = []
    for domain, (linked, _) in stories().items():
        if letter in linked[number].lower():
            began = next(n for n in range(number, -1, -1) if n == 0 or letter not in linked[n - 1].lower())
            links.append(
                {
                    "Referring page URL": f"https://www.{domain}/running/",
                    "Referring page title": f"Running with {domain}",
                    "Target URL": f"https://{site}/",
                    "Is spam": "true" if letter.upper() in linked[number] else "false",
                    # a link that began after the first refresh was first seen ten days before the refresh it shows in
                    "First seen": f"{DATES[began].replace(day=1)} 08:00:00" if began else "2025-05-05 08:00:00",
                    "Last seen": f"{DATES[number]} 08:00:00",
                }
            )
    return links


@pytest.mark.parametrize("domain", list(stories()))
def test_every_story_takes_the_transitions_of_the_contract(golden: Sandbox, domain: str) -> None:
    found = dict(
        golden.query(
            "select refreshed_on, transition from marts.gap_snapshots where referring_domain = $domain", domain=domain
        )
    )
    assert [found.get(day, "none") for day in DATES] == stories()[domain][1]


def test_the_bridge_adds_up_and_counts_what_the_stories_tell(golden: Sandbox) -> None:
    rows = golden.query(
        """
        select open_at_start, new, reopened, returned, panel_new, closed, expired, set_aside, panel_removed, open_at_end
        from marts.gap_progress order by refreshed_on
        """
    )
    assert [row[0] + row[1] + row[2] + row[3] + row[4] - sum(row[5:9]) for row in rows] == [row[9] for row in rows]
    #                  start new reop ret panel closed exp aside panel end
    assert rows == [
        (0, 11, 0, 0, 0, 0, 0, 0, 0, 11),
        (11, 2, 1, 0, 0, 3, 2, 1, 0, 8),
        (8, 0, 1, 1, 0, 0, 0, 0, 0, 10),
        (10, 0, 0, 1, 0, 0, 0, 1, 0, 10),
        (10, 1, 0, 1, 2, 2, 1, 0, 2, 9),
    ]


def test_the_stories_take_every_transition_there_is(golden: Sandbox) -> None:
    """The contract's names; the table of the docs shows an example of each."""
    told = {transition for _, transitions in stories().values() for transition in transitions} - {"none"}
    assert told == {
        "new", "reopened", "returned", "panel_new", "stayed_open", "closed", "stayed_closed", "regained",
        "lost", "expired", "panel_removed", "set_aside", "unchanged", "unobserved",
    }  # fmt: skip
    assert {transition for (transition,) in golden.query("select distinct transition from marts.gap_snapshots")} == told


def test_a_link_to_a_newly_configured_own_site_is_no_win(golden: Sandbox) -> None:
    assert golden.query(
        "select referring_domain, closed_kind from marts.gap_snapshots "
        "where refreshed_on = $day and transition = 'closed' order by 1",
        day=DATES[4],
    ) == [("reopens.com", "won"), ("shop-is-linked.com", "already_linked")]


def test_a_link_that_began_after_the_gap_opened_is_won(golden: Sandbox) -> None:
    rows = golden.query(
        """
        select closed_kind, closed_grade, closed_on, opened_on from marts.gap_snapshots
        where referring_domain = 'won-link.com' and state = 'closed'
        """
    )
    assert set(rows) == {("won", "A", DATES[1], DATES[0])}


def test_closing_percentages_follow_the_won_gaps(golden: Sandbox) -> None:
    rows = golden.query("select closing_pct, closing_pct_baseline from marts.gap_progress order by refreshed_on")
    # 3 of the 11 gaps of the first refresh are won at the second; two of them do not stay, one of these comes back and
    # is lost again, the other is won a second time at the fifth
    assert [(a if a is None else round(a, 2), round(b, 2)) for a, b in rows] == [
        (None, 0.0),
        (27.27, 27.27),
        (0.0, 9.09),
        (0.0, 18.18),
        (10.0, 18.18),
    ]


def test_what_only_a_new_provider_sees_is_marked_as_a_change_of_coverage(golden: Sandbox) -> None:
    assert golden.query(
        "select refreshed_on, transition, is_coverage_change from marts.gap_snapshots "
        "where referring_domain = 'only-semrush.com' order by 1 limit 1"
    ) == [(DATES[1], "new", True)]
    assert golden.query("select new_by_coverage from marts.gap_progress order by refreshed_on") == [
        (0,),
        (1,),
        (0,),
        (0,),
        (0,),
    ]


def test_carried_links_stand_in_the_tables_and_say_that_they_are_stale(golden: Sandbox) -> None:
    assert golden.query(
        "select is_stale, as_of from marts.coverage where refreshed_on = $day and site = 'foe.org'", day=WITHOUT_FOE
    ) == [(True, DATES[1])]
    assert golden.query(
        "select referring_domain, is_stale from marts.link_matrix "
        "where refreshed_on = $day and site = 'foe.org' order by 1",
        day=WITHOUT_FOE,
    ) == [("best-gap.org", True), ("foe-and-none.org", True), ("only-foe.com", True)]


def test_gap_classes_of_the_first_refresh(golden: Sandbox) -> None:
    rows = golden.query(
        "select referring_domain, gap_status, gap_class, absence from marts.gaps where refreshed_on = $day",
        day=DATES[0],
    )
    assert sorted(rows) == sorted(
        [
            ("stays-open.com", "open", "missing", "proven"),
            ("best-gap.org", "open", "best", "proven"),
            ("won-link.com", "open", "missing", "proven"),
            ("reopens.com", "open", "missing", "proven"),
            ("was-linked.com", "covered", "shared", None),
            ("comes-back.com", "open", "missing", "proven"),
            ("loses-all.com", "open", "missing", "proven"),
            ("spam-for-a-while.co", "open", "missing", "proven"),
            ("only-foe.com", "open", "missing", "proven"),
            ("back-at-bar.com", "open", "missing", "proven"),
            ("shop-is-linked.com", "open", "missing", "proven"),
            ("foe-and-none.org", "open", "best", "proven"),
            ("covered.org", "covered", "shared", None),
            ("own-only.com", "own", "strong", None),
        ]
    )
