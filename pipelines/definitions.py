"""Puts assets, checks, jobs, schedules, sensors and resources together, and does nothing else.

`workspace.yaml` loads this module; `linkgap refresh` and the Dagster UI run the same jobs from it.
"""

from __future__ import annotations

import dagster as dg

from pipelines.assets.checks import plausible_links
from pipelines.assets.client_partitions import client_refreshes
from pipelines.assets.due_check import refreshed_in_time
from pipelines.assets.exports import landed_exports
from pipelines.assets.publication import build_dashboards, postgresql_copy, reports
from pipelines.assets.writer import WorkspaceWriter
from pipelines.jobs import dbt_models, publish_job, published, rebuild_job, refresh_job, windows_job
from pipelines.notice_sensors import notice_sensors
from pipelines.schedules import check_windows_daily, new_exports, refresh_due_clients, split_failed_runs

defs = dg.Definitions(
    assets=[landed_exports, dbt_models, published, postgresql_copy, reports, client_refreshes, *build_dashboards()],
    asset_checks=[plausible_links, refreshed_in_time],
    jobs=[refresh_job, rebuild_job, publish_job, windows_job],
    schedules=[refresh_due_clients, check_windows_daily],
    sensors=[new_exports, split_failed_runs, *notice_sensors],
    resources={"writer": WorkspaceWriter()},
    executor=dg.in_process_executor,
)
