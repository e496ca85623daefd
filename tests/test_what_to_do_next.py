"""Tables of what to do next, on one refresh of made-up exports: links to ask back, competitors to choose, pages that
name the brand, and what was done already."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from pipelines.clients import ClientSettings
from pipelines.people_lists import rows_before
from tests.conftest import Sandbox, csv_text
from tests.exports_made import ahrefs_backlinks, semrush_backlinks
from tests.world import Deliveries, World

DAY = "2026-02-10"
CLIENT = """
name: Acme Running
sites: [acme.com]
competitors: [rival.com, foe.org]
brand_terms: [Acme, Café Größe, アクメ, C++]
quality: {blocked_domains: [blocked.com]}
"""
ACME = "https://acme.com/shoes"
LOST = "2026-01-20 00:00:00"
BROKEN_HEADERS = [
    "Referring page title",
    "Referring page URL",
    "Referring page HTTP code",
    "Domain rating",
    "Target URL",
    "Target page HTTP code",
    "Anchor",
    "Type",
    "Nofollow",
    "Target checked",
    "Ref. page checked",
]


def link(source: str, target: str = ACME, **cells: Any) -> dict[str, Any]:
    return {
        "Referring page URL": f"https://{source}",
        "Target URL": target,
        **{name.replace("_", " "): value for name, value in cells.items()},
    }


#   linking page, cells of the row, reason expected; None where the link is not asked back
LOST_LINKS: list[tuple[str, dict[str, Any], str | None]] = [
    ("removed.com/a", {"Lost": LOST, "Lost_status": "removedfromhtml"}, "link_removed"),
    ("not-found.com/a", {"Lost": LOST, "Lost_status": "notfound", "Referring_page_HTTP_code": "404"}, "page_gone"),
    ("forbidden.com/a", {"Lost": LOST, "Lost_status": "pageerror", "Referring_page_HTTP_code": "403"}, "page_gone"),
    ("redirected.com/a", {"Lost": LOST, "Lost_status": "pageredirected"}, "redirect"),
    ("hidden.com/a", {"Lost": LOST, "Lost_status": "noindex"}, "page_not_indexed"),
    ("not-looked-at.com/a", {"Lost": LOST, "Drop_reason": "tooold"}, "not_crawled"),
    ("silent-loss.com/a", {"Lost": LOST}, "unknown"),
    ("nofollow.com/a", {"Lost": LOST, "Nofollow": "true", "Domain_rating": "39"}, None),
    ("strong-nofollow.com/a", {"Lost": LOST, "Nofollow": "true", "Domain_rating": "88"}, "unknown"),
    ("spam.com/a", {"Lost": LOST, "Is_spam": "true"}, None),
    ("gone-spam.com/a", {"Lost": LOST, "Referring_page_HTTP_code": "404", "Is_spam": "true"}, None),
    ("live.com/a", {}, None),
    ("back-again.com/a", {"Lost": LOST, "Lost_status": "removedfromhtml"}, None),
    ("moved.com/old", {"Lost": LOST, "Lost_status": "notfound", "Referring_page_HTTP_code": "404"}, "page_gone"),
    ("moved.com/new", {}, None),
    ("to-a-broken-page.com/a", {"Target_URL": "https://acme.com/sold-out?utm_source=x"}, "own_page_broken"),
    ("to-another-broken-page.com/a", {"Target_URL": "http://acme.com/gone", "Lost": LOST}, "own_page_broken"),
    ("to-a-guarded-page.com/a", {"Target_URL": "https://acme.com/members"}, None),
    ("checked-and-gone.com/a", {}, "link_removed"),
]


def deliver_links(world: Deliveries) -> None:
    folder = f"next-steps/{DAY}"
    world.deliver(
        f"{folder}/acme.com-backlinks.csv", ahrefs_backlinks(*(link(page, **cells) for page, cells, _ in LOST_LINKS))
    )
    world.deliver(
        f"{folder}/acme.com-backlinks_semrush.csv",
        semrush_backlinks(
            # a later day than the loss: it is back
            {
                "Source url": "https://back-again.com/a",
                "Target url": ACME,
                "Last seen": "2026-02-02",
            },
            {"Source url": "https://semrush-only.com/a", "Target url": "https://acme.com/x", "Lost link": "true"},
        ),
    )
    world.deliver(
        f"{folder}/acme.com-broken-backlinks.csv",
        csv_text(
            BROKEN_HEADERS,
            [
                ["T", f"https://{page}/a", 200, 55, url, status, "here", "text", "false", "2026-02-01", "2026-02-01"]
                for page, url, status in (
                    ("broken-only.com", "https://acme.com/sold-out", 404),
                    ("to-a-guarded-page.com", "https://acme.com/members", 403),
                )
            ],
        ),
    )
    world.deliver(
        f"{folder}/acme.com-backlinks_pages.csv",
        csv_text(
            ["Source url", "Source title", "Response code", "Backlinks", "Domains", "Last seen"],
            [
                ["https://acme.com/gone", "", 410, 3, 2, "2026-02-03"],
                [ACME, "Shoes", 200, 9, 9, "2026-02-03"],
            ],
        ),
    )
    world.deliver(
        f"{folder}/rival.com-backlinks.csv",
        ahrefs_backlinks(link("lost-by-a-rival.com/a", "https://rival.com/", Lost=LOST)),
    )
    world.deliver(
        "next-steps/verified.csv",
        csv_text(
            ["source_url", "http_status", "links_to_client", "checked_on"],
            [["https://checked-and-gone.com/a", 200, "no", "2026-02-09"]],
        ),
    )


def deliver_competitors(world: Deliveries) -> None:
    folder = f"next-steps/{DAY}"
    headers = [
        "Domain",
        "Competitor's keywords",
        "Common keywords",
        "Share",
        "Target's keywords",
        "DR",
        "Current  traffic",
    ]
    world.deliver(
        f"{folder}/acme.com_orgcompetitors_subdomains_us_2026-02-10_10-00-00.csv",
        csv_text(
            headers,
            [
                ["www.newcomer.com", 160, 40, "20%", 50, 40, 900],
                ["shop.rival.com", 300, 100, "18%", 150, 45, 2000],
                ["everything.com", 90000, 44, "0.05%", 36, 91, 1400000],
                ["blog.acme.com", 3, 3, "2%", 36, 10, 5],
                ["laufbücher.de", 46, 4, "4%", 50, 12, 60],
            ],
        ),
    )
    world.deliver(
        f"{folder}/gap.keywords.csv",
        csv_text(
            [
                "Keyword",
                "Intents",
                "Volume",
                "https://www.acme.com/",
                "in-the-gap.com",
                "https://www.acme.com/ (pages)",
            ],
            [["trail shoes", "", 10, 4, 9, ""], ["road shoes", "", 10, 0, 3, ""], ["socks", "", 10, 8, 0, ""]],
        ),
    )
    for site, words in {
        "acme.com": ("shoes", "socks", "laces"),
        "foe.org": ("Shoes ", "socks", "soles", "heels"),
    }.items():
        world.deliver(
            f"{folder}/{site}/keywords.csv",
            csv_text(
                ["keyword", "page_url", "position"], [[word, f"https://{site}/{word.strip()}", 3] for word in words]
            ),
        )


#   page, cells of its row in the list of mentions, outcome
MENTIONS: list[tuple[str, dict[str, Any], str]] = [
    (
        "https://news.com/acme?utm_source=x",
        {"snippet": "… shoes by ACME,\u00a0running since 1990 …", "has_link": "no"},
        "unlinked",
    ),
    ("http://news.com/acme", {"title": "The same page again", "has_link": "no"}, "unlinked"),
    ("https://untold.com/a", {"title": "Nothing of it in the text", "published_at": "2026-01-02"}, "unlinked"),
    ("https://linking.com/a", {"title": "Acme", "has_link": "yes"}, "linked"),
    ("https://live.com/a", {"title": "Acme", "has_link": "no"}, "linked"),
    ("https://www.rival.com/blog/acme", {"title": "Why not Acme", "has_link": "no"}, "panel_site"),
    ("https://blocked.com/a", {"title": "Acme", "has_link": "no"}, "rejected"),
    ("mailto:someone", {"title": "Acme", "has_link": "no"}, "unreadable"),
]

#   title of a page, the name as it is found in it
NAMES: list[tuple[str, str | None]] = [
    ("ACME!", "ACME"),
    ("the acme's shoes", "acme"),
    ("(acme_shoes)", "acme"),
    ("Acme.com", "Acme"),
    ("Pacme and acmeology", None),
    ("not Pacme but Acme", "Acme"),
    ("Äcme", None),
    ("éacme", None),
    ("Acme2", None),
    ("das CAFÉ  GRÖßE", "CAFÉ GRÖßE"),
    ("Cafe\u0301 Größe", "Café Größe"),
    ("Cafe Grosse", None),
    ("Decafé Größe", None),
    ("新しいアクメの靴", "アクメ"),
    ("Acmeの靴", "Acme"),
    ("in C++, of course", "C++"),
    ("ABC++", None),
]


def deliver_mentions(world: Deliveries) -> None:
    folder = f"next-steps/{DAY}"
    headers = ["url", "title", "published_at", "snippet", "has_link"]
    world.deliver(
        f"{folder}/mentions.csv",
        csv_text(headers, [[page, *(cells.get(header, "") for header in headers[1:])] for page, cells, _ in MENTIONS]),
    )
    world.deliver(
        f"{folder}/names.csv",
        csv_text(
            headers, [[f"https://n{number}.com/", title, "", "", "no"] for number, (title, _) in enumerate(NAMES)]
        ),
    )
    world.deliver(
        f"{folder}/acme.com/majestic.csv",
        csv_text(
            [
                "Target URL",
                "Source URL",
                "Anchor Text",
                "Source Crawl Date",
                "FlagNoFollow",
                "FlagOldCrawl",
                "FlagMention",
            ],
            [
                ["https://acme.com/", "https://flagged.com/a", "", "2026-02-01", "", "", "-"],
                ["https://acme.com/", "https://flagged-long-ago.com/a", "", "2026-02-01", "", "-", "-"],
                ["https://acme.com/", "https://blocked.com/b", "", "2026-02-01", "", "", "-"],
            ],
        ),
    )
    world.deliver(
        f"{folder}/foe.org-backlinks.csv",
        ahrefs_backlinks(
            link("titled.com/a", "https://foe.org/", Referring_page_title="Acme vs Foe"),
            link("titled.com/a", "https://foe.org/shoes", Referring_page_title="Acme vs Foe"),
            link("in-context.com/a", "https://foe.org/", Left_context="better than Acme's", Right_context="or others"),
            link("another-word.com/a", "https://foe.org/", Referring_page_title="Acmeology and Pacme"),
            link("dead-link.com/a", "https://foe.org/", Referring_page_title="Acme", Lost=LOST),
            link("names-and-links.com/a", "https://foe.org/", Referring_page_title="Acme"),
            link("spam-naming.com/a", "https://foe.org/", Referring_page_title="Acme", Is_spam="true"),
        ),
    )
    world.deliver(
        f"{folder}/acme.com-backlinks-2.csv",
        ahrefs_backlinks(link("names-and-links.com/a"), link("only-a-spam-link.com/a", Is_spam="true")),
    )


OUTREACH = csv_text(
    ["domain", "page", "status", "date", "owner", "note"],
    [
        ["titled.com", "", " Do not contact ", "2026-02-11", "Ana", "asked us to stop"],
        ["", "https://blog.in-context.com/a", "Contacted", "2026-02-09", "Ben", ""],
        ["in-context.com", "", "REPLIED", "2026-02-10", "Ben", "wants a sample"],
        ["removed.com", "", "do-not-contact", "2026-01-02", "Ana", ""],
        ["to-a-broken-page.com", "", "do_not_contact", "2026-01-02", "Ana", ""],
        ["redirected.com", "", "do_not_contact", "2026-01-02", "Ana", ""],
        ["redirected.com", "", "prospect", "2026-02-01", "Ana", "they changed their mind"],
        ["titled.com", "", "stopped", "2026-02-12", "Ana", ""],
        ["", "", "won", "2026-02-12", "Ana", ""],
    ],
)


def deliver_stories(world: Deliveries) -> None:
    world.client("next-steps", CLIENT)
    deliver_links(world)
    deliver_competitors(world)
    deliver_mentions(world)
    world.deliver("next-steps/outreach.csv", OUTREACH)


@pytest.fixture(scope="module")
def refreshed(world: World) -> Sandbox:
    return world.of("next-steps")


def test_an_event_that_cannot_be_used_is_told_with_its_line(world: World) -> None:
    assert [line for line in world.lines("warnings", "next-steps") if "not used" in line] == [
        "inbox/next-steps/outreach.csv:9: not used: no status: stopped; expected prospect, contacted, replied, won, "
        "declined, do_not_contact",
        "inbox/next-steps/outreach.csv:10: not used: names neither a domain nor a page",
    ]


@pytest.mark.parametrize(("page", "reason"), [(page, reason) for page, _, reason in LOST_LINKS])
def test_a_lost_link_stands_with_its_reason_or_not_at_all(refreshed: Sandbox, page: str, reason: str | None) -> None:
    found = refreshed.query("select reason from marts.lost_links where source_url = $url", url=f"https://{page}")
    assert found == ([(reason,)] if reason else [])


def test_what_other_exports_tell_of_lost_links_counts(refreshed: Sandbox) -> None:
    told = dict(refreshed.query("select source_url, (reason, reason_evidence, is_live, lost_on) from marts.lost_links"))
    assert told["https://semrush-only.com/a"] == ("unknown", "semrush: lost, no reason told", False, date(2026, 1, 5))
    assert told["https://broken-only.com/a"] == (
        "own_page_broken",
        "ahrefs: the page it links to answers 404, checked on 2026-02-01",
        True,
        None,
    )
    assert told["https://to-another-broken-page.com/a"][1:3] == (
        "semrush: the page it links to answers 410, checked on 2026-02-03",
        False,
    )
    assert told["https://not-found.com/a"] == (
        "page_gone",
        "ahrefs: notfound (the linking page answers 404)",
        False,
        date(2026, 1, 20),
    )
    assert told["https://checked-and-gone.com/a"][1:] == (
        "somebody looked and found no link (the linking page answers 200)",
        False,
        date(2026, 2, 9),
    )


def test_nothing_of_competitors_is_asked_back(refreshed: Sandbox) -> None:
    assert refreshed.query("select distinct site from marts.lost_links") == [("acme.com",)]


def test_lost_links_are_ranked_by_authority_after_domains_that_link_no_more(refreshed: Sandbox) -> None:
    ranked = refreshed.query(
        "select rank, referring_domain, is_domain_still_linking, authority from marts.lost_links "
        "where rank is not null order by rank"
    )
    assert [rank for rank, *_ in ranked] == list(range(1, len(ranked) + 1))
    assert ranked[0][1] == "strong-nofollow.com"
    assert ranked[1][1] == "broken-only.com"
    assert [domain for _, domain, still, _ in ranked if still] == [ranked[-1][1]] == ["moved.com"]
    # of equally strong ones an own page is mended first, and what nobody has looked at comes last
    equals = [domain for _, domain, still, authority in ranked if authority == ranked[2][3] and not still]
    assert equals[:2] == ["to-another-broken-page.com", "to-a-broken-page.com"]
    assert equals[-1] == "not-looked-at.com"
    assert len(equals) == 9


def test_candidates_come_from_lists_of_competitors_keyword_gaps_and_lists_of_keywords(refreshed: Sandbox) -> None:
    found = {
        site: facts
        for site, *facts in refreshed.query(
            "select site, shared_keywords, keywords, overlap, overlap_basis, is_broad, is_configured, recommendation "
            "from marts.competitor_candidates"
        )
    }
    assert found == {
        "newcomer.com": [40, 200, 0.2, "competitor_list", False, False, "add"],
        # a host of a configured site is that site
        "rival.com": [100, 400, 0.25, "competitor_list", False, True, "keep"],
        "everything.com": [44, 90044, 44 / 90044, "competitor_list", True, False, "ignore"],
        "xn--laufbcher-u9a.de": [4, 50, 0.08, "competitor_list", False, False, "add"],
        "in-the-gap.com": [1, None, None, "keyword_gap", False, False, "ignore"],
        # two of three keywords are as many as chance gives
        "foe.org": [2, 4, 0.5, "keyword_lists", False, True, "watch"],
    }


def test_a_recommendation_says_why(refreshed: Sandbox) -> None:
    reasons = dict(refreshed.query("select site, reason from marts.competitor_candidates"))
    assert reasons["newcomer.com"] == (
        "newcomer.com shares 40 of its 200 keywords with you (20.0 %): it answers the searches that you answer, and "
        "the panel has room for it."
    )
    assert reasons["everything.com"].startswith(
        "everything.com shares 44 of its 90044 keywords with you (less than 0.1 %)"
    )


def test_pages_that_name_the_brand_and_do_not_link_are_listed_once(refreshed: Sandbox) -> None:
    found = {
        page: facts
        for page, *facts in refreshed.query(
            "select source_url, matched_term, matched_in, absence, competitor_sites, providers, first_seen "
            "from marts.unlinked_mentions where not regexp_matches(source_url, '^https://n[0-9]')"
        )
    }
    seen = date(2025, 6, 1)
    assert found == {
        "https://news.com/acme?utm_source=x": ["ACME", "snippet", "proven", [], ["generic"], None],
        "https://untold.com/a": [None, "provider", "unproven", [], ["generic"], date(2026, 1, 2)],
        # Majestic lists it among all links to the client's only site
        "https://flagged.com/a": [None, "provider", "proven", [], ["majestic"], None],
        "https://titled.com/a": ["Acme", "title", "proven", ["foe.org"], ["ahrefs"], seen],
        "https://in-context.com/a": ["Acme", "context", "proven", ["foe.org"], ["ahrefs"], seen],
    }


def test_a_mention_shows_the_words_around_the_name(refreshed: Sandbox) -> None:
    snippets = dict(refreshed.query("select source_url, snippet from marts.unlinked_mentions"))
    assert snippets["https://in-context.com/a"] == "better than Acme's here or others"
    assert snippets["https://titled.com/a"] == "Acme vs Foe"


def test_every_page_that_names_the_brand_is_counted_by_what_became_of_it(refreshed: Sandbox) -> None:
    assert dict(refreshed.query("select mention_outcome, pages from marts.mention_counts")) == {
        "unlinked": 5 + len(NAMES),
        "linked": 3,
        "panel_site": 1,
        "rejected": 2,
        "unreadable": 1,
    }


@pytest.mark.parametrize(("number", "name"), [(number, name) for number, (_, name) in enumerate(NAMES)])
def test_a_name_is_found_where_it_stands_as_a_word(refreshed: Sandbox, number: int, name: str | None) -> None:
    found = refreshed.query(
        "select matched_term, matched_in from marts.unlinked_mentions where source_url = $url",
        url=f"https://n{number}.com/",
    )
    assert found == [(name, "title" if name else "provider")]


def test_a_brand_without_terms_goes_by_the_clients_name() -> None:
    def terms(**settings: Any) -> list[str]:
        return ClientSettings(client_id="a", sites=["a.com"], competitors=["b.com"], **settings).terms_of_brand

    assert terms(name="Acme  Running") == ["Acme Running"]
    assert terms(name="Acme Running", brand_terms=["Acme", "ACME", " "]) == ["ACME"]
    assert terms() == []


def test_the_outreach_log_keeps_every_event_and_marks_the_latest(refreshed: Sandbox) -> None:
    events = refreshed.query(
        "select referring_domain, outreach_status, owner, is_latest, problem is null from marts.outreach_log "
        "order by row_number"
    )
    assert events == [
        ("titled.com", "do_not_contact", "Ana", True, True),
        ("in-context.com", "contacted", "Ben", False, True),
        ("in-context.com", "replied", "Ben", True, True),
        ("removed.com", "do_not_contact", "Ana", True, True),
        ("to-a-broken-page.com", "do_not_contact", "Ana", True, True),
        ("redirected.com", "do_not_contact", "Ana", False, True),
        ("redirected.com", "prospect", "Ana", True, True),
        ("titled.com", None, "Ana", False, False),
        (None, "won", "Ana", False, False),
    ]


def test_whom_nobody_may_contact_is_never_ranked(refreshed: Sandbox) -> None:
    opportunities = {
        domain: facts
        for domain, *facts in refreshed.query(
            "select referring_domain, outreach_status, rank is null, tactic = 'skip' from marts.opportunities"
        )
    }
    assert opportunities["titled.com"] == ["do_not_contact", True, False]
    assert opportunities["in-context.com"] == ["replied", False, False]
    assert opportunities["another-word.com"] == [None, False, False]
    ranks = refreshed.query("select rank from marts.opportunities where rank is not null order by rank")
    assert ranks == [(rank,) for rank in range(1, len(opportunities))]
    lost = dict(refreshed.query("select referring_domain, (outreach_status, rank is null) from marts.lost_links"))
    assert lost["removed.com"] == ("do_not_contact", True)
    # a page of one's own is mended without asking
    assert lost["to-a-broken-page.com"] == ("do_not_contact", False)
    assert lost["redirected.com"] == ("prospect", False)
    assert refreshed.query(
        "select outreach_status from marts.unlinked_mentions where source_url = 'https://titled.com/a'"
    ) == [("do_not_contact",)]


def test_an_event_counts_from_the_refresh_before_its_day_on(tmp_path: Path) -> None:
    path = tmp_path / "outreach.csv"
    path.write_text("domain,status,date\na.com,contacted,2026-01-05\na.com,won,2026-03-01\n", encoding="utf-8")
    assert rows_before(path, date(2026, 1, 1)) is None
    assert rows_before(path, date(2026, 2, 1)) == b"domain,status,date\na.com,contacted,2026-01-05\n"
    assert rows_before(path, None) == path.read_bytes()
