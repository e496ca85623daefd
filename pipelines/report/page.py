"""One self-contained page per client, one that lists the clients, one of what was checked, and the data dictionary.

A page loads nothing: style and script stand inside it, and a content security policy keeps it so even if a text of an
export slipped through as markup. Every value is escaped (autoescape is on for every template); a URL of an export
becomes a link only when it is a web address. What a page shows is asked in `queries`, `panel`, `next_steps`, `quality`,
`checks` and `dictionary`, how it is told stands in `templates/`.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
import jinja2
from markupsafe import Markup, escape

from pipelines.report import next_steps, panel, quality, queries
from pipelines.report.checks import checks_page
from pipelines.report.dictionary import published_tables
from warehouse.checks import Checks
from warehouse.layout import cache_folder
from warehouse.publication import told_if_of_another_version
from warehouse.replacing import write_text

TEMPLATES = Path(__file__).parent / "templates"

_ABBREVIATIONS = {"ip": "IP", "pr": "PR", "url": "URL", "http": "HTTP"}


class UnknownClientError(LookupError):
    """The published file holds no such client."""


def write_report(database: Path, client_id: str, target: Path, files: Iterable[Path] = ()) -> None:
    """Write the page of one client over its latest refresh.

    Args:
        database: The published file; it is opened read-only and never changed.
        client_id: Whose page.
        target: The HTML file; it appears whole or not at all.
        files: Hand-over files in the page's folder or below it, which the page links to.

    Raises:
        UnknownClientError: The published file does not hold the client.
        PublishedFileError: It lacks a table or column that the page shows.
    """
    consequence = f"{client_id} has no new page"
    with told_if_of_another_version(database.name, consequence), _reading(database) as connection:
        client = queries.client(connection, client_id)
        if client is None:
            raise UnknownClientError(f"{database}: no client {client_id!r} has been published")
        panels = _panels(connection, client_id, client["refreshed_on"])
    handed_over = [path.relative_to(target.parent) for path in files]
    page = {"client": client, "handed_over": handed_over} | panels
    write_text(target, _render("client.html.jinja", page))


def write_index(database: Path, folder: Path) -> None:
    """Write `index.html` over all clients; it links to `<client_id>.html` in the same folder."""
    with _reading(database) as connection:
        clients = queries.clients_overview(connection)
    write_text(folder / "index.html", _render("index.html.jinja", {"clients": clients}))


def write_tables(database: Path, folder: Path) -> None:
    """Write `tables.html`, the data dictionary: what the published tables and their columns mean and promise.

    Raises:
        PublishedFileError: The file was published by a version of linkgap that kept no dictionary.
    """
    with told_if_of_another_version(database.name, "tables.html is not new"), _reading(database) as connection:
        tables = published_tables(connection)
    write_text(folder / "tables.html", _render("tables.html.jinja", {"tables": tables}))


def write_checks(checks: Checks, folder: Path) -> None:
    """Write `checks.html` over what the gates asked of all clients; the other pages link to it."""
    write_text(folder / "checks.html", _render("checks.html.jinja", checks_page(checks)))


def is_web_url(text: str | None) -> bool:
    """Whether a text from an export may stand in an `href`: nothing but http and https, and no control characters."""
    return bool(text) and str(text).lower().startswith(("http://", "https://")) and str(text).isprintable()


@contextmanager
def _reading(database: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    connection = duckdb.connect(str(database), read_only=True)
    try:
        yield connection
    finally:
        connection.close()


def _panels(connection: duckdb.DuckDBPyConnection, client_id: str, refreshed_on: date | None) -> dict[str, Any]:
    if refreshed_on is None:
        return {}
    return {
        "figures": queries.headline(connection, client_id, refreshed_on),
        "sites": panel.panel_sites(connection, client_id, refreshed_on),
        "matrix": panel.gap_matrix(connection, client_id, refreshed_on),
        "overlap": panel.overlap(connection, client_id, refreshed_on),
        "combinations": panel.combinations(connection, client_id, refreshed_on),
        "shown_at_first": queries.SHOWN_AT_FIRST,
        "opportunities": queries.top_opportunities(connection, client_id, refreshed_on),
        "assets": next_steps.assets(connection, client_id, refreshed_on),
        "mentions": next_steps.mentions(connection, client_id, refreshed_on),
        "lost_links": next_steps.lost_links(connection, client_id, refreshed_on),
        "outreach": next_steps.outreach_results(connection, client_id, refreshed_on),
        "authority": next_steps.authority_by_site(connection, client_id, refreshed_on),
        "progress": queries.progress(connection, client_id, refreshed_on),
        "bridge": queries.bridge_steps(connection, client_id, refreshed_on),
        "cohorts": queries.cohorts(connection, client_id, refreshed_on),
        "segments": queries.segment_mix(connection, client_id, refreshed_on),
        "placements": queries.placement_mix(connection, client_id, refreshed_on),
        "checks": queries.pages_to_check(connection, client_id, refreshed_on),
        "files": quality.export_files(connection, client_id, refreshed_on),
        "coverage": quality.coverage(connection, client_id, refreshed_on),
        "rejected": quality.rejected_reasons(connection, client_id, refreshed_on),
        "review": quality.review_reasons(connection, client_id, refreshed_on),
        "rejected_gaps": quality.gaps_with_rejected_links(connection, client_id, refreshed_on),
    }


def _render(template: str, page: dict[str, Any]) -> str:
    script = _environment().get_template("page.js").render()
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return _environment().get_template(template).render(page, script=Markup(script), digest=digest)


@cache
def _environment() -> jinja2.Environment:
    # compiling the templates takes longer than a small client's page
    compiled = cache_folder() / "pages"
    compiled.mkdir(parents=True, exist_ok=True)
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        bytecode_cache=jinja2.FileSystemBytecodeCache(str(compiled)),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        number=_number,
        words=_words,
        day=_day,
        breakable=_breakable,
        without_scheme=_without_scheme,
        code_marked=_code_marked,
    )
    environment.tests.update(web_url=is_web_url)
    return environment


def _number(value: float | None, digits: int = 0) -> str:
    return "–" if value is None else f"{value:,.{digits}f}"


def _words(code: str | None) -> str:
    return "–" if code is None else " ".join(_ABBREVIATIONS.get(word, word) for word in code.split("_"))


def _breakable(site: str) -> Markup:
    """A site that breaks before its dots and slashes, so that a narrow column does not break it inside a word."""
    escaped = str(escape(site))
    return Markup(escaped.replace(".", "<wbr>.").replace("/", "<wbr>/"))


def _code_marked(text: str) -> Markup:
    """A description with what stands between backticks as code."""
    return Markup(re.sub(r"`([^`]+)`", r"<code>\1</code>", str(escape(text))))


def _without_scheme(url: str) -> str:
    return re.sub(r"^https?://", "", url, flags=re.IGNORECASE)


def _day(value: date | None) -> str:
    return "–" if value is None else f"{value.day} {value:%B} {value.year}"
