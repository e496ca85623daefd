"""`linkgap rollback`: a state that was published before is published again, with its pages and files."""

from __future__ import annotations

import shutil
from dataclasses import asdict, dataclass

from pipelines.report.pages import write_reports
from warehouse.connections import writing
from warehouse.kept_states import KeptState, kept_states
from warehouse.layout import Workspace
from warehouse.postgresql import TargetError, configured_target, publish_to_postgresql
from warehouse.publication import StateDifference, compare_state, published_deliveries, roll_back


@dataclass(frozen=True)
class RolledBack:
    """What going back did.

    Attributes:
        difference: The refreshes that it changed.
        problems: One line for everything that did not follow: a page, the copy in PostgreSQL.
    """

    difference: StateDifference
    problems: list[str]


def states_to_go_back_to(workspace: Workspace) -> list[tuple[KeptState, StateDifference]]:
    """The kept states, the latest first, each with what going back to it would change."""
    with writing(workspace):
        return [(state, compare_state(workspace, state)) for state in kept_states(workspace)]


def go_back(workspace: Workspace, name: str) -> RolledBack:
    """Publish a kept state again; pages, hand-over files and the copy in PostgreSQL follow.

    Raises:
        UnknownStateError: No state of this name is kept; nothing was changed.
    """
    with writing(workspace):
        difference = roll_back(workspace, name)
        changed = {client_id for slices in asdict(difference).values() for client_id, _ in slices}
        published = {client_id for client_id, _ in published_deliveries(workspace)}
        for client_id in changed - published:
            (workspace.reports / f"{client_id}.html").unlink(missing_ok=True)
            shutil.rmtree(workspace.hand_over(client_id), ignore_errors=True)
        problems = write_reports(workspace, sorted(changed & published)).problems
        try:
            target = configured_target()
            if target is not None:
                publish_to_postgresql(workspace, target)
        except TargetError as error:
            problems.append(str(error))
    return RolledBack(difference, problems)


def named(difference: StateDifference) -> dict[str, list[str]]:
    """The refreshes that change, as `client_id/YYYY-MM-DD`: removed, replaced and added."""
    return {
        what: [f"{client_id}/{refreshed_on}" for client_id, refreshed_on in slices]
        for what, slices in asdict(difference).items()
    }


def describe(difference: StateDifference) -> str:
    """What changes, in a line: refreshes that go, become what they were, or come back."""
    words = {"removed": "without", "replaced": "as before", "added": "again with"}
    lists = [
        f"{words[what]} {', '.join(names[:3])}{f' and {len(names) - 3:,} more' if len(names) > 3 else ''}"
        for what, names in named(difference).items()
        if names
    ]
    return "; ".join(lists) or "the same refreshes"
