"""How much of a site nobody saw: on populations whose size is known, and on exports that tell little or too much."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from datetime import date
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from tests.compiled_models import compiled_model, made_up_warehouse
from tests.conftest import Sandbox, csv_text
from tests.exports_made import ahrefs_backlinks, semrush_referring_domains
from tests.world import Deliveries, World

KEY = {"client_id": "acme", "refreshed_on": date(2026, 5, 16)}
PROVIDERS = ("ahrefs", "semrush", "majestic")
METRICS = {"ahrefs": "ahrefs_dr", "semrush": "semrush_as", "majestic": "majestic_tf"}
BITS = {provider: 2 << number for number, provider in enumerate(PROVIDERS)}


class Populations:
    """Sites with the domains that link to them: who found which, and how each is rated.

    Attributes:
        truth: Site → how many domains link to it, found or not.
    """

    def __init__(self) -> None:
        self.truth: dict[str, int] = {}
        self.evidence: list[pd.DataFrame] = []
        self.metrics: list[pd.DataFrame] = []
        self.lists: list[dict[str, Any]] = []

    def add_site(
        self,
        found: dict[str, np.ndarray],
        authority: np.ndarray | float = 30.0,
        metrics: np.ndarray | str = "ahrefs_dr",
    ) -> str:
        """A site whose domain i is found by a provider where `found[provider][i]` is true."""
        site = f"site-{len(self.truth)}.com"
        size = len(next(iter(found.values())))
        bits = np.zeros(size, dtype="int32")
        for provider, is_found in found.items():
            bits |= np.where(is_found, BITS[provider], 0).astype("int32")
        rows = pd.DataFrame(
            {"referring_domain": [f"{number}.{site}" for number in range(size)], "shown_provider_bits": bits}
        )
        rows["authority"], rows["authority_metric"] = authority, metrics
        rows = rows[bits != 0].assign(**KEY)
        self.evidence.append(
            rows[["client_id", "refreshed_on", "referring_domain", "shown_provider_bits"]].assign(
                site=site, is_linked_for_sure=True
            )
        )
        self.metrics.append(rows[["client_id", "refreshed_on", "referring_domain", "authority", "authority_metric"]])
        for provider in found:
            self.lists.append(
                KEY
                | {
                    "site": site,
                    "provider": provider,
                    "provider_rank": PROVIDERS.index(provider) + 1,
                    "export_kind": "backlinks",
                    "is_current": True,
                    "is_truncated": False,
                }
            )
        self.truth[site] = size
        return site

    def tables(self) -> dict[str, pd.DataFrame]:
        lists = pd.DataFrame(self.lists).assign(provider_rank=lambda rows: rows["provider_rank"].astype("int32"))
        return {
            "links.int_exports_in_effect": lists.drop(columns="is_truncated"),
            "links.int_coverage": lists.drop(columns=["is_current", "provider_rank"]),
            "gaps.int_evidence": pd.concat(self.evidence),
            "links.int_domain_metrics": pd.concat(self.metrics),
        }


Estimate = Callable[[Populations], pd.DataFrame]


@pytest.fixture(scope="module")
def estimate(tmp_path_factory: pytest.TempPathFactory) -> Estimate:
    sql = compiled_model("coverage_estimates")
    folder: Path = tmp_path_factory.mktemp("estimates")

    def run(world: Populations) -> pd.DataFrame:
        with made_up_warehouse(folder, world.tables()) as connection:
            return connection.execute(f"from ({sql}) order by site, authority_band").df()

    return run


def whole_sites(rows: pd.DataFrame, world: Populations) -> pd.DataFrame:
    rows = rows[(rows["authority_band"] == "all") & rows["estimated_domains"].notna()]
    return rows.assign(truth=rows["site"].map(world.truth))


def share_within(rows: pd.DataFrame) -> float:
    return float(rows["truth"].between(rows["estimated_low"], rows["estimated_high"]).mean())


# --- populations of known size -------------------------------------------------------------------------------------


def test_the_interval_holds_the_truth_in_95_of_100_worlds_of_independent_lists(estimate: Estimate) -> None:
    """Else the interval says more, or less, than is known."""
    chance = np.random.default_rng(20260516)
    world = Populations()
    for _ in range(600):
        size = int(chance.integers(80, 1500))
        world.add_site(
            {provider: chance.random(size) < chance.uniform(0.25, 0.8) for provider in ("ahrefs", "semrush")}
        )
    rows = whole_sites(estimate(world), world)
    assert len(rows) == 600
    # three standard errors of a share of 0.95 in 600 are 0.027
    assert 0.923 <= share_within(rows) <= 0.977
    assert 0.99 <= (rows["estimated_domains"] / rows["truth"]).mean() <= 1.01


def test_bands_found_with_different_ease_are_estimated_apart_where_one_metric_rates_them(estimate: Estimate) -> None:
    """Else a site of few strong and many weak domains would look better known than it is."""
    chance = np.random.default_rng(7)
    world = Populations()
    for _ in range(300):
        authority = chance.choice([5.0, 30.0, 50.0, 90.0], size=1200, p=[0.6, 0.25, 0.13, 0.02])
        ease = 0.2 + 0.7 * authority / 100
        world.add_site({provider: chance.random(1200) < ease for provider in ("ahrefs", "semrush")}, authority)
    rows = estimate(world)
    sites = whole_sites(rows, world)
    assert rows["is_stratified"].all()
    assert 0.91 <= share_within(sites) <= 0.99
    assert 0.985 <= (sites["estimated_domains"] / sites["truth"]).mean() <= 1.015
    bands = rows[rows["authority_band"] != "all"].groupby("site")[["domains_seen", "domains_both"]].sum()
    assert (
        bands.to_numpy() == sites.set_index("site")[["domains_seen", "domains_both"]].loc[bands.index].to_numpy()
    ).all()


@pytest.mark.parametrize("providers", [("ahrefs", "semrush"), PROVIDERS])
def test_lists_that_agree_more_than_chance_give_a_lower_bound(estimate: Estimate, providers: tuple[str, ...]) -> None:
    """Else the number would promise that it cannot be more."""
    chance = np.random.default_rng(11)
    world = Populations()
    for _ in range(200):
        # some domains are easy to find for every crawler, many for none
        ease = chance.beta(0.8, 1.2, size=int(chance.integers(300, 1500)))
        world.add_site({provider: chance.random(len(ease)) < ease for provider in providers})
    rows = whole_sites(estimate(world), world)
    assert len(rows) == 200
    assert (rows["estimated_domains"] < rows["truth"]).all()
    assert (rows["estimated_domains"] >= rows["domains_seen"]).all()


def test_a_site_whose_finders_rate_their_own_finds_is_estimated_as_a_whole(estimate: Estimate) -> None:
    """Else the band would tell who found a domain, and the sum of bands could come out too high."""
    chance = np.random.default_rng(3)
    world = Populations()
    for _ in range(200):
        strong = chance.random(1500) < 0.4
        found = {"ahrefs": chance.random(1500) < np.where(strong, 0.6, 0.1)}
        found["semrush"] = chance.random(1500) < np.where(strong, 0.6, 0.1)
        # what Semrush alone found is rated low by Semrush's measure, Ahrefs rates the rest as it is
        authority = np.where(strong & found["ahrefs"], 50.0, 5.0)
        world.add_site(found, authority, np.where(found["ahrefs"], "ahrefs_dr", "semrush_as"))
    rows = estimate(world)
    bands = rows[rows["authority_band"] != "all"]
    assert not rows["is_stratified"].any()
    assert bands["estimated_domains"].isna().all()
    assert set(bands["authority_band"]) == {"00-19", "40-59"}
    sites = whole_sites(rows, world)
    assert (sites["estimated_domains"] < sites["truth"]).all()
    unseen = (bands["domains_largest"] - bands["domains_both"]) * (bands["domains_others"] - bands["domains_both"])
    summed = (bands["domains_seen"] + unseen / (bands["domains_both"] + 1)).groupby(bands["site"]).sum()
    assert (summed > 1500).mean() > 0.5


# --- the formula ---------------------------------------------------------------------------------------------------


def captured(first: int, second: int, both: int) -> dict[str, np.ndarray]:
    """Two providers that found so many each, and so many together."""
    number = np.arange(first + second - both)
    return {"ahrefs": number < first, "semrush": number >= first - both}


def expected(first: int, second: int, both: int) -> tuple[int, int, int]:
    """Chapman's estimate as he wrote it, Seber's variance, and Chao's interval, in exact numbers where it can be."""
    estimate = Fraction((first + 1) * (second + 1), both + 1) - 1
    variance = Fraction((first + 1) * (second + 1) * (first - both) * (second - both), (both + 1) ** 2 * (both + 2))
    seen = first + second - both
    unseen = estimate - seen
    factor = math.exp(1.96 * math.sqrt(math.log(1 + variance / unseen**2))) if unseen else 1.0
    return round(float(estimate)), math.floor(seen + float(unseen) / factor), math.ceil(seen + float(unseen) * factor)


def test_estimates_and_intervals_are_those_of_the_formulas(estimate: Estimate) -> None:
    """Else docs/estimates.md tells another number than the table."""
    chance = np.random.default_rng(5)
    world, wanted = Populations(), {}
    for _ in range(200):
        both = int(chance.integers(7, 60))
        first, second = (both + int(extra) for extra in chance.integers(0, 200, size=2))
        wanted[world.add_site(captured(first, second, both))] = expected(first, second, both)
    rows = whole_sites(estimate(world), world).set_index("site")
    columns = ["estimated_domains", "estimated_low", "estimated_high"]
    found = {site: tuple(int(rows.at[site, column]) for column in columns) for site in wanted}
    # 1.96 has more digits in SQL, and a half may round either way
    assert all(abs(a - b) <= 1 for site in wanted for a, b in zip(found[site], wanted[site], strict=True))
    assert sum(found[site] == wanted[site] for site in wanted) >= 195


def test_too_few_shared_domains_give_no_estimate(estimate: Estimate) -> None:
    """Else one domain more or less in common would halve the number."""
    world = Populations()
    six, seven, none = (world.add_site(captured(30, 20, both)) for both in (6, 7, 0))
    rows = estimate(world).set_index(["site", "authority_band"])
    assert rows["estimated_domains"].notna().to_dict() == {
        (site, band): site == seven for site in (six, seven, none) for band in ("20-39", "all")
    }
    assert rows.at[(none, "all"), "domains_seen"] == 50


def test_bands_that_share_too_few_domains_are_estimated_as_one(estimate: Estimate) -> None:
    """Else what is unseen of them would be missing in the site's row."""
    world = Populations()
    parts = {5.0: captured(40, 30, 4), 50.0: captured(20, 20, 5), 70.0: captured(90, 80, 60)}
    site = world.add_site(
        {provider: np.concatenate([part[provider] for part in parts.values()]) for provider in ("ahrefs", "semrush")},
        np.concatenate([np.full(len(part["ahrefs"]), band) for band, part in parts.items()]),
    )
    rows = estimate(world).set_index("authority_band")["estimated_domains"]
    assert rows.isna().to_dict() == {"00-19": True, "40-59": True, "60-79": False, "all": False}
    thin = (60 - 9) * (50 - 9) / (9 + 1)
    strong = (90 - 60) * (80 - 60) / (60 + 1)
    assert rows["all"] == round(world.truth[site] + thin + strong)


def test_the_provider_with_most_domains_stands_against_all_others(estimate: Estimate) -> None:
    """Else the pair with the luckiest estimate, or the order of the alphabet, would decide."""
    number = np.arange(100)
    world = Populations()
    world.add_site({"ahrefs": number < 50, "semrush": number >= 30, "majestic": (number >= 20) & (number < 40)})
    row = estimate(world).iloc[-1]
    assert (row["largest_provider"], list(row["other_providers"])) == ("semrush", ["ahrefs", "majestic"])
    assert row[["domains_largest", "domains_others", "domains_both", "domains_seen"]].tolist() == [70, 50, 20, 100]


def test_the_order_of_rows_changes_no_bit_of_an_estimate(tmp_path: Path) -> None:
    """Else two builds of the same files would differ."""
    chance = np.random.default_rng(13)
    world = Populations()
    for _ in range(30):
        authority = chance.uniform(0, 100, size=900)
        world.add_site({provider: chance.random(900) < chance.uniform(0.3, 0.7) for provider in PROVIDERS}, authority)
    sql = compiled_model("coverage_estimates")
    results = []
    for seed in (1, 2):
        shuffled = {name: rows.sample(frac=1, random_state=seed) for name, rows in world.tables().items()}
        with made_up_warehouse(tmp_path, shuffled) as connection:
            connection.execute(f"set threads to {seed}")
            results.append(connection.execute(f"from ({sql}) order by site, authority_band").fetchall())
    assert results[0] == results[1]
    assert len(results[0]) == 180


# --- exports -------------------------------------------------------------------------------------------------------


def ahrefs(site: str, day: str, domains: Iterable[str], **values: str) -> str:
    return ahrefs_backlinks(
        *(
            {
                "Referring page URL": f"https://{domain}/page",
                "Target URL": f"https://{site}/",
                "Last seen": f"{day} 08:00:00",
            }
            | values
            for domain in domains
        )
    )


def numbered(first: int, last: int) -> list[str]:
    return [f"domain-{number}.com" for number in range(first, last)]


def semrush(domains: Iterable[str]) -> str:
    return semrush_referring_domains(*((domain, 20, 3) for domain in domains))


def deliver_stories(world: Deliveries) -> None:
    """Two refreshes: the second has whole lists of two providers for rival.com and bar.net alone."""
    world.client("two-lists", "sites: [acme.com]\ncompetitors: [rival.com, foe.org, bar.net]\n")
    for day, month in (("2026-01-10", "2026-01"), ("2026-03-27", "2026-03")):
        last_seen = f"{month}-05"
        spam = ahrefs("rival.com", last_seen, ["spam.com"], **{"Is spam": "true"}).splitlines()[1]
        gone = ahrefs("rival.com", last_seen, ["gone.com"], Lost=f"{month}-06 08:00:00").splitlines()[1]
        world.deliver(
            f"two-lists/{day}/rival.com-backlinks-subdomains.csv",
            ahrefs("rival.com", last_seen, numbered(0, 40)) + spam + "\n" + gone + "\n",
        )
        world.deliver(f"two-lists/{day}/rival.com-backlinks_refdomains.csv", semrush(numbered(25, 50)))
        world.deliver(
            f"two-lists/{day}/foe.org-backlinks-subdomains.csv", ahrefs("foe.org", last_seen, numbered(0, 30))
        )
        world.deliver(
            f"two-lists/{day}/bar.net-backlinks-subdomains.csv", ahrefs("bar.net", last_seen, numbered(0, 30))
        )
    world.deliver("two-lists/2026-01-10/foe.org-backlinks_refdomains.csv", semrush(numbered(0, 30)))
    # as many rows as a provider cuts at
    world.deliver("two-lists/2026-03-27/acme.com-backlinks_refdomains.csv", semrush(numbered(0, 1000)))
    world.deliver(
        "two-lists/2026-03-27/acme.com-backlinks-subdomains.csv", ahrefs("acme.com", "2026-03-05", numbered(0, 30))
    )
    # one of the lists is empty, and a whole list all the same
    world.deliver("two-lists/2026-03-27/bar.net-backlinks_refdomains.csv", semrush([]))
    # every domain measured by Ahrefs, whoever found it: bands can be compared
    world.deliver(
        "two-lists/2026-03-27/metrics.csv",
        csv_text(["domain", "ahrefs_dr"], [[domain, 40] for domain in [*numbered(0, 50), "spam.com", "gone.com"]]),
    )


@pytest.fixture(scope="module")
def two_lists(world: World) -> Sandbox:
    return world.of("two-lists")


def test_only_whole_lists_of_today_are_compared(two_lists: Sandbox) -> None:
    """Else a list that was cut off, or one of last quarter, would pass for all that its provider knows."""
    assert two_lists.query(
        "select refreshed_on, site from marts.coverage_estimates where authority_band = 'all' order by all"
    ) == [
        (date(2026, 1, 10), "foe.org"),
        (date(2026, 1, 10), "rival.com"),
        (date(2026, 3, 27), "bar.net"),
        (date(2026, 3, 27), "rival.com"),
    ]


def test_a_site_counts_the_domains_that_are_accepted_and_live(two_lists: Sandbox) -> None:
    """Else spam and lost links would make a site look less known than it is."""
    assert two_lists.query(
        """
        select is_stratified, authority_band, domains_seen, domains_largest, domains_others, domains_both,
               estimated_domains
        from marts.coverage_estimates
        where site = 'rival.com' and refreshed_on = '2026-03-27' order by authority_band
        """
    ) == [
        (True, "40-59", 50, 40, 25, 15, 50 + round(25 * 10 / 16)),
        (True, "all", 50, 40, 25, 15, 50 + round(25 * 10 / 16)),
    ]
