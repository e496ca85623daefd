"""Delivered bytes → landed Parquet, each file once for ever.

Content decides the place: the same bytes delivered to five clients land once. A small index entry per file keeps what
recognising it showed, so that a known file costs one look-up.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

import duckdb

from pipelines.exports.decode import UnreadableExportError, decode
from pipelines.exports.formats import ExportFormat, format_named
from pipelines.exports.land import land
from pipelines.exports.recognise import recognise
from pipelines.sites import parse_site, to_punycode
from warehouse.archive import write_text
from warehouse.layout import Workspace

URL_HOST = r"^\s*(?:(?:[a-z][a-z0-9+.-]*:)?//)?(?:[^/?#@]*@)?([^/?#:@]+)"
"""The host of a lower-case URL, with or without scheme; the same host as the macro `url_host` in dbt finds."""


@dataclass(frozen=True)
class LandedExport:
    """A file that was recognised and lies as Parquet.

    Attributes:
        format_name: Name of its format and of its landed table.
        vintage: The shape of its header.
        encoding: As found.
        rows: Data rows.
        unreadable_rows: Of them, rows that are no rows of the table.
        target_headers: Headers that are sites (gap matrices).
        ignored_headers: Headers that nothing reads.
        unicode_hosts: Host as written (lower case) → punycode.
    """

    format_name: str
    vintage: str
    encoding: str
    rows: int
    unreadable_rows: int
    target_headers: list[str]
    ignored_headers: list[str]
    unicode_hosts: dict[str, str]

    @property
    def format(self) -> ExportFormat:
        return format_named(self.format_name)


def landed_file(workspace: Workspace, export_format: ExportFormat, file_id: str) -> Path:
    """Where the Parquet of a file lies; a changed format entry has a folder of its own."""
    return workspace.landed / f"{export_format.name}-{export_format.digest}" / f"{file_id}.parquet"


def land_file(connection: duckdb.DuckDBPyConnection, workspace: Workspace, source: Path, file_id: str) -> LandedExport:
    """Recognise and land a file unless that was done before.

    Raises:
        UnreadableExportError: It is no export linkgap can read.
    """
    index = workspace.landed / "index" / file_id[:2] / f"{file_id}.json"
    known = _read_index(workspace, index, file_id)
    if known:
        return known
    scratch = workspace.temporary / f"{file_id}.txt"
    try:
        text = decode(source, scratch)
        export = recognise(text.path)
        target = landed_file(workspace, export.format, file_id)
        counts = land(connection, text.path, export, file_id, target)
    finally:
        scratch.unlink(missing_ok=True)
    landed = LandedExport(
        format_name=export.format.name,
        vintage=export.vintage,
        encoding=text.encoding,
        rows=counts.rows,
        unreadable_rows=counts.unreadable_rows,
        target_headers=[header.strip() for header in export.target_headers],
        ignored_headers=export.ignored_headers,
        unicode_hosts=_unicode_hosts(connection, export.format, target),
    )
    write_text(index, json.dumps(asdict(landed) | {"digest": export.format.digest}, ensure_ascii=False))
    return landed


def _read_index(workspace: Workspace, index: Path, file_id: str) -> LandedExport | None:
    if not index.exists():
        return None
    content = json.loads(index.read_text(encoding="utf-8"))
    digest = content.pop("digest")
    try:
        export_format = format_named(content["format_name"])
    except KeyError:
        return None
    if export_format.digest != digest or not landed_file(workspace, export_format, file_id).exists():
        return None
    return LandedExport(**content)


def _unicode_hosts(connection: duckdb.DuckDBPyConnection, export_format: ExportFormat, parquet: Path) -> dict[str, str]:
    """Every distinct host with characters beyond ASCII, as it is written, with its punycode."""
    fields = [name for name, column in export_format.columns.items() if column.type in ("url", "host")]
    queries = [
        f"select distinct rtrim(regexp_extract(lower(\"{field}\"), $pattern, 1), '.') as host "
        f"from read_parquet($path) where not regexp_full_match(\"{field}\", '[ -~]*')"
        for field in fields
    ]
    if not queries:
        return {}
    rows = connection.execute(" union ".join(queries), {"pattern": URL_HOST, "path": str(parquet)}).fetchall()
    return {host: to_punycode(host) for (host,) in rows if host and not host.isascii()}


_URL_PATH = r"^\s*(?:(?:[A-Za-z][A-Za-z0-9+.-]*:)?//)?[^/?#]*([^?#]*)"


def rows_per_site(
    connection: duckdb.DuckDBPyConnection,
    workspace: Workspace,
    landed: LandedExport,
    file_id: str,
    sites: list[str],
) -> dict[str, int]:
    """How many rows of a file have a target inside each site; sites without any are left out."""
    if "target_url" not in landed.format.columns:
        return {}
    parameters: dict[str, str | list[str]] = {
        "host_pattern": URL_HOST,
        "path_pattern": _URL_PATH,
        "parquet": str(landed_file(workspace, landed.format, file_id)),
    }
    counts = []
    for number, site in enumerate(sites):
        address = parse_site(site)
        parameters[f"host{number}"] = address.host
        parameters[f"path{number}"] = address.path or "/"
        # the same hosts as the file spells them in Unicode
        parameters[f"spellings{number}"] = [
            host
            for host, punycode in landed.unicode_hosts.items()
            if punycode == address.host or (not address.path and punycode.endswith("." + address.host))
        ]
        inside = f"host = $host{number} or list_contains($spellings{number}, host)"
        if not address.path:
            inside += f" or ends_with(host, '.' || $host{number})"
        counts.append(f"count(*) filter (({inside}) and starts_with(path || '/', $path{number}))")
    found = connection.execute(
        f"""
        with targets as (
            select
                rtrim(regexp_extract(lower(target_url), $host_pattern, 1), '.') as host,
                regexp_extract(target_url, $path_pattern, 1) as path
            from read_parquet($parquet)
        )
        select {", ".join(counts)} from targets
        """,
        parameters,
    ).fetchone()
    assert found is not None
    return {site: count for site, count in zip(sites, found, strict=True) if count}


__all__ = ["LandedExport", "UnreadableExportError", "land_file", "landed_file", "rows_per_site"]
