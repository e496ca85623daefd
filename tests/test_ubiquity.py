"""Link farms by ubiquity: what links to everybody, over all clients, is set aside for each of them."""

from __future__ import annotations

import json
from datetime import date

import pytest

from tests.conftest import Sandbox
from tests.exports_made import semrush_backlinks, semrush_referring_domains
from tests.world import Deliveries, World

CLIENTS = [f"ubiquity-{letter}" for letter in "abcdef"]
"""Six clients with five sites each: 30 sites in 6 clients."""

CLIENTS_WITH_LISTS = [f"domain-list-{letter}" for letter in "abcde"]

OURS = "client_id like 'ubiquity-%'"


def sites_of(client_id: str) -> list[str]:
    return [f"{client_id}.com", *(f"{client_id}-rival-{number}.com" for number in range(1, 5))]


def deliver(
    world: Deliveries, step: int, client_id: str, day: str, links: dict[str, list[str]], nofollow: str = "false"
) -> None:
    """Deliver backlinks of every site of a client: domain → the sites it links to; everybody else links to one site."""
    for site in sites_of(client_id):
        rows = [
            {
                "Source url": f"https://{domain}/{site.replace('.', '-')}",
                "Target url": f"https://{site}/",
                "Nofollow": nofollow if domain == "encyclopedia.org" else "false",
            }
            for domain, linked in links.items()
            if site in linked
        ]
        rows.append({"Source url": f"https://fan-of-{site}/", "Target url": f"https://{site}/"})
        world.deliver(f"{client_id}/{day}/{site}-backlinks.csv", semrush_backlinks(*rows), step)


def deliver_stories(world: Deliveries) -> None:
    everything = [site for client_id in CLIENTS for site in sites_of(client_id)]
    links = {
        "linkfarm.net": everything,
        "encyclopedia.org": everything,
        "wide.com": everything[:25],
        "not-wide-enough.com": everything[:24],
        "of-four-clients.com": [site for client_id in CLIENTS[:4] for site in sites_of(client_id)],
        "spread.blogspot.com": everything,
    }
    for client_id in CLIENTS:
        sites = sites_of(client_id)
        world.client(client_id, f"sites: [{sites[0]}]\ncompetitors: [{', '.join(sites[1:])}]\n")
        deliver(world, 1, client_id, "2026-02-10", links, nofollow="true")
    # linkfarm.net has gone from this client's exports, so that it links to 25 sites now, and wide.com to 20
    deliver(world, 2, CLIENTS[0], "2026-05-01", {})
    # a refresh of before, delivered late, takes the list of the one after it
    deliver(world, 2, CLIENTS[0], "2025-11-01", {"wide.com": sites_of(CLIENTS[0])[1:]})
    for client_id in CLIENTS_WITH_LISTS:
        sites = sites_of(client_id)
        world.client(client_id, f"sites: [{sites[0]}]\ncompetitors: [{', '.join(sites[1:])}]\n")
        for site in sites:
            world.deliver(
                f"{client_id}/2026-02-10/{site}-backlinks_refdomains.csv",
                semrush_referring_domains(("www.farm.org", 4, 3), (f"fan-of-{site}", 20, 1)),
                step=3,
            )


@pytest.fixture(scope="module")
def warehouse(world: World) -> Sandbox:
    return world.sandbox


def test_a_domain_that_links_to_25_sites_of_5_clients_is_set_aside_for_all_of_them(warehouse: Sandbox) -> None:
    rejected = warehouse.query(
        "select referring_domain, count(*) from marts.rejected_domains "
        f"where {OURS} and refreshed_on = '2026-02-10' and list_contains(reasons, 'ubiquitous') group by all order by 1"
    )
    assert rejected == [("linkfarm.net", 6), ("spread.blogspot.com", 6), ("wide.com", 5)]


def test_encyclopedias_and_domains_of_fewer_sites_or_clients_stay(warehouse: Sandbox) -> None:
    kept = {domain for (domain,) in warehouse.query(f"select distinct referring_domain from marts.gaps where {OURS}")}
    assert kept >= {"encyclopedia.org", "not-wide-enough.com", "of-four-clients.com"}


def test_the_evidence_is_a_count_and_never_a_name(warehouse: Sandbox) -> None:
    for client_id in CLIENTS:
        (evidence,) = warehouse.query(
            "select evidence from marts.rejected_domains "
            "where client_id = $client_id and refreshed_on = '2026-02-10' and referring_domain = 'linkfarm.net'",
            client_id=client_id,
        )[0]
        assert evidence == "links to 30 sites in 6 clients"
    for client_id in CLIENTS:
        assert _list_of(warehouse, client_id, "2026-02-10") == {
            "linkfarm.net": [30, 6],
            "spread.blogspot.com": [30, 6],
            "wide.com": [25, 5],
        }


def test_a_refresh_keeps_the_list_it_was_first_published_with(warehouse: Sandbox) -> None:
    """Delivered again, late or rebuilt, it reads the archive; only a new refresh is judged by a new list."""
    client_id = CLIENTS[0]
    assert _list_of(warehouse, client_id, "2026-05-01") == {"linkfarm.net": [25, 5], "spread.blogspot.com": [25, 5]}
    assert _list_of(warehouse, client_id, "2025-11-01") == {
        "linkfarm.net": [30, 6],
        "spread.blogspot.com": [30, 6],
        "wide.com": [25, 5],
    }
    assert warehouse.query(
        "select refreshed_on from marts.rejected_domains where client_id = $id and referring_domain = 'wide.com' "
        "order by 1",
        id=client_id,
    ) == [(date(2025, 11, 1),), (date(2026, 2, 10),)]


def test_lists_of_domains_count_like_lists_of_links(warehouse: Sandbox) -> None:
    assert warehouse.query(
        "select distinct reason, source_url from marts.rejected_rows where client_id like 'domain-list-%'"
    ) == [("ubiquitous", "www.farm.org")]


def _list_of(sandbox: Sandbox, client_id: str, day: str) -> dict[str, list[int]]:
    path = sandbox.workspace.archived_refreshes / client_id / f"{day}.json"
    found: dict[str, list[int]] = json.loads(path.read_text(encoding="utf-8"))["ubiquitous"]
    return found
