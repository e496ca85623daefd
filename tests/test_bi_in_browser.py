"""The dashboards in a real browser: every chart is filled, for one client, and no export smuggles in markup.

`LINKGAP_SCREENSHOTS` names a folder for a picture of what was seen.
"""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from selenium import webdriver
from selenium.webdriver.common.by import By

from bi.provision import DEFINITION, ProvisioningError, Superset, provision
from tests.browser import errors_in_console, headless_chromium
from tests.published_made import Tables, published_file, small_panel
from warehouse.layout import CHECKOUT

pytestmark = pytest.mark.servers

PYTHON = CHECKOUT / ".venv-bi" / "bin" / "python"
PASSWORD = "a password for this test"
PATIENCE_SECONDS = 180.0
MARKUP = "https://gap-1.com/<img src=x onerror='window.broken = true'>"


def _panel(client_id: str, open_gaps: int) -> Tables:
    """Three refreshes, so that every chart has something to show; a page address that tries to be markup."""
    tables = small_panel(refreshes=3, open_gaps=open_gaps, client_id=client_id)
    days = [row["refreshed_on"] for row in tables["refreshes"]]
    tables["opportunities"][0]["best_source_url"] = MARKUP
    tables["referring_domain_growth"] = [
        {"client_id": client_id, "refreshed_on": day, "site": site, "referring_domains": number + 4}
        for number, day in enumerate(days)
        for site in ("acme.com", "rival.com")
    ]
    return tables


def _publish(path: Path, acme_gaps: int) -> None:
    """acme with some open gaps, and a client beside it that has more; the file appears whole."""
    acme, beta = _panel("acme", acme_gaps), _panel("beta", 9)
    for row in (row for rows in beta.values() for row in rows if "referring_domain" in row):
        row["referring_domain"] = f"of-beta-{row['referring_domain']}"
    following = path.with_name("following.duckdb")
    following.unlink(missing_ok=True)
    published_file(following, {table: [*rows, *beta[table]] for table, rows in acme.items()})
    following.replace(path)


def _need_environment() -> None:
    """The dashboards are an extra: where the package index lacks them, the other tests still tell what they tell."""
    if not (CHECKOUT / ".venv-bi" / "ready").exists():
        pytest.skip("no environment for the dashboards; `make bi-setup` sets it up")


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("workspace") / "warehouse" / "published" / "linkgap.duckdb"
    path.parent.mkdir(parents=True)
    _publish(path, acme_gaps=5)
    return path


@pytest.fixture(scope="module")
def address(published: Path) -> Iterator[str]:
    """`make bi` on that workspace, without setting up its environment."""
    _need_environment()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    home = published.parents[2]
    log = home / "log"
    environment = {
        **os.environ,
        "LINKGAP_HOME": str(home),
        "LINKGAP_BI_PORT": str(port),
        "LINKGAP_BI_PASSWORD": PASSWORD,
    }
    with log.open("wb") as sink:
        process = subprocess.Popen(
            [str(PYTHON), "-m", "bi.serve"], cwd=CHECKOUT, env=environment, stdout=sink, stderr=sink
        )
        try:
            end = time.monotonic() + PATIENCE_SECONDS
            while "Ctrl-C ends it" not in (told := log.read_text(encoding="utf-8")):
                assert process.poll() is None and time.monotonic() < end, told
                time.sleep(0.5)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(30)


@pytest.fixture(scope="module")
def superset(address: str) -> Superset:
    return Superset(address, "admin", PASSWORD)


@pytest.fixture(scope="module")
def browser(address: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[webdriver.Chrome]:
    """A browser that is logged in."""
    with headless_chromium(tmp_path_factory.mktemp("chromium")) as chrome:
        chrome.set_window_size(1280, 2600)
        chrome.get(f"{address}/login/")
        _wait(lambda: chrome.find_elements(By.CSS_SELECTOR, "#password"), chrome)
        chrome.find_element(By.CSS_SELECTOR, "#username").send_keys("admin")
        chrome.find_element(By.CSS_SELECTOR, "#password").send_keys(PASSWORD)
        chrome.find_element(By.CSS_SELECTOR, "button[type=submit], [data-test=login-button]").click()
        _wait(lambda: "/login" not in chrome.current_url, chrome)
        yield chrome


def _wait(condition: Callable[[], Any], browser: webdriver.Chrome) -> None:
    end = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < end, browser.find_element(By.TAG_NAME, "body").text
        time.sleep(0.5)


def _charts(browser: webdriver.Chrome, address: str) -> dict[str, dict[str, Any]]:
    """Title → text of each chart, and how many pixels it drew; once all have come to rest."""
    browser.get(f"{address}/superset/dashboard/backlink-gaps/")

    def look() -> dict[str, dict[str, Any]]:
        holders = browser.execute_script(
            """
            return [...document.querySelectorAll('.dashboard-component-chart-holder')].map(holder => ({
                text: holder.innerText,
                is_loading: holder.querySelector('.loading, [role=status], [data-test=loading-indicator]') !== null,
                ink: [...holder.querySelectorAll('canvas')].reduce((ink, canvas) => {
                    const pixels = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
                    return ink + pixels.filter((value, place) => place % 4 === 3 && value > 0).length;
                }, 0),
            }))
            """
        )
        return {holder["text"].partition("\n")[0]: holder for holder in holders}

    def is_at_rest() -> bool:
        seen = look()
        return len(seen) == len(_titles()) and not any(
            chart["is_loading"] or (not chart["ink"] and chart["text"].count("\n") == 0) for chart in seen.values()
        )

    _wait(is_at_rest, browser)
    time.sleep(3)  # what moves comes to rest before the picture is taken
    return look()


def _titles() -> set[str]:
    return {chart["name"] for chart in yaml.safe_load(DEFINITION.read_text(encoding="utf-8"))["charts"]}


def _figures(charts: dict[str, dict[str, Any]]) -> dict[str, str]:
    return {title: charts[title]["text"].split("\n")[-1] for title in charts if charts[title]["text"].count("\n") < 4}


def test_every_chart_is_filled_with_the_first_client_alone(
    browser: webdriver.Chrome, address: str, tmp_path: Path
) -> None:
    """Else somebody would look at an empty page, or at the sum of two clients."""
    charts = _charts(browser, address)
    pictures = Path(os.environ.get("LINKGAP_SCREENSHOTS") or tmp_path)
    pictures.mkdir(parents=True, exist_ok=True)
    assert browser.save_screenshot(str(pictures / "dashboard.png"))
    assert set(charts) == _titles()
    for title, chart in charts.items():
        assert not re.search(r"error|no results|no data", chart["text"], re.IGNORECASE), title
    figures = _figures(charts)
    assert {title: figures[title] for title in ("Open gaps", "Tier A gaps", "Closed and won", "Referring domains")} == {
        "Open gaps": "5",
        "Tier A gaps": "3",
        "Closed and won": "1",
        "Referring domains": "1",
    }
    assert figures["Closing rate, %"] == "0.0"
    drawn = {title for title, chart in charts.items() if chart["ink"] > 1000}
    assert drawn == {
        "What became of the gaps, refresh by refresh",
        "Closing rates, %",
        "Links of open gaps by segment",
        "Opportunities by authority",
        "Referring domains of each site",
    }
    assert "gap-5.com" in charts["Opportunities"]["text"]
    assert "of-beta-" not in charts["Opportunities"]["text"]
    for label in ("Proven share of absences", "Rows set aside"):
        assert label in charts["Every KPI and what it means"]["text"]


def test_text_of_exports_is_shown_as_text_and_nothing_is_loaded_from_elsewhere(
    browser: webdriver.Chrome, address: str
) -> None:
    """Else an export could run a script in the agency's browser, or somebody else would learn who looks at what."""
    errors_in_console(browser)
    charts = _charts(browser, address)
    # as text, and without what would run if it were none
    assert "https://gap-1.com/<img src>" in charts["Opportunities"]["text"]
    assert browser.find_elements(By.CSS_SELECTOR, "td img") == []
    assert browser.execute_script("return window.broken === undefined")
    # Superset asks a counter of visits for an image; the browser was told not to
    blocked = [error for error in errors_in_console(browser) if "Content Security Policy" not in error]
    assert blocked == []
    elsewhere = browser.execute_script(
        "return performance.getEntriesByType('resource')"
        ".filter(entry => entry.transferSize && !/^(data|blob):/.test(entry.name))"
        ".filter(entry => !entry.name.startsWith(location.origin))"
        ".map(entry => entry.name)"
    )
    assert elsewhere == []


def test_a_file_that_was_replaced_shows_at_the_next_look(
    browser: webdriver.Chrome, address: str, published: Path
) -> None:
    """Else dashboards would show the state of the day on which they were started."""
    _publish(published, acme_gaps=7)
    try:
        assert _figures(_charts(browser, address))["Open gaps"] == "7"
    finally:
        _publish(published, acme_gaps=5)
    assert _figures(_charts(browser, address))["Open gaps"] == "5"


def test_provisioning_again_makes_nothing_twice(superset: Superset, published: Path) -> None:
    """Else each start would add a dashboard."""

    def count() -> dict[str, int]:
        return {
            kind: superset.call("get", f"{kind}/")["count"] for kind in ("database", "dataset", "chart", "dashboard")
        }

    before = count()
    assert before["dashboard"] == before["database"] == 1
    assert before["chart"] == len(_titles())
    provision(superset, published)
    assert count() == before


@pytest.mark.parametrize(
    ("sql", "reason"),
    [
        ("create table marts.mine as select 1 as one", "DML|read-only|not allowed"),
        ("select * from read_csv('/etc/passwd')", "disabled|Permission"),
    ],
)
def test_sql_of_a_user_neither_writes_nor_reads_other_files(superset: Superset, sql: str, reason: str) -> None:
    """Else who may look at figures could read every file of the machine."""
    (database,) = superset.call("get", "database/")["result"]
    with pytest.raises(ProvisioningError, match=reason):
        superset.call("post", "sqllab/execute/", json={"database_id": database["id"], "sql": sql, "runAsync": False})


def test_without_anything_published_the_message_says_what_to_do(tmp_path: Path) -> None:
    """Else the first try of a newcomer would end in a traceback."""
    _need_environment()
    done = subprocess.run(
        [str(PYTHON), "-m", "bi.serve"],
        cwd=CHECKOUT,
        env={**os.environ, "LINKGAP_HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert done.stderr.startswith(f"linkgap: {tmp_path}/warehouse/published/linkgap.duckdb: nothing is published yet")
    assert "Traceback" not in done.stderr
