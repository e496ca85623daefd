"""The run and event storage of a workspace: Dagster's SQLite files, without opening them again for every event.

Dagster opens an engine and a connection for each event and queries the schema of its tables again and again; a refresh
of a tiny client writes hundreds of events. While a process executes a run (`held_open`), this storage keeps one
connection a file, leaves the fsync to SQLite's checkpoints, and answers what it knows without a query. The files are
Dagster's own: any other process reads them with Dagster's classes.
"""

from __future__ import annotations

import sqlite3
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import dagster as dg
from dagster._core.events import ASSET_CHECK_EVENTS, ASSET_EVENTS, EVENT_TYPE_TO_PIPELINE_RUN_STATUS
from dagster._core.events.log import EventLogEntry
from dagster._core.storage.event_log import SqliteEventLogStorage
from dagster._core.storage.event_log.base import AssetEntry, AssetRecord, EventLogRecord
from dagster._core.storage.event_log.sqlite.sqlite_event_log import INDEX_SHARD_NAME
from dagster._core.storage.sqlite import SQLITE_BUSY_TIMEOUT_SECONDS
from dagster._core.storage.sqlite_storage import DagsterSqliteStorage
from sqlalchemy import create_engine, text
from sqlalchemy.engine import Connection
from sqlalchemy.pool import StaticPool

_WRITE_SECONDS = 0.5
"""How long events of a run may wait; other processes see them that much later."""


class HeldEventLogStorage(SqliteEventLogStorage):
    """Dagster's SQLite event log, whose connections can be kept open while a run writes."""

    def __init__(self, base_dir: str) -> None:
        self._holders = 0
        self._has_columns = False
        self._waiting: deque[EventLogEntry] = deque()
        self._connections: dict[str, Connection] = {}
        self._schema_answers: dict[tuple[str, str], bool] = {}
        self._materialized: dict[dg.AssetKey, EventLogRecord] = {}
        super().__init__(base_dir)

    @contextmanager
    def held_open(self) -> Iterator[None]:
        """Keep connections open until the outermost caller leaves, and write events every half second.

        A thread of its own writes them: for each statement SQLite lets go of Python's lock, and a run that waited to
        get it back a thousand times would wait for seconds.
        """
        self._holders += 1
        self._has_columns = self.has_asset_key_index_cols()
        is_over = threading.Event()
        writer = threading.Thread(target=self._write_until, args=(is_over,), name="events", daemon=True)
        writer.start()
        try:
            yield
        finally:
            is_over.set()
            writer.join()
            self._holders -= 1
            if not self._holders:
                self._close()

    def _write_until(self, is_over: threading.Event) -> None:
        while not is_over.wait(_WRITE_SECONDS):
            with self._db_lock:
                self._write_waiting()

    def _write_waiting(self) -> None:
        """Write and commit what waits; the caller has the lock."""
        while self._waiting:
            self._write(self._waiting.popleft())
        for connection in self._connections.values():
            _driver(connection).commit()

    def dispose(self) -> None:
        """Close what is open."""
        self._close()
        super().dispose()

    def _close(self) -> None:
        with self._db_lock:
            self._write_waiting()
            for connection in self._connections.values():
                connection.close()
                connection.engine.dispose()
            self._connections.clear()
            self._schema_answers.clear()
            self._materialized.clear()

    @contextmanager
    def _connect(self, shard: str) -> Iterator[Connection]:
        if not self._holders:
            with super()._connect(shard) as connection:
                yield connection
            return
        with self._db_lock:
            self._write_waiting()
            connection = self._held(shard)
            with connection.begin():
                yield connection

    def _held(self, shard: str) -> Connection:
        """The connection to a file; the caller has the lock."""
        if shard not in self._connections:
            engine = create_engine(
                self.conn_string_for_shard(shard),
                poolclass=StaticPool,
                connect_args={"timeout": SQLITE_BUSY_TIMEOUT_SECONDS, "check_same_thread": False},
            )
            if shard not in self._initialized_dbs:
                self._prepare(shard)
                self._initdb(engine)
                self._initialized_dbs.add(shard)
            connection = self._connections[shard] = engine.connect()
            # with a write-ahead log a power cut may take the last events of a run, and never the file
            connection.execute(text("pragma synchronous = normal"))
            connection.commit()
        return self._connections[shard]

    def _prepare(self, shard: str) -> None:
        """Give the file of a new run the tables of the index: Dagster would load all its migrations to make them."""
        path = Path(self.path_for_shard(shard))
        if path.exists() or shard == INDEX_SHARD_NAME:
            return
        with closing(sqlite3.connect(self.path_for_shard(INDEX_SHARD_NAME))) as index:
            statements = index.execute(
                "select sql from sqlite_master where sql is not null and name not like 'sqlite_%' "
                "order by type != 'table'"
            ).fetchall()
            versions = index.execute("select version_num from alembic_version").fetchall()
        with closing(sqlite3.connect(path)) as run:
            run.execute("pragma journal_mode = wal")
            for (statement,) in statements:
                run.execute(statement)
            run.executemany("insert into alembic_version values (?)", versions)
            run.commit()

    def has_table(self, table_name: str) -> bool:
        """Whether the index file has a table."""
        return self._asked_once("table", table_name, lambda: super(HeldEventLogStorage, self).has_table(table_name))

    def has_secondary_index(self, name: str) -> bool:
        """Whether a migration of Dagster's data is complete."""
        return self._asked_once("index", name, lambda: super(HeldEventLogStorage, self).has_secondary_index(name))

    def has_asset_key_col(self, column_name: str) -> bool:
        """Whether the table of assets has a column."""
        return self._asked_once(
            "column", column_name, lambda: super(HeldEventLogStorage, self).has_asset_key_col(column_name)
        )

    def _has_asset_key_col_on_connection(self, conn: Connection, column_name: str) -> bool:
        return self._asked_once(
            "column",
            column_name,
            lambda: super(HeldEventLogStorage, self)._has_asset_key_col_on_connection(conn, column_name),
        )

    def _asked_once(self, kind: str, name: str, ask: Callable[[], bool]) -> bool:
        """What is true of the schema stays true while a run writes; what is not may become true."""
        if not self._holders:
            return ask()
        if not self._schema_answers.get((kind, name)):
            self._schema_answers[kind, name] = ask()
        return self._schema_answers[kind, name]

    def store_event(self, event: EventLogEntry) -> None:
        """Store one event."""
        self.store_event_batch([event])

    def store_event_batch(self, events: Sequence[EventLogEntry]) -> None:
        """Store events: those of steps and assets as Dagster does, in statements of SQLite's own driver."""
        for event in events:
            if not self._holders or event.dagster_event_type in _WITH_RECORDS_OF_THEIR_OWN:
                super().store_event(event)
            else:
                self._waiting.append(event)

    def _write(self, event: EventLogEntry) -> None:
        row = self._event_to_row(event)
        _insert(self._held(event.run_id), "event_logs", row)
        if event.dagster_event_type not in ASSET_EVENTS:
            return
        # once more, with the record of its asset, where assets are looked up over all runs
        index, key = self._held(INDEX_SHARD_NAME), event.get_dagster_event().asset_key
        event_id = _insert(index, "event_logs", row)
        if key is None:
            return
        tags = {"event_id": event_id, "asset_key": row["asset_key"], "event_timestamp": row["timestamp"]}
        for name, value in self._tags_for_asset_event(event).items():
            _insert(index, "asset_event_tags", tags | {"key": name, "value": value})
        if record := self._get_asset_entry_values(event, event_id, self._has_columns):
            _insert(index, "asset_keys", {"asset_key": row["asset_key"], **record}, key="asset_key")
        if event.get_dagster_event().is_step_materialization:
            self._materialized[key] = EventLogRecord(storage_id=event_id, event_log_entry=event)

    def get_asset_records(self, asset_keys: Sequence[dg.AssetKey] | None = None) -> Sequence[AssetRecord]:
        """The records of assets; of those that this run materialized what it wrote itself."""
        if self._holders:
            with self._db_lock:
                self._write_waiting()
        if not self._holders or asset_keys is None or not all(key in self._materialized for key in asset_keys):
            return super().get_asset_records(asset_keys)
        return [_record_of(key, self._materialized[key]) for key in asset_keys]


_WITH_RECORDS_OF_THEIR_OWN = {*ASSET_CHECK_EVENTS, *EVENT_TYPE_TO_PIPELINE_RUN_STATUS}
"""Events that Dagster keeps in further tables: checks, and changes of a run's status."""


def _driver(connection: Connection) -> sqlite3.Connection:
    """The connection of SQLite's own driver."""
    driver = connection.connection.dbapi_connection
    assert isinstance(driver, sqlite3.Connection)
    return driver


def _insert(connection: Connection, table: str, row: dict[str, Any], key: str | None = None) -> int:
    """Insert a row, or replace the values of the one with the same key; give its id."""
    values = [f"{value:%Y-%m-%d %H:%M:%S.%f}" if isinstance(value, datetime) else value for value in row.values()]
    statement = f"insert into {table} ({', '.join(row)}) values ({', '.join('?' * len(row))})"
    if key:
        changed = ", ".join(f"{name} = excluded.{name}" for name in row if name != key)
        statement += f" on conflict ({key}) do update set {changed}"
    return _driver(connection).execute(statement, values).lastrowid or 0


def _record_of(key: dg.AssetKey, latest: EventLogRecord) -> AssetRecord:
    entry = AssetEntry(asset_key=key, last_materialization_record=latest, last_run_id=latest.event_log_entry.run_id)
    return AssetRecord(storage_id=latest.storage_id, asset_entry=entry)


class WorkspaceStorage(DagsterSqliteStorage):
    """Dagster's SQLite storage with an event log that a run can hold open; `dagster.yaml` names this class."""

    def __init__(self, base_dir: str, inst_data: Any = None) -> None:
        super().__init__(base_dir, inst_data)
        self._event_log_storage = HeldEventLogStorage(self._event_log_storage._base_dir)

    @classmethod
    def from_config_value(cls, inst_data: Any, config_value: Any) -> WorkspaceStorage:
        """As Dagster makes it of `dagster.yaml`."""
        return cls.from_local(inst_data=inst_data, **config_value)


@contextmanager
def held_open(instance: dg.DagsterInstance) -> Iterator[None]:
    """Keep the event log of an instance open while a run writes, where it lies in SQLite files of the workspace."""
    storage = instance.event_log_storage
    if isinstance(storage, HeldEventLogStorage):
        with storage.held_open():
            yield
    else:
        yield
