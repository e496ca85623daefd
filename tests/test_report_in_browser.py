"""The pages in a real browser: nothing fails, nothing is loaded, nothing scrolls sideways, filters and sorting work.

What axe-core finds, in light and in dark, is a failure as well.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_core_python.selenium import Axe
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.select import Select

from pipelines.report.page import write_checks, write_index, write_report, write_tables
from tests.browser import headless_chromium
from tests.published_made import Tables, published_file, small_panel

pytestmark = pytest.mark.servers

WIDTHS = (1280, 390)
EXTREME_WIDTHS = (1920, 768, 360)
PAGES = ("acme", "zoo", "index", "checks", "tables")


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[webdriver.Chrome]:
    with headless_chromium(tmp_path_factory.mktemp("chromium")) as chrome:
        yield chrome


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Pages over awkward data: long words, markup, many competitors' links, three refreshes."""
    folder = tmp_path_factory.mktemp("reports")
    tables = small_panel(refreshes=3, open_gaps=40)
    _make_awkward(tables)
    tables["clients"].append({"client_id": "zoo", "name": "Zoo", "main_site": "zoo.com", "is_active": True})
    published = published_file(folder / "published.duckdb", tables)
    for client_id in ("acme", "zoo"):
        write_report(published, client_id, folder / f"{client_id}.html")
    write_index(published, folder)
    write_checks({"acme": [_awkward_checks()]}, folder)
    write_tables(published, folder)
    return folder


def _make_awkward(tables: Tables) -> None:
    first, second = tables["opportunities"][:2]
    first["tactic_reason"] = "<img src=x onerror='window.broken = true'><script>window.broken = true</script>"
    first["anchor"] = "an-anchor-without-any-space-" * 20
    second["best_source_url"] = "https://gap-2.com/" + "x" * 900
    tables["clients"][0]["name"] = "Acme" + "running" * 12
    tables["export_files"][1]["path"] = "inbox/acme/" + "a-very-long-name" * 12 + ".csv"
    tables["rejected_rows"][0]["source_url"] = "https://spam.biz/" + "y" * 400
    row = tables["rejected_rows"][1]
    tables["rejected_rows"].extend(row | {"reason": f"rule_with_a_name_of_{number}"} for number in range(40))
    tables["gaps"][0]["absence"] = "rejected_link"
    tables["rejected_rows"].append(row | {"site": "acme.com", "source_url": "https://gap-1.com/" + "z" * 400})


def _awkward_checks() -> dict[str, Any]:
    expectation = {"about": "rows without 'title'", "expected": "at most 50 %", "advice": "look at the file"}
    subjects = ["inbox/acme/" + "a-very-long-name" * 12 + ".csv", *(f"inbox/acme/{number}.csv" for number in range(9))]
    rows = [{"refreshed_on": "2026-01-10", "subject": subject, "observed": ["60 %"]} for subject in subjects]
    return {
        "suite": "exports: ahrefs backlinks",
        "expectations": [expectation | {"is_critical": False}],
        "rows": [row | {"failed": {} if number else {"0": "x" * 300}} for number, row in enumerate(rows)],
    }


def opened(browser: webdriver.Chrome, page: Path, width: int) -> None:
    size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 600}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    browser.get_log("browser")
    browser.get(page.as_uri())


def shown_rows(browser: webdriver.Chrome, table: str) -> list[str]:
    """The first cells' text of the rows a reader sees."""
    script = """
        const rows = document.getElementById(arguments[0]).tBodies[0].rows;
        return Array.from(rows)
            .filter((row) => getComputedStyle(row).display !== "none")
            .map((row) => row.querySelector("th").textContent.trim());
    """
    rows: list[str] = browser.execute_script(script, table)
    return rows


def tool(browser: webdriver.Chrome, table: str, selector: str) -> Any:
    return browser.find_element(By.CSS_SELECTOR, f"[data-tools='{table}'] {selector}")


@pytest.mark.parametrize("width", (*WIDTHS, *EXTREME_WIDTHS))
@pytest.mark.parametrize("name", PAGES)
def test_a_page_opens_without_errors_requests_or_sideways_scroll(
    browser: webdriver.Chrome, reports: Path, name: str, width: int
) -> None:
    """Else the page is broken on this width, or needs a network."""
    opened(browser, reports / f"{name}.html", width)
    browser.execute_script("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    assert browser.get_log("browser") == []
    assert browser.execute_script("return performance.getEntriesByType('resource').length") == 0
    assert browser.execute_script("return document.documentElement.scrollWidth <= window.innerWidth")
    assert browser.execute_script("return window.broken === undefined")


@pytest.mark.parametrize("width", WIDTHS)
def test_filters_leave_the_rows_that_fit(browser: webdriver.Chrome, reports: Path, width: int) -> None:
    """Else a reader could not find a domain among hundreds."""
    opened(browser, reports / "acme.html", width)
    table = "opportunities-table"
    assert len(shown_rows(browser, table)) == 40
    Select(tool(browser, table, "[data-column='tier']")).select_by_value("A")
    assert len(shown_rows(browser, table)) == 20
    tool(browser, table, "[data-search]").send_keys("GAP-1")
    assert shown_rows(browser, table) == ["gap-1.com", *[f"gap-{number}.com" for number in (11, 13, 15, 17, 19)]]
    assert tool(browser, table, "[data-count]").text == "6 of 40 opportunities"
    tool(browser, table, "[data-search]").send_keys("nowhere")
    assert shown_rows(browser, table) == []
    assert "No row fits" in browser.find_element(By.ID, "opportunities").text
    assert browser.get_log("browser") == []


def test_a_reason_opens_by_keyboard_and_shows_its_rows(browser: webdriver.Chrome, reports: Path) -> None:
    """Else what a rule takes could be seen with a mouse alone."""
    opened(browser, reports / "acme.html", 390)
    rule = browser.find_element(By.CSS_SELECTOR, "#quality .rule")
    examples = rule.find_element(By.CSS_SELECTOR, ".rule-examples")
    assert not examples.is_displayed()
    rule.find_element(By.TAG_NAME, "summary").send_keys(Keys.ENTER)
    assert examples.is_displayed()


def test_the_matrix_filters_by_status_and_sorts_by_any_column(browser: webdriver.Chrome, reports: Path) -> None:
    """Else the matrix would be a wall of numbers."""
    opened(browser, reports / "acme.html", 1280)
    heads = browser.find_elements(By.CSS_SELECTOR, "#matrix-table thead .sort")
    heads[1].send_keys(Keys.ENTER)  # the client's own site, by keyboard
    assert shown_rows(browser, "matrix-table")[0] == "covered.org"
    assert browser.find_elements(By.CSS_SELECTOR, "#matrix-table th")[1].get_attribute("aria-sort") == "descending"
    heads[0].click()
    assert shown_rows(browser, "matrix-table")[:2] == ["covered.org", "gap-1.com"]
    Select(tool(browser, "matrix-table", "[data-column='status']")).select_by_value("covered")
    assert shown_rows(browser, "matrix-table") == ["covered.org"]


def test_wide_tables_scroll_inside_their_container_by_keyboard(browser: webdriver.Chrome, reports: Path) -> None:
    """Else columns at the right would be out of reach on a phone or without a mouse."""
    opened(browser, reports / "acme.html", 390)
    script = """
        return Array.from(document.querySelectorAll(".scroller"))
            .filter((one) => one.scrollWidth > one.clientWidth)
            .map((one) => one.tabIndex === 0 && one.getAttribute("aria-label") !== "");
    """
    reachable = browser.execute_script(script)
    assert reachable
    assert all(reachable)
    controls = browser.execute_script(
        "return Array.from(document.querySelectorAll('input, select')).every((one) => one.labels.length === 1)"
    )
    assert controls


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", PAGES)
def test_axe_finds_nothing(browser: webdriver.Chrome, reports: Path, name: str, scheme: str) -> None:
    """Else readers with a screen reader, a keyboard alone or weak eyes would be left out."""
    browser.execute_cdp_cmd(
        "Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
    )
    try:
        opened(browser, reports / f"{name}.html", 1280)
        browser.execute_script("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
        found = Axe().run(browser)
    finally:
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})
    assert len(found["passes"]) > 10
    assert [(one["id"], one["impact"], one["nodes"][0]["html"]) for one in found["violations"]] == []


def test_a_page_prints_every_panel_and_no_tools(browser: webdriver.Chrome, reports: Path) -> None:
    """Else the PDF that a client gets would lack what the page shows, or be cut off at the right."""
    opened(browser, reports / "acme.html", 1280)
    printed = browser.execute_cdp_cmd("Page.printToPDF", {"preferCSSPageSize": True, "printBackground": True})
    pdf = base64.b64decode(printed["data"])
    assert pdf.startswith(b"%PDF-")
    assert len(re.findall(rb"/Type\s*/Page\b", pdf)) > 3
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    try:
        assert not browser.find_elements(By.CSS_SELECTOR, "[data-tools]")[0].is_displayed()
        # the width of a sheet of A4 with Chromium's margins, at 96 dots an inch
        opened_width = {"width": 718, "height": 1000, "deviceScaleFactor": 1, "mobile": False}
        browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", opened_width)
        cut_off = browser.execute_script(
            "return Array.from(document.querySelectorAll('.panel table'))"
            ".filter((one) => one.getBoundingClientRect().right > innerWidth + 1).map((one) => one.id || one.className)"
        )
    finally:
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})
    assert cut_off == []


def test_thousands_of_opportunities_are_shown_a_part_at_a_time(browser: webdriver.Chrome, tmp_path: Path) -> None:
    """Else a large client's page would be slow, or would not hold what is looked for."""
    write_report(
        published_file(tmp_path / "published.duckdb", small_panel(open_gaps=2000)), "acme", tmp_path / "acme.html"
    )
    opened(browser, tmp_path / "acme.html", 1280)
    table = "opportunities-table"
    more = browser.find_element(By.CSS_SELECTOR, "#opportunities .more-rows")
    assert tool(browser, table, "[data-count]").text == "2,000 opportunities, the first 50 shown"
    assert len(shown_rows(browser, table)) == 50
    more.send_keys(Keys.ENTER)
    assert len(shown_rows(browser, table)) == 100
    tool(browser, table, "[data-search]").send_keys("gap-1987")
    assert shown_rows(browser, table) == ["gap-1987.com"]
    assert not more.is_displayed()
    assert tool(browser, table, "[data-count]").text == "1 of 2,000 opportunities"
    tool(browser, table, "[data-search]").clear()
    tool(browser, table, "[data-search]").send_keys("gap-19")
    heads = browser.find_elements(By.CSS_SELECTOR, f"#{table} thead .sort")
    heads[0].send_keys(Keys.ENTER)  # by rank: the lowest first, then the highest
    heads[0].send_keys(Keys.ENTER)
    assert shown_rows(browser, table)[:2] == ["gap-19.com", "gap-190.com"]
    assert browser.get_log("browser") == []
