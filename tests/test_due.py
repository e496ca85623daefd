"""Who is due: the window between two refreshes, and what must lie in the inbox before a client is refreshed."""

from __future__ import annotations

import threading
import time
from datetime import date, timedelta

import pytest

from pipelines.clients import read_client_files
from pipelines.due import Standing, standings
from pipelines.planning import plan_refreshes
from pipelines.status import client_statuses
from tests.conftest import Sandbox
from tests.exports_made import ahrefs_backlinks
from tests.world import Deliveries, World

LAST = date(2023, 12, 31)
PANEL = "sites: [acme.com]\ncompetitors: [rival.com, foe.org]\n"
SITES = ("acme.com", "rival.com", "foe.org")
CLIENTS = (
    "window",
    "incomplete",
    "complete",
    "other-provider",
    "part",
    "growing",
    "tomorrow",
    "shared",
    "narrower",
    "garbage",
)


def _deliver(sandbox: Sandbox, client_id: str, day: date, *sites: str) -> None:
    for path, content in _lists(client_id, day, *sites).items():
        sandbox.deliver(path, content)


def _lists(client_id: str, day: date, *sites: str) -> dict[str, str]:
    return {f"{client_id}/{day}/{site}-backlinks-subdomains.csv": _backlinks(site) for site in sites}


def _backlinks(site: str) -> str:
    return ahrefs_backlinks(
        {
            "Referring page URL": f"https://links-to-{site}/",
            "Target URL": f"https://{site}/",
            "First seen": "2023-01-01",
        }
    )


def deliver_stories(world: Deliveries) -> None:
    """Clients that were refreshed on the same day with one list of links for each site."""
    # of its last refresh one list is cut off, and one is missing
    delivered = {
        **_lists("wanting", LAST - timedelta(days=75), *SITES),
        **_lists("wanting", LAST, "rival.com"),
        f"wanting/{LAST}/acme.com-backlinks-domain.csv": _backlinks("acme.com"),
    }
    for client_id in CLIENTS:
        delivered |= _lists(client_id, LAST, *SITES)
    for client_id in ("wanting", *CLIENTS):
        world.client(client_id, PANEL)
    for path, content in delivered.items():
        world.deliver(path, content, step=0)


@pytest.fixture(scope="module")
def due(world: World, tmp_path_factory: pytest.TempPathFactory) -> Sandbox:
    return world.extract(tmp_path_factory.mktemp("due"), "wanting", *CLIENTS)


def _standing(sandbox: Sandbox, client_id: str, today: date, wait_seconds: float = 0) -> Standing:
    clients, errors = read_client_files(sandbox.workspace.clients)
    assert errors == []
    (found,) = standings(sandbox.workspace, {client_id: clients[client_id]}, today, wait_seconds=wait_seconds)
    return found


@pytest.mark.parametrize(
    ("days", "today", "state"),
    [
        (59, date(2024, 2, 28), "waiting"),
        (60, date(2024, 2, 29), "due"),
        (75, date(2024, 3, 15), "due"),
        (90, date(2024, 3, 30), "due"),
        (91, date(2024, 3, 31), "overdue"),
    ],
)
def test_the_window_opens_after_60_days_and_ends_after_90_over_a_leap_day(
    due: Sandbox, days: int, today: date, state: str
) -> None:
    assert LAST + timedelta(days=days) == today
    found = _standing(due, "window", today)
    assert (found.state, found.last_refreshed_on) == (state, LAST)
    assert found.window.aimed_on == date(2024, 3, 15)
    # nothing lies there: nothing is run, whatever the day
    assert not found.is_ready
    assert [one.site for one in found.missing] == ["acme.com", "foe.org", "rival.com"]


def test_an_incomplete_set_waits_and_says_what_is_missing(due: Sandbox) -> None:
    _deliver(due, "incomplete", date(2024, 3, 1), "acme.com", "rival.com")
    found = _standing(due, "incomplete", date(2024, 3, 1))
    assert not found.is_ready
    assert found.waits_for == "missing: ahrefs backlinks of foe.org"


def test_a_complete_set_runs_once_the_window_is_open(due: Sandbox) -> None:
    _deliver(due, "complete", date(2024, 2, 20), *SITES)
    assert not _standing(due, "complete", date(2024, 2, 28)).is_ready
    found = _standing(due, "complete", date(2024, 2, 29))
    assert found.is_ready
    assert found.refreshes == ("complete/2024-02-20",)


def test_another_kind_of_list_is_not_the_one_that_is_waited_for(due: Sandbox) -> None:
    _deliver(due, "other-provider", date(2024, 3, 1), "acme.com", "rival.com")
    due.deliver("other-provider/2024-03-01/foe.org/anchors.csv", "Domain,Links\nblog.com,3\n")
    found = _standing(due, "other-provider", date(2024, 3, 1))
    assert [str(one) for one in found.missing] == ["ahrefs backlinks of foe.org"]


def test_an_unfinished_download_is_no_delivery(due: Sandbox) -> None:
    _deliver(due, "part", date(2024, 3, 1), "acme.com", "rival.com")
    due.deliver("part/2024-03-01/foe.org-backlinks-subdomains.csv.part", _backlinks("foe.org"))
    found = _standing(due, "part", date(2024, 3, 1))
    assert [one.site for one in found.missing] == ["foe.org"]


def test_a_file_that_still_grows_is_not_taken(due: Sandbox) -> None:
    _deliver(due, "growing", date(2024, 3, 1), *SITES)
    path = due.workspace.inbox / "growing/2024-03-01/foe.org-backlinks-subdomains.csv"
    is_done = threading.Event()

    def copy() -> None:
        while not is_done.is_set():
            with path.open("a", encoding="utf-8") as file:
                file.write("\n")
            time.sleep(0.05)

    copying = threading.Thread(target=copy)
    copying.start()
    try:
        found = _standing(due, "growing", date(2024, 3, 1), wait_seconds=0.5)
    finally:
        is_done.set()
        copying.join()
    assert not found.is_ready
    assert found.waits_for == "still being copied: inbox/growing/2024-03-01/foe.org-backlinks-subdomains.csv"
    assert _standing(due, "growing", date(2024, 3, 1), wait_seconds=0.2).is_ready


def test_a_folder_of_a_later_day_waits_for_that_day(due: Sandbox) -> None:
    _deliver(due, "tomorrow", date(2024, 3, 2), *SITES)
    assert not _standing(due, "tomorrow", date(2024, 3, 1)).is_ready
    assert _standing(due, "tomorrow", date(2024, 3, 2)).is_ready


def test_shared_exports_count(due: Sandbox) -> None:
    _deliver(due, "shared", date(2024, 3, 3), "acme.com", "rival.com")
    due.deliver("_shared/2024-03-03/foe.org/foe.org-backlinks-subdomains.csv", _backlinks("foe.org"))
    assert _standing(due, "shared", date(2024, 3, 3)).is_ready


def test_a_competitor_that_left_the_panel_is_not_waited_for(due: Sandbox) -> None:
    due.client("narrower", "sites: [acme.com]\ncompetitors: [rival.com]\n")
    _deliver(due, "narrower", date(2024, 3, 1), "acme.com", "rival.com")
    assert _standing(due, "narrower", date(2024, 3, 1)).is_ready


def test_a_file_that_cannot_be_used_is_named_and_not_counted(due: Sandbox) -> None:
    _deliver(due, "garbage", date(2024, 3, 1), "acme.com", "rival.com")
    due.deliver("garbage/2024-03-01/foe.org/notes.csv", "to do\nask for access\n")
    found = _standing(due, "garbage", date(2024, 3, 1))
    assert [one.site for one in found.missing] == ["foe.org"]
    assert list(found.refused) == ["inbox/garbage/2024-03-01/foe.org/notes.csv"]


def test_a_client_added_in_the_middle_waits_for_a_list_of_its_main_site_and_of_each_competitor(due: Sandbox) -> None:
    due.client("added", "sites: [new.com, new-shop.com]\ncompetitors: [rival.com]\n")
    sandbox = due
    try:
        found = _standing(sandbox, "added", date(2024, 3, 1))
        assert (found.state, found.is_ready) == ("never refreshed", False)
        _deliver(sandbox, "added", date(2024, 3, 1), "new.com")
        assert _standing(sandbox, "added", date(2024, 3, 1)).waits_for == "missing: any list of links to rival.com"
        sandbox.deliver("added/2024-03-01/rival.com/domains.csv", "Referring domain,Backlinks\nlinks-to-rival.com,3\n")
        _deliver(sandbox, "added", date(2024, 3, 1), "rival.com")
        assert _standing(sandbox, "added", date(2024, 3, 1)).is_ready
    finally:
        (due.workspace.clients / "added.yaml").unlink()


def test_status_holds_a_shopping_list(due: Sandbox) -> None:
    _deliver(due, "incomplete", date(2024, 3, 1), "acme.com", "rival.com")
    clients, _ = read_client_files(due.workspace.clients)
    (status,) = client_statuses(due.workspace, {"incomplete": clients["incomplete"]}, date(2024, 3, 31))
    assert (status["state"], status["is_ready"]) == ("overdue", False)
    assert (status["next_window_on"], status["aimed_on"], status["latest_on"]) == (
        "2024-02-29",
        "2024-03-15",
        "2024-03-30",
    )
    awaited = [one["site"] for one in status["shopping_list"] if one["is_required"] and not one["is_delivered"]]
    assert awaited == ["foe.org"]


def test_the_shopping_list_says_what_a_whole_list_would_settle(due: Sandbox) -> None:
    """Of the own site the open gaps that are not proven; of a competitor the gaps that could not be observed."""
    clients, _ = read_client_files(due.workspace.clients)
    (status,) = client_statuses(due.workspace, {"wanting": clients["wanting"]}, LAST)
    assert [
        (one["site"], one["provider"], one["last_export"], one["is_required"], one["settles"])
        for one in status["shopping_list"]
    ] == [
        ("acme.com", "ahrefs", "truncated", True, 2),
        ("rival.com", "ahrefs", "whole", True, 0),
        ("foe.org", "ahrefs", "stale", False, 1),
    ]
    assert (status["truncated"], status["stale"]) == (1, 1)


def test_a_damaged_archive_is_the_trouble_of_its_client_alone(sandbox: Sandbox) -> None:
    """The past of a client is not guessed, and the others go on."""
    for client_id in ("broken", "fine"):
        sandbox.client(client_id, PANEL)
        _deliver(sandbox, client_id, LAST, *SITES)
    manifest = sandbox.workspace.archived_refreshes / "broken" / f"{LAST}.json"
    manifest.parent.mkdir(parents=True)
    manifest.write_text("{", encoding="utf-8")
    plan = plan_refreshes(sandbox.workspace, {}, {})
    assert plan.names == [f"fine/{LAST}"]
    (error,) = plan.inbox_errors
    assert str(error).startswith(f"warehouse/archive/refreshes/broken/{LAST}.json: cannot be read (")
    assert not _standing(sandbox, "broken", date(2024, 3, 31)).is_ready
    assert _standing(sandbox, "fine", date(2024, 3, 31)).is_ready
