"""Histories of gaps made up at random, and what the contract says must become of them.

The oracle reads the contract's section 4 in plain Python, one domain after the other, and knows nothing of the SQL.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

from tests.exports_made import ahrefs_backlinks
from tests.world import Deliveries

DATES = [date(2026, 1, 10) + timedelta(days=75) * number for number in range(4)]
DOMAINS = [f"domain-{letter}.com" for letter in "abcdefgh"]


@dataclass(frozen=True)
class Panel:
    """What is configured for one refresh."""

    own: tuple[str, ...]
    competitors: tuple[str, ...]
    min_competitors: int

    @property
    def sites(self) -> tuple[str, ...]:
        return self.own + self.competitors

    def yaml(self) -> str:
        return (
            f"sites: [{', '.join(self.own)}]\ncompetitors: [{', '.join(self.competitors)}]\n"
            f"gap: {{min_competitors: {self.min_competitors}}}\n"
        )


@dataclass(frozen=True)
class Export:
    """One site's list, whole or cut off.

    Attributes:
        is_whole: False for a list of one host of the site.
        links: Linking domain → first day the link was seen.
        spam: Those of them whose row a rule rejects.
    """

    is_whole: bool
    links: dict[str, date]
    spam: frozenset[str] = frozenset()


@dataclass
class History:
    """A client's refreshes: its panel, and the exports delivered by site."""

    client_id: str
    is_steady: bool
    panels: list[Panel] = field(default_factory=list)
    exports: list[dict[str, Export]] = field(default_factory=list)

    def deliver(self, world: Deliveries, number: int, step: int) -> None:
        """Deliver the exports of a refresh in a step, under the panel of that refresh."""
        world.client(self.client_id, self.panels[number].yaml(), step)
        for site, export in self.exports[number].items():
            # a list of one host is narrower than the site, and so cut off
            scope = "subdomains" if export.is_whole else "domain"
            rows = [
                {
                    "Referring page URL": f"https://{domain}/page",
                    "Target URL": f"https://{site}/",
                    "External links": "9000" if domain in export.spam else "12",
                    "First seen": f"{first_seen} 08:00:00",
                    "Last seen": f"{DATES[number]} 08:00:00",
                }
                for domain, first_seen in export.links.items()
            ]
            path = f"{self.client_id}/{DATES[number]}/{site}-backlinks-{scope}.csv"
            world.deliver(path, ahrefs_backlinks(*rows), step)


def made_history(client_id: str, chance: random.Random, is_steady: bool) -> History:
    """A history of a refresh each date; exports are sometimes missing or cut off, links come and go."""
    history = History(client_id, is_steady)
    panel = Panel(("acme.com",), ("rival.com", "foe.org"), chance.choice([1, 1, 2]))
    linked: dict[tuple[str, str], date] = {}
    for day in DATES:
        if history.panels and not is_steady and chance.random() < 0.5:
            panel = _changed(panel, chance)
        exports = {}
        for site in ("acme.com", "acme-shop.com", "rival.com", "foe.org", "bar.co.uk"):
            for domain in DOMAINS:
                if chance.random() < 0.35:
                    if (domain, site) in linked:
                        del linked[domain, site]
                    else:
                        linked[domain, site] = day - timedelta(days=chance.choice([3, 30, 400]))
            if site in panel.sites and (chance.random() < 0.8 or (not history.exports and site == panel.sites[-1])):
                is_whole = chance.random() < 0.75
                links = {
                    domain: linked[domain, site]
                    for domain in DOMAINS
                    if (domain, site) in linked and (is_whole or chance.random() < 0.6)
                }
                # at most one row of a domain: of more, rules would reject the domain itself
                spam = {domain for domain in links if site == "rival.com" and chance.random() < 0.15}
                exports[site] = Export(is_whole, links, frozenset(spam))
        history.panels.append(panel)
        history.exports.append(exports)
    return history


def _changed(panel: Panel, chance: random.Random) -> Panel:
    own = chance.choice([("acme.com",), ("acme.com", "acme-shop.com")])
    pool = ["rival.com", "foe.org", "bar.co.uk", *({"acme-shop.com"} - set(own))]
    competitors = tuple(sorted(chance.sample(pool, chance.choice([1, 2, 2, 3]))))
    return Panel(own, competitors, chance.randint(1, min(2, len(competitors))))


@dataclass(frozen=True)
class Evidence:
    """What is known of one domain and one site at one refresh."""

    stands: bool = False
    for_sure: bool = False
    perhaps: bool = False
    with_rejected: bool = False
    with_rejected_for_sure: bool = False
    first_seen: date | None = None
    was_whole_before: bool = False


def _evidence(history: History, number: int, domain: str, site: str) -> Evidence:
    delivered = [n for n in range(number + 1) if site in history.exports[n]]
    if not delivered:
        return Evidence()
    latest = delivered[-1]
    export = history.exports[latest][site]
    is_current = latest == number
    stands = domain in export.links and domain not in export.spam
    unconfirmed = False
    if is_current and not export.is_whole and len(delivered) > 1 and domain not in export.links:
        before = history.exports[delivered[-2]][site]
        unconfirmed = domain in before.links and domain not in before.spam
    earlier = history.exports[number - 1].get(site) if number else None
    return Evidence(
        stands=stands,
        for_sure=stands and is_current,
        perhaps=stands or unconfirmed,
        with_rejected=domain in export.links,
        with_rejected_for_sure=domain in export.links and is_current,
        first_seen=export.links[domain] if stands else None,
        was_whole_before=earlier is not None and earlier.is_whole,
    )


@dataclass(frozen=True)
class Snapshot:
    """A row of `gap_snapshots`."""

    refreshed_on: date
    state: str
    transition: str
    first_opened_on: date | None
    opened_on: date | None
    closed_on: date | None
    closed_kind: str | None
    is_coverage_change: bool


@dataclass(frozen=True)
class Observed:
    """What one refresh sees of one domain: a row of `int_gap_observations`, and the panel's part in it.

    Attributes:
        now_for_sure: What the domain is in the strict reading of the evidence.
        now_perhaps: What it is where all doubtful evidence counts, too.
        client_first_seen_on: First day of the links to the client's sites.
        is_panel_changed: Since the refresh before.
        is_open_under_panel_before: These links make an open gap under the panel of the refresh before.
        was_open_under_this_panel: The links of the refresh before make one under today's.
        is_linked_under_panel_before: They reach an own site that was one before.
        is_unseen_before: No competitor link comes from an export that was whole one refresh earlier.
    """

    refreshed_on: date
    now_for_sure: str = "absent"
    now_perhaps: str = "absent"
    is_client_linked: bool = False
    client_first_seen_on: date | None = None
    is_panel_changed: bool = False
    is_open_under_panel_before: bool = False
    was_open_under_this_panel: bool = False
    is_linked_under_panel_before: bool = False
    is_unseen_before: bool = False


def expected_snapshots(history: History, domain: str) -> Iterator[Snapshot]:
    """The snapshots of a domain, from the exports on."""
    return walked(list(_observed(history, domain)))


def _observed(history: History, domain: str) -> Iterator[Observed]:
    stood_before: set[str] = set()
    perhaps_before: set[str] = set()
    for number, (day, panel) in enumerate(zip(DATES, history.panels, strict=True)):
        seen = {site: _evidence(history, number, domain, site) for site in panel.sites}
        stands = {site for site, one in seen.items() if one.stands}
        perhaps = {site for site, one in seen.items() if one.perhaps}
        for_sure = {site for site, one in seen.items() if one.for_sure}
        before = history.panels[number - 1] if number else panel
        yield Observed(
            day,
            now_for_sure=_now(panel, for_sure, {site for site, one in seen.items() if one.with_rejected_for_sure}),
            now_perhaps=_now(panel, perhaps, {site for site, one in seen.items() if one.with_rejected}),
            is_client_linked=bool(stands & set(panel.own)),
            client_first_seen_on=min(
                (one.first_seen for site, one in seen.items() if site in panel.own and one.first_seen), default=None
            ),
            is_panel_changed=_settings(panel) != _settings(before),
            is_open_under_panel_before=_is_open(before, stands),
            was_open_under_this_panel=_is_open(panel, stood_before) or _is_open(panel, perhaps_before),
            is_linked_under_panel_before=bool(stands & set(before.own)),
            is_unseen_before=not any(seen[s].was_whole_before for s in panel.competitors if seen[s].stands),
        )
        stood_before, perhaps_before = stands, perhaps


def walked(observed: Sequence[Observed]) -> Iterator[Snapshot]:
    """The contract's table of transitions, walked by hand; a domain that was never a gap has no snapshot."""
    state: str | None = None
    was_linked = False
    first_opened_on = opened_on = closed_on = None
    closed_kind: str | None = None
    for number, now in enumerate(observed):
        before = state
        after = _state(before, now.now_for_sure)
        if after != _state(before, now.now_perhaps):
            transition = "unobserved"
        else:
            transition = _transition(before, now.now_for_sure, was_linked)
            opens = transition in ("new", "reopened", "returned")
            if now.is_panel_changed and opens and not now.is_open_under_panel_before:
                transition = "panel_new"
            elif now.is_panel_changed and transition == "expired" and not now.was_open_under_this_panel:
                transition = "panel_removed"
            state = after
            if state == "open" and before != "open":
                opened_on = now.refreshed_on
                first_opened_on = first_opened_on or now.refreshed_on
            if state == "closed" and before != "closed":
                closed_on = now.refreshed_on
                is_by_panel = now.is_panel_changed and not now.is_linked_under_panel_before
                assert opened_on is not None
                assert now.client_first_seen_on is not None
                is_later = now.client_first_seen_on > opened_on
                closed_kind = "won" if is_later and not is_by_panel else "already_linked"
        was_linked = was_linked or now.is_client_linked
        if state is not None:
            yield Snapshot(
                now.refreshed_on,
                state,
                transition,
                first_opened_on,
                opened_on,
                closed_on if state == "closed" else None,
                closed_kind if state == "closed" else None,
                transition == "new" and number > 0 and now.is_unseen_before,
            )


def _settings(panel: Panel) -> tuple[frozenset[str], frozenset[str], int]:
    return frozenset(panel.own), frozenset(panel.competitors), panel.min_competitors


def _now(panel: Panel, linked: set[str], delivered: set[str]) -> str:
    """What a domain is that links to some sites of the panel, of those that any row speaks of, rejected or not."""
    if linked & set(panel.own):
        return "linked"
    if len(linked & set(panel.competitors)) >= panel.min_competitors:
        return "open"
    if delivered & set(panel.own) or len((linked | delivered) & set(panel.competitors)) >= panel.min_competitors:
        return "set_aside"
    return "absent"


def _is_open(panel: Panel, linked: set[str]) -> bool:
    """Whether links make an open gap under a panel that they were perhaps not collected for."""
    return _now(panel, linked, set()) == "open"


def _state(before: str | None, now: str) -> str | None:
    if now == "linked":
        return "closed" if before else None
    if now == "open":
        return "open"
    if before in ("open", "closed"):
        return "set_aside" if now == "set_aside" else {"open": "expired", "closed": "lost"}[before]
    return before


def _transition(before: str | None, now: str, was_linked: bool) -> str:
    """The name of a step that ends in a state; without one there is no row, and the name does not matter."""
    if now == "linked":
        return {None: "", "open": "closed", "closed": "stayed_closed"}.get(before, "regained")
    if now == "open":
        if before is None:
            return "reopened" if was_linked else "new"
        return {"open": "stayed_open", "closed": "reopened", "lost": "reopened"}.get(before, "returned")
    if before in ("open", "closed"):
        return "set_aside" if now == "set_aside" else {"open": "expired", "closed": "lost"}[before]
    return "unchanged"
