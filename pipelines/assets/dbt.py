"""All dbt models, seeds and tests as assets and checks; how dbt runs is in `pipelines.dbt_runs`."""

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

import dagster as dg
from dagster_dbt import DagsterDbtTranslator, DagsterDbtTranslatorSettings

from pipelines.assets.writer import POOL, WorkspaceWriter
from pipelines.dbt_runs import NodeResult, build_models, parsed_project, static_nodes
from pipelines.exports.formats import catalogue
from pipelines.progress import tell

PUBLISHED_GROUPS = ("marts", "dictionary")


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


def build_dbt_assets() -> dg.AssetsDefinition:
    """The dbt project as assets and checks.

    A run may leave out those that depend on the project alone (`static_keys`): they are built where they must be, and
    only shown where they are selected.
    """
    manifest = parsed_project().manifest
    specs, check_specs = _specs(manifest)

    # `dbt_assets` would ask dbt which nodes "all nodes" are
    @dg.multi_asset(name="dbt_models", specs=specs, check_specs=check_specs, can_subset=True, pool=POOL)
    def dbt_models(
        context: dg.AssetExecutionContext, writer: WorkspaceWriter
    ) -> Iterator[dg.Output[None] | dg.AssetCheckResult]:
        nodes = manifest["nodes"]
        selected = context.selected_asset_keys
        _spare(context)
        total = sum(node["resource_type"] in ("model", "seed", "test") for node in nodes.values())
        for number, result in enumerate(build_models(writer.workspace)):
            tell("building and testing tables", number + 1, total)
            node = nodes[result.unique_id]
            if node["resource_type"] == "test":
                yield _check_result(manifest, result)
            elif result.is_success and (key := TRANSLATOR.get_asset_key(node)) in selected:
                yield _output(key, result)

    return dbt_models


def _specs(manifest: Mapping[str, Any]) -> tuple[list[dg.AssetSpec], list[dg.AssetCheckSpec]]:
    """Models and seeds as assets, tests as their checks."""
    nodes: dict[str, Any] = manifest["nodes"]
    specs = {
        unique_id: TRANSLATOR.get_asset_spec(manifest, unique_id, None)
        for unique_id, node in nodes.items()
        if node["resource_type"] in ("model", "seed")
    }
    checks = [
        TRANSLATOR.get_asset_check_spec(specs[node["attached_node"]], manifest, unique_id, None)
        for unique_id, node in nodes.items()
        if node["resource_type"] == "test"
    ]
    return list(specs.values()), [check for check in checks if check]


def static_keys() -> set[dg.AssetKey]:
    """The assets that depend on the project alone."""
    manifest = parsed_project().manifest
    return {TRANSLATOR.get_asset_key(manifest["nodes"][unique_id]) for unique_id in static_nodes(manifest)}


def _spare(context: dg.AssetExecutionContext) -> None:
    """Spare the step what Dagster does for each of its outputs, and nobody reads: half the cost of an output.

    It computes the set of all its assets, and looks up the versions of what each asset was made of. Versions would call
    every table stale as soon as a file was landed again; what has to be computed again is known to the ledger.
    """
    step = context.op_execution_context.get_step_execution_context()
    keys = step.get_output_asset_keys()
    object.__setattr__(step, "get_output_asset_keys", lambda: keys)
    step._data_version_cache.is_external_input_asset_version_info_loaded = False


def _output(key: dg.AssetKey, result: NodeResult) -> dg.Output[None]:
    metadata: dict[str, Any] = {"unique_id": result.unique_id}
    if result.is_reused:
        metadata["reused"] = "built by an earlier run; neither the project nor the catalogue of exports changed since"
    else:
        metadata["Execution Duration"] = result.seconds
    if result.rows is not None:
        metadata["dagster/row_count"] = result.rows
    return dg.Output(None, output_name=key.to_python_identifier(), metadata=metadata)


def _check_result(manifest: Mapping[str, Any], result: NodeResult) -> dg.AssetCheckResult:
    test = manifest["nodes"][result.unique_id]
    table = manifest["nodes"][test["attached_node"]]
    return dg.AssetCheckResult(
        asset_key=TRANSLATOR.get_asset_key(table),
        check_name=test["name"],
        passed=result.is_success,
        metadata={"failed_rows": sum(result.failures.values()), "failed": result.failures},
    )
