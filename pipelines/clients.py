"""A client file → validated settings.

What a client file may hold, and errors a person can act on. Where the files lie is `warehouse.layout`; what the
settings mean for rows is said in dbt.
"""

from __future__ import annotations

import csv
import hashlib
import json
import re
import unicodedata
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Annotated, Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from pipelines.sites import parse_site
from warehouse.layout import CHECKOUT

CLIENT_ID = r"[a-z0-9][a-z0-9-]{0,62}"


class _Settings(BaseModel):
    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)


class Markets(_Settings):
    """Languages (ISO 639-1) and countries (ISO 3166-1 alpha-2) that the client sells to."""

    languages: list[Annotated[str, Field(pattern=r"^[a-z]{2}$")]] = []
    countries: list[Annotated[str, Field(pattern=r"^[a-z]{2}$")]] = []


class Niche(_Settings):
    """What the client's pages are about."""

    description: str = ""
    terms: list[str] = []


class RefreshWindow(_Settings):
    """Days after a refresh at which the next one may start, should start and is late."""

    every_days: int = Field(default=75, ge=1)
    earliest_days: int = Field(default=60, ge=0)
    latest_days: int = Field(default=90, ge=1)

    @model_validator(mode="after")
    def _in_order(self) -> RefreshWindow:
        if not self.earliest_days <= self.every_days <= self.latest_days:
            raise ValueError("expected earliest_days ≤ every_days ≤ latest_days")
        return self


class GapSettings(_Settings):
    """When a site counts as an open gap."""

    min_competitors: int = Field(default=1, ge=1)


@cache
def _rules_with_threshold() -> dict[str, float]:
    """Name → default of every quality rule that has a threshold."""
    with (CHECKOUT / "dbt_project" / "seeds" / "quality_rules.csv").open(encoding="utf-8", newline="") as file:
        return {row["rule"]: float(row["threshold"]) for row in csv.DictReader(file) if row["threshold"]}


class QualitySettings(_Settings):
    """What the client's people have judged already, and how strict the rules are for them.

    Attributes:
        blocked_domains: Set aside, whatever the rules say.
        allowed_domains: Never set aside by a rule that judges what is a link.
        thresholds: Rule → value in place of the one in `dbt_project/seeds/quality_rules.csv`.
    """

    blocked_domains: list[str] = []
    allowed_domains: list[str] = []
    thresholds: dict[str, Annotated[float, Field(ge=0)]] = {}

    @field_validator("thresholds")
    @classmethod
    def _are_rules(cls, thresholds: dict[str, float]) -> dict[str, float]:
        for rule in thresholds:
            if rule not in _rules_with_threshold():
                raise ValueError(f"'{rule}' is no rule with a threshold; expected {', '.join(_rules_with_threshold())}")
        return thresholds

    @field_validator("blocked_domains", "allowed_domains")
    @classmethod
    def _are_domains(cls, domains: list[str]) -> list[str]:
        for domain in domains:
            if parse_site(domain).path:
                raise ValueError(f"'{domain}' has a path; write the domain alone")
        return domains


class PrioritySettings(_Settings):
    """Overrides of the score weights, by component."""

    weights: dict[str, Annotated[float, Field(ge=0)]] = {}


class ClientSettings(_Settings):
    """Everything one client file says."""

    client_id: str = Field(pattern=f"^{CLIENT_ID}$")
    name: str = ""
    sites: list[str] = Field(min_length=1)
    competitors: list[str] = Field(min_length=1)
    markets: Markets = Markets()
    niche: Niche = Niche()
    brand_terms: list[str] = []
    target_pages: list[str] = []
    refresh: RefreshWindow = RefreshWindow()
    gap: GapSettings = GapSettings()
    quality: QualitySettings = QualitySettings()
    priority: PrioritySettings = PrioritySettings()

    @field_validator("sites", "competitors")
    @classmethod
    def _are_sites(cls, sites: list[str]) -> list[str]:
        for site in sites:
            parse_site(site)
        return sites

    @model_validator(mode="after")
    def _is_a_panel(self) -> ClientSettings:
        seen: dict[str, str] = {}
        for site in self.panel:
            address = str(parse_site(site))
            if address in seen:
                raise ValueError(f"the site {site} stands twice in sites and competitors; name each site once")
            seen[address] = site
        if self.gap.min_competitors > len(self.competitors):
            raise ValueError(
                f"gap.min_competitors is {self.gap.min_competitors}, but there are {len(self.competitors)} "
                "competitors; expected at most their number"
            )
        return self

    @property
    def panel(self) -> list[str]:
        """Own sites, then competitors, as the file spells them."""
        return self.sites + self.competitors

    @property
    def terms_of_brand(self) -> list[str]:
        """How texts name the client: `brand_terms`, else its name; composed (NFC), with single blanks, each once."""
        texts = (" ".join(unicodedata.normalize("NFC", term).split()) for term in self.brand_terms or [self.name])
        return list({text.casefold(): text for text in texts if text}.values())

    @property
    def panel_hash(self) -> str:
        """Changes when sites, competitors or the minimum change: what makes two refreshes comparable."""
        return _digest([sorted(self.sites), sorted(self.competitors), self.gap.min_competitors])

    @property
    def settings_hash(self) -> str:
        return _digest(self.model_dump(mode="json"))


def _digest(value: Any) -> str:
    text = json.dumps(value, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


@dataclass(frozen=True)
class ClientFileError(Exception):
    """A client file that cannot be used: where, and what to do."""

    path: Path
    line: int
    message: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.message}"


def read_client_file(path: Path) -> ClientSettings:
    """Read and validate one client file.

    Raises:
        ClientFileError: With file, line and key of the first problem and what was expected.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
        tree = yaml.compose(text, Loader=yaml.SafeLoader)
        content = yaml.safe_load(text)
    except UnicodeDecodeError as error:
        raise ClientFileError(path, 1, "is not UTF-8 text; save it as UTF-8") from error
    except OSError as error:
        raise ClientFileError(path, 1, f"cannot be opened: {error.strerror}") from error
    except (yaml.YAMLError, ValueError) as error:
        mark = getattr(error, "problem_mark", None)
        problem = getattr(error, "problem", None) or str(error)
        raise ClientFileError(path, mark.line + 1 if mark else 1, f"is not valid YAML: {problem}") from error
    if not isinstance(content, dict):
        raise ClientFileError(path, 1, "is empty or no mapping; expected client_id, sites and competitors")
    try:
        settings = ClientSettings.model_validate(content)
    except ValidationError as error:
        first = error.errors()[0]
        location = first["loc"]
        raise ClientFileError(path, _line_of(tree, location), _explain(first)) from error
    if settings.client_id != path.stem:
        raise ClientFileError(
            path,
            _line_of(tree, ("client_id",)),
            f"client_id: is '{settings.client_id}', but the file is named '{path.name}'; "
            f"name the file {settings.client_id}.yaml",
        )
    return settings


def read_client_files(folder: Path) -> tuple[dict[str, ClientSettings], list[ClientFileError]]:
    """All client files of a folder: the good ones by client_id, and one error for each bad one."""
    clients: dict[str, ClientSettings] = {}
    errors: list[ClientFileError] = []
    for path in sorted([*folder.glob("*.yaml"), *folder.glob("*.yml")]):
        try:
            settings = read_client_file(path)
        except ClientFileError as error:
            errors.append(error)
            continue
        if settings.client_id in clients:
            errors.append(ClientFileError(path, 1, f"client_id: '{settings.client_id}' stands in two files"))
            continue
        clients[settings.client_id] = settings
    return clients, errors


def client_file_names(folder: Path) -> set[str]:
    """The client ids that have a file, readable or not."""
    return {path.stem for path in [*folder.glob("*.yaml"), *folder.glob("*.yml")]}


def client_json_schema() -> dict[str, Any]:
    """The JSON Schema of a client file, for editors."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **ClientSettings.model_json_schema()}


_EXPECTED = {
    "missing": "is missing; every client file needs it",
    "extra_forbidden": "is not a known key; see the commented file that `linkgap init` writes",
    "too_short": "is empty; expected at least one entry",
}


def _explain(error: Any) -> str:
    key = ".".join(str(part) for part in error["loc"])
    message = _EXPECTED.get(error["type"])
    if message is None:
        message = re.sub(r"^Value error, ", "", error["msg"])
        message = message[0].lower() + message[1:]
        if error["type"] not in ("value_error",):
            message = f"{message}, found {error['input']!r}"
    return f"{key}: {message}" if key else message


def _line_of(tree: yaml.Node | None, location: tuple[Any, ...]) -> int:
    """The line of the deepest node of a location that the file holds."""
    node, line = tree, 1
    for part in location:
        found = None
        if isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                if key.value == str(part):
                    found, line = value, key.start_mark.line + 1
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
            found = node.value[part]
            line = found.start_mark.line + 1
        if found is None:
            break
        node = found
    return line
