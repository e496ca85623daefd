"""Each quality rule at its edge: the models that judge, on rows made up beside an otherwise empty warehouse.

What the rules come to for published tables is asked in `test_quality_rules.py`.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from tests.compiled_models import Models, Row, compile_models, models_on_empty
from tests.conftest import Sandbox

MODELS = ("int_link_rows", "int_link_rows_judged", "int_link_verdicts", "int_domain_rows_judged", "int_domain_verdicts")
DAY = date(2026, 1, 10)
KEY = {"client_id": "acme", "refreshed_on": DAY}
OTHER = {"client_id": "bolt", "refreshed_on": DAY}
LINK = KEY | {
    "file_number": 1,
    "row_number": 1,
    "provider_rank": 1,
    "file_site": "rival.com",
    "evidence_role": "current",
}
"""What a row of an export says in every story."""


def rules_of(models: Models, model: str, key: str, client_id: str = "acme") -> dict[Any, set[str]]:
    """Key of a row → the rules that hit it, of one client."""
    found = models.rows(
        f"""
        select {key}, list(rule) filter (rule is not null)
        from ({models.sql[model]}) as judged
        left join seeds.quality_rules on judged.rule_bits & cast(pow(2, rule_id) as bigint) != 0
        where client_id = ?
        group by all
        """,
        client_id,
    )
    return {one: set(rules or ()) for one, rules in found}


def bit_of(models: Models, rule: str) -> int:
    ((bit,),) = models.rows("select cast(pow(2, rule_id) as bigint) from seeds.quality_rules where rule = ?", rule)
    return int(bit)


@pytest.fixture(scope="module")
def compiled(empty: Sandbox) -> dict[str, str]:
    return compile_models(empty.workspace, *MODELS)


@pytest.fixture
def models(empty: Sandbox, compiled: dict[str, str], tmp_path: Path) -> Iterator[Models]:
    with models_on_empty(empty, tmp_path, compiled) as made:
        thresholds = made.connection.execute(
            "select rule, threshold from seeds.quality_rules where threshold is not null"
        )
        usual = {f"threshold_{rule}": threshold for rule, threshold in thresholds.fetchall()}
        for key in (KEY, OTHER):
            made.insert("ledger.refreshes", key | {"has_path_sites": False})
            made.insert("links.int_quality_settings", key | usual | {"niche_rule_bits": 0})
        yield made


ROWS: list[tuple[str, Row, Row]] = [
    ("unreadable_row", {"unreadable": "too few cells"}, {}),
    ("missing_url", {"target_url": " "}, {"target_url": "https://rival.com"}),
    ("missing_url", {"source_url": None}, {"target_url": None, "may_lack_target": True}),
    ("not_http", {"source_url": "mailto:ana@blog.org"}, {"source_url": "http://blog.org/ana"}),
    ("not_http", {"target_url": "javascript:void(0)"}, {"target_url": "https://rival.com/javascript:void(0)"}),
    ("no_link", {"link_type": "redirect"}, {"link_type": "text"}),
    ("provider_spam", {"is_provider_spam": True}, {"is_provider_spam": None}),
    ("page_gone", {"http_status": 410}, {"http_status": 403}),
    ("page_gone", {"http_status": 500}, {"http_status": 499}),
    ("page_gone", {"http_status": 599}, {"http_status": 600}),
    ("page_gone", {"http_status": 404}, {"http_status": 404, "is_check": True}),
    ("spam_score", {"spam_score": 61}, {"spam_score": 60}),
    ("spam_score_medium", {"spam_score": 31}, {"spam_score": 30}),
    ("spam_score_medium", {"spam_score": 60}, {"spam_score": 61}),
    ("link_spam_score", {"link_spam_score": 61}, {"link_spam_score": 60}),
    ("toxic_score", {"toxic_score": 60}, {"toxic_score": 59}),
    ("toxic_score_medium", {"toxic_score": 45}, {"toxic_score": 44}),
    ("toxic_score_medium", {"toxic_score": 59}, {"toxic_score": 60}),
    ("many_outgoing_links", {"external_links": 1000}, {"external_links": 999}),
    ("link_heavy_page", {"external_links": 300}, {"external_links": 299}),
    ("link_heavy_page", {"external_links": 999}, {"external_links": 1000}),
    (
        "image_hotlink",
        {"link_type": "image", "target_url": "https://rival.com/logo.png"},
        {"link_type": "image", "target_url": "https://rival.com/logo"},
    ),
    ("image_hotlink", {"link_type": "image", "target_url": "https://rival.com/a.JPG?w=9"}, {"link_type": "text"}),
    ("worthless_comment", {"is_ugc": True, "external_links": 300}, {"is_ugc": True, "external_links": 299}),
    (
        "worthless_comment",
        {"page_type": "Comments", "external_links": 300},
        {"page_type": "Comments", "external_links": 300, "source_url": "https://blog.org/forum/t-1"},
    ),
    ("worthless_comment", {"is_ugc": True, "anchor": "buy cheap viagra online"}, {"is_ugc": True, "anchor": "Ana"}),
    (
        "site_profile",
        {"source_url": "https://values.net/www.rival.com"},
        {"source_url": "https://values.net/rivals-of-commerce"},
    ),
]


@pytest.mark.parametrize(("rule", "hit", "missed"), ROWS)
def test_a_rule_of_rows_hits_at_its_edge(models: Models, rule: str, hit: Row, missed: Row) -> None:
    usual = LINK | {"source_url": "https://blog.org/post", "target_url": "https://rival.com/", "may_lack_target": False}
    models.insert(
        "links.int_link_rows__unioned", usual | hit, usual | missed | {"row_number": 2}, usual | {"row_number": 3}
    )
    found = rules_of(models, "int_link_rows", "row_number")
    assert rule in found[1]
    assert rule not in found[2]
    assert found[3] == set()


def test_what_is_spam_elsewhere_is_the_niche_of_some(models: Models) -> None:
    row = {
        "source_url": "https://blog.org/post",
        "target_url": "https://rival.com/",
        "title": "Best online casino bonus",
    }
    models.connection.execute(
        "update links.int_quality_settings set niche_rule_bits = (select sum(cast(pow(2, rule_id) as bigint)) "
        "from seeds.quality_rules where rule like 'casino_%') where client_id = 'bolt'"
    )
    models.insert("links.int_link_rows__unioned", LINK | row, LINK | OTHER | row)
    assert rules_of(models, "int_link_rows", "row_number") == {1: {"casino_page"}}
    assert rules_of(models, "int_link_rows", "row_number", client_id="bolt") == {1: set()}


def test_rules_of_hosts_and_sites(models: Models) -> None:
    usual = LINK | {
        "source_host": "blog.org",
        "source_path": "",
        "target_host": "rival.com",
        "target_path": "",
        "page_key": 1,
        "target_key": 1,
        "rule_bits": 0,
        "is_untargeted": False,
    }
    stories: dict[int, tuple[Row, set[str]]] = {
        1: ({}, set()),
        2: ({"source_host": "not a host"}, {"invalid_host"}),
        3: ({"source_host": "10.0.0.7"}, {"ip_host"}),
        4: ({"target_host": "elsewhere.com"}, {"wrong_site"}),
        5: ({"source_host": "rival.com"}, {"panel_site"}),
        6: ({"page_key": 9}, {"disavowed_page"}),
        # a row that names no target is a link to the site that its file speaks of
        7: ({"target_host": None, "is_untargeted": True}, set()),
        # what cannot be told apart is not judged further
        8: ({"source_host": "not a host", "target_host": "elsewhere.com", "rule_bits": 1}, {"unreadable_row"}),
        9: ({"target_host": ""}, {"invalid_host", "wrong_site"}),
    }
    for number, (row, _) in stories.items():
        models.insert("links.int_link_rows", usual | row | {"row_number": number})
    for host, facts in {
        "blog.org": {"is_possible": True},
        "10.0.0.7": {"is_possible": True, "is_ip": True},
        "rival.com": {"is_possible": True},
        "not a host": {"is_possible": False},
    }.items():
        models.insert("links.int_hosts", {"host": host, "referring_domain": host, "is_ip": False} | facts)
    target = {"file_site": "rival.com", "target_path": ""}
    inside = {"site": "rival.com", "is_own_site": False, "is_inside_file_site": True}
    models.insert(
        "links.int_targets",
        KEY | target | inside | {"target_host": "rival.com"},
        KEY | target | {"target_host": "elsewhere.com", "is_inside_file_site": False},
        # of another client, whose file speaks of another site
        OTHER | target | inside | {"target_host": "elsewhere.com"},
    )
    models.insert("ledger.panel_sites", KEY | {"site": "rival.com", "is_own_site": False})
    models.insert("links.int_panel_pages", KEY | {"source_host": "rival.com", "source_path": ""})
    models.insert("links.int_panel_pages", OTHER | {"source_host": "blog.org", "source_path": ""})
    models.insert("links.int_disavowed", KEY | {"page_key": 9}, OTHER | {"page_key": 1})
    assert rules_of(models, "int_link_rows_judged", "row_number") == {
        number: rules for number, (_, rules) in stories.items()
    }


def test_rules_of_rows_that_name_a_domain(models: Models) -> None:
    stories: dict[str, tuple[Row, set[str]]] = {
        "blog.org": ({}, set()),
        "shifted.org": ({"unreadable": "too many cells"}, {"unreadable_row"}),
        "blank": ({"delivered_domain": " "}, {"missing_url"}),
        "not a host": ({}, {"invalid_host"}),
        "blogspot.com": ({}, set()),
        "10.0.0.7": ({}, {"ip_host"}),
        "shop.rival.com": ({}, {"panel_site"}),
    }
    for number, (host, (row, _)) in enumerate(stories.items(), start=1):
        of_file = {"file_number": 1, "row_number": number, "delivered_domain": host, "host": host}
        models.insert("links.int_domain_rows", KEY | of_file | row)
    for host, facts in {
        "blog.org": {"is_possible": True},
        "10.0.0.7": {"is_possible": True, "is_ip": True},
        "blogspot.com": {"is_suffix": True},
        "shop.rival.com": {"is_possible": True},
        "not a host": {},
    }.items():
        unlike = {"is_ip": False, "is_suffix": False, "is_possible": False}
        models.insert("links.int_hosts", {"host": host, "referring_domain": host} | unlike | facts)
    site = {"site": "rival.com", "site_host": "rival.com", "site_path": ""}
    models.insert("ledger.panel_sites", KEY | site)
    models.insert("ledger.panel_sites", OTHER | site | {"site_host": "blog.org"})
    assert rules_of(models, "int_domain_rows_judged", "row_number") == {
        number: rules for number, (_, rules) in enumerate(stories.values(), start=1)
    }


DOMAINS: list[tuple[str, Row, Row]] = [
    ("listed_spam", {"domain": "LISTED"}, {}),
    ("ubiquitous", {"sites": 25, "authority": 69}, {"sites": 24, "authority": 69}),
    ("ubiquitous", {"sites": 25, "authority": 69}, {"sites": 25, "authority": 70}),
    ("authority_without_traffic", {"authority": 40, "traffic": 0}, {"authority": 39, "traffic": 0}),
    (
        "authority_without_traffic",
        {"authority": 40, "traffic": 0, "authority_metric": "ahrefs_dr"},
        {"authority": 40, "traffic": 0, "authority_metric": "semrush_page_as"},
    ),
    ("metric_disagreement", {"ahrefs_dr": 40, "majestic_tf": 0}, {"ahrefs_dr": 39, "majestic_tf": 0}),
    ("metric_disagreement", {"ahrefs_dr": 40, "moz_da": 1}, {"ahrefs_dr": 40, "moz_da": 90}),
    ("foreign_market", {"foreign_evidence": "in Russian"}, {}),
    ("blocked_domain", {"verdict": "blocked"}, {"verdict": "allowed"}),
    ("allowed_domain", {"verdict": "allowed"}, {"verdict": "blocked"}),
    ("disavowed", {"disavowed_domain": True}, {}),
    ("rejected_domain_by_people", {"decision": "reject"}, {"decision": "accept"}),
    ("accepted_domain_by_people", {"decision": "accept"}, {"decision": "reject"}),
    ("provider_spam", {"is_provider_spam": True}, {"is_provider_spam": False}),
    ("spam_score", {"spam_score": 61}, {"spam_score": 60}),
    ("spam_score_medium", {"spam_score": 60}, {"spam_score": 61}),
    (
        "two_suspicions",
        {"spam_score": 40, "ahrefs_dr": 40, "moz_da": 1},
        {"spam_score": 40, "ahrefs_dr": 40, "moz_da": 90},
    ),
]
METRICS = {"authority", "authority_metric", "traffic", "ahrefs_dr", "majestic_tf", "moz_da"}


def tell_of(models: Models, key: Row, domain: str, facts: Row) -> None:
    """Insert what is known of a domain into the tables where it stands."""
    models.insert("links.int_domain_metrics", key | {"referring_domain": domain} | {"authority_metric": "ahrefs_dr"})
    for name, value in facts.items():
        if name in METRICS:
            models.connection.execute(
                f"update links.int_domain_metrics set {name} = ? where client_id = ? and referring_domain = ?",
                [value, key["client_id"], domain],
            )
        elif name == "sites":
            models.insert("ledger.ubiquitous_domains", key | {"domain": domain, "sites": value, "clients": 5})
        elif name == "foreign_evidence":
            models.insert("links.int_foreign_domains", key | {"referring_domain": domain, name: value})
        elif name == "verdict":
            models.insert("ledger.judged_domains", key | {"domain": domain, "verdict": value})
        elif name == "disavowed_domain":
            models.insert("links.int_disavowed", key | {"disavowed_domain": domain})
        elif name == "decision":
            models.insert("links.int_decisions", key | {"decided_domain": domain, "decision": value})
        elif name in ("spam_score", "is_provider_spam"):
            row = {"host": domain, "evidence_role": "current", "file_number": 1, "row_number": 1, name: value}
            models.insert("links.int_domain_rows", key | row)


@pytest.mark.parametrize(("rule", "hit", "missed"), DOMAINS)
def test_a_rule_of_domains_hits_at_its_edge(models: Models, rule: str, hit: Row, missed: Row) -> None:
    (listed,) = models.connection.execute("select min(domain) from seeds.spam_domains").fetchone() or ("",)
    hitting = listed if hit.get("domain") else "hit-by-it.org"
    for domain in (hitting, "missed-by-it.org"):
        models.insert("links.int_hosts", {"host": domain, "referring_domain": domain, "parent_domain": domain})
        for key in (KEY, OTHER):
            models.insert("links.int_link_rows", LINK | key | {"source_host": domain, "rule_bits": 0})
    tell_of(models, KEY, hitting, hit)
    tell_of(models, KEY, "missed-by-it.org", missed)
    # to the other client the same domains are unknown
    for domain in (hitting, "missed-by-it.org"):
        models.insert("links.int_domain_metrics", OTHER | {"referring_domain": domain})
    found = rules_of(models, "int_domain_verdicts", "referring_domain")
    assert rule in found[hitting]
    assert rule not in found.get("missed-by-it.org", set())
    of_other = rules_of(models, "int_domain_verdicts", "referring_domain", client_id="bolt")
    assert rule == "listed_spam" or of_other == {}


@pytest.mark.parametrize(("spam_rows", "is_hit"), [(6, True), (5, False)])
def test_a_domain_of_which_most_rows_are_spam(models: Models, spam_rows: int, is_hit: bool) -> None:
    bit = bit_of(models, "domain_list")
    models.insert("links.int_hosts", {"host": "half.org", "referring_domain": "half.org", "parent_domain": "half.org"})
    for number in range(10):
        row = {"source_host": "half.org", "row_number": number, "page_key": number, "target_key": 1, "rule_bits": 0}
        models.insert("links.int_link_rows", LINK | row)
        if number < spam_rows:
            models.insert("links.int_link_verdicts", KEY | {"page_key": number, "target_key": 1, "rule_bits": bit})
    found = rules_of(models, "int_domain_verdicts", "referring_domain")
    assert ("mostly_spam" in found.get("half.org", set())) is is_hit


@pytest.mark.parametrize(("endings", "is_hit"), [(5, True), (4, False)])
def test_one_name_under_many_top_level_domains(models: Models, endings: int, is_hit: bool) -> None:
    domains = [f"cheap-links.{ending}" for ending in ("com", "net", "org", "info", "biz")[:endings]]
    for domain in domains:
        models.insert("links.int_hosts", {"host": domain, "referring_domain": domain, "parent_domain": domain})
        models.insert("links.int_link_rows", LINK | {"source_host": domain, "rule_bits": 0})
        models.insert("links.int_domain_metrics", KEY | {"referring_domain": domain, "authority": 9})
    found = rules_of(models, "int_domain_verdicts", "referring_domain")
    assert {"many_tlds" in found.get(domain, set()) for domain in domains} == {is_hit}


def test_a_page_seen_live_later_is_not_gone(models: Models) -> None:
    """And a decision about a page stands beside what the rules say."""
    bit = bit_of(models, "page_gone")
    day = 20_000

    def seen(page: int, bits: int, on: int) -> Row:
        return LINK | {
            "page_key": page,
            "target_key": 1,
            "rule_bits": bits,
            "live_key": 2 * on + 1,
            "source_host": "a.org",
        }

    models.insert(
        "links.int_link_rows",
        seen(1, bit, day),
        seen(2, bit, day),
        seen(2, 0, day),
        seen(3, bit, day),
        seen(3, 0, day - 1),
        seen(4, 0, day),
    )
    models.insert("links.int_decisions", KEY | {"page_key": 4, "decision": "reject"})
    models.insert("links.int_decisions", OTHER | {"page_key": 1, "decision": "reject"})
    assert rules_of(models, "int_link_verdicts", "page_key") == {
        1: {"page_gone"},
        2: set(),
        3: {"page_gone"},
        4: {"rejected_page_by_people"},
    }


def test_what_the_client_allows_is_not_blocked_with_what_it_belongs_to(models: Models) -> None:
    for domain in ("blogs.org", "ana.blogs.org"):
        models.insert("links.int_hosts", {"host": domain, "referring_domain": domain, "parent_domain": "blogs.org"})
        models.insert("links.int_link_rows", LINK | {"source_host": domain, "rule_bits": 0})
    models.insert("ledger.judged_domains", KEY | {"domain": "blogs.org", "verdict": "blocked"})
    models.insert("ledger.judged_domains", KEY | {"domain": "ana.blogs.org", "verdict": "allowed"})
    assert rules_of(models, "int_domain_verdicts", "referring_domain") == {
        "blogs.org": {"blocked_domain"},
        "ana.blogs.org": {"allowed_domain"},
    }
