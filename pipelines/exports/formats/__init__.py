"""The catalogue of export formats: one YAML file a provider, one entry an export kind.

An entry names the headers of each field, what makes the kind recognisable, its vintages and its row caps. Adding a
provider or kind is described in CONTRIBUTING.md.
"""

from __future__ import annotations

import hashlib
import re
from functools import cache
from pathlib import Path
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field

FieldType = Literal["text", "url", "host", "number", "date", "boolean"]


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


class ExportFormat(_Entry):
    """One (provider, export kind).

    Attributes:
        describes: Whether a row speaks of one link or of one linking domain.
        signature: Fields without which a file is not of this kind.
        any_of: Of these fields at least one must be there.
        forbidden: Headers that only a neighbouring kind has.
        target_columns: Every unknown header is a site (gap matrices).
        file_names: Patterns of the provider's own file names; group `site`, and `scope` where they tell it.
        row_caps: Row counts at which the provider cuts an export.
    """

    provider: str
    export_kind: str
    describes: Literal["links", "domains"]
    columns: dict[str, Column]
    signature: list[str]
    any_of: list[str] = []
    forbidden: list[str] = []
    vintages: list[Vintage] = Field(min_length=1)
    target_columns: bool = False
    file_names: list[str] = []
    row_caps: list[int] = []

    @property
    def name(self) -> str:
        """`ahrefs_backlinks`: the name of the landed table and the start of the staging model's."""
        return f"{self.provider}_{self.export_kind}"

    @property
    def digest(self) -> str:
        """Changes with the entry, so that a changed entry lands its files anew."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()[:12]

    @property
    def landed_columns(self) -> dict[str, str]:
        """Name → SQL type of what lands: all text, and for matrices a map of header → cell."""
        columns = dict.fromkeys(self.columns, "varchar")
        if self.target_columns:
            columns["targets"] = "map(varchar, varchar)"
        return columns

    def field_of(self, header: str) -> str | None:
        """The field a header delivers, or None."""
        return _fields_by_header(self).get(normalise_header(header))

    def site_in_file_name(self, file_name: str) -> str | None:
        """What the provider's way of naming files says the site is."""
        return self._in_file_name(file_name, "site")

    def scope_in_file_name(self, file_name: str) -> str | None:
        """What it says of the part of the site that was exported: subdomains, domain, path, prefix or exact."""
        return self._in_file_name(file_name, "scope")

    def _in_file_name(self, file_name: str, group: str) -> str | None:
        for pattern in self.file_names:
            match = re.match(pattern, file_name, re.IGNORECASE)
            if match:
                return match.groupdict().get(group)
        return None


@cache
def _fields_by_header_json(format_json: str) -> dict[str, str]:
    entry = ExportFormat.model_validate_json(format_json)
    return {normalise_header(header): field for field, column in entry.columns.items() for header in column.headers}


def _fields_by_header(entry: ExportFormat) -> dict[str, str]:
    return _fields_by_header_json(entry.model_dump_json())


def normalise_header(header: str) -> str:
    """Headers compare without case, byte-order mark and superfluous blanks."""
    return re.sub(r"\s+", " ", header.replace("\ufeff", "")).strip().casefold()


@cache
def catalogue() -> tuple[ExportFormat, ...]:
    """All formats of all providers, in the order of their files."""
    entries = []
    for path in sorted(Path(__file__).parent.glob("*.yaml")):
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
        for entry in content["formats"]:
            entries.append(ExportFormat(provider=content["provider"], **entry))
    return tuple(entries)


def format_named(name: str) -> ExportFormat:
    """The format of a landed table's name.

    Raises:
        KeyError: No provider file has it.
    """
    for entry in catalogue():
        if entry.name == name:
            return entry
    raise KeyError(name)
