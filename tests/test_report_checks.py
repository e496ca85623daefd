"""The page of checks: findings first, everything that was asked behind them, and never markup of an export."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pipelines.report.checks import VALUES_SHOWN, checks_page
from pipelines.report.page import TEMPLATES, write_checks
from tests.test_report import MARKUP, Page
from warehouse.checks import Checks


def entry(*rows: dict[str, Any], is_critical: bool = False, suite: str = "exports: ahrefs backlinks") -> dict[str, Any]:
    return {
        "suite": suite,
        "expectations": [
            {"about": "readable URLs", "expected": "at least 50 %", "advice": "export again", "is_critical": True},
            {"about": "empty titles", "expected": "at most 5 %", "advice": "look", "is_critical": is_critical},
        ],
        "rows": list(rows),
    }


def row(subject: str = "inbox/acme/a.csv", **values: Any) -> dict[str, Any]:
    return {"refreshed_on": "2026-03-01", "subject": subject, "observed": ["100 %", "1 %"], "failed": {}} | values


def page_of(folder: Path, checks: Checks) -> Page:
    write_checks(checks, folder)
    return Page((folder / "checks.html").read_text(encoding="utf-8"))


def test_findings_stand_first_and_what_stopped_before_what_warns(tmp_path: Path) -> None:
    """Else a reader would look for the one red line among hundreds of green ones."""
    checks = {
        "acme": [entry(row(failed={"1": "the third"}), row("inbox/acme/b.csv"))],
        "bolt": [entry(row("inbox/bolt/c.csv", failed={"0": ""}))],
    }
    content = checks_page(checks)
    assert [(one["client_id"], one["outcome"], one["advice"]) for one in content["findings"]] == [
        ("bolt", "stopped", "export again"),
        ("acme", "warns", "look"),
    ]
    assert content["totals"] == {"passed": 4, "warns": 1, "stopped": 1}
    page = page_of(tmp_path, checks)
    assert page.text.index("Findings, 2") < page.text.index("c.csv") < page.text.index("Everything that was asked")
    assert "the third" in page.text
    folded = [attributes for tag, attributes in page.elements if tag == "details"]
    assert folded
    assert not [attributes for attributes in folded if "open" in attributes]


def test_every_expectation_shows_what_was_observed_where(tmp_path: Path) -> None:
    """Else nobody could see that a check was asked at all."""
    text = page_of(tmp_path, {"acme": [entry(row())]}).text
    assert "Everything is as expected." in text
    for words in ("readable URLs", "at least 50 %", "100 %", "a.csv", "2026-03-01", "empty titles", "at most 5 %"):
        assert words in text


def test_what_had_no_value_was_not_asked(tmp_path: Path) -> None:
    """Else a column that a file does not have would pass for a good one."""
    content = checks_page({"acme": [entry(row(observed=["100 %", None]))]})
    (suite,) = content["clients"][0]["suites"]
    assert [one["about"] for one in suite["expectations"]] == ["readable URLs"]
    assert "nothing to ask" in page_of(tmp_path, {"acme": [entry()]}).text


def test_files_that_agree_share_a_line_and_findings_stay_in_front(tmp_path: Path) -> None:
    """Else a client of forty files would fill the page, or hide the one that matters."""
    rows = [row(f"inbox/acme/{number}.csv") for number in range(9)]
    rows[-1] |= {"failed": {"1": ""}, "observed": ["100 %", "60 %"]}
    checks = {"acme": [entry(*rows)]}
    _, expectation = checks_page(checks)["clients"][0]["suites"][0]["expectations"]
    assert [(one["observed"], len(one["places"])) for one in expectation["values"]] == [("60 %", 1), ("1 %", 8)]
    assert expectation["outcome"] == "warns"
    assert "100 % 9 times" in page_of(tmp_path, checks).text


def test_many_different_values_fold_behind_the_first_ones(tmp_path: Path) -> None:
    """Else a list of row counts would push everything else away."""
    rows = [row(observed=[f"{number} rows", None]) for number in range(VALUES_SHOWN + 3)]
    assert "3 more" in page_of(tmp_path, {"acme": [entry(*rows)]}).text


def test_text_of_an_export_never_becomes_markup(tmp_path: Path) -> None:
    """Else a file name could run a script in the browser."""
    checks = {"acme": [entry(row(MARKUP, failed={"1": MARKUP}), suite=MARKUP)]}
    page = page_of(tmp_path, checks)
    assert page.scripts == [(TEMPLATES / "page.js").read_text(encoding="utf-8").rstrip("\n")]
    assert not [tag for tag, _ in page.elements if tag in ("img", "iframe", "object", "base")]
    assert not [name for _, attributes in page.elements for name in attributes if name.startswith("on")]
    assert [link["href"] for link in page.links()] == ["#content", "index.html"]


def test_without_a_run_the_page_says_so(tmp_path: Path) -> None:
    """Else the link on the index would lead to a blank page."""
    assert "Nothing was checked yet" in page_of(tmp_path, {}).text
