"""One partition per client: where Dagster shows what became of it last."""

from __future__ import annotations

from collections.abc import Collection

import dagster as dg

CLIENTS = dg.DynamicPartitionsDefinition(name="clients")
PUBLISHED = dg.AssetKey(["published", "linkgap"])

client_refreshes = dg.AssetSpec(
    ["published", "client_refreshes"],
    group_name="published",
    kinds={"duckdb"},
    owners=["team:data"],
    partitions_def=CLIENTS,
    deps=[PUBLISHED],
    description="One partition per client, materialised by every run that publishes a refresh of it; where the gate "
    "holds a refresh back, the partition says why.",
)


def keep_partitions(instance: dg.DagsterInstance, client_ids: Collection[str]) -> None:
    """One partition for each client file, and no other."""
    name = CLIENTS.name
    assert name is not None
    known = set(instance.get_dynamic_partitions(name))
    if missing := sorted(set(client_ids) - known):
        instance.add_dynamic_partitions(name, missing)
    for client_id in sorted(known - set(client_ids)):
        instance.delete_dynamic_partition(name, client_id)
