"""KPIs: defined once, counted right, published for every client, and what pages and dashboards read."""

from __future__ import annotations

import random
import re
import statistics
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from pipelines.dbt_runs import parsed_project
from pipelines.report.page import write_index, write_report
from tests.conftest import Sandbox
from tests.exports_made import ahrefs_backlinks
from tests.published_made import FIRST_DAY, Tables, contracts, kpi_definitions, published_file, small_panel
from tests.world import Deliveries, World
from warehouse.layout import CHECKOUT

Rows = list[dict[str, Any]]
Kpi = float | None


def _made_up_tables(seed: int) -> Tables:
    """Two clients with two refreshes each, every value drawn from those that matter; one refresh has no rows at all."""
    draw = random.Random(seed)
    tables: Tables = {}

    def add(table: str, slice_: dict[str, Any], count: int, **values: Callable[[int], Any]) -> None:
        for number in range(count):
            row = slice_ | {name: value(number) for name, value in values.items()}
            tables.setdefault(table, []).append(row)

    def one(*values: Any) -> Callable[[int], Any]:
        return lambda _: draw.choice(values)

    statuses = ("prospect", "contacted", "replied", "won", "declined", "do_not_contact", None)
    for client_id, day in [(client, number) for client in ("acme", "beta") for number in (0, 1)]:
        key = {"client_id": client_id, "refreshed_on": FIRST_DAY + timedelta(days=75 * day)}
        is_empty = (client_id, day) == ("beta", 0)
        rows = 0 if is_empty else draw.randint(100, 900)
        rejected = draw.randint(0, rows)
        add("refreshes", key, 1, rows_read=one(rows), rows_rejected=one(rejected))
        add(
            "gap_progress", key, 1,
            open_at_end=one(4, 5), new=one(1, 2), reopened=one(0, 3), expired=one(0, 6), closing_pct=one(None, 12.5),
            closing_pct_baseline=one(0.0, 40.0), closing_pct_weighted=one(None, 60.0),
            new_competitor_links=one(None, 7),
        )  # fmt: skip
        if is_empty:
            continue
        add(
            "gaps", key, 40,
            referring_domain=lambda number: f"d{number}.com", client_links=one(0, 0, 1, 9),
            gap_status=one("open", "open", "covered", "own", "below_minimum"), gap_class=one("best", "missing", "weak"),
            absence=one("proven", "unproven", None),
        )  # fmt: skip
        add(
            "opportunities", key, 30,
            referring_domain=lambda number: f"d{number}.com", rank=lambda number: None if number % 5 == 0 else number,
            tier=one("A", "B", "C"), authority=one(None, 10.0, 20.5, 90.0), outreach_status=one(*statuses),
        )  # fmt: skip
        add(
            "gap_snapshots", key, 60,
            referring_domain=lambda number: f"d{number}.com", state=one("open", "closed", "lost", "expired"),
            transition=one("unobserved", "closed", "lost", "stayed_open"),
            closed_kind=one("won", "already_linked", None),
        )  # fmt: skip
        add("unlinked_mentions", key, draw.randint(1, 9), source_url=lambda number: f"https://m.com/{number}")
        add("lost_links", key, 20, source_url=lambda number: f"https://l.com/{number}", rank=one(None, 1, 2))
        add(
            "outreach_results", key, 2,
            dimension=lambda number: ("all", "tactic")[number], contacted=one(0, 8, 90), won_pct=one(None, 12.5, 100.0),
        )  # fmt: skip
        add(
            "coverage", key, 12,
            export_kind=one("backlinks", "referring_domains", "keywords"), is_truncated=one(True, False, False),
        )  # fmt: skip
    return tables


def _share(part: int, whole: int) -> Kpi:
    return 100.0 * part / whole if whole else None


def _counted_by_hand(tables: Tables, client_id: str, day: date) -> dict[str, Kpi]:
    """Every KPI from the contract's words, in Python."""

    def rows(table: str) -> Rows:
        return [row for row in tables.get(table, []) if (row["client_id"], row["refreshed_on"]) == (client_id, day)]

    gaps, opportunities, snapshots = rows("gaps"), rows("opportunities"), rows("gap_snapshots")
    (progress,), (refresh,) = rows("gap_progress"), rows("refreshes")
    still_open = [row for row in gaps if row["gap_status"] == "open"]
    proven = [row for row in still_open if row["absence"] == "proven"]
    tiers = [row["tier"] for row in opportunities if row["rank"] is not None]
    authorities = [row["authority"] for row in opportunities if row["authority"] is not None]
    lists = [row for row in rows("coverage") if row["export_kind"] != "keywords"]
    letters = next((row for row in rows("outreach_results") if row["dimension"] == "all"), {})
    won = [row for row in snapshots if row["state"] == "closed" and row["closed_kind"] == "won"]
    newly_won = [row for row in snapshots if row["transition"] == "closed" and row["closed_kind"] == "won"]
    return {
        "referring_domains": sum(row["client_links"] > 0 for row in gaps),
        "open_gaps": len(still_open),
        "best_gaps": sum(row["gap_class"] == "best" for row in still_open),
        "proven_gaps": len(proven),
        "proven_gaps_pct": _share(len(proven), len(still_open)),
        "opportunities": len(tiers),
        "opportunities_tier_a": tiers.count("A"),
        "opportunities_tier_b": tiers.count("B"),
        "opportunities_tier_c": tiers.count("C"),
        "do_not_contact_gaps": sum(row["outreach_status"] == "do_not_contact" for row in opportunities),
        "gap_authority_mean": statistics.mean(authorities) if authorities else None,
        "gap_authority_median": statistics.median(authorities) if authorities else None,
        "open_at_end": progress["open_at_end"],
        "gaps_new": progress["new"],
        "gaps_reopened": progress["reopened"],
        "gaps_expired": progress["expired"],
        "gaps_lost": sum(row["transition"] == "lost" for row in snapshots),
        "gaps_unobserved": sum((row["state"], row["transition"]) == ("open", "unobserved") for row in snapshots),
        "gaps_won": len(won),
        "gaps_newly_won": len(newly_won),
        "closing_pct": progress["closing_pct"],
        "closing_pct_baseline": progress["closing_pct_baseline"],
        "closing_pct_weighted": progress["closing_pct_weighted"],
        "new_competitor_links": progress["new_competitor_links"],
        "unlinked_mentions": len(rows("unlinked_mentions")),
        "links_to_reclaim": sum(row["rank"] is not None for row in rows("lost_links")),
        "outreach_contacted": letters.get("contacted", 0),
        "outreach_won_pct": letters.get("won_pct"),
        "untruncated_lists_pct": _share(sum(not row["is_truncated"] for row in lists), len(lists)),
        "rejected_rows_pct": _share(refresh["rows_rejected"], refresh["rows_read"]),
    }


def _rows(database: Path, query: str) -> Rows:
    with duckdb.connect(str(database), read_only=True) as connection:
        cursor = connection.execute(query)
        names = [column[0] for column in cursor.description or []]
        return [dict(zip(names, values, strict=True)) for values in cursor.fetchall()]


@pytest.mark.parametrize("seed", range(5))
def test_every_kpi_is_what_one_counts_by_hand(tmp_path: Path, seed: int) -> None:
    """Else a page and a dashboard agree on a wrong number."""
    tables = _made_up_tables(seed)
    published = published_file(tmp_path / "published.duckdb", tables)
    found = _rows(published, "select * from marts.kpis order by client_id, refreshed_on")
    assert len(found) == 4
    for row in found:
        client_id, day = row.pop("client_id"), row.pop("refreshed_on")
        by_hand = _counted_by_hand(tables, client_id, day)
        assert row == {name: pytest.approx(value) if value is not None else None for name, value in by_hand.items()}


def test_a_refresh_without_rows_has_zeros_and_no_shares(tmp_path: Path) -> None:
    """Else nothing would be counted as one, or a share would be made of nothing."""
    published = published_file(tmp_path / "published.duckdb", _made_up_tables(0))
    (row,) = _rows(published, f"select * from marts.kpis where client_id = 'beta' and refreshed_on = '{FIRST_DAY}'")
    tracked = {kpi["name"] for kpi in kpi_definitions() if kpi["table"] == "gap_progress"}
    for kpi in kpi_definitions():
        if kpi["name"] not in tracked:
            assert row[kpi["name"]] == (None if kpi["unit"] in ("pct", "authority") else 0), kpi["name"]


def test_definitions_and_columns_correspond_one_to_one(golden: Sandbox) -> None:
    """Else a figure would stand somewhere without saying what it means."""
    names = [kpi["name"] for kpi in kpi_definitions()]
    assert len(set(names)) == len(names)
    published = golden.database
    (first, *_) = _rows(published, "select * from marts.kpis")
    assert list(first) == ["client_id", "refreshed_on", *names]
    values = _rows(published, "select * from marts.kpi_values order by client_id, refreshed_on, kpi_number")
    wide = _rows(published, "select * from marts.kpis order by client_id, refreshed_on")
    assert [(row["refreshed_on"], row["kpi"], row["kpi_value"]) for row in values] == [
        (row["refreshed_on"], name, row[name]) for row in wide for name in names
    ]
    meanings = {row["kpi"]: row["meaning"] for row in values}
    comments = {
        row["column_name"]: row["comment"]
        for row in _rows(
            published,
            "select column_name, comment from duckdb_columns() where table_name = 'kpis' and schema_name = 'marts'",
        )
    }
    for kpi in kpi_definitions():
        assert set(kpi) == {"name", "data_type", "meaning", "label", "unit", "table", "sql"}
        assert kpi["unit"] in {"domains", "links", "pages", "pct", "authority"}
        assert (kpi["unit"] == "pct") == ("_pct" in kpi["name"]), kpi["name"]
        assert kpi["table"] in contracts()
        assert meanings[kpi["name"]] == " ".join(comments[kpi["name"]].split())
        assert meanings[kpi["name"]].endswith(".")


def test_kpis_of_the_golden_run_are_those_of_its_stories(golden: Sandbox) -> None:
    """Else the KPIs would be right over made-up tables and wrong over the ones that dbt builds."""
    assert golden.query(
        "select refreshed_on, open_at_end, gaps_new, gaps_reopened, gaps_lost, gaps_won, gaps_newly_won "
        "from marts.kpis order by refreshed_on"
    ) == [
        (date(2026, 1, 10), 11, 11, 0, 0, 0, 0),
        (date(2026, 3, 27), 8, 2, 1, 0, 3, 3),
        (date(2026, 6, 10), 10, 0, 1, 1, 1, 0),
        (date(2026, 8, 24), 10, 0, 0, 0, 2, 0),
        (date(2026, 11, 7), 9, 1, 0, 1, 2, 1),
    ]


OPEN_GAPS = {"two-gaps": 2, "three-gaps": 3}


def deliver_stories(world: Deliveries) -> None:
    for client_id, open_gaps in OPEN_GAPS.items():
        world.client(client_id, f"sites: [{client_id}.com]\ncompetitors: [rival.com]\n")
        links = [
            {"Referring page URL": f"https://{client_id}-{number}.org/", "Target URL": "https://rival.com/"}
            for number in range(open_gaps)
        ]
        world.deliver(f"{client_id}/2026-01-10/rival.com-backlinks-subdomains.csv", ahrefs_backlinks(*links))


@pytest.mark.parametrize(("client_id", "open_gaps"), OPEN_GAPS.items())
def test_the_file_of_a_client_holds_its_kpis_alone(world: World, client_id: str, open_gaps: int) -> None:
    """Else a client would read another one's figures."""
    kpis = "select client_id, open_gaps from marts.kpis where client_id = $client_id"
    for file in (world.sandbox, world.of(client_id)):
        assert file.query(kpis, client_id=client_id) == [(client_id, open_gaps)]
    assert world.of(client_id).query("select count(*), min(client_id), max(client_id) from marts.kpi_values") == [
        (len(kpi_definitions()), client_id, client_id)
    ]


def test_a_page_can_be_written_of_refreshes_published_before_there_were_kpis(tmp_path: Path) -> None:
    """Else an upgrade would take the pages away until everything is rebuilt."""
    tables = small_panel(refreshes=3)
    with_all = published_file(tmp_path / "all.duckdb", tables)
    today = _rows(with_all, "select * from marts.kpis order by refreshed_on")[-1]
    published = published_file(tmp_path / "published.duckdb", tables | {"kpis": [today]})
    write_report(published, "acme", tmp_path / "acme.html")
    write_index(published, tmp_path)
    text = (tmp_path / "acme.html").read_text(encoding="utf-8")
    assert "not known for refresh 2" in text
    assert not re.search(r'figure-change">\s*first refresh', text)


def test_exposures_name_the_marts_that_pages_and_dashboards_read() -> None:
    """Else the lineage would not tell whom a change of a mart concerns."""
    manifest = parsed_project().manifest
    exposures = {
        exposure["name"]: {node.removeprefix("model.linkgap.") for node in exposure["depends_on"]["nodes"]}
        for exposure in manifest["exposures"].values()
    }
    report = CHECKOUT / "pipelines" / "report"
    asked = "".join(path.read_text(encoding="utf-8") for path in report.glob("*.py"))
    dashboard = (CHECKOUT / "bi" / "dashboard.yaml").read_text(encoding="utf-8").partition("\ndatasets:")[2]
    assert exposures == {
        "report_page": set(re.findall(r"marts\.(\w+)", asked)),
        "gap_dashboard": set(re.findall(r"marts\.(\w+)", dashboard)),
    }
