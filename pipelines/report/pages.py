"""The pages of a workspace: one a client, the checks, and the index over all of them."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from pipelines.report.page import write_checks, write_index, write_report
from warehouse.checks import read_checks
from warehouse.layout import Workspace


def write_reports(workspace: Workspace, client_ids: Iterable[str]) -> list[Path]:
    """Write the pages of some clients, the page of checks, and the index.

    Returns:
        The pages written, the index last.
    """
    pages = []
    for client_id in client_ids:
        page = workspace.reports / f"{client_id}.html"
        write_report(workspace.published_database, client_id, page)
        pages.append(page)
    write_checks(read_checks(workspace), workspace.reports)
    write_index(workspace.published_database, workspace.reports)
    return [*pages, workspace.reports / "checks.html", workspace.reports / "index.html"]
