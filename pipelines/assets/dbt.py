"""All dbt models, seeds and tests as assets and checks, run by dbt in this process.

A subprocess per dbt call costs seconds of start-up; the events dbt fires in process are turned into Dagster's own by
dagster-dbt's event class, so the UI shows the same as with its command-line resource.
"""

import hashlib
import json
import os
import queue
import shutil
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import dagster as dg
from dagster_dbt import DagsterDbtTranslator, DagsterDbtTranslatorSettings, dbt_assets
from dagster_dbt.core.dbt_cli_event import DbtCoreCliEventMessage

from pipelines.assets.writer import POOL, WorkspaceWriter
from pipelines.exports.formats import catalogue
from pipelines.progress import tell
from warehouse.connections import MEMORY_LIMIT
from warehouse.layout import CHECKOUT, Workspace
from warehouse.replacing import write_text

PROJECT = CHECKOUT / "dbt_project"
PUBLISHED_GROUPS = ("marts", "dictionary")
_NOT_IN_PRODUCTION = ["--exclude-resource-type", "unit_test"]


class DbtFailedError(RuntimeError):
    """A model could not be built; the message names it and dbt's reason."""


@cache
def _providers_by_table() -> dict[str, str]:
    return {entry.name: entry.provider for entry in catalogue()}


class LinkgapTranslator(DagsterDbtTranslator):
    """Names and groups as the stages of the flow."""

    def get_group_name(self, dbt_resource_props: Mapping[str, Any]) -> str | None:
        if dbt_resource_props["resource_type"] == "seed":
            return "rules"
        return dbt_resource_props["fqn"][1]

    def get_asset_key(self, dbt_resource_props: Mapping[str, Any]) -> dg.AssetKey:
        if dbt_resource_props["resource_type"] == "source":
            # the ledger's tables are written together and stand in the lineage as one asset
            if dbt_resource_props["source_name"] in ("ledger", "reference"):
                return dg.AssetKey(["ledger", "export_files"])
            # landed tables stand together by provider; what no model could read is part of the ledger's story
            provider = _providers_by_table().get(dbt_resource_props["name"])
            return dg.AssetKey(["landed", provider] if provider else ["ledger", "export_files"])
        return dg.AssetKey([self.get_group_name(dbt_resource_props) or "", dbt_resource_props["name"]])

    def get_kinds(self, dbt_resource_props: Mapping[str, Any]) -> set[str]:
        return {"dbt", "duckdb"}

    def get_tags(self, dbt_resource_props: Mapping[str, Any]) -> Mapping[str, str]:
        """What the groups do not say: who may read a table, and whether it remembers earlier refreshes."""
        tags = dict(super().get_tags(dbt_resource_props))
        if self.get_group_name(dbt_resource_props) in PUBLISHED_GROUPS:
            tags["linkgap/published"] = "true"
        if dbt_resource_props.get("config", {}).get("materialized") == "incremental":
            tags["linkgap/history"] = "true"
        return tags

    def get_owners(self, dbt_resource_props: Mapping[str, Any]) -> list[str] | None:
        return ["team:data"]


TRANSLATOR = LinkgapTranslator(settings=DagsterDbtTranslatorSettings(enable_duplicate_source_asset_keys=True))


def dbt_environment(workspace: Workspace) -> dict[str, str]:
    """The variables that `dbt_project/profiles.yml` reads, for one workspace."""
    return {
        "LINKGAP_WORKING_DATABASE": str(workspace.working_database),
        "LINKGAP_TEMPORARY": str(workspace.temporary),
        "LINKGAP_MEMORY_LIMIT": MEMORY_LIMIT,
        "DBT_TARGET_PATH": str(workspace.dbt_target),
        "DBT_LOG_PATH": str(workspace.dbt_target),
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
        "DBT_PROJECT_DIR": str(PROJECT),
        "DBT_PROFILES_DIR": str(PROJECT),
    }


@dataclass(frozen=True)
class ParsedProject:
    """The dbt project as dbt understood it, kept until a file of it changes.

    Attributes:
        manifest: For Dagster, for the descriptions of tables and columns, and for the exposures; read once a process.
        saved_state: For dbt itself, which then need not parse again.
    """

    manifest: dict[str, Any]
    saved_state: Path


@cache
def parsed_project() -> ParsedProject:
    """Parse the dbt project, once for each state of its files; kept in `LINKGAP_CACHE`, else beside the project.

    Raises:
        DbtFailedError: The project does not parse.
    """
    digest = hashlib.sha256(version("dbt-core").encode())
    for path in sorted(PROJECT.rglob("*")):
        if path.is_file() and "target" not in path.parts:
            digest.update(path.relative_to(PROJECT).as_posix().encode() + path.read_bytes())
    cache_folder = Path(os.environ.get("LINKGAP_CACHE") or CHECKOUT / ".cache")
    folder = cache_folder / "dbt" / digest.hexdigest()[:16]
    saved_state = folder / "partial_parse.msgpack"
    if not saved_state.exists():
        partial = folder.with_name(f"{folder.name}.{os.getpid()}")
        _invoke({**dbt_environment(Workspace(partial)), "DBT_TARGET_PATH": str(partial)}, ["parse"])
        _close_working_database()
        try:
            partial.rename(folder)
        except OSError:
            # another process parsed the same files meanwhile
            shutil.rmtree(partial)
    return ParsedProject(json.loads((folder / "manifest.json").read_text(encoding="utf-8")), saved_state)


def _invoke(
    environment: dict[str, str],
    arguments: list[str],
    on_event: Callable[[Any], None] | None = None,
    saved_state: Path | None = None,
) -> Any:
    os.environ.update(environment)
    from dbt.cli.main import dbtRunner
    from dbt.contracts.graph.manifest import Manifest
    from dbt.parser.manifest import extended_mashumuro_decoder

    manifest = None
    if saved_state:
        manifest = Manifest.from_msgpack(saved_state.read_bytes(), extended_mashumuro_decoder)
        # what models know as `graph` is not part of the saved state
        manifest.build_flat_graph()
    runner = dbtRunner(manifest=manifest, callbacks=[on_event] if on_event else [])
    # logs and result files of dbt cost a second and tell nothing that Dagster's events do not
    result = runner.invoke([*arguments, "--quiet", "--no-use-colors", "--log-level-file", "none"])
    if result.exception:
        raise DbtFailedError(f"dbt {arguments[0]}: {result.exception}") from result.exception
    return result


def _close_working_database() -> None:
    """dbt-duckdb keeps its connection for the next call; publication needs the file for itself."""
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager

    if DuckDBConnectionManager._ENV is not None:
        DuckDBConnectionManager._ENV.close()
        DuckDBConnectionManager.close_all_connections()


def run_dbt(workspace: Workspace, arguments: list[str]) -> Iterator[dict[str, Any]]:
    """Run dbt in this process and give its structured events as they come.

    Raises:
        DbtFailedError: A model or seed failed. Failed tests raise nothing: their events say so.
    """
    from google.protobuf.json_format import MessageToDict

    events: queue.Queue[Any] = queue.Queue()
    end = object()
    outcome: list[Any] = []

    def work() -> None:
        try:
            outcome.append(_invoke(dbt_environment(workspace), arguments, events.put, parsed_project().saved_state))
        except Exception as error:
            outcome.append(error)
        finally:
            events.put(end)

    thread = threading.Thread(target=work, name="dbt")
    thread.start()
    try:
        while (event := events.get()) is not end:
            if event.info.name in ("LogSeedResult", "LogModelResult", "LogTestResult"):
                yield MessageToDict(event, preserving_proto_field_name=True)
    finally:
        thread.join()
        _close_working_database()
    if isinstance(outcome[0], Exception):
        raise outcome[0]
    results = outcome[0].result.results
    failed = [f"{one.node.name}: {' '.join((one.message or '').split())}" for one in results if one.status == "error"]
    tests = {one.node.name: one.node.compiled_code for one in results if one.status == "fail"}
    write_text(_failing_tests_file(workspace), json.dumps(tests))
    if failed:
        raise DbtFailedError("; ".join(failed))


def build_dbt_assets() -> dg.AssetsDefinition:
    """The dbt project as assets and checks."""
    manifest = parsed_project().manifest
    nodes = sum(node["resource_type"] in ("model", "seed", "test") for node in manifest["nodes"].values())

    @dbt_assets(manifest=manifest, name="dbt_models", dagster_dbt_translator=TRANSLATOR, pool=POOL)
    def dbt_models(context: dg.AssetExecutionContext, writer: WorkspaceWriter) -> Iterator[Any]:
        for number, raw_event in enumerate(
            run_dbt(writer.workspace, ["build", "--no-write-json", *_NOT_IN_PRODUCTION])
        ):
            tell("building and testing tables", number + 1, nodes)
            message = DbtCoreCliEventMessage(raw_event=raw_event, event_history_metadata={})
            for event in message.to_default_asset_events(
                manifest=manifest, dagster_dbt_translator=TRANSLATOR, context=context
            ):
                if isinstance(event, dg.Output):
                    yield event.with_metadata({**event.metadata, **_row_count(raw_event)})
                else:
                    yield event

    return dbt_models


def _row_count(raw_event: Mapping[str, Any]) -> dict[str, int]:
    """The rows of what an event tells of, asked of dbt's open database; nothing for views between the stages."""
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager

    node = raw_event["data"]["node_info"]
    relation = node["node_relation"]
    if node["materialized"] == "view" and relation["schema"] != "marts":
        return {}
    cursor = DuckDBConnectionManager.env().conn.cursor()
    rows = cursor.execute(f'select count(*) from "{relation["schema"]}"."{relation["alias"]}"').fetchone()
    return {"dagster/row_count": rows[0]}


def failing_tests(workspace: Workspace) -> dict[str, str]:
    """Name → compiled SQL of the tests that failed in the last run with severity error."""
    return json.loads(_failing_tests_file(workspace).read_text(encoding="utf-8"))


def _failing_tests_file(workspace: Workspace) -> Path:
    return workspace.dbt_target / "failing_tests.json"
