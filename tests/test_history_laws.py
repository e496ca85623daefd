"""Laws of the tracking tables over random histories: what the contract says, whatever the order of delivery.

Each world is refreshed for real; what follows from given observations is asked by `test_gap_states.py`, far more often.
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.conftest import Sandbox
from tests.histories_made import DATES, DOMAINS, History, expected_snapshots, made_history

WORLDS = int(os.environ.get("LINKGAP_WORLDS", "1"))
"""Worlds of many clients to refresh for real, a few minutes each; raise it to search further."""

CLIENTS = 12


def _world(seed: int) -> list[History]:
    """Half of the clients never change their panel."""
    chance = random.Random(seed)
    return [made_history(f"client-{number:02}", chance, number % 2 == 0) for number in range(CLIENTS)]


@settings(
    max_examples=WORLDS,
    deadline=None,
    derandomize=True,
    # a failing world is printed by its seed; to make it smaller would take hours
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(seed=st.integers(0, 2**32))
def test_any_order_of_delivery_ends_in_the_same_tables_and_in_those_of_the_contract(
    make_sandbox: Callable[[str], Sandbox], seed: int
) -> None:
    world = _world(seed)
    shuffled = make_sandbox("shuffled")
    # steady clients deliver in any order; the others in time, for a refresh archives settings
    chance = random.Random(seed + 1)
    orders = {history.client_id: chance.sample(range(len(DATES)), len(DATES)) for history in world}
    for step in range(len(DATES)):
        for number, history in enumerate(world):
            history.deliver(shuffled, orders[history.client_id][step] if number % 2 == 0 else step)
        assert shuffled.refresh().problems == []
    _assert_contract(shuffled, world)
    # all at once, and so in order
    delivered = shuffled.published_state()
    shuffled.workspace.working_database.unlink()
    assert shuffled.rebuild().problems == []
    assert shuffled.published_state() == delivered


def _assert_contract(sandbox: Sandbox, world: list[History]) -> None:
    found = {
        (client_id, domain, refreshed_on): tuple(rest)
        for client_id, domain, refreshed_on, *rest in sandbox.query(
            "select client_id, referring_domain, refreshed_on, state, transition, first_opened_on, opened_on, "
            "closed_on, closed_kind, is_coverage_change from marts.gap_snapshots"
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
        for history in world
        for domain in DOMAINS
        for one in expected_snapshots(history, domain)
    }
    assert found == expected
    # a world that says nothing would pass, too
    assert {"unobserved", "panel_new", "panel_removed", "set_aside"} <= {row[1] for row in found.values()}
