"""The pages of a workspace: one a client, and the index over all of them."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from pipelines.report.page import write_index, write_report
from warehouse.layout import Workspace


def write_reports(workspace: Workspace, client_ids: Iterable[str]) -> list[Path]:
    """Write the pages of some clients, and the index.

    Returns:
        The pages written, the index last.
    """
    pages = []
    for client_id in client_ids:
        page = workspace.reports / f"{client_id}.html"
        write_report(workspace.published_database, client_id, page)
        pages.append(page)
    write_index(workspace.published_database, workspace.reports)
    return [*pages, workspace.reports / "index.html"]
