"""The real panel, read a second time by plain Python: the published gaps must be the same sites.

Skipped where the folder of real exports is missing; it is no part of this repository.
"""

from __future__ import annotations

import csv
import shutil
from collections import defaultdict
from collections.abc import Callable

import pytest
from publicsuffixlist import PublicSuffixList

from pipelines.sites import to_punycode
from tests.conftest import REAL_EXPORTS, Sandbox
from warehouse.layout import CHECKOUT

PANEL = ["iconverticons.com", "laterbro.com", "tidyfavorites.com", "thenubbyadmin.com", "joyridelabs.de"]
pytestmark = pytest.mark.skipif(
    not (REAL_EXPORTS / "panel").is_dir(), reason="the folder of real exports is not on this machine"
)


@pytest.fixture(scope="module")
def panel(make_sandbox: Callable[[str], Sandbox]) -> Sandbox:
    sandbox = make_sandbox("real-panel")
    sandbox.client("icon", f"sites: [{PANEL[0]}]\ncompetitors: [{', '.join(PANEL[1:])}]\n")
    folder = sandbox.workspace.inbox / "icon" / "2025-06-01"
    folder.mkdir(parents=True)
    for file in (REAL_EXPORTS / "panel").glob("*.csv"):
        shutil.copy(file, folder)
    assert sandbox.refresh().problems == []
    return sandbox


def _identity(url: str) -> str:
    rest = url.split("#")[0].split("://", 1)[1]
    return rest if "/" in rest else rest + "/"


def _host(url: str) -> str:
    return to_punycode(url.split("/")[0].split("?")[0].split(":")[0])


def linked_sites(rejected: set[tuple[str, int]]) -> dict[str, set[str]]:
    """Referring domain → sites it links to, by the latest day of each link, sharing only punycode with the pipeline."""
    with (CHECKOUT / "dbt_project" / "seeds" / "platform_suffixes.csv").open(encoding="utf-8") as file:
        platforms = [row["suffix"] for row in csv.DictReader(file)]
    suffix_list = PublicSuffixList()
    observations: dict[tuple[str, str, str], list[tuple[str, bool]]] = defaultdict(list)
    for site in PANEL:
        name = f"{site}-backlinks.csv"
        with (REAL_EXPORTS / "panel" / name).open(encoding="utf-8", newline="") as file:
            for number, row in enumerate(csv.DictReader(file), 1):
                if (name, number) in rejected:
                    continue
                source, target = _identity(row["Source url"]), _identity(row["Target url"])
                host = _host(source)
                is_panel = any(host == own or host.endswith("." + own) for own in PANEL)
                if is_panel or host.replace(".", "").isdigit():
                    continue
                observations[site, source, target].append((row["Last seen"], row["Lost link"] == "false"))
    linked: dict[str, set[str]] = defaultdict(set)
    for (site, source, _), seen in observations.items():
        if max(seen)[1]:
            host = _host(source)
            platform = next((p for p in platforms if host.endswith("." + p)), None)
            if platform:
                domain = ".".join(host.split(".")[-platform.count(".") - 2 :])
            else:
                domain = suffix_list.privatesuffix(host) or host
            linked[domain].add(site)
    return linked


@pytest.fixture(scope="module")
def linked(panel: Sandbox) -> dict[str, set[str]]:
    """What the rows that no quality rule took tell; what the rules should take is asked by `make evaluate`."""
    rejected = panel.query(
        """
        select regexp_extract(export_files.path, '[^/]+$'), rejected_rows.row_number
        from marts.rejected_rows
        inner join marts.export_files on rejected_rows.file_id = export_files.file_id
        """
    )
    return linked_sites({(name, number) for name, number in rejected})


def test_gaps_has_one_row_for_each_site_that_links_to_any_of_the_five(
    panel: Sandbox, linked: dict[str, set[str]]
) -> None:
    assert {domain for (domain,) in panel.query("select referring_domain from marts.gaps")} == set(linked)


def test_competitors_linked_and_statuses_agree_with_a_second_reading(
    panel: Sandbox, linked: dict[str, set[str]]
) -> None:
    expected = {
        domain: (
            len(sites - {PANEL[0]}),
            "open" if PANEL[0] not in sites else "covered" if len(sites) > 1 else "own",
        )
        for domain, sites in linked.items()
    }
    found = panel.query("select referring_domain, competitors_linked, gap_status from marts.gaps")
    assert {domain: (competitors, status) for domain, competitors, status in found} == expected


def test_every_row_of_the_real_files_is_accounted_for(panel: Sandbox) -> None:
    assert panel.query(
        "select sum(rows_read), sum(rows_accepted + rows_rejected + rows_duplicate) from marts.export_files"
    ) == [(15758, 15758)]
