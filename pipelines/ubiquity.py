"""Domains that link to very many unrelated sites of all clients: found at the start of a run, archived with refreshes.

Looked for in what was delivered, before any rule: a domain that a rule sets aside still links to everybody. What comes
out are counts; which clients and sites they are made of is told to nobody.
"""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace

import duckdb
from publicsuffixlist import PublicSuffixList

from pipelines.exports.formats import ExportFormat, format_named
from pipelines.exports.store import URL_HOST, land_file, landed_file
from pipelines.exports.values import read_sql
from pipelines.sites import parse_site, to_punycode
from warehouse.archive import DamagedArchiveError, Delivery, Manifest, archived_clients, archived_file, latest_manifest
from warehouse.connections import sql_text
from warehouse.layout import CHECKOUT, Workspace

LEAST_SITES = 25
"""Sites that a domain must link to, whatever their share: below, large honest sites reach the share by chance."""

LEAST_CLIENTS = 5
"""Clients in whose panels these sites stand: sites of one panel are related, so one client proves nothing."""

LEAST_SHARE = 0.25
"""Share of all sites of the warehouse: in 252 unrelated real profiles 94 domains linked to a quarter of all of them,
and not one of their links was nofollow."""

MOST_NOFOLLOW_SHARE = 0.5
"""Share of rows called nofollow above which a domain is left alone: encyclopedias, social networks and code hosts link
to everybody, too, and mark it."""

Ubiquitous = dict[str, list[int]]
"""Domain → [sites, clients]."""


def settle_ubiquity(
    connection: duckdb.DuckDBPyConnection, workspace: Workspace, in_run: list[Manifest], history: list[Manifest]
) -> list[Manifest]:
    """Give every refresh of a run the list it is to be judged by.

    Args:
        connection: The working database, which keeps what was read of each client.
        workspace: Where archive and landed files lie.
        in_run: The refreshes of the run; those that were published once keep the list archived with them.
        history: The other refreshes of the same clients.

    Returns:
        The refreshes of the run, each with a list.
    """
    if all(manifest.ubiquitous is not None for manifest in in_run):
        return in_run
    found = _find(connection, workspace, [*history, *in_run])
    return [manifest if manifest.ubiquitous is not None else replace(manifest, ubiquitous=found) for manifest in in_run]


def _find(connection: duckdb.DuckDBPyConnection, workspace: Workspace, known: list[Manifest]) -> Ubiquitous:
    latest = _latest_refreshes(workspace, known)
    sites = {str(parse_site(site)) for manifest in latest for site in _sites(manifest)}
    if len(latest) < LEAST_CLIENTS or len(sites) < LEAST_SITES:
        return {}
    _read_missing(connection, workspace, latest)
    hosts = connection.execute(
        """
        with names as (
            select *, array_to_string(string_split(host, '.')[-2:], '.') as ending
            from history.linking_hosts
        )
        select host, site, client_id, follow_rows, nofollow_rows
        from names
        where ending in (
            select ending
            from names
            group by ending
            having count(distinct site) >= $sites and count(distinct client_id) >= $clients
        )
        """,
        {"sites": LEAST_SITES, "clients": LEAST_CLIENTS},
    ).fetchall()
    least = max(LEAST_SITES, LEAST_SHARE * len(sites))
    domain_of = _DomainNames()
    linked: dict[str, set[str]] = defaultdict(set)
    clients: dict[str, set[str]] = defaultdict(set)
    follow: dict[str, int] = defaultdict(int)
    nofollow: dict[str, int] = defaultdict(int)
    for host, site, client_id, follow_rows, nofollow_rows in hosts:
        domain = domain_of(host)
        if domain is None:
            continue
        linked[domain].add(site)
        clients[domain].add(client_id)
        follow[domain] += follow_rows
        nofollow[domain] += nofollow_rows
    return {
        domain: [len(linked[domain]), len(clients[domain])]
        for domain in sorted(linked)
        if len(linked[domain]) >= least
        and len(clients[domain]) >= LEAST_CLIENTS
        and nofollow[domain] <= MOST_NOFOLLOW_SHARE * (follow[domain] + nofollow[domain])
    }


def _latest_refreshes(workspace: Workspace, known: list[Manifest]) -> list[Manifest]:
    """The last refresh of every client of the warehouse, those of the run as they are about to be."""
    latest: dict[str, Manifest] = {}
    for manifest in known:
        before = latest.get(manifest.client_id)
        if before is None or before.refreshed_on < manifest.refreshed_on:
            latest[manifest.client_id] = manifest
    for client_id in archived_clients(workspace):
        # a damaged archive is the trouble of its client, and told when that one is planned: the others go on without it
        with suppress(DamagedArchiveError):
            if client_id not in latest and (archived := latest_manifest(workspace, client_id)) is not None:
                latest[client_id] = archived
    return [latest[client_id] for client_id in sorted(latest)]


def _sites(manifest: Manifest) -> list[str]:
    return [*manifest.settings["sites"], *manifest.settings["competitors"]]


def _read_missing(connection: duckdb.DuckDBPyConnection, workspace: Workspace, latest: list[Manifest]) -> None:
    """Bring `history.linking_hosts` up to the last refresh of every client."""
    connection.execute("create schema if not exists history")
    connection.execute(
        """
        create table if not exists history.linking_hosts (
            client_id varchar, deliveries_hash varchar, site varchar, host varchar,
            follow_rows bigint, nofollow_rows bigint
        )
        """
    )
    held = set(connection.execute("select distinct client_id, deliveries_hash from history.linking_hosts").fetchall())
    wanted = {(manifest.client_id, manifest.deliveries_hash) for manifest in latest}
    for client_id, deliveries_hash in held - wanted:
        connection.execute(
            "delete from history.linking_hosts where client_id = ? and deliveries_hash = ?",
            [client_id, deliveries_hash],
        )
    for manifest in latest:
        if (manifest.client_id, manifest.deliveries_hash) in held:
            continue
        queries = [
            query
            for delivery in manifest.deliveries
            if delivery.facts.get("outcome") == "accepted"
            for query in _linking_hosts(connection, workspace, delivery)
        ]
        if queries:
            connection.execute(
                f"""
                insert into history.linking_hosts
                select $client_id, $deliveries_hash, site, host, sum(follow_rows), sum(nofollow_rows)
                from ({" union all ".join(queries)}) as linking
                where host != ''
                group by site, host
                """,
                {"client_id": manifest.client_id, "deliveries_hash": manifest.deliveries_hash},
            )


def _linking_hosts(connection: duckdb.DuckDBPyConnection, workspace: Workspace, delivery: Delivery) -> Iterator[str]:
    """A query per site of a file: site, host, follow_rows, nofollow_rows."""
    entry = format_named(delivery.facts["format"])
    field = {"links": "source_url", "domains": "domain"}.get(entry.describes)
    if field is None or field not in entry.columns:
        return
    parquet = landed_file(workspace, entry, delivery.file_id)
    if not parquet.exists():
        land_file(connection, workspace, archived_file(workspace, delivery.file_id), delivery.file_id, delivery.member)
    nofollow = _nofollow(entry)
    for site, header in delivery.facts["sites"].items():
        linked = "unreadable is null"
        if entry.target_columns and header:
            cell = f"targets[{sql_text(header)}]"
            linked += f" and coalesce(trim({cell}), '') not in ('', '0')"
        yield f"""
            select
                {sql_text(parse_site(site))} as site,
                rtrim(regexp_extract(lower("{field}"), {sql_text(URL_HOST)}, 1), '.') as host,
                count(*) filter (not coalesce({nofollow}, false)) as follow_rows,
                count(*) filter ({nofollow}) as nofollow_rows
            from read_parquet({sql_text(parquet)})
            where {linked}
            group by host
        """


def _nofollow(entry: ExportFormat) -> str:
    column = entry.columns.get("nofollow")
    return read_sql('"nofollow"', column, entry.date_order) if column else "cast(null as boolean)"


class _DomainNames:
    """Host → referring domain, as the contract cuts it: Public Suffix List with its private section, and platforms."""

    def __init__(self) -> None:
        with (CHECKOUT / "dbt_project" / "seeds" / "platform_suffixes.csv").open(encoding="utf-8", newline="") as file:
            self._platforms = {row["suffix"] for row in csv.DictReader(file)}
        self._suffixes = PublicSuffixList()

    def __call__(self, host: str) -> str | None:
        """The domain; None for a suffix or an address, which nobody owns."""
        host = to_punycode(host)
        labels = host.split(".")
        for number in range(len(labels)):
            if ".".join(labels[number:]) in self._platforms:
                return ".".join(labels[number - 1 :]) if number else None
        if labels[-1].isdecimal():
            return None
        return self._suffixes.privatesuffix(host)
