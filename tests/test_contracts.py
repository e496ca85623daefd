"""The contract of each published table: the columns and types that its yml promises are those that are published."""

from __future__ import annotations

import duckdb

from pipelines.dbt_runs import parsed_project
from tests.conftest import Sandbox


def test_the_columns_of_published_tables_are_those_of_their_ymls(golden: Sandbox) -> None:
    """dbt would ask this of each table in each run."""
    nodes = [
        node
        for node in parsed_project().manifest["nodes"].values()
        if node["resource_type"] == "model" and node["schema"] == "marts"
    ]
    assert len(nodes) > 30
    assert all(node["config"]["contract"]["enforced"] for node in nodes)
    with duckdb.connect(str(golden.workspace.published_database), read_only=True) as connection:
        promised = {
            node["name"]: [
                (column["name"], str(connection.execute(f"select null::{column['data_type']}").description[0][1]))
                for column in node["columns"].values()
            ]
            for node in nodes
        }
        published = {
            table: [
                (name, str(sql_type)) for name, sql_type, *_ in connection.execute(f"from marts.{table}").description
            ]
            for table in promised
        }
    assert published == promised
