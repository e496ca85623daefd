"""Publication: readers see the old whole state or the new whole state.

The published file is copied beside itself, the slices that changed are replaced in the copy, and the copy takes the
file's place. Readers with the old file open keep the old state; a crash leaves the old file and a `.next` that the next
publication overwrites. The tables are whatever schema `marts` of the working database holds.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import astuple, dataclass
from datetime import UTC, date, datetime
from pathlib import Path

import duckdb

from warehouse.client_files import announce_clients, finish_client_files
from warehouse.connections import connect, connect_to_new, sql_text
from warehouse.kept_states import KeptState, find_state, keep_state
from warehouse.layout import Workspace
from warehouse.replacing import copy_beside, link_file, place_beside, take_place
from warehouse.rewriting import copy_tables
from warehouse.slices import Slice, publication_times, replace_slices


class PublishedFileError(LookupError):
    """A published file is missing, or has other tables than this version publishes; the message says what to do."""


@contextmanager
def told_if_of_another_version(file: str, consequence: str) -> Iterator[None]:
    """Read a published file; a table or column that it lacks becomes a sentence.

    Args:
        file: How the message calls it.
        consequence: What there is not for lack of it, as `acme has no new page`.

    Raises:
        PublishedFileError: A table or column was asked for that the file has not.
    """
    try:
        yield
    except (duckdb.CatalogException, duckdb.BinderException) as error:
        reason = str(error).splitlines()[0]
        raise PublishedFileError(
            f"{file}: was published by another version of linkgap ({reason}), so {consequence}; run `linkgap rebuild`"
        ) from error


@dataclass(frozen=True)
class PublishedRows:
    """How many rows a publication wrote, by table."""

    rows_by_table: dict[str, int]


def published_deliveries(workspace: Workspace) -> dict[Slice, str]:
    """What is published: (client_id, refreshed_on) → deliveries_hash."""
    if not workspace.published_database.exists():
        return {}
    with connect(workspace.published_database, workspace, read_only=True) as connection:
        rows = connection.execute("select client_id, refreshed_on, deliveries_hash from marts.refreshes").fetchall()
    return {(client_id, refreshed_on): deliveries_hash for client_id, refreshed_on, deliveries_hash in rows}


def published_refreshes(workspace: Workspace) -> list[tuple[str, date, int]]:
    """client_id, refreshed_on and rows_read of every published refresh."""
    if not workspace.published_database.exists():
        return []
    with connect(workspace.published_database, workspace, read_only=True) as connection:
        return connection.execute("select client_id, refreshed_on, rows_read from marts.refreshes").fetchall()


def published_facts(workspace: Workspace, client_ids: Iterable[str]) -> dict[str, tuple[int, date]]:
    """client_id → open gaps after the last refresh, and the first day of the next window, of some published clients."""
    with connect(workspace.published_database, workspace, read_only=True) as connection:
        rows = connection.execute(
            """
            select clients.client_id, progress.open_at_end, clients.next_window_on
            from marts.clients
            inner join marts.gap_progress as progress
                on clients.client_id = progress.client_id
                and clients.last_refreshed_on = progress.refreshed_on
            where list_contains($client_ids, clients.client_id)
            """,
            {"client_ids": list(client_ids)},
        ).fetchall()
    return {client_id: (open_gaps, next_window_on) for client_id, open_gaps, next_window_on in rows}


def published_rejections(
    workspace: Workspace, client_ids: Iterable[str]
) -> list[tuple[str, date, int, str | None, int]]:
    """client_id, refreshed_on, rows_read, reason and rejected rows of every published refresh of some clients.

    A refresh that set nothing aside has one row, with reason None.
    """
    if not workspace.published_database.exists():
        return []
    with connect(workspace.published_database, workspace, read_only=True) as connection:
        return connection.execute(
            """
            select
                refreshes.client_id,
                refreshes.refreshed_on,
                refreshes.rows_read,
                rejected_rows.reason,
                count(rejected_rows.client_id) as rejected_rows
            from marts.refreshes
            left join marts.rejected_rows
                on refreshes.client_id = rejected_rows.client_id
                and refreshes.refreshed_on = rejected_rows.refreshed_on
            where list_contains($client_ids, refreshes.client_id)
            group by all
            """,
            {"client_ids": list(client_ids)},
        ).fetchall()


@dataclass(frozen=True)
class ClientFacts:
    """What a client file says that the table `clients` shows."""

    client_id: str
    name: str
    main_site: str
    every_days: int
    earliest_days: int
    latest_days: int


def unusable_rows_of_people(workspace: Workspace, slices: Iterable[Slice]) -> list[tuple[str, int, str]]:
    """Rows of `overrides.csv` and `outreach.csv` that nothing can follow: path, row number, problem; each once."""
    with connect(workspace.published_database, workspace, read_only=True) as connection:
        connection.execute("create temp table slices (client_id varchar, refreshed_on date)")
        connection.executemany("insert into slices values (?, ?)", [list(one) for one in slices] or [[None, None]])
        return connection.execute(
            """
            select distinct export_files.path, rows_of_people.row_number, rows_of_people.problem
            from (
                select client_id, refreshed_on, file_id, row_number, problem from marts.decisions
                union all
                select client_id, refreshed_on, file_id, row_number, problem from marts.outreach_log
            ) as rows_of_people
            inner join marts.export_files
                on rows_of_people.client_id = export_files.client_id
                and rows_of_people.refreshed_on = export_files.refreshed_on
                and rows_of_people.file_id = export_files.file_id
            where rows_of_people.problem is not null
                and (rows_of_people.client_id, rows_of_people.refreshed_on) in (
                    select client_id, refreshed_on from slices
                )
            order by all
            """
        ).fetchall()


def publish(
    workspace: Workspace,
    slices: Sequence[Slice],
    client_files: Iterable[str],
    clients: Iterable[ClientFacts],
) -> PublishedRows:
    """Publish slices of the working database.

    Args:
        workspace: Where to publish.
        slices: The (client, refresh) slices to replace. All slices of a client that the run computed must stand here.
        client_files: Clients that have a client file, readable or not; the others are inactive.
        clients: What the readable client files say today.

    Returns:
        Rows written to the common file.

    Raises:
        RuntimeError: A slice did not arrive whole; nothing was published.
    """
    finish_client_files(workspace)
    target = workspace.published_database
    following = copy_beside(target)
    with connect_to_new(following, workspace) as connection:
        # under its own name, because the views in it spell that name
        source = workspace.working_database.stem
        connection.execute(f"attach {sql_text(workspace.working_database)} as {source} (read_only)")
        written = replace_slices(connection, source, slices)
        connection.execute(
            "update marts.refreshes set published_at = $now where published_at is null",
            {"now": datetime.now(UTC).replace(tzinfo=None)},
        )
        changed = _follow_client_files(connection, client_files, clients)
        connection.execute(f"detach {source}")
    announce_clients(workspace, {client_id for client_id, _ in slices} | changed)
    keep_state(workspace)
    take_place(following, target)
    finish_client_files(workspace)
    return PublishedRows(written)


def follow_client_files(workspace: Workspace, client_files: Iterable[str], clients: Iterable[ClientFacts]) -> None:
    """Bring the published table `clients` up to today's client files, where it differs; no refresh is touched."""
    finish_client_files(workspace)
    if not workspace.published_database.exists():
        return
    client_files, clients = list(client_files), list(clients)
    # asked before the file is copied: mostly there is nothing to follow
    with connect(workspace.published_database, workspace, read_only=True) as connection:
        if not _find_changed_clients(connection, client_files, clients):
            return
    following = copy_beside(workspace.published_database)
    with connect_to_new(following, workspace) as connection:
        changed = _follow_client_files(connection, client_files, clients)
    announce_clients(workspace, changed)
    take_place(following, workspace.published_database)
    finish_client_files(workspace)


def withdraw_client(workspace: Workspace, client_id: str) -> dict[str, int]:
    """Publish everything but one client; its rows are in no page of the new file.

    Returns:
        `schema.table` → rows of the client that were published.
    """
    finish_client_files(workspace)
    target = workspace.published_database
    following = place_beside(target)
    if not target.exists():
        return {}
    removed = copy_tables(target, following, workspace, without_client=client_id)
    take_place(following, target)
    return removed


@dataclass(frozen=True)
class StateDifference:
    """What of the published refreshes going back to a kept state changes, as (client_id, refreshed_on) in order.

    Attributes:
        removed: Published now, and not in the state.
        replaced: In both, and published again since.
        added: In the state alone.
    """

    removed: list[Slice]
    replaced: list[Slice]
    added: list[Slice]


def compare_state(workspace: Workspace, state: KeptState) -> StateDifference:
    """What going back to a kept state would change."""
    now, then = (publication_times(workspace, path) for path in (workspace.published_database, state.path))
    return StateDifference(
        removed=sorted(now.keys() - then.keys()),
        replaced=sorted(one for one in now.keys() & then.keys() if now[one] != then[one]),
        added=sorted(then.keys() - now.keys()),
    )


def roll_back(workspace: Workspace, name: str) -> StateDifference:
    """Publish a kept state again, and keep the one that is published now; clients that it has not lose their file.

    Returns:
        What changed.

    Raises:
        UnknownStateError: No state of this name is kept; nothing was changed.
    """
    state = find_state(workspace, name)
    finish_client_files(workspace)
    difference = compare_state(workspace, state)
    following = place_beside(workspace.published_database)
    link_file(state.path, following)
    clients = _client_rows(workspace, workspace.published_database) ^ _client_rows(workspace, following)
    slices = (*difference.removed, *difference.replaced, *difference.added)
    announce_clients(workspace, {client_id for client_id, _ in slices} | {str(row[0]) for row in clients})
    keep_state(workspace)
    take_place(following, workspace.published_database)
    finish_client_files(workspace)
    return difference


def _client_rows(workspace: Workspace, database: Path) -> set[tuple[object, ...]]:
    with connect(database, workspace, read_only=True) as connection:
        return set(connection.execute("from marts.clients").fetchall())


def _find_changed_clients(
    connection: duckdb.DuckDBPyConnection, client_files: Iterable[str], clients: Iterable[ClientFacts]
) -> set[str]:
    """The clients whose row differs from the client files; the rows they should have stand in `changed_clients`."""
    connection.execute(
        "create or replace temp table client_facts (client_id varchar, name varchar, main_site varchar, "
        "every_days integer, earliest_days integer, latest_days integer)"
    )
    for client in clients:
        connection.execute("insert into client_facts values (?, ?, ?, ?, ?, ?)", list(astuple(client)))
    connection.execute(
        """
        create or replace temp table changed_clients as
        with last as (
            select client_id, max(refreshed_on) as refreshed_on
            from marts.refreshes
            group by client_id
        ),
        wanted as (
            select
                known.client_id,
                coalesce(facts.name, known.name) as name,
                coalesce(facts.main_site, known.main_site) as main_site,
                coalesce(facts.every_days, known.every_days) as every_days,
                coalesce(facts.earliest_days, known.earliest_days) as earliest_days,
                coalesce(facts.latest_days, known.latest_days) as latest_days,
                list_contains($client_files, known.client_id) as is_active,
                last.refreshed_on as last_refreshed_on,
                cast(last.refreshed_on + to_days(coalesce(facts.earliest_days, known.earliest_days)) as date)
                    as next_window_on
            from marts.clients as known
            left join client_facts as facts on known.client_id = facts.client_id
            left join last on known.client_id = last.client_id
        )
        select wanted.*
        from wanted
        inner join marts.clients as known on wanted.client_id = known.client_id
        where (
            known.name, known.main_site, known.every_days, known.earliest_days, known.latest_days,
            known.is_active, known.last_refreshed_on, known.next_window_on
        ) is distinct from (
            wanted.name, wanted.main_site, wanted.every_days, wanted.earliest_days, wanted.latest_days,
            wanted.is_active, wanted.last_refreshed_on, wanted.next_window_on
        )
        """,
        {"client_files": list(client_files)},
    )
    return {client_id for (client_id,) in connection.execute("select client_id from changed_clients").fetchall()}


def _follow_client_files(
    connection: duckdb.DuckDBPyConnection, client_files: Iterable[str], clients: Iterable[ClientFacts]
) -> set[str]:
    """Update `marts.clients`; gives the clients whose row changed."""
    changed = _find_changed_clients(connection, client_files, clients)
    connection.execute(
        """
        update marts.clients as known
        set
            name = changed_clients.name,
            main_site = changed_clients.main_site,
            every_days = changed_clients.every_days,
            earliest_days = changed_clients.earliest_days,
            latest_days = changed_clients.latest_days,
            is_active = changed_clients.is_active,
            last_refreshed_on = changed_clients.last_refreshed_on,
            next_window_on = changed_clients.next_window_on
        from changed_clients
        where known.client_id = changed_clients.client_id
        """
    )
    return changed
