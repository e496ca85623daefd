"""Rows of exports as narrow keys: which row of a link is quoted, which decides, and what is known of its `rel`."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from random import Random
from typing import Any

import pytest

from tests.compiled_models import Row, compile_models, models_on_empty
from tests.conftest import Sandbox

DAY = date(2026, 1, 10)
KEY = {"client_id": "acme", "refreshed_on": DAY}
ROW = KEY | {
    "file_site": "rival.com",
    "evidence_role": "current",
    "source_url": "https://blog.org/post",
    "target_url": "https://rival.com/",
    "may_lack_target": False,
    "is_lost": False,
    "provider_rank": 1,
    "file_number": 1,
    "row_number": 1,
    "last_seen_on": DAY,
}

IN_ORDER_OF_QUOTATION: list[Row] = [
    {},
    {"row_number": 2},
    {"file_number": 2},
    {"provider_rank": 2},
    {"last_seen_on": date(2026, 1, 9)},
    {"last_seen_on": None},
    {"is_lost": True, "lost_on": date(2026, 1, 12)},
    {"is_lost": True},
]
"""Live first, latest day, provider, file, row; each row comes after the one before it for one of these alone."""

RELS: list[tuple[Row, int | None]] = [
    ({}, None),
    ({"is_nofollow": False}, 0),
    ({"is_nofollow": False, "is_ugc": False, "is_sponsored": False}, 0),
    ({"is_nofollow": True}, 1),
    ({"is_ugc": True}, 2),
    ({"is_sponsored": True}, 4),
    ({"is_nofollow": True, "is_ugc": True, "is_sponsored": True}, 7),
]


@pytest.fixture(scope="module")
def sql(empty: Sandbox) -> dict[str, str]:
    return compile_models(empty.workspace, "int_link_rows")


def link_rows(
    empty: Sandbox, folder: Path, sql: dict[str, str], rows: list[Row], columns: str
) -> list[tuple[Any, ...]]:
    """Columns of the rows that the model makes of rows of exports, in the order of quotation."""
    with models_on_empty(empty, folder, sql) as models:
        models.insert("ledger.refreshes", KEY | {"has_path_sites": False})
        models.insert("links.int_quality_settings", KEY | {"niche_rule_bits": 0})
        models.insert("links.int_link_rows__unioned", *(ROW | row for row in rows))
        return models.rows(f"select {columns} from ({sql['int_link_rows']}) order by quote_key")


def test_rows_are_quoted_in_the_order_of_the_contract(empty: Sandbox, tmp_path: Path, sql: dict[str, str]) -> None:
    rows = Random(3).sample(IN_ORDER_OF_QUOTATION, len(IN_ORDER_OF_QUOTATION))
    keys = link_rows(empty, tmp_path, sql, rows, "file_number, row_number, provider_rank, live_key")
    expected = [ROW | row for row in IN_ORDER_OF_QUOTATION]
    assert [(file, row, rank) for file, row, rank, _ in keys] == [
        (row["file_number"], row["row_number"], row["provider_rank"]) for row in expected
    ]
    assert [live_key % 2 for *_, live_key in keys] == [int(not row["is_lost"]) for row in expected]
    days = [live_key // 2 for *_, live_key in keys]
    assert days[0] == days[1] == days[2] == days[3] == days[4] + 1 == days[6] - 2
    assert days[5] == 0


def test_what_a_row_says_of_rel_is_kept_and_silence_is_unknown(
    empty: Sandbox, tmp_path: Path, sql: dict[str, str]
) -> None:
    rows = [row | {"row_number": number} for number, (row, _) in enumerate(RELS)]
    found = dict(link_rows(empty, tmp_path, sql, rows, "row_number, rel_bits"))
    assert found == {number: bits for number, (_, bits) in enumerate(RELS)}
