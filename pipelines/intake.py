"""Takes the files of planned refreshes in: archive, land, attribute, and say what became of each.

The result is facts per file, as `export_files` shows them. Whether a landed export is sound is judged afterwards by
`data_quality.exports`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import duckdb

from pipelines.clients import ClientSettings
from pipelines.exports.store import LandedExport, UnreadableExportError, land_file, landed_file, rows_per_site
from pipelines.sites import find_site, parse_site
from warehouse.archive import Delivery, Manifest, archive_file, archived_file
from warehouse.layout import Workspace


@dataclass(frozen=True)
class TakenFile:
    """One delivered file of one refresh after intake."""

    client_id: str
    refreshed_on: date
    delivery: Delivery
    landed: LandedExport | None

    @property
    def is_accepted(self) -> bool:
        return self.delivery.facts["outcome"] == "accepted"


def take_in(connection: duckdb.DuckDBPyConnection, workspace: Workspace, manifest: Manifest) -> Iterator[TakenFile]:
    """Take in all files of one refresh, in the order of their paths.

    Yields:
        One result a file, withdrawn and refused ones included, with its facts filled in.
    """
    settings = ClientSettings.model_validate(manifest.settings)
    seen: dict[tuple[str, str | None], str] = {}
    for delivery in manifest.deliveries:
        if delivery.is_withdrawn:
            facts = {**delivery.facts, "outcome": "withdrawn", "reason": "it lies in the inbox no more"}
            yield _taken(manifest, delivery, facts, None)
            continue
        try:
            landed = _archive_and_land(connection, workspace, delivery)
            site, sites = _attribute(connection, workspace, settings, delivery, landed)
        except UnreadableExportError as error:
            yield _taken(manifest, delivery, {"outcome": "refused", "reason": str(error)}, None)
            continue
        facts = _describe(landed, site, sites)
        facts["scope"] = landed.format.scope_in_file_name(delivery.path.rsplit("/", 1)[-1])
        earlier = seen.setdefault((delivery.file_id, site), delivery.path)
        if earlier != delivery.path:
            facts |= {"outcome": "duplicate", "reason": f"same bytes as {earlier}"}
        yield _taken(manifest, delivery, facts, landed)


def refuse(taken: TakenFile, reason: str) -> TakenFile:
    """The same file, refused after all."""
    facts = {**taken.delivery.facts, "outcome": "refused", "reason": reason}
    return replace(taken, delivery=replace(taken.delivery, facts=facts))


def _taken(manifest: Manifest, delivery: Delivery, facts: dict[str, Any], landed: LandedExport | None) -> TakenFile:
    return TakenFile(manifest.client_id, manifest.refreshed_on, replace(delivery, facts=facts), landed)


def _archive_and_land(connection: duckdb.DuckDBPyConnection, workspace: Workspace, delivery: Delivery) -> LandedExport:
    source = workspace.home / delivery.path
    if not archived_file(workspace, delivery.file_id).exists():
        if not source.exists():
            raise UnreadableExportError("the file is gone from inbox and archive; deliver it again")
        archive_file(workspace, source, delivery.file_id)
    return land_file(connection, workspace, archived_file(workspace, delivery.file_id), delivery.file_id)


def _describe(landed: LandedExport, site: str | None, sites: dict[str, str]) -> dict[str, Any]:
    ignored = [header for header in landed.target_headers if header not in sites.values()]
    return {
        "outcome": "accepted",
        "reason": f"{len(ignored)} columns ignored, no sites of the panel: {', '.join(ignored)}" if ignored else None,
        "provider": landed.format.provider,
        "export_kind": landed.format.export_kind,
        "format": landed.format_name,
        "vintage": landed.vintage,
        "encoding": landed.encoding,
        "rows_read": landed.rows,
        "site": site,
        "sites": sites,
    }


def _attribute(
    connection: duckdb.DuckDBPyConnection,
    workspace: Workspace,
    settings: ClientSettings,
    delivery: Delivery,
    landed: LandedExport,
) -> tuple[str | None, dict[str, str]]:
    """Which site of the panel a file speaks of.

    Returns:
        The site, None for a file of many sites; and site → the header that names it ('' for a file of one site).

    Raises:
        UnreadableExportError: Nothing tells, or it tells a site that is not in the panel.
    """
    panel = settings.panel
    if landed.format.target_columns:
        sites: dict[str, str] = {}
        for header in landed.target_headers:
            site = find_site(header, panel)
            if site is not None:
                sites.setdefault(site, header)
        if not sites:
            raise UnreadableExportError(
                f"no column ({', '.join(landed.target_headers) or 'none'}) is a site of {settings.client_id}: "
                "add the site to the client file or rename the column"
            )
        return None, sites
    if delivery.site_folder is not None:
        site = find_site(delivery.site_folder, panel)
        if site is None:
            raise UnreadableExportError(
                f"its folder '{delivery.site_folder}' is no site of {settings.client_id} ({', '.join(panel)}); "
                "rename the folder or add the site to the client file"
            )
        return site, {site: ""}
    counts = rows_per_site(connection, workspace, landed, delivery.file_id, panel)
    if counts:
        site = max(counts, key=lambda name: (counts[name], len(name), name))
        return site, {site: ""}
    file_name = delivery.path.rsplit("/", 1)[-1]
    named = landed.format.site_in_file_name(file_name)
    site = (find_site(named, panel) if named else None) or _only_site_in(file_name, panel)
    if site is None:
        raise UnreadableExportError(
            f"nothing tells which site it speaks of; put it into a folder named like the site, for example "
            f"{delivery.path.rsplit('/', 1)[0]}/{panel[0]}/"
        )
    return site, {site: ""}


def _only_site_in(file_name: str, panel: list[str]) -> str | None:
    """The one site of the panel whose host stands in a file name, whatever the name looks like; else None."""
    stem = re.sub(r"(\.(csv|tsv|txt))+$", "", file_name.lower())
    found = [
        site
        for site in panel
        if re.search(rf"(?<![a-z0-9-]){re.escape(parse_site(site).host)}(?![a-z0-9-]|\.[a-z0-9])", stem)
    ]
    return found[0] if len(found) == 1 else None


def parquet_of(workspace: Workspace, taken: TakenFile) -> str:
    """The landed Parquet of a taken file.

    Raises:
        ValueError: The file did not land.
    """
    if taken.landed is None:
        raise ValueError(f"{taken.delivery.path} did not land")
    return str(landed_file(workspace, taken.landed.format, taken.delivery.file_id))
