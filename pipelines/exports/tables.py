"""Exports that are no delimited text, written as one: Excel sheets, API answers in JSON, disavow lists.

The result is a CSV with every field quoted, read on like any other export. What a provider says of the whole list
(its target, its total) becomes lines above the header.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any

import python_calamine

from pipelines.exports.errors import UnreadableExportError

_SNIFF_LINES = 200
DISAVOW_HEADER = "entry"


def sheet_to_csv(workbook: Path, sheet: str | None, target: Path) -> None:
    """An Excel sheet as CSV; without a name that it has the first one with rows.

    Raises:
        UnreadableExportError: No workbook, a password, or no rows.
    """
    try:
        with python_calamine.CalamineWorkbook.from_path(workbook) as book:
            # the member of a zip has a file's name, which is no sheet's
            names = [sheet] if sheet in book.sheet_names else book.sheet_names
            for name in names:
                opened = book.get_sheet_by_name(name)
                if opened.height:
                    rows = ([_cell_text(cell) for cell in row] for row in opened.iter_rows())
                    _write_csv(target, (row for row in rows if any(row)))
                    return
    except (python_calamine.CalamineError, OSError, RuntimeError) as error:
        raise UnreadableExportError(f"the Excel file cannot be opened ({error}); save the sheet as CSV") from error
    raise UnreadableExportError("the Excel sheet is empty; export again")


def _cell_text(cell: Any) -> str:
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 1e15:
        return str(int(cell))
    if isinstance(cell, datetime):
        return cell.isoformat(" ")
    if isinstance(cell, date):
        return cell.isoformat()
    return str(cell)


def is_disavow_list(start: str) -> bool:
    """Whether a text is a disavow list: `domain:` lines, URLs and `#` comments, and at least one of the first."""
    lines = [line.strip().lower() for line in start.splitlines()[:_SNIFF_LINES] if line.strip()]
    # the last line of a sample may be cut in the middle
    complete = lines[:-1] or lines
    return any(line.startswith("domain:") for line in complete) and all(
        line.startswith(("#", "domain:", "http://", "https://")) for line in complete
    )


def disavow_to_csv(text: Path, target: Path) -> None:
    """A disavow list as a table with the one column `entry`; comments and blank lines are no rows."""
    with text.open(encoding="utf-8-sig") as lines:
        entries = (entry for line in lines if (entry := line.strip()) and not entry.startswith("#"))
        _write_csv(target, ([entry] for entry in _with_header(entries)))


def _with_header(entries: Iterable[str]) -> Iterator[str]:
    yield DISAVOW_HEADER
    yield from entries


def json_to_csv(text: Path, target: Path) -> None:
    """The answer of a provider's API as a table: one row an item, nested fields with dots, lists and counts as JSON.

    Understands the envelope `tasks → result → items`, a bare result with `items`, and a bare list of items. The items
    of a domain intersection become a matrix: `domain`, `rank`, one column a target, `intersections_count`.

    Raises:
        UnreadableExportError: No JSON, an error of the API, or no list of items.
    """
    try:
        content = json.loads(text.read_text(encoding="utf-8-sig"))
        _write_csv(target, _table_of(list(_results(content))))
    except (ValueError, RecursionError, AttributeError, TypeError, KeyError) as error:
        raise UnreadableExportError(
            f"the JSON text breaks off or is no answer that is known ({error}); download it again"
        ) from error


def _table_of(results: list[dict[str, Any]]) -> list[list[str]]:
    if not results:
        raise UnreadableExportError("the JSON holds no list of items; save the whole answer of the API")
    rows: list[dict[str, str]] = []
    all_targets: dict[str, None] = {}
    for result in results:
        targets = {str(key): str(name) for key, name in (result.get("targets") or {}).items()}
        all_targets |= dict.fromkeys(targets.values())
        for item in result.get("items") or []:
            rows.append(_intersection(item, targets) if "domain_intersection" in item else _flat(item))
    headers = list(dict.fromkeys(header for row in rows for header in row)) or _headers_of_nothing(list(all_targets))
    names = {str(result["target"]) for result in results if result.get("target")}
    facts = {}
    if len(names) == 1:
        totals = [int(result["total_count"]) for result in results if result.get("total_count") is not None]
        # pages of one list all tell the same total
        facts = {"target": names.pop()} | ({"total_count": str(max(totals))} if totals else {})
    elif names and "url_to" not in headers:
        raise UnreadableExportError(
            f"the answer holds lists of several targets ({', '.join(sorted(names))}); save one file for each"
        )
    preamble = [[name, value] for name, value in facts.items()]
    return [*preamble, headers, *([row.get(header, "") for header in headers] for row in rows)]


def _results(content: Any) -> Iterator[dict[str, Any]]:
    if isinstance(content, list):
        yield {"items": content}
        return
    if not isinstance(content, dict):
        return
    if isinstance(content.get("items"), list) or "total_count" in content:
        yield content
        return
    for task in content.get("tasks") or []:
        if not task.get("result") and task.get("status_message") not in (None, "Ok."):
            raise UnreadableExportError(f"the API answered with an error: {task['status_message']}")
        for result in task.get("result") or []:
            if isinstance(result, dict):
                targets = (task.get("data") or {}).get("targets")
                yield {"targets": targets, **result} if targets else result


def _flat(item: dict[str, Any], prefix: str = "") -> dict[str, str]:
    row: dict[str, str] = {}
    for name, value in item.items():
        if isinstance(value, dict) and not name.startswith("referring_links_"):
            row |= _flat(value, f"{prefix}{name}.")
        else:
            row[prefix + name] = _json_cell(value)
    return row


def _json_cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _intersection(item: dict[str, Any], targets: dict[str, str]) -> dict[str, str]:
    cells = {str(key): cell for key, cell in item["domain_intersection"].items() if isinstance(cell, dict)}
    first: dict[str, Any] = next(iter(cells.values()), {})
    summary = item.get("summary") or {}
    return {
        "domain": _json_cell(first.get("target") or first.get("domain")),
        "rank": _json_cell(first.get("rank")),
        **{name: _json_cell((cells.get(key) or {}).get("backlinks") or 0) for key, name in targets.items()},
        "intersections_count": _json_cell(summary.get("intersections_count")),
    }


def _headers_of_nothing(targets: list[str]) -> list[str]:
    if targets:
        return ["domain", "rank", *targets, "intersections_count"]
    raise UnreadableExportError("the API's answer holds no items, so nothing tells which list it is; leave it out")


def _write_csv(target: Path, rows: Iterable[list[str]]) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    with target.open("w", encoding="utf-8", errors="replace", newline="") as file:
        csv.writer(file, quoting=csv.QUOTE_ALL, lineterminator="\n").writerows(rows)
