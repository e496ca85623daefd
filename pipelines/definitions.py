"""Puts assets, checks, jobs, sensors and resources together, and does nothing else.

`workspace.yaml` loads this module; `linkgap refresh` and the Dagster UI run the same job from it.
"""

from __future__ import annotations

import dagster as dg

from pipelines.assets.checks import plausible_links
from pipelines.assets.dbt import build_dbt_assets
from pipelines.assets.exports import landed_exports
from pipelines.assets.publication import build_published, client_refreshes, reports
from pipelines.assets.writer import WorkspaceWriter
from pipelines.notice_sensors import notice_sensors

dbt_models = build_dbt_assets()
published = build_published([key for key in dbt_models.keys if key.path[0] == "marts"])

refresh_job = dg.define_asset_job(
    "refresh",
    selection=dg.AssetSelection.assets(landed_exports, dbt_models, published, reports),
    description="Refreshes clients: from the files in the inbox to published tables and pages.",
)

defs = dg.Definitions(
    assets=[landed_exports, dbt_models, published, reports, client_refreshes],
    asset_checks=[plausible_links],
    jobs=[refresh_job],
    sensors=[*notice_sensors],
    resources={"writer": WorkspaceWriter()},
    executor=dg.in_process_executor,
)
