"""dbt's own unit tests: SQL logic on rows one can read, beside each model in its yml."""

from __future__ import annotations

from pipelines.dbt_runs import close_working_database, dbt_environment, invoke_dbt, parsed_project
from tests.conftest import Sandbox


def test_every_dbt_unit_test_passes(empty: Sandbox) -> None:
    """They need the relations of a built database to know column types; one without a row is enough."""
    arguments = ["test", "--no-write-json", "--select", "test_type:unit"]
    try:
        result = invoke_dbt(dbt_environment(empty.workspace), arguments, parsed_project().load())
    finally:
        close_working_database()
    failed = {one.node.name: one.message for one in result.result.results if one.status != "pass"}
    assert failed == {}
    assert len(result.result.results) >= 30
