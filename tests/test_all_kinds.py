"""One client that delivers every kind of export there is: everything is taken, counted, and told."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipelines.exports.formats import catalogue
from tests.conftest import Sandbox
from tests.world import Deliveries, World

FIXTURES = Path(__file__).parent / "fixtures" / "exports"
DAY = "2026-02-10"


def deliver_stories(world: Deliveries) -> None:
    world.client("everything", "sites: [acme.example]\ncompetitors: [rival.example, foe.example]\n")
    for path in sorted(FIXTURES.iterdir()):
        entry = next(entry for entry in catalogue() if entry.name == path.name.partition(".")[0])
        # what names its site itself needs no folder
        folder = "" if entry.target_columns or entry.row_site_field or entry.about == "client" else "rival.example/"
        if entry.provider == "gsc" and entry.about != "client":
            folder = "acme.example/"
        world.deliver(f"everything/{DAY}/{folder}{path.name}", path.read_bytes())


@pytest.fixture(scope="module")
def everything(world: World) -> Sandbox:
    return world.of("everything")


def test_every_file_is_accepted_with_its_kind(everything: Sandbox) -> None:
    found = everything.query("select path, provider, export_kind, vintage, outcome from marts.export_files")
    assert {outcome for *_, outcome in found} == {"accepted"}
    kinds = {entry.name: (entry.provider, entry.export_kind) for entry in catalogue()}
    for path, provider, kind, vintage, _ in found:
        name, _, rest = path.rsplit("/", 1)[-1].partition(".")
        assert (provider, kind) == kinds[name]
        assert vintage == rest.rsplit(".", 1)[0]


def test_no_row_is_dropped_without_a_count(everything: Sandbox) -> None:
    assert everything.query(
        "select count(*) from marts.rejected_rows union all select sum(rows_rejected) from marts.export_files"
    ) == [(rejected := everything.query("select count(*) from marts.rejected_rows")[0][0],), (rejected,)]


def test_kinds_that_no_table_reads_stand_in_coverage(everything: Sandbox) -> None:
    kinds = {kind for (kind,) in everything.query("select distinct export_kind from marts.coverage")}
    assert kinds == {entry.export_kind for entry in catalogue()}


def test_a_link_is_one_row_with_all_its_providers(everything: Sandbox) -> None:
    most = everything.query("select max(len(providers)) from marts.links")[0][0]
    assert most >= 2
    assert everything.query(
        "select count(*) - count(distinct (source_url, coalesce(target_url, site))) from marts.links"
    ) == [(0,)]


def test_every_providers_metric_stands_beside_the_authority(everything: Sandbox) -> None:
    filled = everything.query(
        "select count(ahrefs_dr) > 0, count(semrush_as) > 0, count(moz_da) > 0, count(majestic_tf) > 0, "
        "count(majestic_cf) > 0, count(dataforseo_rank) > 0, count(authority) > 0 from marts.referring_domains"
    )
    assert filled == [(True,) * 7]
