"""The pages of a workspace: one a client, and the index, checks and data dictionary of all; hand-over files beside."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from pipelines.handover.files import HandedOver, write_hand_over
from pipelines.report.page import write_checks, write_index, write_report, write_tables
from warehouse.checks import read_checks
from warehouse.connections import connect
from warehouse.layout import Workspace
from warehouse.publication import PublishedFileError


@dataclass(frozen=True)
class Reports:
    """What was written.

    Attributes:
        pages: The pages, the index last.
        files: The hand-over files.
        notes: One line for everything of which the hand-over files do not hold all.
        problems: One line for each client whose page or hand-over files could not be written.
    """

    pages: list[Path]
    files: list[Path]
    notes: list[str]
    problems: list[str]


def write_reports(workspace: Workspace, client_ids: Iterable[str]) -> Reports:
    """Write the pages and hand-over files of some clients, and the pages of all clients."""
    reports = Reports([], [], [], [])
    with connect(None, workspace) as connection:
        for client_id in client_ids:
            page = workspace.reports / f"{client_id}.html"
            handed_over = HandedOver((), ())
            try:
                handed_over = write_hand_over(connection, workspace, client_id)
            except PublishedFileError as error:
                reports.problems.append(str(error))
            try:
                write_report(workspace.published_database, client_id, page, handed_over.files)
                reports.pages.append(page)
            except PublishedFileError as error:
                reports.problems.append(str(error))
            reports.files.extend(handed_over.files)
            reports.notes.extend(handed_over.notes)
    write_checks(read_checks(workspace), workspace.reports)
    write_index(workspace.published_database, workspace.reports)
    try:
        write_tables(workspace.published_database, workspace.reports)
    except PublishedFileError as error:
        reports.problems.append(str(error))
    reports.pages.extend(workspace.reports / f"{name}.html" for name in ("checks", "tables", "index"))
    return reports
