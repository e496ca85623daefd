"""The pages of a workspace: one a client, and the index, checks and data dictionary of all; hand-over files beside."""

from __future__ import annotations

import os
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import duckdb

from pipelines.handover.files import HandedOver, write_hand_over
from pipelines.report.page import write_checks, write_index, write_report, write_tables
from warehouse.checks import read_checks
from warehouse.connections import connect
from warehouse.layout import Workspace
from warehouse.publication import PublishedFileError

_CLIENTS_AT_A_TIME = min(os.cpu_count() or 1, 4)
"""Two thirds of a page are queries, which run beside Python."""


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
    client_ids = list(client_ids)
    with (
        connect(None, workspace) as connection,
        # held open, so that no page has to read the catalogue of the file again
        connect(workspace.published_database, workspace, read_only=True) as published,
        ThreadPoolExecutor(_CLIENTS_AT_A_TIME, thread_name_prefix="pages") as pool,
    ):
        if len(client_ids) > 1:
            # to share a small query among threads takes longer than to answer it
            for database in (connection, published):
                database.execute("set threads = 1")
        for of_client in pool.map(lambda one: _write_client(connection, workspace, one), client_ids):
            reports.pages.extend(of_client.pages)
            reports.files.extend(of_client.files)
            reports.notes.extend(of_client.notes)
            reports.problems.extend(of_client.problems)
    write_checks(read_checks(workspace), workspace.reports)
    write_index(workspace.published_database, workspace.reports)
    try:
        write_tables(workspace.published_database, workspace.reports)
    except PublishedFileError as error:
        reports.problems.append(str(error))
    reports.pages.extend(workspace.reports / f"{name}.html" for name in ("checks", "tables", "index"))
    return reports


def _write_client(connection: duckdb.DuckDBPyConnection, workspace: Workspace, client_id: str) -> Reports:
    """Write the page and the hand-over files of one client."""
    reports = Reports([], [], [], [])
    page = workspace.reports / f"{client_id}.html"
    handed_over = HandedOver((), ())
    try:
        with connection.cursor() as cursor:
            handed_over = write_hand_over(cursor, workspace, client_id)
    except PublishedFileError as error:
        reports.problems.append(str(error))
    try:
        write_report(workspace.published_database, client_id, page, handed_over.files)
        reports.pages.append(page)
    except PublishedFileError as error:
        reports.problems.append(str(error))
    reports.files.extend(handed_over.files)
    reports.notes.extend(handed_over.notes)
    return reports
