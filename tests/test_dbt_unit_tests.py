"""dbt's own unit tests: SQL logic on rows one can read, beside each model in its yml."""

from __future__ import annotations

from pipelines.dbt_runs import dbt_environment, invoke_dbt
from tests.conftest import Sandbox


def test_every_dbt_unit_test_passes(golden: Sandbox) -> None:
    """They need the relations of a built database to know column types; the golden run has built one."""
    result = invoke_dbt(dbt_environment(golden.workspace), ["test", "--select", "test_type:unit"])
    failed = {one.node.name: one.message for one in result.result.results if one.status != "pass"}
    assert failed == {}
    assert len(result.result.results) >= 15
