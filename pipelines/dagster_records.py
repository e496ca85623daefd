"""What Dagster keeps of a client (runs, events, records of assets and checks, partition, logs), and its removal.

A run stands for every client that it computed, so the runs of a client go as a whole. Dagster's own way to delete a run
leaves copies of its events in the records of assets and checks; these are looked after here, in tables of the pinned
version of Dagster.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import sqlalchemy

from warehouse.layout import Workspace
from warehouse.rewriting import rewrite_sqlite, sqlite_files

if TYPE_CHECKING:
    import dagster as dg

_BATCH_ROWS = 200


@dataclass(frozen=True)
class RemovedRecords:
    """How many records of a client Dagster held.

    Attributes:
        runs: Runs that computed the client, alone or with others.
        partitions: 1 where it was a partition of the published refreshes.
        ticks: Ticks of schedules and sensors, backfills and evaluations that named it.
    """

    runs: int = 0
    partitions: int = 0
    ticks: int = 0


def is_known_to_dagster(workspace: Workspace, client_id: str) -> bool:
    """Whether the client ever was a partition of the published refreshes."""
    if not (workspace.dagster_home / "dagster.yaml").exists():
        return False
    from pipelines.assets.client_partitions import CLIENTS

    with _instance(workspace) as instance:
        return instance.has_dynamic_partition(str(CLIENTS.name), client_id)


def forget_in_dagster(workspace: Workspace, client_id: str) -> RemovedRecords:
    """Remove every record that names a client, and write SQLite files anew so that nothing is left in free pages.

    Other clients stay materialised: where their last materialisation stands in a run that goes, it is reported again.

    Raises:
        DatabaseBusyError: The Dagster UI keeps a database from being written anew.
    """
    if not (workspace.dagster_home / "dagster.yaml").exists():
        return RemovedRecords()
    from pipelines.assets.client_partitions import CLIENTS
    from pipelines.event_storage import held_open

    partitions = str(CLIENTS.name)
    with _instance(workspace) as instance, held_open(instance):
        runs = _runs_of(instance, workspace, client_id)
        _report_others_again(instance, client_id, runs)
        for run_id in sorted(runs):
            instance.event_log_storage.delete_events(run_id)
            instance.compute_log_manager.delete_logs(prefix=[run_id])
        _remove_events_without_run(instance, workspace, client_id)
        _clean_records(instance, client_id, runs)
        _remove_runs(instance, runs)
        is_partition = instance.has_dynamic_partition(partitions, client_id)
        if is_partition:
            instance.delete_dynamic_partition(partitions, client_id)
        ticks = _remove_ticks(instance, client_id)
    for run_id in runs:
        for path in _shards(workspace).glob(f"{run_id}.db*"):
            path.unlink()
        shutil.rmtree(workspace.dagster_home / "storage" / run_id, ignore_errors=True)
    for path in sqlite_files(workspace.dagster_home):
        rewrite_sqlite(path)
    return RemovedRecords(len(runs), int(is_partition), ticks)


def _instance(workspace: Workspace) -> dg.DagsterInstance:
    import dagster as dg

    # the settings name the folder of their files by this variable
    os.environ["DAGSTER_HOME"] = str(workspace.dagster_home)
    return dg.DagsterInstance.from_config(str(workspace.dagster_home))


def _naming(client_id: str) -> re.Pattern[str]:
    """The ways in which a run of linkgap names a client.

    Not the bare word: a client may be called `links`, and `acme` is no part of `acme-two`.
    """
    name = re.escape(client_id)
    return re.compile(
        rf"(?<![A-Za-z0-9_.-]){name}[/ ]\d{{4}}-\d\d-\d\d"
        rf"|(?<![A-Za-z0-9_.-])(?:inbox|clients|refreshes)/{name}[/.]"
        rf'|\\?"(?:partition|partition_key|dagster/partition)\\?": *\\?"{name}\\?"'
    )


def _runs_of(instance: dg.DagsterInstance, workspace: Workspace, client_id: str) -> set[str]:
    """The runs whose configuration, tags or events name a client, also where a crash left only some of these."""
    from dagster._core.storage.event_log.schema import SqlEventLogStorageTable
    from dagster._core.storage.runs.schema import RunsTable

    naming, events = _naming(client_id), SqlEventLogStorageTable.c
    like = events.event.like(f"%{client_id}%")
    with instance.run_storage.connect() as connection:  # type: ignore[attr-defined]
        bodies = dict(connection.execute(sqlalchemy.select(RunsTable.c.run_id, RunsTable.c.run_body)).tuples().all())
    found = {run_id for run_id, body in bodies.items() if naming.search(body)}
    with instance.event_log_storage.index_connection() as connection:  # type: ignore[attr-defined]
        rows = connection.execute(sqlalchemy.select(events.run_id, events.event).where(like)).tuples()
        found |= {run_id for run_id, event in rows if naming.search(event)}
    shards = {path.name.removesuffix(".db") for path in _shards(workspace).glob("*.db")} - {"index", ""}
    for run_id in (set(bodies) | shards) - found:
        with instance.event_log_storage.run_connection(run_id) as connection:  # type: ignore[attr-defined]
            rows = connection.execute(sqlalchemy.select(events.event).where(like, events.run_id == run_id)).tuples()
            if any(naming.search(event) for (event,) in rows):
                found.add(run_id)
    # events without a run are looked after on their own
    return found - {""}


def _report_others_again(instance: dg.DagsterInstance, client_id: str, runs: set[str]) -> None:
    import dagster as dg

    from pipelines.assets.client_partitions import CLIENTS, client_refreshes

    for partition in instance.get_dynamic_partitions(str(CLIENTS.name)):
        if partition == client_id:
            continue
        of_partition = dg.AssetRecordsFilter(asset_key=client_refreshes.key, asset_partitions=[partition])
        for record in instance.fetch_materializations(of_partition, limit=1).records:
            if record.run_id in runs and record.asset_materialization is not None:
                instance.report_runless_asset_event(record.asset_materialization)


def _remove_events_without_run(instance: dg.DagsterInstance, workspace: Workspace, client_id: str) -> None:
    """Remove what was reported again of the client when another one was forgotten, or by people."""
    from dagster._core.storage.event_log.schema import AssetEventTagsTable, SqlEventLogStorageTable

    naming, events = _naming(client_id), SqlEventLogStorageTable.c
    storage = instance.event_log_storage
    places = [storage.index_connection()]  # type: ignore[attr-defined]
    if (_shards(workspace) / ".db").exists():
        places.append(storage.run_connection(""))  # type: ignore[attr-defined]
    for place in places:
        with place as connection:
            rows = connection.execute(
                sqlalchemy.select(events.id, events.event).where(
                    events.run_id == "", events.event.like(f"%{client_id}%")
                )
            ).tuples()
            for batch in _batches([event_id for event_id, event in rows if naming.search(event)]):
                tags = AssetEventTagsTable.c.event_id
                connection.execute(sqlalchemy.delete(AssetEventTagsTable).where(tags.in_(batch)))
                connection.execute(sqlalchemy.delete(SqlEventLogStorageTable).where(events.id.in_(batch)))


def _shards(workspace: Workspace) -> Path:
    """The folder in which Dagster's SQLite storage keeps the events of each run in a file of its own."""
    return workspace.dagster_home / "history" / "runs"


def _remove_runs(instance: dg.DagsterInstance, runs: set[str]) -> None:
    from dagster._core.storage.runs.schema import RunTagsTable

    with instance.run_storage.connect() as connection:  # type: ignore[attr-defined]
        for batch in _batches(runs):
            # SQLite follows foreign keys only when asked to
            connection.execute(sqlalchemy.delete(RunTagsTable).where(RunTagsTable.c.run_id.in_(batch)))
    for run_id in sorted(runs):
        instance.delete_run(run_id)


def _clean_records(instance: dg.DagsterInstance, client_id: str, runs: set[str]) -> None:
    """Take events that are gone out of the records of assets and checks."""
    from dagster._core.storage.event_log.schema import AssetCheckExecutionsTable, AssetKeyTable

    storage = instance.event_log_storage
    with storage.index_connection() as connection:  # type: ignore[attr-defined]
        for batch in _batches(runs):
            connection.execute(
                sqlalchemy.delete(AssetCheckExecutionsTable).where(AssetCheckExecutionsTable.c.run_id.in_(batch))
            )
        records = connection.execute(sqlalchemy.select(AssetKeyTable)).mappings().all()
    naming = _naming(client_id)
    for record in records:
        texts = [record[name] for name in ("last_run_id", "last_materialization", "cached_status_data") if record[name]]
        if not any(naming.search(text) or any(run_id in text for run_id in runs) for text in texts):
            continue
        values = _last_remaining(instance, record["asset_key"])
        with storage.index_connection() as connection:  # type: ignore[attr-defined]
            connection.execute(
                sqlalchemy.update(AssetKeyTable).where(AssetKeyTable.c.id == record["id"]).values(**values)
            )


def _last_remaining(instance: dg.DagsterInstance, asset_key: str) -> dict[str, str | None]:
    """What an asset's record says once only the remaining events count."""
    import dagster as dg
    from dagster._serdes import serialize_value

    key = dg.AssetKey.from_db_string(asset_key)
    assert key is not None
    records = instance.fetch_materializations(key, limit=1).records
    return {
        "last_materialization": serialize_value(records[0]) if records else None,
        "last_run_id": records[0].run_id if records else None,
        "asset_details": None,
        "cached_status_data": None,
    }


def _remove_ticks(instance: dg.DagsterInstance, client_id: str) -> int:
    """Remove the rows of schedules, sensors and backfills that name a client; gives their number."""
    from dagster._core.storage.runs.schema import BackfillTagsTable, BulkActionsTable
    from dagster._core.storage.schedules.schema import AssetDaemonAssetEvaluationsTable, JobTickTable

    naming = _naming(client_id)
    removed = 0
    for storage, table, text in (
        (instance.run_storage, BulkActionsTable, BulkActionsTable.c.body),
        (instance.run_storage, BackfillTagsTable, BackfillTagsTable.c.value),
        (instance.schedule_storage, JobTickTable, JobTickTable.c.tick_body),
        (
            instance.schedule_storage,
            AssetDaemonAssetEvaluationsTable,
            AssetDaemonAssetEvaluationsTable.c.asset_evaluation_body,
        ),
    ):
        with storage.connect() as connection:  # type: ignore[union-attr]
            rows = connection.execute(sqlalchemy.select(table.c.id, text).where(text.like(f"%{client_id}%"))).tuples()
            ids = [row_id for row_id, value in rows if value == client_id or naming.search(value)]
            for batch in _batches(ids):
                connection.execute(sqlalchemy.delete(table).where(table.c.id.in_(batch)))
            removed += len(ids)
    return removed


def _batches(items: Iterable[Any]) -> Iterator[list[Any]]:
    ordered = list(items)
    for start in range(0, len(ordered), _BATCH_ROWS):
        yield ordered[start : start + _BATCH_ROWS]
