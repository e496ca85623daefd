"""What competitors' pages earn links with, which few of them open the most, and what cannot be earned at all."""

import random
from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from tests.compiled_models import compiled_model, fill, made_up_warehouse
from tests.conftest import SEEDS, Sandbox, csv_rows

DAY = date(2026, 2, 1)
LINKS = """\
source_url,target_url,title,anchor,first_seen
https://d1.com/blog/first-marathon,https://rival.com/tools/pace-calculator,My first marathon,pace calculator,2026-01-02
https://d2.com/links,https://rival.com/tools/pace-calculator,Useful links,pace calculator,2026-01-02
https://d3.com/news/runners,https://rival.com/tools/pace-calculator,Runners,pace calculator,2025-01-02
https://d3.com/news/figures,https://rival.com/blog/running-statistics-2019,Figures,statistics,2020-03-01
https://d4.com/news/figures,https://rival.com/blog/running-statistics-2019,Figures,statistics,2020-03-02
https://d5.com/news/figures,https://rival.com/ebooks/cadence.html,Figures,here,2020-03-02
https://d6.com/news/gone,https://rival.com/guides/lacing,Figures,the guide,2026-01-02
https://d7.com/,https://rival.com/,A page,Rival,2026-01-02
https://d11.com/blog/acme-and-rival,https://rival.com/,Acme and Rival at the marathon,Rival,2026-01-02
https://d8.com/our-partners/,https://rival.com/,Our partners,Rival,2026-01-02
https://d9.com/forum/viewtopic.php?t=1,https://rival.com/,Which shoe? - Forum,Rival,2026-01-02
https://d10.com/forum/viewtopic.php?t=1,https://rival.com/,Which shoe? - Forum,Rival,2026-01-02
"""
OTHER_LINKS = """\
source_url,target_url,title,anchor,first_seen
https://d9.com/forum/viewtopic.php?t=2,https://rivalshoes.com/,Which shoe? - Forum,shoes,2026-01-02
https://rivalshoes.de/,https://rivalshoes.com/,Shop,Rival Shoes,2026-01-02
https://rivalshoes-blog.com/about-shoes-and-more/,https://rivalshoes.com/,Blog about shoes and more,here,2026-01-02
"""
PAGES = """\
page_url,title,http_status
https://rival.com/guides/lacing,How to lace,404
https://rival.com/ebooks/cadence.html,Cadence: the 2018-2019 report,200
https://rival.com/tools/pace-calculator,Pace,200
"""


def deliver_assets(sandbox: Sandbox) -> None:
    sandbox.client("assets", "sites: [acme.com]\ncompetitors: [rival.com, rivalshoes.com]\nbrand_terms: [Acme]\n")
    own = "source_url,target_url,title,anchor,first_seen\nhttps://d20.com/,https://acme.com/,A,Acme,2026-01-02\n"
    sandbox.deliver(f"assets/{DAY}/acme.com/links.csv", own)
    sandbox.deliver(f"assets/{DAY}/rival.com/links.csv", LINKS)
    sandbox.deliver(f"assets/{DAY}/rivalshoes.com/links.csv", OTHER_LINKS)
    sandbox.deliver(f"assets/{DAY}/rival.com/pages.csv", PAGES)


@pytest.fixture
def assets(garbage_rules: Sandbox) -> Sandbox:
    return Sandbox(garbage_rules.workspace, "assets")


def test_pages_are_typed_and_told_to_be_gone_or_out_of_date(assets: Sandbox) -> None:
    found = {
        url: rest
        for url, *rest in assets.query(
            "select target_url, content_type, gap_domains, is_broken, outdated_evidence from marts.competitor_assets"
        )
    }
    assert found["https://rival.com/tools/pace-calculator"] == ["tool", 3, False, None]
    assert found["https://rival.com/blog/running-statistics-2019"] == [
        "statistics", 2, False, "2019 is the latest year in its URL",
    ]  # fmt: skip
    assert found["https://rival.com/ebooks/cadence.html"][3] == "2019 is the latest year in its title"
    assert found["https://rival.com/guides/lacing"][:3] == ["guide", 1, True]
    # a home page does not grow old; a partner's link opens nothing
    assert found["https://rival.com/"] == ["home", 4, False, None]


def test_the_set_of_assets_opens_each_gap_once(assets: Sandbox) -> None:
    rows = assets.query(
        """
        select cover_rank, content_type, cover_gap_domains, cover_pct
        from marts.competitor_assets where cover_rank is not null order by cover_rank
        """
    )
    # d3 links to calculator and statistics, and is opened once; the home page opens nothing that can be copied
    assert rows[0][:3] == (1, "tool", 3)
    assert sorted((kind, domains) for _, kind, domains, _ in rows[1:]) == [
        ("guide", 1), ("report", 1), ("statistics", 1),
    ]  # fmt: skip
    shares = [share for *_, share in rows]
    assert shares == sorted(shares)
    ((opened, total),) = assets.query(
        """
        select
            sum(score) filter (referring_domain in ('d1.com', 'd2.com', 'd3.com', 'd4.com', 'd5.com', 'd6.com')),
            sum(score)
        from marts.opportunities where rank is not null
        """
    )
    assert shares[-1] == pytest.approx(100 * opened / total, abs=0.051)


def test_structural_links_are_no_opportunities(assets: Sandbox) -> None:
    found = {
        domain: (reason, is_earnable, tactic, rank)
        for domain, reason, is_earnable, tactic, rank in assets.query(
            """
            select referring_domain, min(structural_reason), any_value(is_earnable), any_value(tactic), any_value(rank)
            from marts.links inner join marts.opportunities using (client_id, refreshed_on, referring_domain)
            group by referring_domain
            """
        )
    }
    assert found["rivalshoes.de"] == ("bears the name of rivalshoes.com: own group", False, "skip", None)
    assert found["rivalshoes-blog.com"][0] == "bears the name of rivalshoes.com: own group"
    assert found["d8.com"][:3] == ("partner, customer or supplier", False, "skip")
    assert found["d1.com"][:2] == (None, True)
    assert found["d1.com"][3] is not None


def test_tactics_follow_from_segment_and_page(assets: Sandbox) -> None:
    """What is named on the page, what the linked page is, and what became of it."""
    found = {
        domain: (tactic, reason)
        for domain, tactic, reason in assets.query(
            "select referring_domain, tactic, tactic_reason from marts.opportunities"
        )
    }
    assert {domain: tactic for domain, (tactic, _) in found.items() if domain.startswith("d")} == {
        "d1.com": "replicate_asset",
        "d2.com": "replicate_asset",
        "d3.com": "replicate_asset",
        "d4.com": "refresh_outdated",
        "d5.com": "refresh_outdated",
        "d6.com": "refresh_outdated",
        "d7.com": "outreach",
        "d8.com": "skip",
        "d9.com": "join_community",
        "d10.com": "join_community",
        "d11.com": "reclaim_mention",
    }
    assert found["d1.com"][1].startswith(
        "d1.com links to a tool or template of theirs (https://rival.com/tools/pace-calculator): 1 of 2 competitors"
    )
    assert "(https://rival.com/blog/running-statistics-2019: 2019 is the latest year in its URL)" in found["d4.com"][1]
    assert "names you on a page without a link (https://d11.com/blog/acme-and-rival)" in found["d11.com"][1]


def test_communities_with_two_competitors_are_named(assets: Sandbox) -> None:
    assert assets.query("select referring_domain, segment, competitors_linked from marts.underused_communities") == [
        ("d9.com", "community", 2)
    ]


@pytest.mark.parametrize("seed", range(40))
def test_the_cover_is_the_greedy_one(tmp_path: Path, seed: int) -> None:
    """On made-up links: in each step the page that opens the most of what is left, ties by URL."""
    chance = random.Random(seed)
    domains = {f"d{number}.com": float(chance.randint(1, 9)) for number in range(chance.randint(1, 12))}
    links = {
        (f"https://rival.com/{chance.randrange(6)}", domain) for domain in domains for _ in range(chance.randint(1, 3))
    }
    names = dict.fromkeys(sorted(url for url, _ in links))
    keys = {url: number for number, url in enumerate(names)}
    base = {"client_id": "acme", "refreshed_on": DAY}
    opportunities = pd.DataFrame(
        {**base, "referring_domain": domain, "score": score, "competitors_linked": 1, "rank": 1}
        for domain, score in domains.items()
    )
    classified = pd.DataFrame(
        {
            **base, "referring_domain": domain, "target_url": url, "target_key": keys[url], "segment": "other",
            "source_url": f"https://{domain}/", "is_live": True, "is_own_site": False,
        }
        for url, domain in sorted(links)
    )  # fmt: skip
    pages = pd.DataFrame(
        {
            **base, "target_url": url, "target_key": key, "site": "rival.com", "page_title": "",
            "content_type": "guide", "content_type_evidence": "", "is_broken": False, "outdated_evidence": "",
        }
        for url, key in keys.items()
    )  # fmt: skip
    left, expected = dict(domains), {}
    while left:
        gains = {url: sum(left[domain] for one, domain in links if one == url and domain in left) for url in names}
        url = min(gains, key=lambda one: (-gains[one], one))
        if not gains[url] or len(expected) == 20:
            break
        expected[url] = (len(expected) + 1, gains[url])
        left = {domain: score for domain, score in left.items() if (url, domain) not in links}
    with made_up_warehouse(tmp_path, {"marts.opportunities": opportunities}) as connection:
        fill(connection, "segments.int_links_classified", classified)
        fill(connection, "segments.int_competitor_pages", pages)
        found = connection.execute(
            f"select target_url, cover_rank, cover_gap_score from ({compiled_model('competitor_assets')})"
        ).fetchall()
    assert {url: (rank, score) for url, rank, score in found if rank} == expected


def test_every_content_type_rule_hits_its_example(tmp_path: Path) -> None:
    with made_up_warehouse(tmp_path, {}) as connection:
        for rule in csv_rows(SEEDS / "content_type_rules.csv"):
            found = connection.execute("select regexp_matches(?, ?)", [rule["example"], rule["pattern"]]).fetchone()
            assert found == (True,), f"rule {rule['rule_id']} does not hit {rule['example']!r}"
