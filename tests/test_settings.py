"""Settings of a client file: what a refresh keeps of them, and when a change counts."""

from __future__ import annotations

from datetime import date

from tests.exports_made import ahrefs_backlinks
from tests.world import Deliveries, World

PANEL = "sites: [acme.com]\ncompetitors: [rival.com, foe.org]\n"
STEPS = {"2025-10-20": 0, "2026-01-10": 0, "2025-12-01": 1, "2026-06-15": 1}
"""When the exports of each refresh arrive; between the steps, the client file changes."""


def deliver_stories(world: Deliveries) -> None:
    for client_id in ("settings", "settings-asked-for"):
        world.client(client_id, PANEL)
        world.client(client_id, PANEL + "gap: {min_competitors: 2}\n", step=1)
        for day, step in STEPS.items():
            link = {"Referring page URL": "https://one.com/", "Target URL": "https://rival.com/"}
            world.deliver(f"{client_id}/{day}/rival.com-backlinks.csv", ahrefs_backlinks(link), step)
    world.rerun("settings-asked-for", date(2026, 1, 10))


def test_settings_are_archived_and_only_on_brings_in_todays(world: World) -> None:
    """A changed client file counts from the next refresh on; a late refresh takes the settings of the one before it."""
    statuses = "select gap_status from marts.gaps order by refreshed_on"
    assert world.of("settings").query(statuses) == [("open",), ("open",), ("open",), ("below_minimum",)]
    assert world.of("settings-asked-for").query(statuses) == [
        ("open",),
        ("open",),
        ("below_minimum",),
        ("below_minimum",),
    ]
