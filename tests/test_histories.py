"""Random histories, from the exports on: their snapshots are what the contract says.

What follows from given observations is asked by `test_gap_states.py`, far more often.
"""

from __future__ import annotations

import random

import pytest

from tests.conftest import Sandbox
from tests.histories_made import DATES, DOMAINS, History, expected_snapshots, made_history
from tests.world import Deliveries, World

CLIENTS = 12


def made_up(seed: int) -> list[History]:
    """Half of the clients never change their panel."""
    chance = random.Random(seed)
    return [made_history(f"history-{number:02}", chance, number % 2 == 0) for number in range(CLIENTS)]


def deliver_stories(world: Deliveries, seed: int = 1) -> None:
    """Steady clients deliver in any order; the others in time, for a refresh archives settings."""
    chance = random.Random(seed + 1)
    for history in made_up(seed):
        steps = chance.sample(range(len(DATES)), len(DATES)) if history.is_steady else range(len(DATES))
        for number, step in enumerate(steps):
            history.deliver(world, number, step)


def test_snapshots_are_those_of_the_contract(world: World) -> None:
    _assert_contract(world.sandbox, made_up(1))


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(2, 8))
def test_snapshots_of_more_histories_are_those_of_the_contract(sandbox: Sandbox, seed: int) -> None:
    """Each takes as long as all other histories together: they search where one world may have missed something."""
    deliveries = Deliveries(seed)
    deliver_stories(deliveries, seed)
    for files in deliveries.steps:
        sandbox.receive(files)
        assert sandbox.refresh().problems == []
    _assert_contract(sandbox, made_up(seed))


def _assert_contract(sandbox: Sandbox, histories: list[History]) -> None:
    found = {
        (client_id, domain, refreshed_on): tuple(rest)
        for client_id, domain, refreshed_on, *rest in sandbox.query(
            "select client_id, referring_domain, refreshed_on, state, transition, first_opened_on, opened_on, "
            "closed_on, closed_kind, is_coverage_change from marts.gap_snapshots where client_id like 'history-%'"
        )
    }
    expected = {
        (history.client_id, domain, one.refreshed_on): (
            one.state,
            one.transition,
            one.first_opened_on,
            one.opened_on,
            one.closed_on,
            one.closed_kind,
            one.is_coverage_change,
        )
        for history in histories
        for domain in DOMAINS
        for one in expected_snapshots(history, domain)
    }
    assert found == expected
    # histories that say nothing would pass, too
    assert {"unobserved", "panel_new", "panel_removed", "set_aside"} <= {row[1] for row in found.values()}
