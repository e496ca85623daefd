"""What Dagster shows: the definitions load, and their lineage is the flow."""

from __future__ import annotations

import dagster as dg
import pytest


@pytest.fixture(scope="module")
def graph() -> dg.AssetGraph:  # type: ignore[name-defined]
    from pipelines.definitions import defs

    dg.Definitions.validate_loadable(defs)
    return defs.resolve_asset_graph()


def test_groups_are_the_stages_of_the_flow(graph: dg.AssetGraph) -> None:  # type: ignore[name-defined]
    groups = {graph.get(key).group_name for key in graph.get_all_asset_keys()}
    assert groups == {
        "exports",
        "rules",
        "staging",
        "links",
        "gaps",
        "segments",
        "priorities",
        "tracking",
        "marts",
        "checks",
        "dictionary",
        "published",
    }


def test_every_asset_says_its_grain_and_has_an_owner(graph: dg.AssetGraph) -> None:  # type: ignore[name-defined]
    for key in graph.get_all_asset_keys():
        node = graph.get(key)
        assert node.description, key
        assert node.owners, key
        assert node.kinds, key


def test_assets_show_their_columns_and_whom_they_are_for(graph: dg.AssetGraph) -> None:  # type: ignore[name-defined]
    opportunities = graph.get(dg.AssetKey(["marts", "opportunities"]))
    columns = opportunities.metadata["dagster/column_schema"].columns
    assert {column.name: column.type for column in columns}["score"] == "double"
    assert all(column.description for column in columns)
    published = {key for key in graph.get_all_asset_keys() if "linkgap/published" in graph.get(key).tags}
    assert published == {key for key in graph.get_all_asset_keys() if key.path[0] in ("marts", "dictionary")}
    remembering = {key.path[-1] for key in graph.get_all_asset_keys() if "linkgap/history" in graph.get(key).tags}
    assert "int_gap_observations" in remembering


def test_data_flows_from_exports_to_the_published_file(graph: dg.AssetGraph) -> None:  # type: ignore[name-defined]
    published = dg.AssetKey(["published", "linkgap"])
    seen, todo = set(), [published]
    while todo:
        key = todo.pop()
        if key not in seen:
            seen.add(key)
            todo.extend(graph.get(key).parent_keys)
    assert {key.path[0] for key in seen} >= {"landed", "staging", "links", "gaps", "segments", "priorities", "marts"}


def test_dashboards_stand_at_the_end_of_the_lineage(graph: dg.AssetGraph) -> None:  # type: ignore[name-defined]
    dashboard = graph.get(dg.AssetKey(["published", "gap_dashboard"]))
    assert dashboard.parent_keys == {dg.AssetKey(["published", "linkgap"])}
    assert "kpis" in dashboard.metadata["reads"]
    assert not dashboard.is_executable


def test_gates_and_laws_are_asset_checks(graph: dg.AssetGraph) -> None:  # type: ignore[name-defined]
    checks = {(key.asset_key.to_user_string(), key.name) for key in graph.asset_check_keys}
    assert ("landed/ahrefs", "sound_exports") in checks
    assert ("marts/links", "plausible_links") in checks
    assert ("published/linkgap", "publishable") in checks
    assert ("published/linkgap", "plausible") in checks
    assert ("published/linkgap", "usual_rejections") in checks
    assert any(asset.startswith("marts/") for asset, _ in checks)
