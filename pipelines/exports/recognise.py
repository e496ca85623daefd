"""Which export a text is, by its set of headers.

Never by position or file name: users remove and reorder columns and rename files. What is not recognised gets the
nearest kind and the headers it would need.
"""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from pathlib import Path

from pipelines.exports.decode import UnreadableExportError
from pipelines.exports.formats import ExportFormat, catalogue, normalise_header

_SAMPLE_CHARACTERS = 1 << 16
_PREAMBLE_LINES = 20
_DELIMITERS = ("\t", ",", ";")


@dataclass(frozen=True)
class RecognisedExport:
    """What a file is and how to read it.

    Attributes:
        format: Its entry in the catalogue.
        vintage: Name of the vintage.
        delimiter: Of cells.
        header_line: 1-based line of the header; lines before it are a preamble.
        headers: As delivered, in order.
        fields: Field of each header; None where the catalogue knows no use for it.
    """

    format: ExportFormat
    vintage: str
    delimiter: str
    header_line: int
    headers: tuple[str, ...]
    fields: tuple[str | None, ...]

    @property
    def target_headers(self) -> tuple[str, ...]:
        """The headers that are sites (gap matrices only)."""
        if not self.format.target_columns:
            return ()
        unknown: dict[str, str] = {}
        for header, field in zip(self.headers, self.fields, strict=True):
            # of two columns of the same name the first one counts
            if field is None and header.strip() not in ("", "#"):
                unknown.setdefault(header.strip(), header)
        return tuple(unknown.values())

    @property
    def ignored_headers(self) -> list[str]:
        """The headers that nothing reads, row numbers apart."""
        return [
            header
            for header, field in zip(self.headers, self.fields, strict=True)
            if field is None and header not in self.target_headers and header.strip() not in ("", "#")
        ]


def recognise(text: Path) -> RecognisedExport:
    """Recognise an export.

    Args:
        text: A UTF-8 file.

    Raises:
        UnreadableExportError: No known kind; the message names the nearest one and its missing headers.
    """
    with text.open(encoding="utf-8-sig", newline="") as file:
        sample = file.read(_SAMPLE_CHARACTERS)
    nearest: tuple[int, ExportFormat, list[str]] | None = None
    for line_number, delimiter, headers in _header_candidates(sample):
        found = [(len(known), entry) for entry in catalogue() if (known := _matches(entry, headers)) is not None]
        if found:
            best = max(found, key=lambda pair: pair[0])[1]
            return _describe(best, delimiter, line_number, headers)
        for entry in catalogue():
            known_count = sum(entry.field_of(header) is not None for header in headers)
            if known_count and (nearest is None or known_count > nearest[0]):
                nearest = (known_count, entry, headers)
    if nearest is None:
        raise UnreadableExportError("no header of a known export was found; `linkgap inspect` lists what is known")
    raise UnreadableExportError(_explain_nearest(nearest[1], nearest[2]))


def _header_candidates(sample: str) -> list[tuple[int, str, list[str]]]:
    candidates = []
    lines = io.StringIO(sample, newline="").readlines()[:_PREAMBLE_LINES]
    for line_number, line in enumerate(lines, start=1):
        for delimiter in _DELIMITERS:
            if delimiter not in line and line_number > 1:
                continue
            cells = next(csv.reader([line.rstrip("\r\n")], delimiter=delimiter, skipinitialspace=True), [])
            candidates.append((line_number, delimiter, cells))
    return candidates


def _matches(entry: ExportFormat, headers: list[str]) -> set[str] | None:
    """The fields a header row delivers if it is of this kind, else None."""
    normalised = {normalise_header(header) for header in headers}
    if normalised & {normalise_header(header) for header in entry.forbidden}:
        return None
    fields = {field for header in headers if (field := entry.field_of(header)) is not None}
    if not fields.issuperset(entry.signature) or (entry.any_of and fields.isdisjoint(entry.any_of)):
        return None
    return fields


def _describe(entry: ExportFormat, delimiter: str, line_number: int, headers: list[str]) -> RecognisedExport:
    normalised = {normalise_header(header) for header in headers}
    vintage = next(
        (v.name for v in entry.vintages if all(normalise_header(header) in normalised for header in v.has)),
        entry.vintages[0].name,
    )
    fields: list[str | None] = []
    for header in headers:
        field = entry.field_of(header)
        # The same field twice (a user pasted a column): the first one counts.
        fields.append(field if field not in fields else None)
    return RecognisedExport(entry, vintage, delimiter, line_number, tuple(headers), tuple(fields))


def _explain_nearest(entry: ExportFormat, headers: list[str]) -> str:
    normalised = {normalise_header(header) for header in headers}
    blocking = [header for header in entry.forbidden if normalise_header(header) in normalised]
    kind = f"{entry.provider} {entry.export_kind}"
    if blocking:
        return f"unknown kind of export: nearest is {kind}, but '{blocking[0]}' belongs to another report"
    fields = {entry.field_of(header) for header in headers}
    missing = [entry.columns[field].headers[0] for field in entry.signature if field not in fields]
    if not missing:
        missing = [" or ".join(f"'{entry.columns[field].headers[0]}'" for field in entry.any_of)]
        return f"unknown kind of export: nearest is {kind}, which also needs {missing[0]}"
    return f"unknown kind of export: nearest is {kind}, which also needs {', '.join(repr(m) for m in missing)}"
