"""Notices: what happened to refreshes, told once to whoever wants to know.

An event is a refresh that finished or failed, or a client that became overdue. Its key names what happened, not which
process saw it, so a command, the daemon and a run repeated tell it once (`warehouse.notice_record`). Where notices go
and how is said in `pipelines.notice_targets`, what a refresh changed in `pipelines.notice_news`. Whatever goes wrong
here is a line of warning; it fails no refresh.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from pipelines.clients import CLIENT_ID, ClientFileError, read_client_files
from pipelines.notice_news import read_news
from pipelines.notice_targets import KINDS, Delivery, Target, are_configured, deliver, read_targets
from pipelines.people_lists import is_people_list
from pipelines.run_story import RunStory
from pipelines.status import client_statuses
from warehouse.archive import read_manifests
from warehouse.layout import Workspace
from warehouse.notice_record import NoticeRecordError, claim, release
from warehouse.slices import Slice

LONGEST_TEXT = 1900
"""Characters of a notice. Discord takes 2,000, Slack shows as much without folding it away."""

LONGEST_REASON = 600
"""Characters of one reason: an error of a database may quote a whole query."""

TOLD_IN_FULL = 5
"""Clients of one notice that are told with names; of more, a line each."""

CLIENTS_NAMED = 20
"""Clients that a notice of one common failure names."""


@dataclass(frozen=True)
class Event:
    """Something worth telling, once.

    Attributes:
        client_id: Whose; empty where it is no single client's.
        kind: One of `notice_targets.KINDS`.
        key: What happened; the same key is told once per client.
        headline: One line: the state of the gaps, the reason of a failure, or since when a client is overdue.
        details: Further lines.
        refreshed_on: The refresh that finished.
        weight: How much happened, to put much before little.
        subject: What the title says of a failure that is no client's.
    """

    client_id: str
    kind: str
    key: str
    headline: str
    details: tuple[str, ...] = ()
    refreshed_on: date | None = None
    weight: int = 0
    subject: str = "a refresh failed"


@dataclass(frozen=True)
class Notice:
    """One message about one or several events of one kind."""

    kind: str
    title: str
    text: str
    events: tuple[Event, ...]


@dataclass(frozen=True)
class Told:
    """What came of telling.

    Attributes:
        titles: Of the notices that somebody got.
        warnings: A line for everything that went wrong.
    """

    titles: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


def tell_of_run(workspace: Workspace, story: RunStory, is_rebuild: bool = False) -> Told:
    """Tell what a run finished and what failed in it. A rebuild brings no news; only its failures are told."""
    return _tell(
        workspace,
        lambda: [
            *([] if is_rebuild else finished_events(workspace, story.published)),
            *failed_events(workspace, story),
            *copy_events(story),
        ],
    )


def tell_of_clients(workspace: Workspace, today: date | None = None) -> Told:
    """Tell which clients are overdue and whose file cannot be read, whether or not anything runs."""

    def events() -> list[Event]:
        clients, errors = read_client_files(workspace.clients)
        statuses = client_statuses(workspace, clients, today or date.today())
        return [*overdue_events(statuses), *client_file_events(workspace, errors)]

    return _tell(workspace, events)


def send_test(workspace: Workspace) -> Told:
    """Send a message to every target, whatever it wants to be told of, and say who took it."""
    targets, problems = read_targets(workspace)
    told = Told(warnings=[f"notices: {problem}" for problem in problems])
    for target in targets:
        delivery = _deliver(target, "linkgap: a test", "This is where linkgap will tell you of refreshes.", "test")
        if delivery.is_accepted:
            told.titles.append(f"{target.name} took the test message; it is told of {', '.join(sorted(target.kinds))}")
        else:
            told.warnings.append(f"notices: {target.name} did not take the test message: {delivery.reason}")
    return told


def _tell(workspace: Workspace, events: Callable[[], list[Event]]) -> Told:
    if not are_configured(workspace):
        return Told()
    try:
        return send_once(workspace, events())
    except NoticeRecordError as error:
        return Told(warnings=[f"notices: nothing sent: {error}"])
    except Exception as error:
        # the message of an unknown error may quote an address with its secrets
        return Told(warnings=[f"notices: nothing sent: {type(error).__name__}; the refresh is not concerned"])


def finished_events(workspace: Workspace, published: Iterable[Slice]) -> list[Event]:
    """One event per published refresh and state of its exports: run again with the same files, it is no news."""
    slices = sorted(set(published))
    news = read_news(workspace, slices)
    exports = _exports_of(workspace, {client_id for client_id, _ in news})
    return [
        Event(
            client_id,
            "finished",
            f"finished {day} {_digest(exports.get((client_id, day), ''))}",
            of_refresh.headline,
            of_refresh.details,
            refreshed_on=day,
            weight=of_refresh.changes,
        )
        for (client_id, day), of_refresh in sorted(news.items())
    ]


def failed_events(workspace: Workspace, story: RunStory) -> list[Event]:
    """One event per client, state of the exports it failed on and reason: tried again, the same failure is no news."""
    reasons: dict[str, tuple[str, tuple[str, ...]]] = {
        client_id: (f"not published: {advice}", ("Readers keep the state before.",))
        for client_id, advice in story.withheld.items()
    }
    if story.failure:
        published = {client_id for client_id, _ in story.published}
        for client_id in {client_id for client_id, _ in story.planned} - set(reasons):
            advice = "What it changed is published." if client_id in published else "Readers keep the state before."
            reasons[client_id] = (story.failure, (advice,))
        if not story.planned:
            reasons[""] = (story.failure, ("It came not so far as to say which clients it was for.",))
    exports = _exports_of(workspace, set(reasons) - {""})
    events = []
    for client_id, (reason, details) in sorted(reasons.items()):
        days = sorted({day for planned, day in story.planned if planned == client_id})
        tried = "\n".join(f"{day} {exports.get((client_id, day), '')}" for day in days) or date.today().isoformat()
        events.append(
            Event(client_id, "failed", f"failed {_digest(tried)} {_digest(reason)}", _as_text(reason), details)
        )
    return events


def copy_events(story: RunStory, today: date | None = None) -> list[Event]:
    """One event per reason for which the copy of the published tables is behind, and day."""
    return [
        Event(
            "",
            "failed",
            f"copy {_digest(problem)} {today or date.today()}",
            _as_text(problem),
            ("What was refreshed is published. The next publication makes up for it, and so does `linkgap publish`.",),
            subject="the copy in PostgreSQL is behind",
        )
        for problem in story.problems
    ]


def client_file_events(workspace: Workspace, errors: Iterable[ClientFileError]) -> list[Event]:
    """One event per client file that cannot be used, and content of it."""
    return [
        Event(
            error.path.stem if re.fullmatch(CLIENT_ID, error.path.stem) else "",
            "failed",
            f"client file {_digest(error.path.name)} {_digest(error.path.read_bytes())} {_digest(error.message)}",
            _as_text(f"{workspace.relative(error.path)}:{error.line}: {error.message}"),
            ("No refresh of this client can start before the file is corrected.",),
        )
        for error in errors
        if error.path.is_file()
    ]


def overdue_events(statuses: Iterable[Mapping[str, Any]]) -> list[Event]:
    """One event per client whose refresh is overdue, and window that it missed.

    Args:
        statuses: As `pipelines.status.client_statuses` gives them.
    """
    events = []
    for one in statuses:
        if one["state"] != "overdue":
            continue
        window_ended_on = one["latest_on"]
        missing = [_as_text(export) for export in one["missing"]]
        events.append(
            Event(
                one["client_id"],
                "overdue",
                f"overdue {window_ended_on}",
                f"last refresh {one['last_refreshed_on']}, the next was due by {window_ended_on}",
                (f"exports to download: {', '.join(missing)}",) if missing else (),
            )
        )
    return events


def send_once(workspace: Workspace, events: Sequence[Event]) -> Told:
    """Send notices of the events that were not told yet.

    An event is noted as told before its notice is sent and stays so, unless the notice surely reached nobody. So
    nothing is told twice; what was told while the process died, or reached some targets alone, is not told again.

    Raises:
        NoticeRecordError: Nobody knows what was told.
    """
    targets, problems = read_targets(workspace)
    told = Told(warnings=[f"notices: {problem}" for problem in problems])
    wanted = [event for event in events if any(event.kind in target.kinds for target in targets)]
    claimed = claim(workspace, [(event.client_id, event.key) for event in wanted])
    # who did not take one notice is not asked again in this call: 50 failures should not wait 50 times
    refusals: dict[str, Delivery] = {}
    for notice in compose([event for event in wanted if (event.client_id, event.key) in claimed]):
        deliveries = []
        for target in targets:
            if notice.kind not in target.kinds:
                continue
            if target.name in refusals:
                deliveries.append(Delivery(is_accepted=False, is_surely_refused=True))
                continue
            delivery = _deliver(target, notice.title, notice.text, notice.kind)
            deliveries.append(delivery)
            if not delivery.is_accepted:
                refusals[target.name] = delivery
                told.warnings.append(f"notices: {target.name} did not take {notice.title!r}: {delivery.reason}")
        if any(delivery.is_accepted for delivery in deliveries):
            told.titles.append(notice.title)
        elif all(delivery.is_surely_refused for delivery in deliveries):
            release(workspace, [(event.client_id, event.key) for event in notice.events])
    return told


def _deliver(target: Target, title: str, text: str, kind: str) -> Delivery:
    try:
        return deliver(target, title, text, kind)
    except Exception as error:
        return Delivery(is_accepted=False, reason=f"{type(error).__name__} in Apprise")


def compose(events: Sequence[Event]) -> list[Notice]:
    """Events as messages: one of all that finished, one of all that are overdue, one per reason of a failure."""
    notices = []
    of_kind = {kind: [event for event in events if event.kind == kind] for kind in KINDS}
    by_reason: dict[tuple[str, tuple[str, ...]], list[Event]] = {}
    for event in of_kind["failed"]:
        by_reason.setdefault((event.headline, event.details), []).append(event)
    for failed in by_reason.values():
        notices.append(_notice_of_failure(failed))
    if of_kind["finished"]:
        notices.append(_notice_of_finished(of_kind["finished"]))
    if of_kind["overdue"]:
        notices.append(_notice_of_overdue(of_kind["overdue"]))
    return notices


def _notice_of_failure(events: list[Event]) -> Notice:
    clients = sorted({event.client_id for event in events if event.client_id})
    lines = [events[0].headline, *events[0].details]
    if len(clients) > 1:
        more = len(clients) - CLIENTS_NAMED
        lines.append(f"Clients: {', '.join(clients[:CLIENTS_NAMED])}{f' and {more} more' if more > 0 else ''}")
    title = f"linkgap: refresh of {_who(clients)} failed" if clients else f"linkgap: {events[0].subject}"
    return Notice("failed", title, _clip(lines), tuple(events))


def _notice_of_finished(events: list[Event]) -> Notice:
    """Of several refreshes of a client, the latest is told and the others are counted."""
    latest: dict[str, Event] = {}
    refreshes: dict[str, int] = {}
    for event in events:
        refreshes[event.client_id] = refreshes.get(event.client_id, 0) + 1
        before = latest.get(event.client_id)
        if before is None or (event.refreshed_on or date.min) > (before.refreshed_on or date.min):
            latest[event.client_id] = event
    in_full = len(latest) <= TOLD_IN_FULL
    lines = []
    for event in sorted(latest.values(), key=lambda one: (0 if in_full else -one.weight, one.client_id)):
        earlier = refreshes[event.client_id] - 1
        also = f" (and {earlier} earlier refresh{'' if earlier == 1 else 'es'})" if earlier else ""
        lines.append(f"{event.client_id}, {event.refreshed_on}: {event.headline}{also}")
        if in_full:
            lines.extend(f"• {detail}" for detail in event.details)
    title = f"linkgap: {_who(sorted(latest))} refreshed"
    return Notice("finished", title, _clip(lines), tuple(events))


def _notice_of_overdue(events: list[Event]) -> Notice:
    lines = []
    for event in events:
        lines.append(f"{event.client_id}: {event.headline}")
        if len(events) <= TOLD_IN_FULL:
            lines.extend(f"• {detail}" for detail in event.details)
    return Notice("overdue", f"linkgap: {_who([one.client_id for one in events])} overdue", _clip(lines), tuple(events))


def _who(clients: Sequence[str]) -> str:
    return clients[0] if len(clients) == 1 else f"{len(clients)} clients"


def _clip(lines: Sequence[str]) -> str:
    """As many whole lines as a notice may have, and how many are left out."""
    text = ""
    for number, line in enumerate(lines):
        if len(text) + len(line) > LONGEST_TEXT:
            return f"{text}… and {len(lines) - number} more lines; `linkgap status` and the pages show all"
        text += f"{line}\n"
    return text.rstrip("\n")


def _as_text(words: str) -> str:
    """A text that may quote exports or addresses, so that it calls nobody's name in a chat and holds no password."""
    line = re.sub(r"://[^/\s@]+@", "://", " ".join(words.split()))
    # a zero-width space keeps @channel, @everyone and <!here> from ringing
    line = line.replace("@", "@\u200b").replace("<!", "<\u200b!")
    return line if len(line) <= LONGEST_REASON else f"{line[: LONGEST_REASON - 1]}…"


def _exports_of(workspace: Workspace, client_ids: Iterable[str]) -> dict[Slice, str]:
    """What was delivered for each archived refresh; lists that people keep change daily and make no other refresh."""
    return {
        (client_id, day): "\n".join(
            sorted(
                f"{one.path} {one.file_id} {one.is_withdrawn}"
                for one in manifest.deliveries
                if not is_people_list(one.path)
            )
        )
        for client_id in client_ids
        for day, manifest in read_manifests(workspace, client_id).items()
    }


def _digest(content: str | bytes) -> str:
    data = content if isinstance(content, bytes) else content.encode()
    return hashlib.sha256(data).hexdigest()[:16]
