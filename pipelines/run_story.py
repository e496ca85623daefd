"""What came of a run, read from its Dagster events: the same for a run of this process and for one of the daemon.

Reads events and nothing else; what is done about them stands in `pipelines.refresh` and `pipelines.notices`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any

from warehouse.slices import Slice

if TYPE_CHECKING:
    import dagster as dg

LEDGER = ["ledger", "export_files"]
CLIENT_REFRESHES = ["published", "client_refreshes"]
COPY_IS_UP_TO_DATE = "up_to_date"
"""The check of the copy in PostgreSQL; its metadata `problem` says why it is not."""

_CLIENTS_HELD_BACK = {"publishable": "withheld", "all_clients_taken_in": "taken_out"}
"""Check → its metadata that names clients."""


@dataclass(frozen=True)
class RunStory:
    """What a run did.

    Attributes:
        planned: The refreshes it was to compute, as far as it came to say so.
        published: The refreshes it published.
        withheld: Clients that were held back, with the reason: by the publication gate, or because they could not be
            taken in.
        warnings: What the gates found unusual, in the order in which they were asked.
        problems: What else was not done although all refreshes were: the copy in PostgreSQL.
        failure: Why it failed, one line; None where it did not.
    """

    planned: list[Slice] = field(default_factory=list)
    published: list[Slice] = field(default_factory=list)
    withheld: dict[str, str] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    failure: str | None = None


def read_story(events: Sequence[dg.DagsterEvent], is_success: bool) -> RunStory:
    """The story of a run that ended."""
    story = RunStory(failure=None if is_success else _explain_failure(events))
    for event in events:
        if event.is_step_materialization:
            materialization = event.step_materialization_data.materialization
            path = list(materialization.asset_key.path)
            if path == LEDGER:
                story.planned.extend(slices_of(_listed(materialization.metadata, "refreshes")))
            elif path == CLIENT_REFRESHES:
                days = _listed(materialization.metadata, "refreshes")
                story.published.extend((materialization.partition or "", date.fromisoformat(day)) for day in days)
        elif event.event_type_value == "ASSET_CHECK_EVALUATION":
            evaluation = event.asset_check_evaluation_data
            story.warnings.extend(_listed(evaluation.metadata, "warnings"))
            if evaluation.check_name == COPY_IS_UP_TO_DATE and not evaluation.passed:
                story.problems.append(str(evaluation.metadata["problem"].value))
            clients = _CLIENTS_HELD_BACK.get(evaluation.check_name)
            if clients and not evaluation.passed:
                withheld = evaluation.metadata[clients].value
                story.withheld.update(withheld if isinstance(withheld, dict) else {})
    return story


def merged(stories: Iterable[RunStory]) -> RunStory:
    """The story of several runs that went well, as if they had been one."""
    whole = RunStory()
    for one in stories:
        whole.planned.extend(one.planned)
        whole.published.extend(one.published)
        whole.withheld.update(one.withheld)
        whole.warnings.extend(one.warnings)
        whole.problems.extend(one.problems)
    return whole


def halves_of(names: list[str]) -> list[list[str]]:
    """The refreshes of a failed run in two parts, each client whole; nothing where it had one client."""
    clients = sorted({client_id for client_id, _ in slices_of(names)})
    if len(clients) < 2:
        return []
    first = set(clients[: len(clients) // 2])
    return [[name for name in names if (name.rpartition("/")[0] in first) == is_first] for is_first in (True, False)]


def slices_of(names: Iterable[str]) -> list[Slice]:
    """Refreshes as a run's config names them, `client_id/YYYY-MM-DD`."""
    parts = [name.rsplit("/", 1) for name in names]
    return [(client_id, date.fromisoformat(day)) for client_id, day in parts]


def _listed(metadata: object, name: str) -> list[str]:
    value = metadata[name].value if isinstance(metadata, dict) and name in metadata else None
    return [str(one) for one in value] if isinstance(value, list) else []


def _explain_failure(events: Sequence[dg.DagsterEvent]) -> str:
    more = "`linkgap refresh --debug` shows more"
    for event in events:
        if event.is_step_failure:
            return f"step {event.step_key} failed: {_first_cause(event.step_failure_data.error)}; {more}"
    for event in events:
        if event.is_job_failure and event.job_failure_data.error:
            return f"the run failed: {_first_cause(event.job_failure_data.error)}; {more}"
    return f"the run failed; {more}"


def _first_cause(error: Any) -> str:
    """The message of the error that all others followed from, one line."""
    while error is not None and error.cause is not None:
        error = error.cause
    return (error.message if error else "unknown").strip().split("\n")[0]
