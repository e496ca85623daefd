"""Runs dbt in this process: the project is parsed once, its SQL compiled once, and a run builds what it must.

A dbt command of its own costs seconds of start-up, and most of what dbt does for a model is the same in every run. So
the parsed project and the compiled SQL are kept in `.cache/dbt` (or `LINKGAP_CACHE`), and nodes tagged `static`,
which depend on no data, are built when the project changes. What Dagster shows of a run is in `pipelines.assets.dbt`.
"""

from __future__ import annotations

import hashlib
import json
import os
import pickle
import queue
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, fields
from functools import cache
from graphlib import TopologicalSorter
from importlib.metadata import version
from pathlib import Path
from typing import Any

from pipelines.exports.formats import catalogue
from warehouse.connections import MEMORY_LIMIT
from warehouse.layout import CHECKOUT, Workspace, cache_folder
from warehouse.replacing import write_text
from warehouse.working import mark_static_built, prepare_working

PROJECT = CHECKOUT / "dbt_project"

STATIC = "static"
"""Tag of the nodes that depend on the project alone."""

_MANIFEST = "manifest.pickle"
"""The parsed project as Python objects: dbt takes ten times as long to make them of its own saved state."""

_RESULTS = {"LogSeedResult", "LogModelResult"}


class DbtFailedError(RuntimeError):
    """A model could not be built; the message names it and dbt's reason."""


@dataclass(frozen=True)
class ParsedProject:
    """The dbt project as dbt understood it.

    Attributes:
        manifest: For Dagster, the descriptions of tables and columns, and the exposures; read once a process.
        folder: Where it is kept.
        digest: Of its files and of the catalogue of exports, which decides the columns of staging views.
    """

    manifest: dict[str, Any]
    folder: Path
    digest: str

    def load(self) -> Any:
        """The parsed project as dbt's own commands take it; a quarter of a second."""
        from dbt.contracts.graph.manifest import Manifest

        manifest = Manifest(**pickle.loads((self.folder / _MANIFEST).read_bytes()))
        # what models know as `graph`
        manifest.build_flat_graph()
        return manifest

    def compiled(self, formats: tuple[str, ...]) -> Path:
        """The compiled SQL of the nodes, by id, for runs over exports of these formats.

        Unions leave out reports that nobody delivered, and `LINKGAP_RULES` leaves out rules, so both are part of the
        name.
        """
        key = "\n".join((self.digest, os.environ.get("LINKGAP_RULES", ""), *formats))
        return self.folder / "compiled" / f"{hashlib.sha256(key.encode()).hexdigest()[:16]}.json"


@dataclass(frozen=True)
class NodeResult:
    """What became of a node.

    Attributes:
        unique_id: dbt's id of the model, seed or test.
        is_success: The model or seed is built, or the test passed.
        seconds: Wall time.
        rows: Of a table; None for views and tests.
        failures: Expectation → failing rows, of a test.
        is_reused: The node was built by an earlier run, and nothing that it depends on changed.
    """

    unique_id: str
    is_success: bool
    seconds: float = 0.0
    rows: int | None = None
    failures: dict[str, int] = field(default_factory=dict)
    is_reused: bool = False


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


@cache
def parsed_project() -> ParsedProject:
    """Parse the dbt project, once for each state of its files.

    With `LINKGAP_PARTIAL_PARSE` set, only what changed since the last state is parsed: half the time while one works
    on the models.

    Raises:
        DbtFailedError: The project does not parse.
    """
    digest = hashlib.sha256(f"{_MANIFEST} {version('dbt-core')} {version('dbt-duckdb')}".encode())
    for path in sorted(PROJECT.rglob("*")):
        if path.is_file() and "target" not in path.parts:
            digest.update(path.relative_to(PROJECT).as_posix().encode() + path.read_bytes())
    folder = cache_folder() / "dbt" / digest.hexdigest()[:16]
    if not folder.exists():
        partial = folder.with_name(f"{folder.name}.{os.getpid()}")
        partial.mkdir(parents=True)
        earlier = sorted(folder.parent.glob("*/partial_parse.msgpack"), key=lambda path: path.stat().st_mtime)
        if earlier and os.environ.get("LINKGAP_PARTIAL_PARSE"):
            shutil.copy(earlier[-1], partial)
        parsed = invoke_dbt(
            # no path that differs from one parse to the next, for dbt parses everything when its variables change
            dbt_environment(Workspace(Path())) | {"DBT_TARGET_PATH": str(partial), "DBT_LOG_PATH": str(partial)},
            ["parse"],
        )
        # those of its fields that are not made of the others
        content = {one.name: getattr(parsed.result, one.name) for one in fields(parsed.result) if one.name[0] != "_"}
        (partial / _MANIFEST).write_bytes(pickle.dumps(content | {"flat_graph": {}}, pickle.HIGHEST_PROTOCOL))
        try:
            partial.rename(folder)
        except OSError:
            # another process parsed the same files meanwhile
            shutil.rmtree(partial)
    for entry in catalogue():
        digest.update(entry.digest.encode())
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    return ParsedProject(manifest, folder, digest.hexdigest()[:16])


def invoke_dbt(
    environment: dict[str, str],
    arguments: list[str],
    manifest: Any = None,
    on_event: Callable[[Any], None] | None = None,
) -> Any:
    """Run a dbt command in this process.

    Args:
        environment: Variables to set before.
        arguments: Of the command line, without `dbt`.
        manifest: The parsed project; dbt parses its files without.
        on_event: Called with every event of dbt.

    Returns:
        dbt's result; a test or model that failed is in it.

    Raises:
        DbtFailedError: The command did not run.
    """
    os.environ.update(environment)
    from dbt.cli.main import dbtRunner

    runner = dbtRunner(manifest=manifest, callbacks=[on_event] if on_event else [])
    # its logs and its cache of relations cost a second, and nothing reads them
    result = runner.invoke(
        [*arguments, "--quiet", "--log-level", "none", "--log-level-file", "none", "--no-populate-cache"]
    )
    if result.exception:
        raise DbtFailedError(f"dbt {arguments[0]}: {result.exception}") from result.exception
    return result


def close_working_database() -> None:
    """Close the connection that dbt-duckdb keeps for the next command; publication needs the file for itself."""
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager

    if DuckDBConnectionManager._ENV is not None:
        DuckDBConnectionManager._ENV.close()
        DuckDBConnectionManager.close_all_connections()


def build_models(workspace: Workspace) -> Iterator[NodeResult]:
    """Build what a run needs, check it, and give the result of each node as it comes.

    The tests of the published tables are one model, `failed_expectations`; the result of each is read from it.

    Raises:
        DbtFailedError: A model or seed failed. Failed tests raise nothing: their results say so.
    """
    project = parsed_project()
    state = prepare_working(workspace, project.digest, _schemas_of(project.manifest))
    arguments = ["build", "--no-write-json", "--exclude-resource-type", "unit_test", "--exclude-resource-type", "test"]
    reused = static_nodes(project.manifest) if state.is_static_built else []
    if reused:
        arguments += ["--exclude", f"tag:{STATIC}"]
    run = _Run(workspace, arguments, project, project.compiled(state.formats))
    try:
        yield from run.results(reused)
        if run.errors:
            raise DbtFailedError("; ".join(run.errors))
        yield from _test_results(project.manifest)
        if not state.is_static_built:
            mark_static_built(_connection(), project.digest)
    finally:
        close_working_database()


def _schemas_of(manifest: dict[str, Any]) -> set[str]:
    return {node["schema"] for node in manifest["nodes"].values() if node["resource_type"] in ("seed", "model")}


def static_nodes(manifest: dict[str, Any]) -> list[str]:
    """The ids of the nodes that depend on the project alone, each after those that it reads."""
    static = {unique_id: node for unique_id, node in manifest["nodes"].items() if STATIC in node["tags"]}
    reads = {unique_id: static.keys() & set(node["depends_on"].get("nodes", ())) for unique_id, node in static.items()}
    return list(TopologicalSorter(reads).static_order())


@dataclass
class _Run:
    """One command of dbt in a thread of its own, whose events come through a queue."""

    workspace: Workspace
    arguments: list[str]
    project: ParsedProject
    compiled: Path
    errors: list[str] = field(default_factory=list)

    def results(self, reused: list[str]) -> Iterator[NodeResult]:
        events: queue.Queue[Any] = queue.Queue()
        thread = threading.Thread(target=self._work, args=(events,), name="dbt")
        thread.start()
        try:
            # while dbt loads the project
            yield from (NodeResult(unique_id, True, is_reused=True) for unique_id in reused)
            while (event := events.get()) is not None:
                if isinstance(event, Exception):
                    raise event
                if event.info.name in _RESULTS:
                    yield _result_of(event)
        finally:
            thread.join()

    def _work(self, events: queue.Queue[Any]) -> None:
        try:
            kept = self._kept()
            manifest = self._manifest(kept)
            with _without_overhead():
                result = invoke_dbt(dbt_environment(self.workspace), self.arguments, manifest, events.put)
            for one in result.result.results:
                if one.status == "error":
                    self.errors.append(f"{one.node.name}: {' '.join((one.message or '').split())}")
            self._keep_compiled(manifest, kept)
        except Exception as error:
            events.put(error)
        finally:
            events.put(None)

    def _manifest(self, kept: dict[str, str]) -> Any:
        """The parsed project; a node whose compiled SQL is kept has it already."""
        manifest = self.project.load()
        for unique_id, sql in kept.items():
            manifest.nodes[unique_id].compiled_code = sql
            manifest.nodes[unique_id].compiled = True
        return manifest

    def _kept(self) -> dict[str, str]:
        return json.loads(self.compiled.read_text(encoding="utf-8")) if self.compiled.exists() else {}

    def _keep_compiled(self, manifest: Any, kept: dict[str, str]) -> None:
        compiled = {
            unique_id: node.compiled_code
            for unique_id, node in manifest.nodes.items()
            if node.resource_type == "model" and node.compiled_code
        }
        if compiled.keys() - kept.keys() and not self.errors:
            write_text(self.compiled, json.dumps(compiled))


@contextmanager
def _without_overhead() -> Iterator[None]:
    """Keep dbt from what it does for every command or node and nobody reads: a third of a small refresh.

    It checks project and profile against JSON schemas, which takes a second to build them; both were checked when the
    project was parsed, and are part of its digest. It makes a message of protobuf for each of a dozen events a node, of
    which the result is the one that is used (`_RESULTS`); what failed is in the result, too. It writes two files of SQL
    a node, and makes what Jinja may ask of it although its SQL is there (`ParsedProject.compiled`). And it asks which
    schemas there are, one by one, which `prepare_working` has made.
    """
    from dbt.compilation import Compiler
    from dbt.contracts.graph.nodes import ParsedNode
    from dbt.task.runnable import GraphRunnableTask
    from dbt_common.dataclass_schema import dbtClassMixin
    from dbt_common.events.base_types import BaseEvent
    from dbt_common.events.event_manager import EventManager

    make, fire, compile_code = BaseEvent.__init__, EventManager.fire_event, Compiler._compile_code

    def make_result(event: Any, *arguments: Any, **values: Any) -> None:
        name = type(event).__name__
        if name in _RESULTS:
            make(event, *arguments, **values)
        else:
            event.pb_msg = getattr(event.PROTO_TYPES_MODULE, name)()

    def fire_result(manager: Any, event: Any, *arguments: Any, **values: Any) -> None:
        if type(event).__name__ in _RESULTS:
            fire(manager, event, *arguments, **values)

    def compile_unless_kept(compiler: Any, node: Any, *arguments: Any, **values: Any) -> Any:
        return node if node.compiled else compile_code(compiler, node, *arguments, **values)

    lean: list[tuple[type, str, Any]] = [
        (dbtClassMixin, "validate", classmethod(lambda cls, data: None)),
        (BaseEvent, "__init__", make_result),
        (EventManager, "fire_event", fire_result),
        (ParsedNode, "write_node", lambda *arguments: None),
        (Compiler, "_compile_code", compile_unless_kept),
        (GraphRunnableTask, "create_schemas", lambda *arguments: None),
    ]
    originals = [owner.__dict__[name] for owner, name, _ in lean]
    for owner, name, replacement in lean:
        setattr(owner, name, replacement)
    try:
        yield
    finally:
        for (owner, name, _), original in zip(lean, originals, strict=True):
            setattr(owner, name, original)


def _connection() -> Any:
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager

    return DuckDBConnectionManager.env().conn.cursor()


def _result_of(event: Any) -> NodeResult:
    node = event.data.node_info
    rows = None
    if node.materialized != "view" and node.node_status == "success":
        relation = node.node_relation
        (rows,) = _connection().execute(f'select count(*) from "{relation.schema}"."{relation.alias}"').fetchone()
    return NodeResult(node.unique_id, node.node_status == "success", event.data.execution_time, rows)


def _test_results(manifest: dict[str, Any]) -> Iterator[NodeResult]:
    failures: dict[str, dict[str, int]] = {}
    for table, expectation, rows in (
        _connection()
        .execute(
            "select table_name, expectation, cast(sum(row_count) as bigint) "
            "from checks.failed_expectations group by all"
        )
        .fetchall()
    ):
        failures.setdefault(table, {})[expectation] = rows
    for unique_id, node in manifest["nodes"].items():
        if node["resource_type"] == "test":
            failed = failures.get(manifest["nodes"][node["attached_node"]]["name"], {})
            yield NodeResult(unique_id, not failed, failures=failed)
