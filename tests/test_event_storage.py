"""The event log that a run holds open is Dagster's own: its classes read what they would have written."""

import time
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from dagster._core.storage.event_log import SqliteEventLogStorage

from pipelines.event_storage import HeldEventLogStorage, WorkspaceStorage, held_open


def held_in(folder: Path) -> dict[str, Any]:
    """The setting of an instance that keeps its events below a folder, as `dagster.yaml` has it."""
    names = {"module": WorkspaceStorage.__module__, "class": WorkspaceStorage.__name__}
    return {"storage": {"custom": names | {"config": {"base_dir": str(folder)}}}}


@dg.asset(check_specs=[dg.AssetCheckSpec("is_small", asset="numbers"), dg.AssetCheckSpec("is_even", asset="numbers")])
def numbers() -> Iterator[Any]:
    yield dg.MaterializeResult(metadata={"rows": 3}, tags={"linkgap/kind": "made_up"})
    yield dg.AssetCheckResult(check_name="is_small", passed=True)
    yield dg.AssetCheckResult(check_name="is_even", passed=False, severity=dg.AssetCheckSeverity.WARN)


@dg.asset(deps=[numbers], partitions_def=dg.StaticPartitionsDefinition(["acme", "bolt"]))
def sums() -> dg.MaterializeResult[None]:
    return dg.MaterializeResult(metadata={"rows": 1})


@dg.asset(deps=[numbers])
def failing() -> None:
    raise dg.Failure("made to fail")


def run_in(folder: Path, overrides: dict[str, Any] | None, is_held: bool) -> tuple[SqliteEventLogStorage, str]:
    """Run the assets, and open the event log with Dagster's class."""
    with dg.DagsterInstance.local_temp(str(folder), overrides=overrides) as instance:
        assert isinstance(instance.event_log_storage, HeldEventLogStorage) == bool(overrides)
        with held_open(instance) if is_held else nullcontext():
            result = dg.materialize(
                [numbers, sums, failing], instance=instance, partition_key="bolt", raise_on_error=False
            )
    return SqliteEventLogStorage(str(folder / "history" / "runs")), result.run_id


def told(log: SqliteEventLogStorage, run_id: str) -> dict[str, Any]:
    """What Dagster knows of a run and of its assets."""
    keys = [numbers.key, sums.key, failing.key]
    checks = [dg.AssetCheckKey(numbers.key, name) for name in ("is_small", "is_even")]
    materialized = {
        record.asset_entry.asset_key: record.asset_entry.last_materialization for record in log.get_asset_records(keys)
    }
    return {
        "events": sorted(
            (entry.step_key or "", entry.dagster_event_type.value)
            for entry in log.get_logs_for_run(run_id)
            if entry.dagster_event_type
        ),
        "materialized": {
            key.to_user_string(): (event.partition, sorted(event.metadata), sorted(event.tags or {}))
            for key, event in ((key, entry.asset_materialization) for key, entry in materialized.items() if entry)
            if event
        },
        "partitions": log.get_materialized_partitions(sums.key),
        "planned": {
            key.to_user_string(): log.get_asset_records([key])[0].asset_entry.last_run_id == run_id for key in keys
        },
        "checks": {
            key.name: record.status.value for key, record in log.get_latest_asset_check_execution_by_key(checks).items()
        },
    }


@pytest.mark.parametrize("is_held", [True, False])
def test_dagster_reads_what_it_would_have_written_itself(tmp_path: Path, is_held: bool) -> None:
    theirs, ours = tmp_path / "theirs", tmp_path / "ours"
    theirs.mkdir()
    ours.mkdir()
    expected = told(*run_in(theirs, None, is_held=False))
    assert {"numbers", "sums"} == expected["materialized"].keys()
    assert told(*run_in(ours, held_in(ours), is_held)) == expected


def test_readers_follow_a_run_while_it_lasts(tmp_path: Path) -> None:
    with (
        dg.DagsterInstance.local_temp(str(tmp_path), overrides=held_in(tmp_path)) as instance,
        held_open(instance),
    ):
        seen: list[str] = []

        @dg.asset
        def slow(context: dg.AssetExecutionContext) -> None:
            deadline = time.monotonic() + 30
            while not seen and time.monotonic() < deadline:
                time.sleep(0.05)
                reader = SqliteEventLogStorage(str(tmp_path / "history" / "runs"))
                events = [entry.dagster_event_type for entry in reader.get_logs_for_run(context.run.run_id)]
                seen.extend(one.value for one in events if one == dg.DagsterEventType.STEP_START)

        dg.materialize([slow], instance=instance)
    assert seen == ["STEP_START"]
