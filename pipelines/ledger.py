"""Facts about clients, refreshes and files as tables that dbt reads (schema `ledger`).

Written anew at the start of every run, for the clients of that run with their whole past. Beside it the landed
exports appear as views (schema `landed`) and public reference lists as tables (schema `reference`).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any

import duckdb
import publicsuffixlist

from pipelines.clients import ClientSettings
from pipelines.exports.formats import ROW_COLUMNS, ExportFormat, catalogue, format_named
from pipelines.exports.languages import can_be_detected, detect_languages
from pipelines.exports.store import LandedExport, landed_file
from pipelines.exports.values import SQL_TYPES, read_sql
from pipelines.sites import parse_site, to_punycode
from warehouse.archive import Delivery, Manifest
from warehouse.connections import sql_text
from warehouse.layout import Workspace
from warehouse.publication import ClientFacts

TABLES: dict[str, dict[str, str]] = {
    "clients": {
        "client_id": "varchar",
        "name": "varchar",
        "main_site": "varchar",
        "every_days": "integer",
        "earliest_days": "integer",
        "latest_days": "integer",
        "is_active": "boolean",
    },
    "refreshes": {
        "client_id": "varchar",
        "refreshed_on": "date",
        "refresh_number": "integer",
        "refreshed_before_on": "date",
        "is_panel_changed": "boolean",
        "is_in_run": "boolean",
        "min_competitors": "integer",
        "competitors": "varchar[]",
        "panel_hash": "varchar",
        "settings_hash": "varchar",
        "deliveries_hash": "varchar",
        "linkgap_version": "varchar",
        "niche_terms": "varchar[]",
        "niche_description": "varchar",
        "niche_text": "varchar",
        "brand_terms": "varchar[]",
        "market_languages": "varchar[]",
        "market_countries": "varchar[]",
        "has_path_sites": "boolean",
    },
    "panel_sites": {
        "client_id": "varchar",
        "refreshed_on": "date",
        "site": "varchar",
        "is_own_site": "boolean",
        "site_host": "varchar",
        "site_path": "varchar",
    },
    "target_pages": {"client_id": "varchar", "refreshed_on": "date", "target_url": "varchar"},
    "judged_domains": {
        "client_id": "varchar",
        "refreshed_on": "date",
        "domain": "varchar",
        "verdict": "varchar",
    },
    "quality_thresholds": {
        "client_id": "varchar",
        "refreshed_on": "date",
        "rule": "varchar",
        "threshold": "double",
    },
    "ubiquitous_domains": {
        "client_id": "varchar",
        "refreshed_on": "date",
        "domain": "varchar",
        "sites": "integer",
        "clients": "integer",
    },
    "brand_terms": {"client_id": "varchar", "refreshed_on": "date", "term": "varchar"},
    "priority_weights": {
        "client_id": "varchar",
        "refreshed_on": "date",
        "component": "varchar",
        "weight": "double",
    },
    "export_files": {
        "client_id": "varchar",
        "refreshed_on": "date",
        "path": "varchar",
        "file_id": "varchar",
        "provider": "varchar",
        "export_kind": "varchar",
        "export_format": "varchar",
        "describes": "varchar",
        "vintage": "varchar",
        "site": "varchar",
        "encoding": "varchar",
        "scope": "varchar",
        "rows_read": "bigint",
        "rows_unreadable": "bigint",
        "unreadable_values": "map(varchar, bigint)",
        "provider_total": "bigint",
        "is_one_link_per_host": "boolean",
        "outcome": "varchar",
        "reason": "varchar",
    },
    "export_sites": {
        "client_id": "varchar",
        "refreshed_on": "date",
        "file_id": "varchar",
        "site": "varchar",
        "target_header": "varchar",
    },
    "site_totals": {
        "client_id": "varchar",
        "refreshed_on": "date",
        "provider": "varchar",
        "site": "varchar",
        "total_backlinks": "bigint",
        "total_referring_domains": "bigint",
    },
    "row_caps": {"provider": "varchar", "export_kind": "varchar", "row_cap": "bigint"},
}
"""Table → column → type. The columns are described in `dbt_project/models/sources.yml`."""


_NO_ROWS = (
    "select cast(null as varchar) as file_id, cast(null as bigint) as row_number, cast(null as varchar) as unreadable "
    "where false"
)


def write_ledger(
    connection: duckdb.DuckDBPyConnection,
    workspace: Workspace,
    in_run: list[Manifest],
    history: list[Manifest],
    clients: dict[str, ClientSettings],
    landed: Iterable[LandedExport],
) -> None:
    """Write everything dbt needs to know about the run into the working database."""
    for schema in ("ledger", "landed", "reference"):
        connection.execute(f"create schema if not exists {schema}")
    rows = _collect(in_run, history, clients)
    for table, columns in TABLES.items():
        _write_table(connection, f"ledger.{table}", columns, rows[table])
    _write_table(
        connection,
        "reference.public_suffixes",
        {"suffix": "varchar", "suffix_kind": "varchar", "is_private": "boolean"},
        _public_suffixes(),
    )
    hosts = {host: punycode for export in landed for host, punycode in export.unicode_hosts.items()}
    _write_table(
        connection,
        "reference.unicode_hosts",
        {"host": "varchar", "punycode_host": "varchar"},
        [{"host": host, "punycode_host": punycode} for host, punycode in hosts.items()],
    )
    files: dict[str, list[str]] = {entry.name: [] for entry in catalogue()}
    for delivery in needed_files(in_run, history):
        entry = format_named(delivery.facts["format"])
        files[entry.name].append(str(landed_file(workspace, entry, delivery.file_id)))
    for entry in catalogue():
        _write_view(connection, entry, sorted(files[entry.name]))
    languages = _host_languages(connection, workspace, in_run, history)
    connection.execute(f"create or replace view landed.host_languages as {languages}")
    others = [entry.name for entry in catalogue() if entry.describes == "other" and files[entry.name]]
    unreadable = " union all ".join(
        f"select file_id, row_number, unreadable from landed.{name} where unreadable is not null" for name in others
    )
    connection.execute(f"create or replace view landed.unreadable_others as {unreadable or _NO_ROWS}")


def needed_files(in_run: list[Manifest], history: list[Manifest]) -> list[Delivery]:
    """The accepted files that the refreshes of a run can draw on, each once.

    Their own, and for every (site, provider, kind) the ones of the latest earlier refresh that had any: those are
    carried where the refresh has none, and compared with where its own is truncated.
    """
    needed: dict[str, Delivery] = {}
    by_client: dict[str, list[Manifest]] = {}
    for manifest in [*history, *in_run]:
        by_client.setdefault(manifest.client_id, []).append(manifest)
    days_in_run = {(manifest.client_id, manifest.refreshed_on) for manifest in in_run}
    for manifests in by_client.values():
        latest: dict[tuple[str, str], list[Delivery]] = {}
        for manifest in sorted(manifests, key=lambda one: one.refreshed_on):
            current: dict[tuple[str, str], list[Delivery]] = {}
            for delivery in manifest.deliveries:
                if delivery.facts.get("outcome") != "accepted":
                    continue
                for site in delivery.facts["sites"]:
                    current.setdefault((delivery.facts["format"], site), []).append(delivery)
            if (manifest.client_id, manifest.refreshed_on) in days_in_run:
                for deliveries in [*latest.values(), *current.values()]:
                    needed.update({delivery.file_id: delivery for delivery in deliveries})
            latest.update(current)
    return list(needed.values())


def _collect(
    in_run: list[Manifest], history: list[Manifest], clients: dict[str, ClientSettings]
) -> dict[str, list[dict[str, Any]]]:
    rows: dict[str, list[dict[str, Any]]] = {table: [] for table in TABLES}
    everything = sorted([*in_run, *history], key=lambda one: (one.client_id, one.refreshed_on))
    days_in_run = {(manifest.client_id, manifest.refreshed_on) for manifest in in_run}
    rows_before: dict[str, dict[str, Any]] = {}
    latest_settings: dict[str, ClientSettings] = {}
    of_refresh = [(manifest, ClientSettings.model_validate(manifest.settings)) for manifest in everything]
    with_paths = {
        manifest.client_id for manifest, settings in of_refresh if any(parse_site(site).path for site in settings.panel)
    }
    for manifest, settings in of_refresh:
        latest_settings[manifest.client_id] = settings
        before = rows_before.get(manifest.client_id)
        key = {"client_id": manifest.client_id, "refreshed_on": manifest.refreshed_on}
        rows["refreshes"].append(
            key
            | {
                "refresh_number": before["refresh_number"] + 1 if before else 1,
                "refreshed_before_on": before["refreshed_on"] if before else None,
                "is_panel_changed": before is not None and before["panel_hash"] != settings.panel_hash,
                "is_in_run": (manifest.client_id, manifest.refreshed_on) in days_in_run,
                "min_competitors": settings.gap.min_competitors,
                "competitors": settings.competitors,
                "panel_hash": settings.panel_hash,
                "settings_hash": settings.settings_hash,
                "deliveries_hash": manifest.deliveries_hash,
                "linkgap_version": version("linkgap"),
                "niche_terms": [term.casefold() for term in settings.niche.terms],
                "niche_description": settings.niche.description,
                "brand_terms": settings.brand_terms,
                "niche_text": "\n".join([settings.niche.description, *settings.niche.terms, *settings.sites]),
                "market_languages": settings.markets.languages,
                "market_countries": settings.markets.countries,
                "has_path_sites": manifest.client_id in with_paths,
            }
        )
        rows_before[manifest.client_id] = rows["refreshes"][-1]
        _collect_settings(rows, key, settings)
        rows["ubiquitous_domains"].extend(
            key | {"domain": domain, "sites": sites, "clients": in_clients}
            for domain, (sites, in_clients) in (manifest.ubiquitous or {}).items()
        )
        for delivery in manifest.deliveries:
            _collect_delivery(rows, key, delivery)
    for client_id, settings in latest_settings.items():
        facts = client_facts(clients.get(client_id, settings))
        rows["clients"].append({**asdict(facts), "is_active": client_id in clients})
    # several reports may list the same kind
    caps = {(entry.provider, entry.export_kind, cap) for entry in catalogue() for cap in entry.row_caps}
    rows["row_caps"] = [
        {"provider": provider, "export_kind": kind, "row_cap": cap} for provider, kind, cap in sorted(caps)
    ]
    return rows


def client_facts(settings: ClientSettings) -> ClientFacts:
    """What the table `clients` shows of a client file."""
    window = settings.refresh
    return ClientFacts(
        client_id=settings.client_id,
        name=settings.name or settings.client_id,
        main_site=settings.sites[0],
        every_days=window.every_days,
        earliest_days=window.earliest_days,
        latest_days=window.latest_days,
    )


def _collect_settings(rows: dict[str, list[dict[str, Any]]], key: dict[str, Any], settings: ClientSettings) -> None:
    for site in settings.panel:
        address = parse_site(site)
        rows["panel_sites"].append(
            key
            | {
                "site": site,
                "is_own_site": site in settings.sites,
                "site_host": address.host,
                "site_path": address.path,
            }
        )
    rows["target_pages"].extend(key | {"target_url": _in_punycode(url)} for url in dict.fromkeys(settings.target_pages))
    for verdict, domains in (
        ("blocked", settings.quality.blocked_domains),
        ("allowed", settings.quality.allowed_domains),
    ):
        rows["judged_domains"].extend(
            key | {"domain": to_punycode(domain).removeprefix("www."), "verdict": verdict} for domain in set(domains)
        )
    rows["brand_terms"].extend(key | {"term": term} for term in settings.terms_of_brand)
    for rule, threshold in settings.quality.thresholds.items():
        rows["quality_thresholds"].append(key | {"rule": rule, "threshold": threshold})
    for component, weight in settings.priority.weights.items():
        rows["priority_weights"].append(key | {"component": component, "weight": weight})


def _in_punycode(url: str) -> str:
    """A URL, with or without scheme, whose host is in punycode."""
    scheme, host, rest = re.fullmatch(r"\s*((?:https?:)?//)?([^/?#]*)(.*)", url, re.IGNORECASE | re.DOTALL).groups("")  # type: ignore[union-attr]
    return scheme + (host if host.isascii() else to_punycode(host)) + rest.rstrip()


def _collect_delivery(rows: dict[str, list[dict[str, Any]]], key: dict[str, Any], delivery: Delivery) -> None:
    facts = delivery.facts
    told = {name: facts.get(name) for name in TABLES["export_files"] if name not in key}
    told |= {"path": delivery.path, "file_id": delivery.file_id, "export_format": facts.get("format")}
    told["describes"] = format_named(facts["format"]).describes if facts.get("format") else None
    counts = (facts.get("unreadable_values") or {}).items()
    told["unreadable_values"] = "{" + ", ".join(f"{field}={cells}" for field, cells in counts) + "}"
    rows["export_files"].append(key | told)
    if facts.get("outcome") == "accepted":
        rows["export_sites"].extend(
            key | {"file_id": delivery.file_id, "site": site, "target_header": header}
            for site, header in facts["sites"].items()
        )
        rows["site_totals"].extend(
            key
            | {"provider": facts["provider"], "site": site, "total_backlinks": None, "total_referring_domains": None}
            | totals
            for site, totals in facts.get("site_totals", {}).items()
        )


def _write_table(
    connection: duckdb.DuckDBPyConnection, name: str, columns: dict[str, str], rows: list[dict[str, Any]]
) -> None:
    definition = ", ".join(f'"{column}" {sql_type}' for column, sql_type in columns.items())
    connection.execute(f"create or replace table {name} ({definition})")
    if rows:
        # as JSON, which DuckDB reads a thousand times faster than rows given one by one
        text = json.dumps([[row[column] for column in columns] for row in rows], default=str, ensure_ascii=False)
        values = ", ".join(
            f"cast(cells {'->' if sql_type.endswith('[]') else '->>'} {number} as {sql_type})"
            for number, sql_type in enumerate(columns.values())
        )
        connection.execute(
            f"insert into {name} select {values} from (select unnest(cast($rows as json[])) as cells)", {"rows": text}
        )


def _write_view(connection: duckdb.DuckDBPyConnection, entry: ExportFormat, files: list[str]) -> None:
    """A landed table: exactly the files needed, with the columns and types of today's catalogue."""
    columns = {name: (f'"{name}"', sql_type) for name, sql_type in ROW_COLUMNS.items()}
    for name, column in entry.columns.items():
        columns[name] = (read_sql(f'"{name}"', column, entry.date_order), SQL_TYPES[column.type])
    if entry.target_columns:
        columns["targets"] = ('"targets"', entry.landed_columns["targets"])
    if entry.month_columns:
        columns["months"] = ('"months"', entry.landed_columns["months"])
    if files:
        quoted = ", ".join(map(sql_text, files))
        values = ", ".join(f'{value} as "{name}"' for name, (value, _) in columns.items())
        query = f"select {values} from read_parquet([{quoted}])"
    else:
        empty = ", ".join(f'cast(null as {sql_type}) as "{name}"' for name, (_, sql_type) in columns.items())
        query = f"select {empty} where false"
    connection.execute(f"create or replace view landed.{entry.name} as {query}")


def _host_languages(
    connection: duckdb.DuckDBPyConnection, workspace: Workspace, in_run: list[Manifest], history: list[Manifest]
) -> str:
    """The query of the languages of linking hosts, detected for the clients that name markets."""
    files = []
    with_markets = {manifest.client_id for manifest in in_run if any(manifest.settings.get("markets", {}).values())}
    for delivery in needed_files(
        [manifest for manifest in in_run if manifest.client_id in with_markets],
        [manifest for manifest in history if manifest.client_id in with_markets],
    ):
        entry = format_named(delivery.facts["format"])
        if can_be_detected(entry) and delivery.facts["rows_read"]:
            files.append(str(detect_languages(connection, workspace, entry, delivery.file_id)))
    if not files:
        return (
            "select cast(null as varchar) as file_id, cast(null as varchar) as host, "
            "cast(null as varchar) as language, cast(null as bigint) as row_count where false"
        )
    quoted = ", ".join(map(sql_text, sorted(files)))
    return f"select * from read_parquet([{quoted}])"


def _public_suffixes() -> list[dict[str, Any]]:
    """The Public Suffix List as the installed package ships it, rule by rule, in punycode."""
    source = Path(publicsuffixlist.__file__).parent / "public_suffix_list.dat"
    rules = []
    is_private = False
    for line in source.read_text(encoding="utf-8").splitlines():
        if "===BEGIN PRIVATE DOMAINS===" in line:
            is_private = True
        rule = line.strip()
        if not rule or rule.startswith("//"):
            continue
        kind = "wildcard" if rule.startswith("*.") else "exception" if rule.startswith("!") else "normal"
        suffix = to_punycode(rule.removeprefix("*.").removeprefix("!"))
        rules.append({"suffix": suffix, "suffix_kind": kind, "is_private": is_private})
    return rules
