"""The jobs: each a selection of the same assets."""

from __future__ import annotations

import dagster as dg

from pipelines.assets.dbt import PUBLISHED_GROUPS, build_dbt_assets
from pipelines.assets.due_check import refreshed_in_time
from pipelines.assets.exports import landed_exports
from pipelines.assets.publication import build_published, postgresql_copy, reports

REFRESH, REBUILD, PUBLISH, WINDOWS = "refresh", "rebuild", "publish", "check_windows"

dbt_models = build_dbt_assets()
published = build_published([key for key in dbt_models.keys if key.path[0] in PUBLISHED_GROUPS])

_in_time = dg.AssetSelection.checks(refreshed_in_time)
# the check of windows speaks of all clients, a refresh of its own: it has a job of its own
_everything = dg.AssetSelection.assets(landed_exports, dbt_models, published, postgresql_copy, reports)

refresh_job = dg.define_asset_job(
    REFRESH,
    selection=_everything,
    description="Refreshes clients: from the files in the inbox to published tables and pages.",
)

rebuild_job = dg.define_asset_job(
    REBUILD,
    selection=_everything,
    config={"ops": {"landed_exports": {"config": {"rebuild": True}}}},
    description="Builds the whole warehouse again from the archived exports and settings.",
)

publish_job = dg.define_asset_job(
    PUBLISH,
    selection=dg.AssetSelection.assets(published, postgresql_copy, reports),
    description="Publishes what the last run computed once more, after trouble with the published file or its disk.",
)

windows_job = dg.define_asset_job(
    WINDOWS, selection=_in_time, description="Asks whether a client is overdue, and which exports are missing."
)
