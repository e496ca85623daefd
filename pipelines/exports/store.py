"""Delivered bytes → landed Parquet, each file once for ever.

Content decides the place: the same bytes delivered to five clients land once. A small index entry per file keeps what
recognising it showed, so that a known file costs one look-up.
"""

from __future__ import annotations

import json
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path

import duckdb

from pipelines.exports.decode import decode
from pipelines.exports.formats import ExportFormat, format_named
from pipelines.exports.land import land
from pipelines.exports.recognise import recognise
from pipelines.exports.values import read_sql
from pipelines.sites import find_site, parse_site, to_punycode
from warehouse.layout import Workspace
from warehouse.replacing import write_text

URL_HOST = r"^\s*(?:domain:)?(?:(?:[a-z][a-z0-9+.-]*:)?//)?(?:[^/?#@]*@)?([^/?#:@]+)"
"""The host of a lower-case URL, with or without scheme, or of a `domain:` line; as the macro `url_host` in dbt."""


@dataclass(frozen=True)
class LandedExport:
    """A file that was recognised and lies as Parquet.

    Attributes:
        format_name: Name of its format and of its landed table.
        vintage: The shape of its header.
        encoding: As found.
        rows: Data rows.
        unreadable_rows: Of them, rows that are no rows of the table.
        unreadable_values: Field → cells that could not be read as its type.
        is_one_link_per_host: Whether every row has a linking host of its own (more than one row).
        preamble: What stands above the header: `site`, `scope`, `total`.
        fields: The fields that its header delivers.
        target_headers: Headers that are sites (files with one column a site).
        ignored_headers: Headers that nothing reads.
        unicode_hosts: Host as written (lower case) → punycode.
    """

    format_name: str
    vintage: str
    encoding: str
    rows: int
    unreadable_rows: int
    unreadable_values: dict[str, int]
    is_one_link_per_host: bool
    preamble: dict[str, str]
    fields: list[str]
    target_headers: list[str]
    ignored_headers: list[str]
    unicode_hosts: dict[str, str]

    @property
    def format(self) -> ExportFormat:
        return format_named(self.format_name)


def landed_file(workspace: Workspace, export_format: ExportFormat, file_id: str) -> Path:
    """Where the Parquet of a file lies; a changed format entry has a folder of its own."""
    return workspace.landed / f"{export_format.name}-{export_format.digest}" / f"{file_id}.parquet"


def land_file(
    connection: duckdb.DuckDBPyConnection, workspace: Workspace, source: Path, file_id: str, sheet: str | None = None
) -> LandedExport:
    """Recognise and land a file unless that was done before.

    Args:
        connection: Any DuckDB connection.
        workspace: Where it lands.
        source: The archived file.
        file_id: SHA-256 of its bytes.
        sheet: Of an Excel workbook.

    Raises:
        UnreadableExportError: It is no export linkgap can read.
    """
    index = workspace.landed / "index" / file_id[:2] / f"{file_id}.json"
    known = _read_index(workspace, index, file_id)
    if known:
        return known
    scratch = workspace.temporary / f"{file_id}.scratch"
    try:
        text = decode(source, scratch, sheet)
        export = recognise(text.path)
        target = landed_file(workspace, export.format, file_id)
        counts = land(connection, text.path, export, file_id, target)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    landed = LandedExport(
        format_name=export.format.name,
        vintage=export.vintage,
        encoding=text.encoding,
        rows=counts.rows,
        unreadable_rows=counts.unreadable_rows,
        unreadable_values=counts.unreadable_values,
        is_one_link_per_host=_is_one_link_per_host(connection, export.format, target),
        preamble=export.preamble,
        fields=[field for field in export.fields if field],
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
    try:
        return LandedExport(**content)
    except TypeError:
        # written by another version of linkgap
        return None


def _is_one_link_per_host(connection: duckdb.DuckDBPyConnection, export_format: ExportFormat, parquet: Path) -> bool:
    if "source_url" not in export_format.columns:
        return False
    query = (
        "select count(*) > 1 and count(*) = count(distinct regexp_extract(lower(source_url), $pattern, 1)) "
        "from (select source_url from read_parquet($path) {limit})"
    )
    parameters = {"pattern": URL_HOST, "path": str(parquet)}
    # in most files the first rows tell
    for limit in ("limit 5000", ""):
        found = connection.execute(query.format(limit=limit), parameters).fetchone()
        if not (found and found[0]):
            return False
    return True


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
    field: str | None = None,
) -> dict[str, int]:
    """How many rows of a file have a URL inside each site; sites without any are left out."""
    field = field or landed.format.site_field
    if field is None:
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
                rtrim(regexp_extract(lower("{field}"), $host_pattern, 1), '.') as host,
                regexp_extract("{field}", $path_pattern, 1) as path
            from read_parquet($parquet)
        )
        select {", ".join(counts)} from targets
        """,
        parameters,
    ).fetchone()
    assert found is not None
    return {site: count for site, count in zip(sites, found, strict=True) if count}


def totals_of_sites(
    connection: duckdb.DuckDBPyConnection,
    workspace: Workspace,
    landed: LandedExport,
    file_id: str,
    named: dict[str, str],
) -> dict[str, dict[str, int]]:
    """What a provider counts of each site in all: `total_backlinks`, `total_referring_domains`, where it says so.

    Args:
        connection: Any DuckDB connection.
        workspace: Where the file lies.
        landed: A file whose rows name their sites.
        file_id: Its SHA-256.
        named: Site → how the file names it.
    """
    entry = landed.format
    fields = {
        total: field
        for total in ("total_backlinks", "total_referring_domains")
        for field in (total, total.removeprefix("total_"))
        if field in entry.columns
    }
    if not (named and fields and entry.row_site_field):
        return {}
    numbers = (read_sql(f'"{field}"', entry.columns[field], entry.date_order) for field in fields.values())
    values = ", ".join(f"max(cast({number} as bigint))" for number in numbers)
    rows = connection.execute(
        f'select "{entry.row_site_field}", {values} from read_parquet($path) '
        f'where list_contains($names, "{entry.row_site_field}") group by 1',
        {"path": str(landed_file(workspace, entry, file_id)), "names": list(named.values())},
    ).fetchall()
    sites = {name: site for site, name in named.items()}
    return {
        sites[row[0]]: {total: count for total, count in zip(fields, row[1:], strict=True) if count is not None}
        for row in rows
    }


def sites_of_rows(
    connection: duckdb.DuckDBPyConnection, workspace: Workspace, landed: LandedExport, file_id: str, sites: list[str]
) -> dict[str, str]:
    """Site of the panel → how a file of many sites names it in its rows."""
    field = landed.format.row_site_field
    if field is None:
        return {}
    rows = connection.execute(
        f'select distinct "{field}" from read_parquet($path) where "{field}" is not null order by all',
        {"path": str(landed_file(workspace, landed.format, file_id))},
    ).fetchall()
    named: dict[str, str] = {}
    for (value,) in rows:
        site = find_site(value, sites)
        if site is not None:
            named.setdefault(site, value)
    return named
