"""Settings of a client file: what a refresh keeps of them, and when a change counts."""

from __future__ import annotations

from datetime import date
from pathlib import Path

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


def test_the_table_of_clients_follows_the_client_files_without_a_refresh(world: World, tmp_path: Path) -> None:
    sandbox = world.extract(tmp_path, "settings")
    name_and_window = "select name, next_window_on, is_active from marts.clients where client_id = 'settings'"
    window = "refresh: {every_days: 30, earliest_days: 20, latest_days: 40}\n"
    file = sandbox.client("settings", PANEL + "name: Bücherei\n" + window)
    assert sandbox.refresh().published == []
    assert sandbox.query(name_and_window) == [("Bücherei", date(2026, 7, 5), True)]
    file.write_text("client_id: [broken\n", encoding="utf-8")
    sandbox.refresh()
    assert sandbox.query(name_and_window) == [("Bücherei", date(2026, 7, 5), True)]
    file.unlink()
    sandbox.refresh()
    assert sandbox.query(name_and_window) == [("Bücherei", date(2026, 7, 5), False)]
