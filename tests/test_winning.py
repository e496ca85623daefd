"""Chances of winning, in simulated worlds whose chances are known, and from an outreach log to its results."""

from __future__ import annotations

import csv
from datetime import date, timedelta

import numpy as np
import pytest
from numpy.typing import NDArray

from pipelines.winning import win_chances
from tests.conftest import SEEDS, Sandbox, csv_text
from tests.exports_made import ahrefs_backlinks
from tests.world import Deliveries, World

with (SEEDS / "win_rates.csv").open(encoding="utf-8") as file:
    SEGMENTS = [(row["segment"], float(row["win_pct"]) / 100) for row in csv.DictReader(file)]

WORLDS, GAPS, FIRST = 20, 1_500, 50


class Simulation:
    """Gaps of which it is known how likely a letter wins each; what linkgap assumes of segments is wrong here."""

    def __init__(self, seed: int) -> None:
        self.random = np.random.default_rng(seed)
        self.of_segments = [np.log(rate / (1 - rate)) + self.random.normal(0, 0.6) for _, rate in SEGMENTS]
        # strong domains are mostly harder to win, pages on the subject easier, in every world in another measure
        self.of_shares = np.array([-0.5, 1.5, 0.8, -0.5, 0.3, 0.2, 0.5]) + self.random.normal(0, 0.7, 7)
        self.level = self.random.normal(0.3, 0.5)

    def gaps(self, number: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Traits as models ask for them, and the true chance of each gap."""
        segment = self.random.integers(0, len(SEGMENTS), number)
        shares = self.random.beta(1.5, 2.5, (number, 7))
        odds = np.take(self.of_segments, segment) + (shares - 0.5) @ self.of_shares + self.level
        assumed = np.take([rate for _, rate in SEGMENTS], segment)
        return np.column_stack([assumed, shares, np.eye(len(SEGMENTS))[segment]]), 1 / (1 + np.exp(-odds))

    def outcomes(self, number: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Traits of gaps that were written to, and 1 for those that were won."""
        traits, chances = self.gaps(number)
        return traits, (self.random.random(number) < chances).astype(float)


@pytest.mark.parametrize(("letters", "least_gain"), [(50, 3.5), (400, 4.5)])
def test_the_order_by_chance_wins_more_than_the_order_by_authority(letters: int, least_gain: float) -> None:
    """Links won among the first 50: 17.5 by chance after 50 letters, 21.1 after 400, 14.7 by what is assumed of
    segments, 4.3 by authority, 24.0 at best."""
    won: dict[str, float] = {"chance": 0, "assumed": 0, "authority": 0, "best": 0}
    for seed in range(WORLDS):
        world = Simulation(seed)
        told = win_chances(*world.outcomes(letters), (gaps := world.gaps(GAPS))[0])
        traits, true = gaps
        for name, order in (("chance", told), ("assumed", traits[:, 0]), ("authority", traits[:, 1]), ("best", true)):
            won[name] += true[np.argsort(-order, kind="stable")[:FIRST]].sum() / WORLDS
    assert won["chance"] > least_gain * won["authority"], won
    assert won["assumed"] < won["chance"] < won["best"]


def test_chances_are_calibrated() -> None:
    """A failure means that of the gaps told to be won one time in five, say, far more or fewer are."""
    told, true = [], []
    for seed in range(WORLDS):
        world = Simulation(seed)
        traits, chances = world.gaps(GAPS)
        told.append(win_chances(*world.outcomes(200), traits))
        true.append(chances)
    told_all, true_all = np.concatenate(told), np.concatenate(true)
    for low, high in ((0, 0.05), (0.05, 0.1), (0.1, 0.2), (0.2, 0.4), (0.4, 1)):
        band = (told_all >= low) & (told_all < high)
        assert band.sum() > 100
        assert true_all[band].mean() == pytest.approx(told_all[band].mean(), abs=0.05)


def test_without_a_pattern_in_the_outcomes_the_assumed_order_stays() -> None:
    traits = np.array(
        [[rate, *[0.5] * 7, *row] for (_, rate), row in zip(SEGMENTS, np.eye(len(SEGMENTS)), strict=True)]
    )
    told = win_chances(np.repeat(traits, 50, axis=0), np.concatenate([_wins(rate) for _, rate in SEGMENTS]), traits)
    # segments of which the same is assumed differ by the last bits, which depend on the machine
    told = told.round(9)
    assert list(np.argsort(told, kind="stable")) == list(np.argsort(traits[:, 0], kind="stable"))
    assert told == pytest.approx([max(1, round(50 * rate)) / 50 for _, rate in SEGMENTS], abs=0.03)


def _wins(rate: float) -> NDArray[np.float64]:
    return (np.arange(50) < max(1, round(50 * rate))).astype(float)


FIRST_DAY, LAST_DAY = date(2026, 1, 10), date(2026, 9, 20)
CLIENT = "sites: [acme.com]\ncompetitors: [rival.com, foe.org]\nniche: {terms: [running shoes]}\n"


def deliver_stories(world: Deliveries) -> None:
    """A hundred and twenty gaps, half of them directories; ninety are written to, and the weak directories are won."""
    world.client("tried", CLIENT)
    for day in (FIRST_DAY, LAST_DAY):
        world.deliver(
            f"tried/{day}/rival.com-backlinks.csv", ahrefs_backlinks(*(_link(number) for number in range(120)))
        )
    world.deliver(f"tried/{LAST_DAY}/acme.com-backlinks.csv", ahrefs_backlinks(_link_to_client(91)))
    world.deliver(
        f"tried/{LAST_DAY}/rival.com-refdomains.csv",
        csv_text(
            [
                "Domain",
                "DR",
                "Dofollow ref. domains",
                "Dofollow linked domains",
                "Links to target",
                "First seen",
                "Lost",
            ],
            [
                [f"site-{number}.com", 20, 10, linked_domains, 1, "2025-12-01 00:00:00", ""]
                for number, linked_domains in ((110, 900), (112, 1_000_000), (114, ""))
            ],
        ),
    )
    events = [
        [f"site-{number}.com", status, FIRST_DAY + timedelta(days=number + after)]
        for number in range(90)
        for status, after in [("contacted", 1), *([("won", 5)] if _is_easy(number) else [])]
    ]
    events += [["site-91.com", "contacted", FIRST_DAY + timedelta(days=91)], ["site-92.com", "contacted", LAST_DAY]]
    world.deliver("tried/outreach.csv", csv_text(["domain", "status", "date"], events))


@pytest.fixture(scope="module")
def tried(world: World) -> Sandbox:
    return world.of("tried")


def _is_easy(number: int) -> bool:
    return number % 4 == 0


def _link(number: int) -> dict[str, object]:
    kind = "Running shoe directory - submit your site" if number % 2 == 0 else "How we ran a marathon"
    return {
        "Referring page URL": f"https://site-{number}.com/" + ("directory/run" if number % 2 == 0 else "blog/marathon"),
        "Referring page title": kind,
        "Target URL": "https://rival.com/shoes",
        "Domain rating": "20" if _is_easy(number) else "70",
        "Anchor": "shoes",
        "First seen": "2025-12-01 00:00:00",
    }


def _link_to_client(number: int) -> dict[str, object]:
    return _link(number) | {"Target URL": "https://acme.com/shoes", "First seen": "2026-05-01 00:00:00"}


def test_results_are_counted_by_tactic_segment_and_tier(tried: Sandbox) -> None:
    query = (
        "select dimension_value, contacted, won, declined, unanswered, pending, won_pct, won_pct_low, won_pct_high "
        "from marts.outreach_results where refreshed_on = '2026-09-20' and dimension = '{}' order by 1"
    )
    # 23 by the log and one by its link; Wilson's interval of 24 of 91
    assert tried.query(query.format("all")) == [("all", 92, 24, 0, 67, 1, 26.4, 18.4, 36.3)]
    by_segment = tried.query(query.format("segment"))
    assert sum(row[1] for row in by_segment) == 92
    assert {row[0] for row in by_segment} >= {"directory"}
    attempts = tried.query(
        "select referring_domain, attempt_outcome, known_on, contacted_on from marts.outreach_attempts "
        "where refreshed_on = '2026-09-20' and referring_domain in ('site-91.com', 'site-92.com') order by 1"
    )
    assert attempts == [
        ("site-91.com", "won", FIRST_DAY, FIRST_DAY + timedelta(days=91)),
        ("site-92.com", "pending", LAST_DAY, LAST_DAY),
    ]


def test_a_refresh_knows_the_outcomes_of_its_time(tried: Sandbox) -> None:
    """In January the letters of the next months are young, those that were won among them: no chance is told."""
    assert tried.query(
        "select refreshed_on, outcomes, won, is_enough, learnt_until is not null, won_by_chance > won_by_authority, "
        "brier < brier_of_rate from marts.outreach_backtests order by 1"
    ) == [
        (FIRST_DAY, 0, 0, False, False, None, None),
        (LAST_DAY, 91, 24, True, True, True, True),
    ]
    assert tried.query(
        "select distinct refreshed_on, win_chance is not null from marts.opportunities where rank > 0 order by 1"
    ) == [(FIRST_DAY, False), (LAST_DAY, True)]


def test_chances_follow_what_was_won_and_move_the_score(tried: Sandbox) -> None:
    chances = dict(
        tried.query(
            "select referring_domain, (win_chance, points_winnability, winnability_evidence) from marts.opportunities "
            "where refreshed_on = '2026-09-20' and referring_domain in ('site-100.com', 'site-102.com', 'site-101.com')"
        )
    )
    easy, hard, other = (chances[f"site-{number}.com"] for number in (100, 102, 101))
    chance, points, evidence = easy.values() if isinstance(easy, dict) else easy
    assert chance > 0.5
    assert points == 10
    assert evidence.endswith("; chance of this domain from 91 outcomes")
    for less in (hard, other):
        values = list(less.values()) if isinstance(less, dict) else list(less)
        assert values[0] < 0.3


def test_ranks_are_told_to_be_stable_or_not(tried: Sandbox) -> None:
    rows = tried.query(
        "select rank, top_50_pct from marts.opportunities where refreshed_on = '2026-09-20' and rank > 0 order by 1"
    )
    assert len(rows) > 50
    assert rows[0][1] == 100
    assert sum(share for _, share in rows) == pytest.approx(50 * 100, abs=3)
    assert rows[-1][1] < 50


def test_a_link_of_a_domain_that_links_to_everybody_says_less(tried: Sandbox) -> None:
    """One of two competitors is half of 18 points; a million linked domains halve it again."""
    assert tried.query(
        "select linked_domains, points_competitors from marts.opportunities where refreshed_on = '2026-09-20' "
        "and referring_domain in ('site-110.com', 'site-112.com', 'site-114.com') order by 1"
    ) == [(900, 9.0), (1_000_000, 4.5), (None, 9.0)]
