"""What a file is, told without loading it: `linkgap inspect`."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import duckdb
from publicsuffixlist import PublicSuffixList

from pipelines.exports.containers import extract, members
from pipelines.exports.decode import decode
from pipelines.exports.errors import UnreadableExportError
from pipelines.exports.land import land
from pipelines.exports.recognise import RecognisedExport, recognise
from pipelines.exports.store import URL_HOST
from pipelines.sites import to_punycode


def inspect_file(path: Path) -> list[dict[str, Any]]:
    """Recognise a file, or each member of a zip and each sheet of a workbook, and count its rows; nothing is kept.

    Returns:
        One object a member: path, provider, export_kind, report (the provider's name for it in the catalogue),
        vintage, encoding, delimiter, site (of most targets, else as the lines above the header or the file name say),
        sites (headers that are sites), scope, rows, provider_total, unreadable_values (field → cells), ignored_headers,
        problems (a list of sentences; the rest is None where it is no export).
    """
    try:
        found = members(path)
    except OSError as error:
        return [_nothing(str(path)) | {"problems": [f"cannot be opened: {error.strerror}"]}]
    with tempfile.TemporaryDirectory() as folder:
        if [member.name for member in found] == [None]:
            return [_inspect(path, None, str(path), [path.name], Path(folder))]
        results = []
        for number, member in enumerate(found):
            assert member.name is not None
            shown = f"{path}!{member.name}"
            try:
                source = extract(path, member.name, Path(folder) / f"member-{number}")
            except UnreadableExportError as error:
                results.append(_nothing(shown) | {"problems": [str(error)]})
                continue
            names = [member.name.rsplit("/", 1)[-1], path.name]
            results.append(_inspect(source, member.name, shown, names, Path(folder) / f"scratch-{number}"))
        return results


def _nothing(path: str) -> dict[str, Any]:
    return {
        "path": path,
        "provider": None,
        "export_kind": None,
        "report": None,
        "vintage": None,
        "encoding": None,
        "delimiter": None,
        "site": None,
        "sites": [],
        "scope": None,
        "rows": None,
        "provider_total": None,
        "unreadable_values": {},
        "ignored_headers": [],
        "problems": [],
    }


def _inspect(path: Path, member: str | None, shown: str, names: list[str], folder: Path) -> dict[str, Any]:
    found = _nothing(shown)
    try:
        text = decode(path, folder / "scratch", member)
        found["encoding"] = text.encoding
        export = recognise(text.path)
        found |= {
            "provider": export.format.provider,
            "export_kind": export.format.export_kind,
            "report": export.format.report or export.format.export_kind,
            "vintage": export.vintage,
            "delimiter": export.delimiter,
            "site": _site_in_words(export, names),
            "sites": list(dict.fromkeys(filter(None, map(export.format.site_of_header, export.target_headers)))),
            "scope": export.preamble.get("scope")
            or export.format.scope
            or next(filter(None, map(export.format.scope_in_file_name, names)), None),
            "provider_total": export.preamble.get("total"),
            "ignored_headers": export.ignored_headers,
        }
        if export.format.describes == "other" and len(found["sites"]) == 1:
            found["site"] = found["sites"][0]
        with duckdb.connect() as connection:
            counts = land(connection, text.path, export, "", folder / "rows.parquet")
            found["site"] = _site_of_urls(connection, export, folder / "rows.parquet") or found["site"]
        found |= {"rows": counts.rows, "unreadable_values": counts.unreadable_values}
        if counts.unreadable_rows:
            found["problems"].append(f"{counts.unreadable_rows} rows do not fit the header")
        for field, cells in counts.unreadable_values.items():
            kind = export.format.columns[field].type
            found["problems"].append(f"{cells} cells of '{field}' cannot be read as a {kind} and count as empty")
        if text.encoding == "windows-1252":
            found["problems"].append("not UTF-8; read as Windows-1252, look at the letters beyond ASCII")
    except UnreadableExportError as error:
        found["problems"].append(str(error))
    except OSError as error:
        found["problems"].append(f"cannot be opened: {error.strerror}")
    return found


def _site_in_words(export: RecognisedExport, names: list[str]) -> str | None:
    """What the lines above the header or a file name say the site is, without `www.`."""
    written = [export.preamble.get("site"), *map(export.format.site_in_file_name, names)]
    site = next(filter(None, written), None)
    return site.removeprefix("www.").rstrip("/") if site else None


def _site_of_urls(connection: duckdb.DuckDBPyConnection, export: RecognisedExport, parquet: Path) -> str | None:
    """The registrable domain that most URLs of the linked site lie in."""
    field = export.format.site_field
    if field is None or field not in export.fields:
        return None
    rows = connection.execute(
        f'select regexp_extract(lower("{field}"), $pattern, 1) as host, count(*) '
        "from read_parquet($parquet) group by host",
        {"pattern": URL_HOST, "parquet": str(parquet)},
    ).fetchall()
    suffixes = PublicSuffixList()
    counts: dict[str, int] = {}
    for host, count in rows:
        domain = suffixes.privatesuffix(to_punycode(host)) if host else None
        if domain:
            counts[domain] = counts.get(domain, 0) + count
    return max(counts, key=lambda name: (counts[name], name), default=None)
