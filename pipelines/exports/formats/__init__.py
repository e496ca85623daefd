"""The catalogue of export formats: one YAML file a provider, one entry a report of it.

An entry names the headers of each field, what makes the report recognisable, its vintages and its row caps. Adding a
provider or report is described in CONTRIBUTING.md.
"""

from __future__ import annotations

import hashlib
import re
from functools import cache, cached_property
from pathlib import Path
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, model_validator

FieldType = Literal["text", "url", "host", "number", "date", "boolean", "flag"]
"""How the cells of a field are read (`pipelines.exports.values`). A `flag` is true where anything stands in it."""

ROW_COLUMNS = {"file_id": "varchar", "row_number": "bigint", "unreadable": "varchar"}
"""What stands beside the fields of every landed row."""


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Column(_Entry):
    """A field: the headers that deliver it, newest first, and what its values should be readable as."""

    headers: list[str]
    type: FieldType = "text"


class Vintage(_Entry):
    """A shape a provider's export had from some year on; the first whose headers are all there names the file."""

    name: str
    has: list[str]


class FileName(_Entry):
    """A way a provider names its files: group `site`; the part of the site that was exported by group or by rule."""

    pattern: str
    scope: str | None = None


class ExportFormat(_Entry):
    """One report of one provider.

    Attributes:
        export_kind: What it lists, in the contract's words; several reports may list the same.
        report: Its name among the provider's reports; the export kind where a provider has one report of a kind.
        describes: Whether a row speaks of one link, of one linking domain, or of something else.
        about: `client` where a file needs no site of its own: it speaks of the client (a disavow list, mentions) or
            of any domains (metrics); else `site`.
        signature: Fields without which a file is not of this report.
        any_of: Of these fields at least one must be there.
        forbidden: Headers that only a neighbouring report has.
        target_columns: Pattern of the headers that are sites, group `site`; a file without any is not of this report.
        month_columns: Pattern of the headers that are months (`2025-09`), group `month`, in histories that are wide.
        site_field: Field with URLs inside the site that the file speaks of.
        row_site_field: Field that names the site a row speaks of (files of many sites).
        preamble: Patterns of the lines above the header; groups `site`, `scope`, `total`.
        file_names: Patterns of the provider's own file names; group `site`, and `scope` where they tell it.
        row_caps: Row counts at which the provider cuts an export.
        date_order: How an ambiguous date (05/06/2025) is meant.
        scope: What every file of this report covers, where the report itself narrows it.
    """

    provider: str
    export_kind: str
    report: str = ""
    describes: Literal["links", "domains", "other"]
    about: Literal["site", "client"] = "site"
    columns: dict[str, Column]
    signature: list[str]
    any_of: list[str] = []
    forbidden: list[str] = []
    vintages: list[Vintage] = Field(min_length=1)
    target_columns: str | None = None
    month_columns: str | None = None
    site_field: str | None = None
    row_site_field: str | None = None
    preamble: list[str] = []
    file_names: list[FileName | str] = []
    row_caps: list[int] = []
    date_order: Literal["mdy", "dmy"] = "mdy"
    scope: str | None = None

    @model_validator(mode="after")
    def _names_its_own_fields(self) -> ExportFormat:
        named = {*self.signature, *self.any_of, *filter(None, (self.site_field, self.row_site_field))}
        unknown = named - set(self.columns)
        if unknown:
            raise ValueError(f"{self.name} names fields it has no column for: {', '.join(sorted(unknown))}")
        return self

    @property
    def name(self) -> str:
        """`ahrefs_backlinks`: the name of the landed table and the start of the staging model's."""
        return f"{self.provider}_{self.report or self.export_kind}"

    @cached_property
    def digest(self) -> str:
        """Changes with the entry, so that a changed entry lands its files anew."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()[:12]

    @property
    def landed_columns(self) -> dict[str, str]:
        """Name → SQL type of what lands: all text, and for matrices and wide histories a map of header → cell."""
        columns = dict.fromkeys(self.columns, "varchar")
        if self.target_columns:
            columns["targets"] = "map(varchar, varchar)"
        if self.month_columns:
            columns["months"] = "map(varchar, varchar)"
        return columns

    @cached_property
    def fields_by_header(self) -> dict[str, str]:
        """Normalised header → the field it delivers."""
        return {normalise_header(header): field for field, column in self.columns.items() for header in column.headers}

    @cached_property
    def forbidden_headers(self) -> frozenset[str]:
        """The forbidden headers, normalised."""
        return frozenset(normalise_header(header) for header in self.forbidden)

    def field_of(self, header: str) -> str | None:
        """The field a header delivers, or None."""
        return self.fields_by_header.get(normalise_header(header))

    def site_of_header(self, header: str) -> str | None:
        """The site that a header names, or None where it is no column of a site."""
        if self.target_columns is None or self.field_of(header) is not None:
            return None
        match = re.match(self.target_columns, header.strip(), re.IGNORECASE)
        return match.group("site").strip() if match else None

    def month_of_header(self, header: str) -> str | None:
        """The month that a header names, or None where it is no column of a month."""
        match = re.fullmatch(self.month_columns, header.strip()) if self.month_columns else None
        return match.group("month") if match else None

    def site_in_file_name(self, file_name: str) -> str | None:
        """What the provider's way of naming files says the site is."""
        return self._in_file_name(file_name)[0]

    def scope_in_file_name(self, file_name: str) -> str | None:
        """What it says of the part of the site that was exported: subdomains, domain, path, prefix or exact."""
        return self._in_file_name(file_name)[1]

    def _in_file_name(self, file_name: str) -> tuple[str | None, str | None]:
        for entry in self.file_names:
            name = FileName(pattern=entry) if isinstance(entry, str) else entry
            match = re.match(name.pattern, file_name, re.IGNORECASE)
            if match:
                groups = match.groupdict()
                return groups.get("site"), groups.get("scope") or name.scope
        return None, None


def normalise_header(header: str) -> str:
    """Headers compare without case, byte-order mark, superfluous blanks and the sort mark of a sorted column."""
    plain = re.sub(r"\s+", " ", header.replace("\ufeff", "").replace("’", "'")).strip().casefold()
    return re.sub(r" \((asc|desc)\)$", "", plain)


@cache
def catalogue() -> tuple[ExportFormat, ...]:
    """All formats of all providers, in the order of their files."""
    entries = []
    for path in sorted(Path(__file__).parent.glob("*.yaml")):
        content = yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
        for entry in content["formats"]:
            entries.append(ExportFormat(provider=content["provider"], **entry))
    return tuple(entries)


@cache
def _formats_by_name() -> dict[str, ExportFormat]:
    return {entry.name: entry for entry in catalogue()}


def format_named(name: str) -> ExportFormat:
    """The format of a landed table's name.

    Raises:
        KeyError: No provider file has it.
    """
    return _formats_by_name()[name]
