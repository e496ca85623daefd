"""The demo's world tells what happened; the pipeline must find out from the exports alone."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from examples.demo import demo_world, write_demo
from pipelines.sites import to_punycode
from tests.conftest import Sandbox

TRANSITIONS = {
    "stays_open": ["new", "stayed_open", "stayed_open"],
    "links_to_all_competitors": ["new", "stayed_open", "stayed_open"],
    "opens_at_2": [None, "new", "stayed_open"],
    "opens_at_3": [None, None, "new"],
    "won_at_2": ["new", "closed", "stayed_closed"],
    "won_at_3": ["new", "stayed_open", "closed"],
    "reopened_at_3": ["new", "closed", "reopened"],
    "expired_at_2": ["new", "expired", "unchanged"],
    "expired_at_3": ["new", "stayed_open", "expired"],
    "returned_at_3": ["new", "expired", "returned"],
    "lost_at_3": ["new", "closed", "lost"],
    "covered": [None, None, None],
    "own": [None, None, None],
    "client_link_lost_at_2": [None, "reopened", "stayed_open"],
}


LANGUAGES = {"fellhare-running": {"en"}, "bestandora": {"de", "en"}}
"""Of the markets in `examples/clients`."""


@pytest.fixture(scope="module")
def demo(make_sandbox: Callable[[str], Sandbox]) -> Sandbox:
    sandbox = make_sandbox("demo")
    write_demo(sandbox.workspace.home)
    assert sandbox.refresh().problems == []
    return sandbox


@pytest.mark.parametrize("client_id", ["fellhare-running", "bestandora"])
def test_every_domain_of_the_made_up_world_takes_the_way_its_story_tells(demo: Sandbox, client_id: str) -> None:
    found: dict[str, dict[object, str]] = {}
    for domain, day, transition in demo.query(
        "select referring_domain, refreshed_on, transition from marts.gap_snapshots where client_id = $client_id",
        client_id=client_id,
    ):
        found.setdefault(domain, {})[day] = transition
    days = [day for (day,) in demo.query("select distinct refreshed_on from marts.refreshes order by 1")]
    world = demo_world(client_id)
    # readers of other languages are no market of the client: a quality rule sets these domains aside
    foreign = {
        link.page.domain.name for link in world.links if link.page.domain.genre.language not in LANGUAGES[client_id]
    }
    told = {
        to_punycode(domain): TRANSITIONS[str(story)]
        for domain, story in world.stories.items()
        if story in TRANSITIONS and domain not in foreign
    }
    assert len(told) > 100
    assert {domain: [found.get(domain, {}).get(day) for day in days] for domain in told} == told


def test_every_page_is_written_and_names_its_client(demo: Sandbox) -> None:
    for name in ("fellhare-running", "bestandora", "checks", "index"):
        page = (demo.workspace.reports / f"{name}.html").read_text(encoding="utf-8")
        assert "<!doctype html>" in page.lower()
