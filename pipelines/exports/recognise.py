"""Which export a text is, by its set of headers.

Never by position or file name: users remove and reorder columns and rename files. What is not recognised gets the
nearest report and the headers it would need.
"""

from __future__ import annotations

import csv
import io
import re
from dataclasses import dataclass, field
from pathlib import Path

from pipelines.exports.errors import UnreadableExportError
from pipelines.exports.formats import ExportFormat, catalogue, normalise_header

_SAMPLE_CHARACTERS = 1 << 16
_PREAMBLE_LINES = 20
_DELIMITERS = (",", "\t", ";")
_COMMA_AND_BLANK = ", "


@dataclass(frozen=True)
class RecognisedExport:
    """What a file is and how to read it.

    Attributes:
        format: Its entry in the catalogue.
        vintage: Name of the vintage.
        delimiter: Of cells.
        preamble_bytes: Length of what stands above the header.
        headers: As delivered, in order.
        fields: Field of each header; None where the catalogue knows no use for it.
        preamble: What the lines above the header tell: `site`, `scope`, `total`.
    """

    format: ExportFormat
    vintage: str
    delimiter: str
    preamble_bytes: int
    headers: tuple[str, ...]
    fields: tuple[str | None, ...]
    preamble: dict[str, str] = field(default_factory=dict)

    @property
    def target_headers(self) -> tuple[str, ...]:
        """The headers that are sites (files with one column a site)."""
        unknown: dict[str, str] = {}
        for header, name in zip(self.headers, self.fields, strict=True):
            # of two columns of the same name the first one counts
            if name is None and not _is_row_number(header) and self.format.site_of_header(header):
                unknown.setdefault(header.strip(), header)
        return tuple(unknown.values())

    @property
    def month_headers(self) -> dict[str, str]:
        """Month → the header that names it (histories with one column a month)."""
        months: dict[str, str] = {}
        for header, name in zip(self.headers, self.fields, strict=True):
            if name is None and (month := self.format.month_of_header(header)):
                months.setdefault(month, header)
        return months

    @property
    def ignored_headers(self) -> list[str]:
        """The headers that nothing reads, row numbers apart."""
        read = {*self.target_headers, *self.month_headers.values()}
        return [
            header
            for header, name in zip(self.headers, self.fields, strict=True)
            if name is None and header not in read and not _is_row_number(header)
        ]


def recognise(text: Path) -> RecognisedExport:
    """Recognise an export.

    Args:
        text: A UTF-8 file.

    Raises:
        UnreadableExportError: No known report; the message names the nearest one and its missing headers.
    """
    with text.open(encoding="utf-8-sig", newline="") as file:
        sample = file.read(_SAMPLE_CHARACTERS)
    if re.match(r"ERROR \d+", sample):
        raise UnreadableExportError(
            f"the provider answered with an error instead of a list: {sample.splitlines()[0]}; download it again"
        )
    nearest: tuple[tuple[int, float], ExportFormat, list[str]] | None = None
    lines = io.StringIO(sample, newline="").readlines()
    for line_number, delimiter, headers in _header_candidates(lines):
        found = [(len(known), entry) for entry in catalogue() if (known := _matches(entry, headers)) is not None]
        if found:
            best = max(found, key=lambda pair: pair[0])[1]
            return _describe(best, delimiter, line_number, headers, lines)
        for entry in catalogue():
            known_count = len({name for header in headers if (name := entry.field_of(header))})
            closeness = (known_count, known_count / len(entry.columns))
            if known_count > len(headers) / 2 and (nearest is None or closeness > nearest[0]):
                nearest = (closeness, entry, headers)
    if nearest is None:
        raise UnreadableExportError(
            "no header of a known export was found; rename the columns as in docs/generic-csv.md, or add the report"
        )
    raise UnreadableExportError(_explain_nearest(nearest[1], nearest[2]))


def _is_row_number(header: str) -> bool:
    return header.strip() in ("", "#")


def _header_candidates(lines: list[str]) -> list[tuple[int, str, list[str]]]:
    candidates = []
    for line_number, line in enumerate(lines[:_PREAMBLE_LINES], start=1):
        for delimiter in _DELIMITERS:
            if delimiter not in line and line_number > 1:
                continue
            cells = next(csv.reader([line.rstrip("\r\n")], delimiter=delimiter, skipinitialspace=True), [])
            if delimiter == "," and _is_comma_and_blank(lines[line_number - 1 : line_number + 1]):
                delimiter = _COMMA_AND_BLANK
            if len(cells) == 1:
                # one column: a comma in a URL separates nothing
                delimiter = "\t"
            candidates.append((line_number, delimiter, cells))
    return candidates


def _is_comma_and_blank(lines: list[str]) -> bool:
    """Whether header and first row put a blank behind every comma (Ahrefs' chart exports)."""
    return all("," in line and line.count(",") == line.count(_COMMA_AND_BLANK) for line in lines)


def _matches(entry: ExportFormat, headers: list[str]) -> set[str] | None:
    """The fields a header row delivers if it is of this report, else None."""
    normalised = {normalise_header(header) for header in headers}
    if normalised & entry.forbidden_headers:
        return None
    fields = {name for header in normalised if (name := entry.fields_by_header.get(header)) is not None}
    if not fields.issuperset(entry.signature) or (entry.any_of and fields.isdisjoint(entry.any_of)):
        return None
    if entry.target_columns and not any(
        entry.site_of_header(header) for header in headers if not _is_row_number(header)
    ):
        return None
    return fields


def _describe(
    entry: ExportFormat, delimiter: str, line_number: int, headers: list[str], lines: list[str]
) -> RecognisedExport:
    normalised = {normalise_header(header) for header in headers}
    vintage = next(
        (v.name for v in entry.vintages if all(normalise_header(header) in normalised for header in v.has)),
        entry.vintages[-1].name,
    )
    fields: list[str | None] = []
    for header in headers:
        name = entry.field_of(header)
        # The same field twice (a user pasted a column): the first one counts.
        fields.append(name if name not in fields else None)
    preamble: dict[str, str] = {}
    for line in lines[: line_number - 1]:
        cells = ",".join(next(csv.reader([line.strip()]), []))
        for pattern in entry.preamble:
            if match := re.match(pattern, cells, re.IGNORECASE):
                preamble |= {name: value.strip() for name, value in match.groupdict().items() if value}
    preamble_bytes = len("".join(lines[: line_number - 1]).encode())
    return RecognisedExport(entry, vintage, delimiter, preamble_bytes, tuple(headers), tuple(fields), preamble)


def _explain_nearest(entry: ExportFormat, headers: list[str]) -> str:
    normalised = {normalise_header(header) for header in headers}
    blocking = [header for header in entry.forbidden if normalise_header(header) in normalised]
    unknown = f"unknown kind of export: nearest is {entry.provider} {(entry.report or entry.export_kind)}"
    if blocking:
        return f"{unknown}, but '{blocking[0]}' belongs to another report"
    fields = {entry.field_of(header) for header in headers}
    missing = [f"'{entry.columns[name].headers[0]}'" for name in entry.signature if name not in fields]
    if not missing and entry.any_of and fields.isdisjoint(entry.any_of):
        missing = [" or ".join(f"'{entry.columns[name].headers[0]}'" for name in entry.any_of)]
    if not missing and entry.target_columns:
        missing = ["a column for each site"]
    return f"{unknown}, which also needs {', '.join(missing)}"
