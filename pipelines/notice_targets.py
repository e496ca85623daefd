"""Where notices go, and how one gets there: e-mail, Slack, webhooks and whatever else Apprise knows.

`LINKGAP_NOTIFY` or `notify.yaml` in the workspace say where; with neither, nothing here opens a connection. Addresses
hold secrets, in any part of them; Apprise masks passwords and tokens, but neither path nor headers of a webhook. So
people are told the number and service of a target, and reasons in words of our own, never a text that Apprise or a
server wrote. What is told, and how often, is said in `pipelines.notices`.
"""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from warehouse.layout import Workspace

if TYPE_CHECKING:
    from apprise import AppriseAsset

VARIABLE = "LINKGAP_NOTIFY"
KINDS = ("failed", "finished", "overdue")
"""Kinds of events; a target of `notify.yaml` that is tagged with some of them is told of no others."""

SECONDS_PER_TARGET = 30.0
"""How long a refresh that is done waits for one target. Apprise gives a web server 4 seconds to answer and a mail
server 15 for each of its answers."""

_REASONS: tuple[tuple[str, str, bool], ...] = (
    (r"error=(?P<code>4\d\d)", "the server refused it (HTTP {code}); check the address and its key", True),
    (r"error=(?P<code>5\d\d)", "the server failed (HTTP {code})", False),
    (r"Socket Exception: \(535", "the mail server refused the login; check user and password", True),
    (r"NameResolutionError|getaddrinfo|Name or service not known|nodename nor servname", "host not found", True),
    (r"ConnectTimeout", "no connection in time", True),
    (r"Connection refused", "connection refused", True),
    (r"Network is unreachable|No route to host", "host not reachable", True),
    (r"CERTIFICATE_VERIFY_FAILED", "the server's certificate is not trusted", True),
    (r"timed out", "no answer in time", False),
)
"""What Apprise logs of a failure → what people are told → whether the notice surely was not accepted."""


@dataclass(frozen=True)
class Target:
    """One place that notices go to.

    Attributes:
        name: Its number, in the order of the settings, and service; holds no secret.
        kinds: Kinds of events it is told of.
        service: Apprise's.
    """

    name: str
    kinds: frozenset[str]
    service: Any


@dataclass(frozen=True)
class Delivery:
    """What became of one notice at one target.

    Attributes:
        is_accepted: The target took it.
        is_surely_refused: It did not, and nobody can have read it. Else it may have been read in spite of an error.
        reason: Why it was not accepted.
    """

    is_accepted: bool
    is_surely_refused: bool = False
    reason: str = ""


def are_configured(workspace: Workspace) -> bool:
    """Whether anybody wants notices of this workspace."""
    return bool(os.environ.get(VARIABLE, "").strip()) or workspace.notice_settings.exists()


def read_targets(workspace: Workspace) -> tuple[list[Target], list[str]]:
    """The targets, and a line for each address that is none; `LINKGAP_NOTIFY` stands above `notify.yaml`."""
    addresses = os.environ.get(VARIABLE, "").strip()
    if addresses:
        services, problems = _services_of_addresses(addresses)
    elif workspace.notice_settings.exists():
        services, problems = _services_of_file(workspace)
    else:
        services, problems = {}, []
    targets = []
    for number, service in services.items():
        # one event, one notice: an attempt that ended in an error may have been read
        service.retry = 0
        tags = {str(tag) for tag in service.tags}
        name = f"target {number} ({service.service_name})"
        unknown = sorted(tags - set(KINDS))
        if unknown:
            problems.append(f"{name}: unknown tag {unknown[0]!r}; expected {', '.join(KINDS)}, or none for all of them")
        targets.append(Target(name, frozenset(tags & set(KINDS) if tags else KINDS), service))
    return targets, problems


def deliver(target: Target, title: str, text: str, kind: str) -> Delivery:
    """Send one notice to one target, once.

    Args:
        target: Where.
        title: One line.
        text: Plain text; no service takes it for markup of its own.
        kind: One of `KINDS`, or anything else for a mere message.
    """
    from apprise import Apprise, NotifyFormat, NotifyType

    kinds = {"failed": NotifyType.FAILURE, "overdue": NotifyType.WARNING, "finished": NotifyType.SUCCESS}
    sender = Apprise(asset=_asset())
    sender.add(target.service)
    with (
        _silent_log(),
        sender.notify(
            body=text,
            title=title,
            notify_type=kinds.get(kind, NotifyType.INFO),
            body_format=NotifyFormat.TEXT,
            timeout=SECONDS_PER_TARGET,
            log_level=logging.DEBUG,
        ) as result,
    ):
        attempts = [attempt for of_service in result for attempt in of_service]
        if attempts and all(attempts):
            return Delivery(is_accepted=True)
        return _judge([(entry.level, entry.message) for entry in result.logs()])


def _judge(log: list[tuple[str, str]]) -> Delivery:
    """What a failed delivery was, from Apprise's log of it; what is not known for sure counts as perhaps read."""
    failures = [message for level, message in log if level in ("WARNING", "ERROR", "CRITICAL")]
    causes = [message for _, message in log if message.startswith("Socket Exception")]
    was_partly_sent = any(level == "INFO" and message.startswith("Sent ") for level, message in log)
    for pattern, words, is_sure in _REASONS:
        for message in [*failures, *causes]:
            if found := re.search(pattern, message):
                is_surely_refused = is_sure and len(failures) == 1 and not was_partly_sent
                return Delivery(False, is_surely_refused, words.format(**found.groupdict()))
    return Delivery(False, reason="it was not accepted")


def _services_of_addresses(addresses: str) -> tuple[dict[int, Any], list[str]]:
    """Services by the number of their address."""
    from apprise import Apprise
    from apprise.utils.parse import parse_urls

    services: dict[int, Any] = {}
    problems = []
    urls = parse_urls(addresses)
    with _silent_log():
        for number, url in enumerate(urls, 1):
            service = Apprise.instantiate(url, asset=_asset(), suppress_exceptions=True)
            if service is None:
                problems.append(
                    f"{VARIABLE}: address {number} of {len(urls)} is no Apprise address; see docs/notices.md"
                )
            else:
                services[number] = service
    return services, problems


def _services_of_file(workspace: Workspace) -> tuple[dict[int, Any], list[str]]:
    """Services by their number among those that are understood; Apprise does not say where an entry stood."""
    from apprise import AppriseConfig

    path = workspace.notice_settings
    name = workspace.relative(path)
    with _silent_log() as log:
        configuration = AppriseConfig(asset=_asset())
        configuration.add(f"file://{quote(str(path))}?format=yaml")
        services = dict(enumerate(configuration.services(), 1))
    if not services:
        return {}, [f"{name}: no address under `urls:` that Apprise understands; see docs/notices.md"]
    if log.warnings:
        return services, [f"{name}: {log.warnings} entries that Apprise does not understand; see docs/notices.md"]
    return services, []


def _asset() -> AppriseAsset:
    from apprise import AppriseAsset

    return AppriseAsset(
        app_id="linkgap",
        app_desc="linkgap",
        app_url="",
        image_url_mask="",
        image_url_logo="",
        # cached on disk it would keep tokens of services outside the workspace
        storage_mode="memory",
    )


class _CountingHandler(logging.Handler):
    """Keeps nothing of what is logged but the number of complaints."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.warnings = 0

    def emit(self, record: logging.LogRecord) -> None:
        self.warnings += 1


@contextmanager
def _silent_log() -> Iterator[_CountingHandler]:
    """Let Apprise log in full, which its results collect, and nothing of it reach a terminal or a log of Dagster."""
    logger = logging.getLogger("apprise")
    before = logger.level, logger.propagate
    handler = _CountingHandler()
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG)
    logger.propagate = False
    try:
        yield handler
    finally:
        logger.removeHandler(handler)
        logger.setLevel(before[0])
        logger.propagate = before[1]
