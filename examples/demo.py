"""Writes three refreshes of two made-up clients into a workspace: `python -m examples.demo DIR`.

Here is which files are downloaded when. What is in them comes from `world` (the facts) and
`providers` (what Ahrefs and Semrush see of them). The client files are in `clients/`.
"""

from __future__ import annotations

import argparse
import shutil
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from pathlib import Path

from examples import providers
from examples.world import Setting, World, build_world

HERE = Path(__file__).parent
REFRESHES = (date(2026, 3, 2), date(2026, 5, 16), date(2026, 7, 30))  # 75 days apart


def download_fellhare(world: World, folder: Path, refreshed_on: date) -> None:
    """Ahrefs for all five sites, Semrush for some of them."""
    own_site, *competitors = *world.setting.own_sites, *world.setting.competitors
    taken_at = datetime.combine(refreshed_on, time(9, 12, 5))
    for site in (own_site, *competitors):
        name = f"{site}-backlinks-subdomains_{taken_at:%Y-%m-%d_%H-%M-%S}.csv"
        providers.ahrefs_backlinks(folder / name, world, site, taken_at)
        taken_at += timedelta(seconds=97)
    for site in (own_site, *competitors[:2]):
        providers.semrush_backlinks(folder / f"{site}-backlinks.csv", world, site, taken_at)
    name = f"{own_site}-backlinks_refdomains.csv"
    providers.semrush_referring_domains(folder / name, world, own_site, taken_at)
    renamed = folder / competitors[2] / "refdomains (1).csv"  # the folder says which site it is
    providers.semrush_referring_domains(renamed, world, competitors[2], taken_at)


def download_bestandora(world: World, folder: Path, refreshed_on: date) -> None:
    """Semrush for all five sites and a Backlink Gap; from the second refresh on an Ahrefs file."""
    setting = world.setting
    taken_at = datetime.combine(refreshed_on, time(10, 40, 31))
    for site in (*setting.own_sites, *setting.competitors):
        target = site.rstrip("/").replace("/", "_")
        providers.semrush_backlinks(folder / f"{target}-backlinks.csv", world, site, taken_at)
        name = f"{target}-backlinks_refdomains.csv"
        # No column of this file tells its site; for a path a folder in a folder says it.
        where = folder / site if "/" in site else folder
        providers.semrush_referring_domains(where / name, world, site, taken_at)
    name = f"{setting.own_sites[0]}-backlinks_matrix.csv"
    providers.semrush_matrix(folder / name, world, "regalwerk-alt.de", taken_at)
    if refreshed_on > REFRESHES[0]:
        site = setting.competitors[0]
        name = f"{site}-backlinks-subdomains_{taken_at:%Y-%m-%d_%H-%M-%S} - Sheet1.csv"
        providers.ahrefs_from_sheets(folder / name, world, site, taken_at)


DOWNLOADS: dict[str, Callable[[World, Path, date], None]] = {
    "fellhare-running": download_fellhare,
    "bestandora": download_bestandora,
}


def demo_world(client_id: str) -> World:
    """The world behind a demo client's exports, with the story of each linking domain."""
    setting = Setting.read(HERE / "worlds" / f"{client_id}.json")
    return build_world(setting, [datetime.combine(day, time()) for day in REFRESHES])


def write_demo(home: Path) -> list[str]:
    """Writes both clients' files and exports below `home`, the same bytes every time.

    Args:
        home: A workspace (`LINKGAP_HOME`); made if it is not there.

    Returns:
        The client ids.
    """
    (home / "clients").mkdir(parents=True, exist_ok=True)
    for client_id, download in DOWNLOADS.items():
        shutil.copyfile(HERE / "clients" / f"{client_id}.yaml", home / f"clients/{client_id}.yaml")
        world = demo_world(client_id)
        for refreshed_on in REFRESHES:
            download(world, home / "inbox" / client_id / refreshed_on.isoformat(), refreshed_on)
    return list(DOWNLOADS)


def main() -> None:
    """Writes the demo into the folder named on the command line."""
    parser = argparse.ArgumentParser(prog="python -m examples.demo", description=__doc__)
    parser.add_argument("home", type=Path, metavar="DIR", help="the workspace to write into")
    home = parser.parse_args().home
    for client_id in write_demo(home):
        print(f"{client_id}: {home / 'inbox' / client_id}")


if __name__ == "__main__":
    main()
