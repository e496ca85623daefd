"""A small published file, made row by row, for tests of what reads it.

The tables get their columns and types from the contracts in `dbt_project/models/marts/*.yml`. A row names what matters
and leaves the rest null. The KPIs are counted from the other tables by their own models.
"""

from __future__ import annotations

from datetime import date, timedelta
from functools import cache
from itertools import groupby
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import duckdb
import jinja2
import yaml

from warehouse.layout import CHECKOUT

MARTS = CHECKOUT / "dbt_project" / "models" / "marts"
DICTIONARY = MARTS.with_name("dictionary")
FIRST_DAY = date(2026, 1, 10)

Tables = dict[str, list[dict[str, Any]]]


def published_file(path: Path, tables: Tables) -> Path:
    """Write a file with every published table, most of them empty."""
    path.write_bytes(_empty_file())
    with duckdb.connect(str(path)) as connection:
        connection.begin()
        for table, rows in tables.items():
            # rows that name the same columns together: one statement a row takes half a minute for a large page
            for _, alike in groupby(sorted(rows, key=tuple), key=tuple):
                connection.execute(
                    f"insert into marts.{table} by name select unnest($rows, max_depth := 2)", {"rows": list(alike)}
                )
        if not tables.get("kpis"):
            for model in ("kpis", "kpi_values"):
                connection.execute(f"insert into marts.{model} by name ({kpi_model(model)})")
        connection.commit()
    return path


@cache
def _empty_file() -> bytes:
    """A file of empty tables and their dictionary; made once, for it takes longer than most of the pages."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "empty.duckdb"
        with duckdb.connect(str(path)) as connection:
            connection.begin()
            connection.execute("create schema marts")
            for table, columns in contracts().items():
                connection.execute(f"create table marts.{table} ({columns})")
            _write_dictionary(connection)
            connection.commit()
        return path.read_bytes()


def _write_dictionary(connection: duckdb.DuckDBPyConnection) -> None:
    """The dictionary as far as the ymls tell it without dbt: keys, types and the names of descriptions."""
    connection.execute("create schema dictionary")
    for table in ("tables", "columns"):
        connection.execute(f"create table dictionary.published_{table} ({contracts(DICTIONARY)[f'published_{table}']})")
    tables, columns = [], []
    for name, model in _described(MARTS).items():
        key = model["config"]["meta"]["primary_key"]
        tables.append({"table_name": name, "description": model["description"], "primary_key": key, "belongs_to": []})
        columns += [
            {
                "table_name": name,
                "column_number": number,
                "column_name": column["name"],
                "data_type": column["data_type"],
                "description": column["description"],
                "key_position": key.index(column["name"]) + 1 if column["name"] in key else None,
                "is_required": column["name"] in key,
            }
            for number, column in enumerate(model["columns"], start=1)
        ]
    for table, rows in (("published_tables", tables), ("published_columns", columns)):
        connection.execute(
            f"insert into dictionary.{table} by name select unnest($rows, max_depth := 2)", {"rows": rows}
        )


@cache
def kpi_definitions() -> list[dict[str, Any]]:
    """The KPIs of `kpis.yml`: name, data_type, label, unit, table, sql."""
    columns = _described(MARTS)["kpis"]["columns"]
    return [
        {"name": column["name"], "data_type": column["data_type"], "meaning": column["description"]}
        | column["config"]["meta"]
        for column in columns
        if "config" in column
    ]


@cache
def kpi_model(name: str) -> str:
    """The SQL of `kpis` or `kpi_values` over the published tables, as dbt would make it of the model's file."""
    dbt = {"string_literal": lambda text: f"'{text}'", "escape_single_quotes": lambda text: text.replace("'", "''")}
    template = jinja2.Environment(extensions=["jinja2.ext.do"]).from_string((MARTS / f"{name}.sql").read_text("utf-8"))
    return template.render(
        config=lambda **_: "",
        ref=lambda table: f"marts.{table}",
        kpi_definitions=lambda _: kpi_definitions(),
        model=None,
        graph={"nodes": {"model.linkgap.kpis": None}},
        execute=True,
        dbt=dbt,
    )


@cache
def contracts(folder: Path = MARTS) -> dict[str, str]:
    """Published table → its columns with their types."""
    return {
        name: ", ".join(f'"{column["name"]}" {column["data_type"]}' for column in model["columns"])
        for name, model in _described(folder).items()
    }


@cache
def _described(folder: Path) -> dict[str, Any]:
    """Model → what its yml says."""
    texts = {path.stem: path.read_text(encoding="utf-8") for path in sorted(folder.glob("*.yml"))}
    return {name: yaml.load(text, yaml.CSafeLoader)["models"][0] for name, text in texts.items()}


def small_panel(refreshes: int = 1, open_gaps: int = 3, client_id: str = "acme") -> Tables:
    """A client with two competitors: some open gaps, one covered domain, one gap that the second refresh closed.

    Open gap number i is `gap-i.com`; the odd ones link to both competitors and are tier A.
    """
    days = [FIRST_DAY + timedelta(days=75 * number) for number in range(refreshes)]
    today = {"client_id": client_id, "refreshed_on": days[-1]}
    tables: Tables = {
        "clients": [
            {
                "client_id": client_id,
                "name": "Acme Running",
                "main_site": "acme.com",
                "is_active": True,
                "last_refreshed_on": days[-1],
                "next_window_on": days[-1] + timedelta(days=60),
            }
        ],
        "refreshes": [
            {
                "client_id": client_id,
                "refreshed_on": day,
                "refresh_number": number + 1,
                "competitors": ["rival.com", "foe.org"],
                "min_competitors": 1,
                "linkgap_version": "9.9",
                "files_accepted": 1,
                "files_refused": 1,
                "rows_read": 12,
                "rows_accepted": 9,
                "rows_rejected": 2,
                "rows_duplicate": 1,
            }
            for number, day in enumerate(days)
        ],
        "export_files": [
            today
            | {
                "path": "inbox/acme/rival.csv",
                "provider": "ahrefs",
                "export_kind": "backlinks",
                "site": "rival.com",
                "file_id": "f",
                "outcome": "accepted",
                "rows_read": 12,
                "rows_accepted": 9,
                "rows_rejected": 2,
                "rows_duplicate": 1,
            },
            today | {"path": "inbox/acme/notes.csv", "outcome": "refused", "reason": "no known export"},
        ],
        "coverage": [
            today
            | {
                "site": "rival.com",
                "provider": "ahrefs",
                "export_kind": "backlinks",
                "rows": 1000,
                "is_truncated": True,
                "truncation_evidence": "as many rows as a known cap",
                "is_stale": False,
                "as_of": days[-1],
            }
        ],
        "rejected_rows": [
            today
            | {
                "file_id": "f",
                "row_number": number,
                "site": "rival.com",
                "source_url": "https://spam.biz/",
                "target_url": "https://rival.com/",
                "reason": "provider_spam",
                "reasons": ["provider_spam"],
                "evidence": "the provider calls the domain spam: linking domain spam.biz",
            }
            for number in (1, 2)
        ],
        "links": [
            today
            | {
                "source_url": "https://heavy.net/list",
                "target_url": "https://rival.com/",
                "referring_domain": "heavy.net",
                "site": "rival.com",
                "is_live": True,
                "review_reasons": ["link_heavy_page"],
                "file_id": "f",
                "row_number": 3,
            }
        ],
        "gaps": [],
        "link_matrix": [],
        "referring_domains": [],
        "opportunities": [],
        "gap_segments": [],
        "gap_snapshots": [],
        "gap_progress": [],
        "gap_cohorts": [],
    }
    for number in range(1, open_gaps + 1):
        _add_open_gap(tables, today, number)
    covered = today | {"referring_domain": "covered.org"}
    tables["gaps"].append(
        covered
        | {
            "gap_status": "covered",
            "gap_class": "shared",
            "competitors_linked": 1,
            "competitor_links": 1,
            "competitor_sites": ["foe.org"],
            "client_links": 2,
            "is_unique": False,
        }
    )
    for site, links, evidence in (("acme.com", 2, "link"), ("foe.org", 1, "domain")):
        tables["link_matrix"].append(
            covered
            | {"site": site, "is_own_site": site == "acme.com", "links": links, "evidence": evidence, "is_stale": False}
        )
    _add_tracking(tables, client_id, days, open_gaps)
    return tables


def _add_open_gap(tables: Tables, today: dict[str, Any], number: int) -> None:
    domain = today | {"referring_domain": f"gap-{number}.com"}
    sites = ["rival.com", "foe.org"] if number % 2 else ["rival.com"]
    tables["gaps"].append(
        domain
        | {
            "gap_status": "open",
            "gap_class": "best" if len(sites) == 2 else "missing",
            "absence": "proven",
            "competitor_sites": sites,
            "competitors_linked": len(sites),
            "client_links": 0,
            "competitor_links": 3 * len(sites),
            "is_unique": len(sites) == 1,
        }
    )
    for site in sites:
        tables["link_matrix"].append(
            domain | {"site": site, "is_own_site": False, "links": 3, "evidence": "link", "is_stale": False}
        )
    tables["referring_domains"].append(domain | {"authority": 50.0})
    tables["opportunities"].append(
        domain
        | {
            "rank": number,
            "top_50_pct": 100.0,
            "win_chance": None,
            "score": 80.0 - number / 10,
            "tier": "A" if len(sites) == 2 else "B",
            "tactic": "outreach" if len(sites) == 2 else "digital_pr",
            "tactic_reason": f"gap-{number}.com mentions them in an article.",
            "segment": "editorial_mention",
            "absence": "proven",
            "anchor": "best shoes",
            "best_source_url": f"https://www.gap-{number}.com/a-page",
            "best_target_url": "https://rival.com/shoes",
            "authority": 50.0,
            "risk": 0,
            "points_authority": 30.0,
            "points_relevance": 20.0,
            "points_competitors": 20.0,
            "points_traffic": 0.0,
            "points_placement": 8.0,
            "points_editorial": 2.0,
            "points_freshness": 0.0,
            "points_winnability": 0.0,
        }
    )
    tables["gap_segments"].append(
        domain | {"segment": "editorial_mention", "links": 3, "editorial_links": 3, "is_main": True}
    )


def _add_tracking(tables: Tables, client_id: str, days: list[date], open_gaps: int) -> None:
    """All gaps open at the first refresh; the second closes one more that was open then, the third changes nothing."""
    for number, day in enumerate(days):
        key = {"client_id": client_id, "refreshed_on": day}
        opened = {"first_opened_on": days[0], "opened_on": days[0]}
        for gap in range(1, open_gaps + 1):
            tables["gap_snapshots"].append(
                key
                | opened
                | {
                    "referring_domain": f"gap-{gap}.com",
                    "state": "open",
                    "transition": "stayed_open" if number else "new",
                }
            )
        tables["gap_snapshots"].append(
            key
            | opened
            | {
                "referring_domain": "won.com",
                "state": "closed" if number else "open",
                "transition": ["new", "closed", "stayed_closed"][min(number, 2)],
                "closed_kind": "won" if number else None,
                "closed_on": days[1] if number else None,
            }
        )
        counts = dict.fromkeys(("new", "reopened", "returned", "panel_new"), 0)
        counts |= dict.fromkeys(("closed", "expired", "set_aside", "panel_removed", "new_by_coverage"), 0)
        counts["new" if number == 0 else "closed"] = [open_gaps + 1, 1, 0][min(number, 2)]
        tables["gap_progress"].append(
            key
            | counts
            | {
                "open_at_start": [0, open_gaps + 1, open_gaps][min(number, 2)],
                "open_at_end": open_gaps if number else open_gaps + 1,
                "closing_pct": [None, 100 / (open_gaps + 1), 0.0][min(number, 2)],
                "closing_pct_baseline": 100 / (open_gaps + 1) if number else 0.0,
                "closing_pct_weighted": 100 / (open_gaps + 1) if number else 0.0,
                "new_competitor_links": 7 if number else None,
            }
        )
        tables["gap_cohorts"].append(
            key
            | {
                "first_opened_on": days[0],
                "cohort_size": open_gaps + 1,
                "open": open_gaps if number else open_gaps + 1,
                "closed": min(number, 1),
                "lost": 0,
                "expired": 0,
                "set_aside": 0,
                "closing_pct": 100 / (open_gaps + 1) if number else 0.0,
            }
        )
