"""Laws of gap states and of progress over made-up observations: hundreds of histories through the models' own SQL.

Whether exports lead to these observations is asked by `test_histories.py`, with refreshes and therefore few worlds.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import date, timedelta
from pathlib import Path
from random import Random

import duckdb
import pandas as pd
import pytest

from tests.compiled_models import compiled_model, fill, made_up_warehouse
from tests.histories_made import Observed, Snapshot, walked

DAYS = [date(2026, 1, 10) + timedelta(days=75) * number for number in range(6)]
NOW = ["open", "linked", "set_aside", "absent"]
ENTERING = ("new", "reopened", "returned", "panel_new")
LEAVING = ("closed", "expired", "set_aside", "panel_removed")

World = list[list[Observed]]
"""Domains → refreshes, the panel changing for all of them together."""


def made_up(chance: Random, day: date, is_panel_changed: bool) -> Observed:
    is_first = day == DAYS[0]
    now_for_sure = chance.choice(NOW)
    # what links for sure links perhaps
    now_perhaps = "linked" if now_for_sure == "linked" else chance.choice([now_for_sure, *NOW])
    is_client_linked = now_for_sure == "linked" or chance.random() < 0.5
    return Observed(
        day,
        now_for_sure=now_for_sure,
        now_perhaps=now_perhaps,
        is_client_linked=is_client_linked,
        client_first_seen_on=day - timedelta(days=chance.choice([0, 10, 75, 76, 400])) if is_client_linked else None,
        is_panel_changed=is_panel_changed,
        is_open_under_panel_before=chance.random() < 0.5,
        was_open_under_this_panel=not is_first and chance.random() < 0.5,
        is_linked_under_panel_before=chance.random() < 0.5,
        is_unseen_before=not is_first and chance.random() < 0.5,
    )


def made_up_world(chance: Random) -> World:
    days = DAYS[: chance.randint(1, len(DAYS))]
    changes = [False, *(chance.random() < 0.5 for _ in days[1:])]
    return [
        [made_up(chance, day, changed) for day, changed in zip(days, changes, strict=True)]
        for _ in range(chance.randint(1, 8))
    ]


class Models:
    """The two models on an empty warehouse."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection
        connection.execute("create schema tracking")
        self._states, self._progress = (compiled_model(name) for name in ("int_gap_states", "int_gap_progress"))

    def run(self, worlds: Sequence[World]) -> list[tuple[dict[str, list[Snapshot]], pd.DataFrame]]:
        """Of each world, which is a client: snapshots by domain, and a row of progress for each refresh."""
        refreshes = pd.DataFrame(
            {
                "client_id": _client(place),
                "refreshed_on": one.refreshed_on,
                "refresh_number": number,
                "is_panel_changed": one.is_panel_changed,
            }
            for place, world in enumerate(worlds)
            for number, one in enumerate(world[0], start=1)
        ).astype({"refresh_number": "int32"})
        rows = pd.DataFrame(
            {"client_id": _client(place), "referring_domain": _name(number), **asdict(one)}
            for place, world in enumerate(worlds)
            for number, domain in enumerate(world)
            for one in domain
        ).assign(score=50.0, client_link_grade="A")
        # what is seen of no site has no row
        seen = (rows["now_perhaps"] != "absent") | (rows["now_for_sure"] != "absent") | rows["is_client_linked"]
        rows = rows[seen | rows["was_open_under_this_panel"]]
        rows["client_first_seen_on"] = pd.to_datetime(rows["client_first_seen_on"])
        fill(self._connection, "ledger.refreshes", refreshes)
        fill(self._connection, "history.int_gap_observations", rows.drop(columns="is_panel_changed"))
        self._connection.execute(f"create or replace table tracking.int_gap_states as {self._states}")
        found: list[dict[str, list[Snapshot]]] = [{} for _ in worlds]
        for client_id, domain, *rest in self._connection.execute(
            "select client_id, referring_domain, cast(refreshed_on as date), state, transition, "
            "cast(first_opened_on as date), cast(opened_on as date), cast(closed_on as date), closed_kind, "
            "coalesce(is_coverage_change, false) from tracking.int_gap_states order by all"
        ).fetchall():
            found[int(client_id.removeprefix("client-"))].setdefault(domain, []).append(Snapshot(*rest))
        progress = self._connection.execute(f"from ({self._progress}) order by client_id, refreshed_on").df()
        return [(found[place], progress[progress["client_id"] == _client(place)]) for place in range(len(worlds))]


def _client(place: int) -> str:
    return f"client-{place}"


def _name(number: int) -> str:
    return f"domain-{number}.com"


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Models]:
    folder: Path = tmp_path_factory.mktemp("states")
    with made_up_warehouse(folder, {}) as connection:
        yield Models(connection)


def test_states_are_those_of_the_contract_and_the_bridge_adds_up(models: Models) -> None:
    chance = Random(20)
    worlds = [made_up_world(chance) for _ in range(300)]
    for world, (found, progress) in zip(worlds, models.run(worlds), strict=True):
        expected = {_name(number): list(walked(domain)) for number, domain in enumerate(world)}
        assert found == {domain: snapshots for domain, snapshots in expected.items() if snapshots}
        _assert_progress(progress, list(expected.values()))


def _assert_progress(progress: pd.DataFrame, domains: Sequence[list[Snapshot]]) -> None:
    open_before = 0
    open_domains: set[int] = set()
    for row in progress.to_dict("records"):
        day = row["refreshed_on"].date()
        today = {number: one for number, found in enumerate(domains) for one in found if one.refreshed_on == day}
        entering = Counter(one.transition for one in today.values())
        leaving = Counter(one.transition for number, one in today.items() if number in open_domains)
        assert {name: row[name] for name in ENTERING} == {name: entering[name] for name in ENTERING}
        assert {name: row[name] for name in LEAVING} == {name: leaving[name] for name in LEAVING}
        assert row["open_at_start"] == open_before
        open_domains = {number for number, one in today.items() if one.state == "open"}
        open_before = row["open_at_end"]
        assert open_before == len(open_domains)
        came, went = sum(row[name] for name in ENTERING), sum(row[name] for name in LEAVING)
        assert row["open_at_start"] + came - went == row["open_at_end"]
        assert row["won"] == sum(one.transition == "closed" and one.closed_kind == "won" for one in today.values())


def test_a_history_that_goes_on_changes_nothing_of_what_was(models: Models) -> None:
    """Each refresh is told from itself and those before it; a later one must not reach back."""
    chance = Random(21)
    worlds = [made_up_world(chance) for _ in range(100)]
    whole = [found for found, _ in models.run(worlds)]
    for length in range(1, len(DAYS)):
        until = [found for found, _ in models.run([[domain[:length] for domain in world] for world in worlds])]
        assert until == [
            {
                domain: rows
                for domain, found in of_world.items()
                if (rows := [one for one in found if one.refreshed_on < DAYS[length]])
            }
            for of_world in whole
        ]
