"""Notices: each event reaches whoever wants it, once, and whatever goes wrong there touches no refresh."""

from __future__ import annotations

import email
import email.policy
import http.server
import json
import os
import shutil
import socket
import socketserver
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from pipelines.notice_news import read_news
from pipelines.notices import (
    LONGEST_TEXT,
    Event,
    compose,
    copy_events,
    failed_events,
    overdue_events,
    send_once,
    tell_of_clients,
    tell_of_run,
)
from pipelines.refresh import RefreshOutcome
from pipelines.run_story import RunStory
from tests.conftest import Sandbox
from tests.test_bad_input import linkgap
from tests.test_golden_run import DATES, exports_of
from warehouse.notice_record import ATTEMPTS, NoticeRecordError

SECRETS = ("topsecret", "pathsecret", "headersecret", "querysecret")
FINISHED = Event("acme", "finished", "finished 1", "8 open gaps", refreshed_on=date(2026, 3, 27))


@dataclass
class Receiver:
    """A web server that keeps what is posted to it.

    Attributes:
        status: What it answers; None: it reads the request and hangs up.
    """

    port: int = 0
    status: int | None = 200
    posts: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    def address(self, path: str = "hook") -> str:
        return f"json://127.0.0.1:{self.port}/{path}"

    @property
    def titles(self) -> list[str]:
        return [body["title"] for _, body in self.posts]


@pytest.fixture(scope="module")
def web_server() -> Iterator[Receiver]:
    receiver = Receiver()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            receiver.posts.append((self.path, body))
            if receiver.status is not None:
                self.send_response(receiver.status)
                self.end_headers()
                self.wfile.write(b"ok")

        def log_message(self, format: str, *args: Any) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        receiver.port = server.server_address[1]
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield receiver
        server.shutdown()


@pytest.fixture
def receiver(web_server: Receiver, monkeypatch: pytest.MonkeyPatch) -> Receiver:
    """An empty receiver, and the one place that notices go to."""
    web_server.posts.clear()
    web_server.status = 200
    monkeypatch.setenv("LINKGAP_NOTIFY", web_server.address())
    return web_server


@pytest.fixture
def mailbox() -> Iterator[tuple[int, list[email.message.EmailMessage]]]:
    """Port of a mail server, and the mails it took."""
    mails: list[email.message.EmailMessage] = []

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            self.wfile.write(b"220 here\r\n")
            while line := self.rfile.readline().strip().upper():
                if line == b"DATA":
                    self.wfile.write(b"354 go on\r\n")
                    lines = iter(self.rfile.readline, b".\r\n")
                    mails.append(email.message_from_bytes(b"".join(lines), policy=email.policy.default))
                self.wfile.write(b"250 fine\r\n")
                if line == b"QUIT":
                    return

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_address[1], mails
        server.shutdown()


@pytest.fixture
def closed_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class World:
    sandbox: Sandbox
    outcome: RefreshOutcome
    posts: list[tuple[str, dict[str, Any]]]

    def forget_what_was_told(self) -> None:
        shutil.rmtree(self.sandbox.workspace.notices)


@pytest.fixture(scope="module")
def world(make_sandbox: Callable[[str], Sandbox], web_server: Receiver) -> World:
    """The first two refreshes of the golden world, done in one call while somebody listens."""
    sandbox = make_sandbox("notices")
    for number in (0, 1):
        for path, content in exports_of(number):
            sandbox.deliver(f"acme/{path}", content)
    sandbox.client(
        "acme",
        "sites: [acme.com]\ncompetitors: [rival.com, foe.org]\nniche: {terms: [running]}\n"
        "refresh: {latest_days: 30000}\n",
    )
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setenv("LINKGAP_NOTIFY", web_server.address())
        web_server.posts.clear()
        outcome = sandbox.refresh()
    return World(sandbox, outcome, list(web_server.posts))


def sensor_context(world: World, run_id: str, sensor: str, status: dg.DagsterEventType) -> dg.RunStatusSensorContext:
    """A tick of a sensor on a run of the workspace's own instance, as the daemon has it."""
    os.environ["LINKGAP_HOME"] = str(world.sandbox.workspace.home)
    os.environ["DAGSTER_HOME"] = str(world.sandbox.workspace.dagster_home)
    instance = dg.DagsterInstance.get()
    run = instance.get_run_by_id(run_id)
    assert run
    (event,) = [entry.dagster_event for entry in instance.all_logs(run_id, of_type=status)]
    assert event
    return dg.build_run_status_sensor_context(
        sensor_name=sensor, dagster_event=event, dagster_instance=instance, dagster_run=run
    )


def test_a_finished_refresh_tells_what_changed_with_the_best_names(world: World) -> None:
    """What the agency reads; counts as in the golden bridge: 11 + 2 + 1 − 3 − 2 − 1 = 8."""
    assert world.outcome.published == ["acme/2026-01-10", "acme/2026-03-27"]
    assert not [line for line in world.outcome.warnings if "notices" in line]
    ((_, body),) = world.posts
    assert body["title"] == "linkgap: acme refreshed"
    assert body["type"] == "success"
    assert body["message"].splitlines() == [
        "acme, 2026-03-27: 8 open gaps, 11 before (2 new, 1 reopened, 3 closed, 2 expired, 1 set aside)"
        " (and 1 earlier refresh)",
        "• closed (3, 3 won): loses-all.com, reopens.com, won-link.com",
        "• reopened (1): was-linked.com",
        "• new links to competitors (1): opens-later.net → rival.com",
    ]


def test_a_first_refresh_tells_where_to_begin(world: World) -> None:
    (first,) = read_news(world.sandbox.workspace, [("acme", DATES[0])]).values()
    best = world.sandbox.query(
        "select referring_domain from marts.opportunities where refreshed_on = '2026-01-10' order by rank limit 3"
    )
    assert first.headline == "first refresh, 11 open gaps"
    assert first.details == (f"best to begin with: {', '.join(domain for (domain,) in best)}",)


def test_the_daemon_tells_of_its_runs_what_the_command_tells_of_its_own_and_nothing_twice(
    world: World, receiver: Receiver
) -> None:
    from pipelines.notice_sensors import notices_of_finished_refreshes

    assert world.outcome.run_id
    context = sensor_context(
        world, world.outcome.run_id, "notices_of_finished_refreshes", dg.DagsterEventType.RUN_SUCCESS
    )
    assert notices_of_finished_refreshes(context).skip_message == "nothing to tell"
    assert receiver.posts == []

    world.forget_what_was_told()
    assert notices_of_finished_refreshes(context).skip_message == "told: linkgap: acme refreshed"
    assert receiver.posts == world.posts


def test_a_refresh_that_nobody_hears_of_is_done_and_says_so_without_a_secret(world: World, closed_port: int) -> None:
    """Whole command and its traces on disk: neither the terminal nor Dagster's storage may learn an address."""
    world.forget_what_was_told()
    os.environ["LINKGAP_NOTIFY"] = (
        f"json://user:topsecret@127.0.0.1:{closed_port}/pathsecret?+X-Key=headersecret&-token=querysecret"
    )
    call = linkgap(world.sandbox, "refresh", "--on", str(DATES[1]))
    assert call.returncode == 0, call.stderr
    assert "published acme/2026-03-27" in call.stdout
    assert (
        "linkgap: warning: notices: target 1 (JSON) did not take 'linkgap: acme refreshed': connection refused"
        in call.stderr.splitlines()
    )
    written = [path.read_bytes() for path in world.sandbox.workspace.home.rglob("*") if path.is_file()]
    for secret in SECRETS:
        assert secret not in call.stdout + call.stderr
        assert not [content for content in written if secret.encode() in content], secret


def test_a_rebuild_is_no_news(world: World, receiver: Receiver) -> None:
    """Else a new version of linkgap would tell an agency of every refresh there ever was."""
    world.forget_what_was_told()
    story = RunStory(published=[("acme", day) for day in DATES[:2]])
    assert tell_of_run(world.sandbox.workspace, story, is_rebuild=True).titles == []
    assert tell_of_run(world.sandbox.workspace, story).titles == ["linkgap: acme refreshed"]


@pytest.fixture
def failing(world: World, monkeypatch: pytest.MonkeyPatch) -> World:
    """The world with another refresh, whose runs fail."""

    def fail(*_: Any) -> None:
        raise OSError("no space left on device for @channel; s3://key:topsecret@bucket/x")

    monkeypatch.setattr("pipelines.assets.exports.prepare_inputs", fail)
    source = world.sandbox.workspace.inbox / "acme" / str(DATES[1])
    shutil.copytree(source, source.parent / "2026-06-10", dirs_exist_ok=True)
    shutil.rmtree(world.sandbox.workspace.notices, ignore_errors=True)
    return world


def test_a_failed_refresh_is_told_once_with_its_reason_by_command_and_daemon(
    failing: World, receiver: Receiver
) -> None:
    from pipelines.notice_sensors import notices_of_failed_refreshes

    first = failing.sandbox.refresh()
    again = failing.sandbox.refresh()
    assert len(first.problems) == len(again.problems) == 1
    ((_, body),) = receiver.posts
    assert (body["title"], body["type"]) == ("linkgap: refresh of acme failed", "failure")
    assert "step landed_exports failed" in body["message"]
    assert "no space left on device for @\u200bchannel; s3://bucket/x" in body["message"]
    assert body["message"].endswith("\nReaders keep the state before.")

    assert first.run_id
    context = sensor_context(
        failing, first.run_id, "notices_of_failed_refreshes", dg.DagsterEventType.RUN_FAILURE
    ).for_run_failure()
    assert notices_of_failed_refreshes(context).skip_message == "nothing to tell"
    failing.forget_what_was_told()
    assert notices_of_failed_refreshes(context).skip_message == "told: linkgap: refresh of acme failed"
    assert receiver.posts[1] == receiver.posts[0]


def test_without_configuration_nobody_is_called(failing: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Off by default: no connection and no trace; the same calls with an address show that the guard works."""
    called: list[Any] = []

    def refuse(self: socket.socket, address: Any) -> None:
        if self.family != socket.AF_UNIX:
            called.append(address)
        raise ConnectionRefusedError(111, "Connection refused")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.delenv("LINKGAP_NOTIFY", raising=False)
    outcome = failing.sandbox.refresh()
    assert called == []
    assert len(outcome.problems) == 1
    assert not [line for line in outcome.warnings if "notices" in line]
    assert not failing.sandbox.workspace.notices.exists()

    monkeypatch.setenv("LINKGAP_NOTIFY", "json://127.0.0.1:9/")
    assert len(failing.sandbox.refresh().problems) == 1
    assert called == [("127.0.0.1", 9)]


def test_clients_held_back_are_told_each_with_its_advice_and_a_failed_run_once_for_all(sandbox: Sandbox) -> None:
    day = date(2026, 1, 10)
    story = RunStory(
        planned=[("acme", day), ("beta", day), ("gamma", day)],
        withheld={"acme": "look at the bridge", "beta": "look at the keys"},
    )
    notices = compose(failed_events(sandbox.workspace, story))
    assert [notice.title for notice in notices] == [
        "linkgap: refresh of acme failed",
        "linkgap: refresh of beta failed",
    ]
    assert notices[0].text == "not published: look at the bridge\nReaders keep the state before."

    broken = RunStory(planned=[(f"client-{number:03}", day) for number in range(200)], failure="the disk is full")
    (notice,) = compose(failed_events(sandbox.workspace, broken))
    assert notice.title == "linkgap: refresh of 200 clients failed"
    assert notice.text.endswith("client-018, client-019 and 180 more")


def test_a_copy_that_is_behind_is_told_once_a_day(sandbox: Sandbox, receiver: Receiver) -> None:
    """Else a BI server would show the state before for weeks, with nobody watching."""
    story = RunStory(
        published=[("acme", date(2026, 1, 10))], problems=["postgresql://bi@db/linkgap: cannot connect: refused"]
    )
    assert send_once(sandbox.workspace, copy_events(story, date(2026, 1, 11))).titles == [
        "linkgap: the copy in PostgreSQL is behind"
    ]
    ((_, body),) = receiver.posts
    assert body["message"].splitlines()[0] == "postgresql://db/linkgap: cannot connect: refused"
    assert send_once(sandbox.workspace, copy_events(story, date(2026, 1, 11))).titles == []
    assert len(send_once(sandbox.workspace, copy_events(story, date(2026, 1, 12))).titles) == 1


def test_two_hundred_finished_clients_are_one_notice_that_a_chat_can_show(sandbox: Sandbox, receiver: Receiver) -> None:
    events = [
        Event(f"client-{n:03}", "finished", f"finished {n}", "8 open gaps", ("closed (3): a.com",), DATES[0], weight=n)
        for n in range(200)
    ]
    assert send_once(sandbox.workspace, events).titles == ["linkgap: 200 clients refreshed"]
    ((_, body),) = receiver.posts
    assert len(body["message"]) < LONGEST_TEXT + 100
    lines = body["message"].splitlines()
    assert lines[0] == "client-199, 2026-01-10: 8 open gaps"
    assert lines[-1].startswith(f"… and {200 - len(lines) + 1} more lines")
    assert send_once(sandbox.workspace, events).titles == []


def test_an_overdue_client_is_told_once_a_window_and_all_of_a_day_together(
    sandbox: Sandbox, receiver: Receiver
) -> None:
    overdue = {"last_refreshed_on": "2026-01-10", "state": "overdue"}
    statuses = [
        {"client_id": "acme", **overdue, "latest_on": "2026-04-10", "missing": ["ahrefs backlinks of rival.com"]},
        {"client_id": "beta", **overdue, "latest_on": "2026-04-20", "missing": []},
        {"client_id": "due", **overdue, "state": "due", "latest_on": "2026-04-20", "missing": []},
    ]
    events = overdue_events(statuses)
    assert send_once(sandbox.workspace, events).titles == ["linkgap: 2 clients overdue"]
    ((_, body),) = receiver.posts
    assert body["message"].splitlines() == [
        "acme: last refresh 2026-01-10, the next was due by 2026-04-10",
        "• exports to download: ahrefs backlinks of rival.com",
        "beta: last refresh 2026-01-10, the next was due by 2026-04-20",
    ]
    assert send_once(sandbox.workspace, events).titles == []
    statuses[0] |= {"last_refreshed_on": "2026-05-01", "latest_on": "2026-07-30"}
    assert send_once(sandbox.workspace, overdue_events(statuses)).titles == ["linkgap: acme overdue"]


def test_the_published_dates_decide_who_is_overdue(world: World, receiver: Receiver) -> None:
    shutil.rmtree(world.sandbox.workspace.notices, ignore_errors=True)
    late = DATES[1] + timedelta(days=30001)
    assert tell_of_clients(world.sandbox.workspace, late - timedelta(days=1)).titles == []
    assert tell_of_clients(world.sandbox.workspace, late).titles == ["linkgap: acme overdue"]
    assert tell_of_clients(world.sandbox.workspace, late + timedelta(days=1)).titles == []


def test_the_hourly_look_tells_of_a_client_file_that_nobody_can_read(sandbox: Sandbox, receiver: Receiver) -> None:
    from pipelines.notice_sensors import notices_of_overdue_clients

    path = sandbox.client("typo", "sites: [typo.com]\ncompetitor: [rival.com]\n")
    os.environ["LINKGAP_HOME"] = str(sandbox.workspace.home)
    for expected in ("told: linkgap: refresh of typo failed", "nothing to tell"):
        assert notices_of_overdue_clients(dg.build_sensor_context()).skip_message == expected
    assert receiver.posts[0][1]["message"].startswith("clients/typo.yaml:1: competitors: is missing")
    path.write_text(f"{path.read_text()}# still wrong\n")
    assert notices_of_overdue_clients(dg.build_sensor_context()).skip_message != "nothing to tell"


def test_many_processes_at_once_tell_each_event_once(sandbox: Sandbox, receiver: Receiver) -> None:
    code = """
import sys
from pathlib import Path
from pipelines.notices import Event, send_once
from warehouse.layout import Workspace
events = [Event(f"c{n}", "failed", "failed x", f"reason {n}") for n in range(10)]
print("ready", flush=True)
sys.stdin.readline()
send_once(Workspace(Path(sys.argv[1])), events)
"""
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", code, str(sandbox.workspace.home)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        for _ in range(3)
    ]
    for process in processes:
        assert process.stdout and process.stdout.readline() == b"ready\n"
    for process in processes:
        assert process.stdin
        process.stdin.write(b"\n")
        process.stdin.flush()
    assert [process.wait() for process in processes] == [0, 0, 0]
    assert sorted(receiver.titles) == sorted(f"linkgap: refresh of c{n} failed" for n in range(10))


def test_what_surely_reached_nobody_is_tried_again_but_not_for_ever(sandbox: Sandbox, receiver: Receiver) -> None:
    receiver.status = 404
    for _ in range(ATTEMPTS):
        told = send_once(sandbox.workspace, [FINISHED])
        assert told.titles == []
        assert told.warnings == [
            "notices: target 1 (JSON) did not take 'linkgap: acme refreshed': "
            "the server refused it (HTTP 404); check the address and its key"
        ]
    receiver.status = 200
    assert send_once(sandbox.workspace, [FINISHED]).titles == []
    assert len(receiver.posts) == ATTEMPTS
    other = Event("acme", "finished", "finished 2", "9 open gaps", refreshed_on=DATES[0])
    receiver.status = 404
    send_once(sandbox.workspace, [other])
    receiver.status = 200
    assert send_once(sandbox.workspace, [other]).titles == ["linkgap: acme refreshed"]


@pytest.mark.parametrize("status", [503, None])
def test_what_may_have_been_read_is_not_told_again(sandbox: Sandbox, receiver: Receiver, status: int | None) -> None:
    """At most once: a server that fails after it read a notice may have passed it on."""
    receiver.status = status
    assert len(send_once(sandbox.workspace, [FINISHED]).warnings) == 1
    receiver.status = 200
    assert send_once(sandbox.workspace, [FINISHED]).titles == []
    assert len(receiver.posts) == 1


def test_a_target_that_is_down_neither_stops_the_others_nor_is_asked_again(
    sandbox: Sandbox, receiver: Receiver, closed_port: int
) -> None:
    os.environ["LINKGAP_NOTIFY"] = f"json://127.0.0.1:{closed_port}/, {receiver.address()}"
    events = [Event(f"c{n}", "failed", "failed x", f"reason {n}") for n in range(3)]
    told = send_once(sandbox.workspace, events)
    assert len(told.titles) == len(receiver.posts) == 3
    assert len(told.warnings) == 1
    assert send_once(sandbox.workspace, events).titles == []


def test_retries_asked_of_apprise_are_not_made(sandbox: Sandbox, receiver: Receiver) -> None:
    receiver.status = 503
    os.environ["LINKGAP_NOTIFY"] = f"{receiver.address()}?retry=3&wait=0"
    send_once(sandbox.workspace, [FINISHED])
    assert len(receiver.posts) == 1


def test_slack_gets_words_and_no_markup(sandbox: Sandbox, receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    from apprise.plugins.slack import NotifySlack

    monkeypatch.setattr(NotifySlack, "webhook_url", f"http://127.0.0.1:{receiver.port}/services")
    monkeypatch.setenv(
        "LINKGAP_NOTIFY", "https://hooks.slack.com/services/T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ"
    )
    event = Event("acme", "finished", "finished 1", "8 open gaps", ("closed (1): <!channel> & *b*",), DATES[0])
    assert send_once(sandbox.workspace, [event]).warnings == []
    ((path, body),) = receiver.posts
    assert path == "/services/T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ"
    (attachment,) = body["attachments"]
    assert attachment["title"] == "linkgap: acme refreshed"
    assert attachment["text"] == "acme, 2026-01-10: 8 open gaps\n• closed (1): &lt;!channel&gt; &amp; *b*"
    assert body["mrkdwn"] is False
    assert "github.com" not in json.dumps(body)


def test_e_mail_arrives_with_subject_and_text(
    sandbox: Sandbox, mailbox: tuple[int, list[email.message.EmailMessage]]
) -> None:
    port, mails = mailbox
    os.environ["LINKGAP_NOTIFY"] = f"mailto://127.0.0.1:{port}?from=linkgap@agency.example&to=team@agency.example"
    event = Event("acme", "finished", "finished 1", "8 open gaps", ("closed (1): <b>a.com</b>",), DATES[0])
    assert send_once(sandbox.workspace, [event]).warnings == []
    (mail,) = mails
    assert mail["Subject"] == "linkgap: acme refreshed"
    assert "team@agency.example" in mail["To"]
    assert mail.get_content_type() == "text/plain"
    assert mail.get_content().splitlines() == ["acme, 2026-01-10: 8 open gaps", "• closed (1): <b>a.com</b>"]


def test_a_target_of_the_file_is_told_what_its_tags_say(sandbox: Sandbox, receiver: Receiver) -> None:
    del os.environ["LINKGAP_NOTIFY"]
    sandbox.workspace.notice_settings.write_text(
        f"urls:\n  - {receiver.address('operators')}:\n      tag: failed, overdue\n"
        f"  - {receiver.address('everybody')}\n"
    )
    told = send_once(sandbox.workspace, [FINISHED, Event("acme", "failed", "failed x", "the disk is full")])
    assert told.warnings == []
    assert sorted((path, body["title"]) for path, body in receiver.posts) == [
        ("/everybody", "linkgap: acme refreshed"),
        ("/everybody", "linkgap: refresh of acme failed"),
        ("/operators", "linkgap: refresh of acme failed"),
    ]


@pytest.mark.parametrize(
    "settings, expected",
    [
        ("urls: [", "notify.yaml: no address under `urls:` that Apprise understands"),
        ("urls:\n  - topsecret://x\n  - {address}\n", "notify.yaml: 1 entries that Apprise does not understand"),
        ("urls:\n  - {address}:\n      tag: fail\n", "target 1 (JSON): unknown tag 'fail'; expected failed, finished,"),
    ],
)
def test_a_wrong_file_is_told_in_one_line(sandbox: Sandbox, receiver: Receiver, settings: str, expected: str) -> None:
    del os.environ["LINKGAP_NOTIFY"]
    sandbox.workspace.notice_settings.write_text(settings.replace("{address}", receiver.address()))
    (warning,) = send_once(sandbox.workspace, [FINISHED]).warnings
    assert warning.startswith(f"notices: {expected}")


def test_a_damaged_record_sends_nothing_and_says_what_to_do(sandbox: Sandbox, receiver: Receiver) -> None:
    path = sandbox.workspace.client_notices("acme")
    path.parent.mkdir(parents=True)
    path.write_text("{")
    with pytest.raises(NoticeRecordError, match=r"warehouse/notices/acme\.json: is damaged"):
        send_once(sandbox.workspace, [FINISHED])
    assert receiver.posts == []


def test_the_command_tries_every_target_and_names_no_secret(
    sandbox: Sandbox, receiver: Receiver, closed_port: int
) -> None:
    good = f"json://user:topsecret@127.0.0.1:{receiver.port}/pathsecret?+X-Key=headersecret&-token=querysecret"
    os.environ["LINKGAP_NOTIFY"] = good
    call = linkgap(sandbox, "notify", "--test")
    assert (call.returncode, call.stderr) == (0, "")
    assert call.stdout == "target 1 (JSON) took the test message; it is told of failed, finished, overdue\n"
    assert receiver.posts[0][0].startswith("/pathsecret")

    down = good.replace(str(receiver.port), str(closed_port))
    os.environ["LINKGAP_NOTIFY"] = (
        f"{good} {down} topsecret://x mailto://user:topsecret@127.0.0.1:{closed_port}?from=a@b.com&to=a@b.com"
    )
    call = linkgap(sandbox, "notify", "--test")
    assert call.returncode == 1
    assert call.stderr.splitlines() == [
        "linkgap: notices: LINKGAP_NOTIFY: address 3 of 4 is no Apprise address; see docs/notices.md",
        "linkgap: notices: target 2 (JSON) did not take the test message: connection refused",
        "linkgap: notices: target 4 (E-Mail) did not take the test message: connection refused",
    ]
    for secret in SECRETS:
        assert secret not in call.stdout + call.stderr


def test_the_command_without_configuration_says_how_to_configure(sandbox: Sandbox) -> None:
    os.environ.pop("LINKGAP_NOTIFY", None)
    call = linkgap(sandbox, "notify")
    assert call.returncode == 2
    assert "set LINKGAP_NOTIFY or write notify.yaml" in call.stderr


def test_the_sensors_run_only_where_notices_are_configured(tmp_path: Path) -> None:
    code = """
from pipelines.notice_sensors import notice_sensors
print(*{sensor.default_status.name for sensor in notice_sensors})
"""
    for address, expected in (("", "STOPPED"), ("json://127.0.0.1:9/", "RUNNING")):
        environment = {**os.environ, "LINKGAP_HOME": str(tmp_path), "LINKGAP_NOTIFY": address}
        call = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
        assert call.stdout.strip() == expected
