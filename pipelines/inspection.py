"""What a file is, told without loading it: `linkgap inspect`."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import duckdb
from publicsuffixlist import PublicSuffixList

from pipelines.exports.decode import UnreadableExportError, decode
from pipelines.exports.land import land
from pipelines.exports.recognise import RecognisedExport, recognise
from pipelines.exports.store import URL_HOST
from pipelines.sites import to_punycode


def _site_of_targets(connection: duckdb.DuckDBPyConnection, export: RecognisedExport, parquet: Path) -> str | None:
    """The registrable domain that most target URLs lie in."""
    if "target_url" not in export.fields:
        return None
    rows = connection.execute(
        "select regexp_extract(lower(target_url), $pattern, 1) as host, count(*) "
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


def inspect_file(path: Path) -> dict[str, Any]:
    """Recognise one file and count its rows; nothing is kept.

    Returns:
        path, provider, export_kind, vintage, encoding, delimiter, site (of most targets, else as the file name says
        it), sites (headers that are sites), rows, ignored_headers, problems (a list of sentences; the rest is None
        where it is no export).
    """
    found: dict[str, Any] = {
        "path": str(path),
        "provider": None,
        "export_kind": None,
        "vintage": None,
        "encoding": None,
        "delimiter": None,
        "site": None,
        "sites": [],
        "rows": None,
        "ignored_headers": [],
        "problems": [],
    }
    with tempfile.TemporaryDirectory() as folder:
        try:
            text = decode(path, Path(folder) / "text")
            found["encoding"] = text.encoding
            export = recognise(text.path)
            found |= {
                "provider": export.format.provider,
                "export_kind": export.format.export_kind,
                "vintage": export.vintage,
                "delimiter": export.delimiter,
                "site": (export.format.site_in_file_name(path.name) or "").removeprefix("www.") or None,
                "sites": [header.strip() for header in export.target_headers],
                "ignored_headers": export.ignored_headers,
            }
            with duckdb.connect() as connection:
                counts = land(connection, text.path, export, "", Path(folder) / "rows.parquet")
                found["site"] = _site_of_targets(connection, export, Path(folder) / "rows.parquet") or found["site"]
            found["rows"] = counts.rows
            if counts.unreadable_rows:
                found["problems"].append(f"{counts.unreadable_rows} rows do not fit the header")
            if text.encoding == "windows-1252":
                found["problems"].append("not UTF-8; read as Windows-1252, look at the letters beyond ASCII")
        except UnreadableExportError as error:
            found["problems"].append(str(error))
        except OSError as error:
            found["problems"].append(f"cannot be opened: {error.strerror}")
    return found
