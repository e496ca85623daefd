"""Takes the files of planned refreshes in: archive, land, attribute, and say what became of each.

The result is facts per file, as `export_files` shows them. Whether a landed export is sound is judged afterwards by
`data_quality.exports`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import duckdb

from pipelines.clients import ClientSettings
from pipelines.exports.containers import extract
from pipelines.exports.errors import UnreadableExportError
from pipelines.exports.store import LandedExport, land_file, landed_file, rows_per_site, sites_of_rows, totals_of_sites
from pipelines.people_lists import rows_before, rows_id
from pipelines.sites import find_site, parse_site
from warehouse.archive import Delivery, Manifest, archive_file, archived_file
from warehouse.layout import Workspace


@dataclass(frozen=True)
class TakenFile:
    """One delivered file of one refresh after intake.

    Attributes:
        client_id: Whose.
        refreshed_on: Of which refresh.
        earliest_days: Shortest distance of two refreshes of the client.
        delivery: The file, with its facts.
        landed: What landing it showed; None where it did not land.
    """

    client_id: str
    refreshed_on: date
    earliest_days: int
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
        facts = _describe(delivery, landed, site, sites)
        facts["site_totals"] = totals_of_sites(connection, workspace, landed, delivery.file_id, sites)
        earlier = seen.setdefault((delivery.file_id, site), delivery.path)
        if earlier != delivery.path:
            facts |= {"outcome": "duplicate", "reason": f"same bytes as {earlier}"}
        yield _taken(manifest, delivery, facts, landed)


def refuse(taken: TakenFile, reason: str) -> TakenFile:
    """The same file, refused after all."""
    facts = {**taken.delivery.facts, "outcome": "refused", "reason": reason}
    return replace(taken, delivery=replace(taken.delivery, facts=facts))


def _taken(manifest: Manifest, delivery: Delivery, facts: dict[str, Any], landed: LandedExport | None) -> TakenFile:
    return TakenFile(
        manifest.client_id,
        manifest.refreshed_on,
        manifest.settings["refresh"]["earliest_days"],
        replace(delivery, facts=facts),
        landed,
    )


def _archive_and_land(connection: duckdb.DuckDBPyConnection, workspace: Workspace, delivery: Delivery) -> LandedExport:
    source = workspace.delivered(delivery.file)
    archived = archived_file(workspace, delivery.file_id)
    if not archived.exists():
        if not source.exists():
            raise UnreadableExportError("the file is gone from inbox and archive; deliver it again")
        scratch = workspace.temporary / f"{delivery.file_id}.part"
        try:
            archive_file(workspace, _bytes_of(delivery, source, scratch), delivery.file_id)
        finally:
            scratch.unlink(missing_ok=True)
    return land_file(connection, workspace, archived, delivery.file_id, delivery.member)


def _bytes_of(delivery: Delivery, source: Path, scratch: Path) -> Path:
    """The delivered bytes: the file, a member of a container, or the rows of a list that count for the refresh."""
    if delivery.member is not None:
        return extract(source, delivery.member, scratch)
    if delivery.until is None:
        return source
    content = rows_before(source, date.fromisoformat(delivery.until))
    if content is None or rows_id(content) != delivery.file_id:
        raise UnreadableExportError("the file changed while it was read; run the refresh again")
    scratch.parent.mkdir(parents=True, exist_ok=True)
    scratch.write_bytes(content)
    return scratch


def _describe(delivery: Delivery, landed: LandedExport, site: str | None, sites: dict[str, str]) -> dict[str, Any]:
    site_of = landed.format.site_of_header
    taken = {site_of(header) for header in sites.values()}
    ignored = [header for header in landed.target_headers if site_of(header) not in taken]
    return {
        "outcome": "accepted",
        "reason": f"{len(ignored)} columns ignored, no sites of the panel: {', '.join(ignored)}" if ignored else None,
        "provider": landed.format.provider,
        "export_kind": landed.format.export_kind,
        "format": landed.format_name,
        "vintage": landed.vintage,
        "encoding": landed.encoding,
        "scope": _scope(delivery, landed),
        "rows_read": landed.rows,
        "rows_unreadable": landed.unreadable_rows,
        "unreadable_values": landed.unreadable_values,
        "provider_total": _whole_number(landed.preamble.get("total")),
        "is_one_link_per_host": landed.is_one_link_per_host,
        "site": site,
        "sites": sites,
    }


def _whole_number(text: str | None) -> int | None:
    digits = re.sub(r"[,.\s]", "", text or "")
    return int(digits) if digits.isdecimal() else None


_FILTERS_IN_FILE_NAMES = {
    r"(?<![a-z])(dofollow|follow-only|followed)(?![a-z])": "follow only",
    r"(?<![a-z])(live|fresh)(?![a-z])": "live",
    r"(?<![a-z])(historical|historic|all-time)(?![a-z])": "historical",
}


def _scope(delivery: Delivery, landed: LandedExport) -> str | None:
    """What part of the site's links an export holds, as its preamble, file name or shape tells it."""
    names = delivery.file_names
    parts = [
        landed.preamble.get("scope"),
        landed.format.scope,
        next((part for name in names if (part := landed.format.scope_in_file_name(name))), None),
    ]
    filters = [
        word
        for pattern, word in _FILTERS_IN_FILE_NAMES.items()
        if any(re.search(pattern, name.lower()) for name in names)
    ]
    if landed.is_one_link_per_host:
        filters.append("one link per host")
    scope = next((part.lower() for part in parts if part), None)
    return "; ".join(filter(None, [scope, *filters])) or None


def _attribute(
    connection: duckdb.DuckDBPyConnection,
    workspace: Workspace,
    settings: ClientSettings,
    delivery: Delivery,
    landed: LandedExport,
) -> tuple[str | None, dict[str, str]]:
    """Which site of the panel a file speaks of.

    Returns:
        The site, None for a file of many sites; and site → the header or value that names it ('' for a file of one
        site).

    Raises:
        UnreadableExportError: Nothing tells, or it tells a site that is not in the panel.
    """
    panel = settings.panel
    if landed.target_headers:
        sites: dict[str, str] = {}
        for header in landed.target_headers:
            site = find_site(landed.format.site_of_header(header) or header, panel)
            if site is not None:
                sites.setdefault(site, header)
        named_sites = {landed.format.site_of_header(header) for header in landed.target_headers}
        if len(named_sites) == 1 and len(sites) == 1 and landed.format.describes == "other":
            # keywords of one site, in columns named after it
            return next(iter(sites)), sites
        if not sites:
            raise UnreadableExportError(
                f"no column ({', '.join(landed.target_headers)}) is a site of {settings.client_id}: "
                "add the site to the client file or rename the column"
            )
        return None, sites
    if landed.format.about == "client" and not landed.format.row_site_field:
        return panel[0], {panel[0]: ""}
    if delivery.site_folder is not None:
        site = find_site(delivery.site_folder, panel)
        if site is None:
            raise UnreadableExportError(
                f"its folder '{delivery.site_folder}' is no site of {settings.client_id} ({', '.join(panel)}); "
                "rename the folder or add the site to the client file"
            )
        _refuse_outgoing_links(connection, workspace, delivery, landed, site)
        return site, {site: ""}
    if landed.format.row_site_field:
        named = sites_of_rows(connection, workspace, landed, delivery.file_id, panel)
        return None, named or {panel[0]: ""}
    counts = rows_per_site(connection, workspace, landed, delivery.file_id, panel)
    in_words = _site_in_words(delivery, landed, panel)
    # of two sites with as many rows the one that the file is named after
    site = max(counts, key=lambda name: (counts[name], name == in_words, len(name), name), default=in_words)
    if site is None:
        raise UnreadableExportError(
            f"nothing tells which site it speaks of; put it into a folder named like the site, for example "
            f"{delivery.file.rsplit('/', 1)[0]}/{panel[0]}/"
        )
    _refuse_outgoing_links(connection, workspace, delivery, landed, site)
    return site, {site: ""}


def _refuse_outgoing_links(
    connection: duckdb.DuckDBPyConnection, workspace: Workspace, delivery: Delivery, landed: LandedExport, site: str
) -> None:
    """Lists of the links that a site gives have the headers of backlinks and would prove that nobody links to it."""
    if landed.format.describes != "links" or "target_url" not in landed.format.columns or not landed.rows:
        return
    inside = [
        rows_per_site(connection, workspace, landed, delivery.file_id, [site], field).get(site, 0)
        for field in ("target_url", "source_url")
    ]
    if inside[0] == 0 and inside[1] > landed.rows / 2:
        raise UnreadableExportError(
            f"its rows are links from {site} to others; export the backlinks, not the outgoing links"
        )


def _site_in_words(delivery: Delivery, landed: LandedExport, panel: list[str]) -> str | None:
    """The site that the lines above the header or the file's name spell."""
    names = delivery.file_names
    written = [landed.preamble.get("site"), *(landed.format.site_in_file_name(name) for name in names)]
    found = (find_site(text, panel) for text in written if text)
    return next((site for site in found if site), None) or next(
        (site for name in names if (site := _only_site_in(name, panel))), None
    )


def _only_site_in(file_name: str, panel: list[str]) -> str | None:
    """The one site of the panel whose host stands in a file name, whatever the name looks like; else None.

    Providers write dots as underscores, too (`moz-inbound-links-for-example_com-…`).
    """
    stem = re.sub(r"(\.(csv|tsv|txt|gz|zip|xlsx|json))+$", "", file_name.lower())
    found = []
    for site in panel:
        host = parse_site(site).host
        written = rf"{re.escape(host)}(?!\.[a-z0-9])|{re.escape(host.replace('.', '_'))}(?!_[a-z]{{2,3}}(?![a-z0-9]))"
        if re.search(rf"(?<![a-z0-9-])({written})(?![a-z0-9])", stem):
            found.append(site)
    return found[0] if len(found) == 1 else None


def parquet_of(workspace: Workspace, taken: TakenFile) -> str:
    """The landed Parquet of a taken file.

    Raises:
        ValueError: The file did not land.
    """
    if taken.landed is None:
        raise ValueError(f"{taken.delivery.path} did not land")
    return str(landed_file(workspace, taken.landed.format, taken.delivery.file_id))
