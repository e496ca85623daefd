"""What one client's files hold: nothing that was delivered for another, and nothing that everybody may read."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from tests.conftest import csv_text
from tests.exports_made import ahrefs_backlinks
from tests.world import Deliveries, World

DAY = "2026-01-10"
CLIENTS = ("kestrel", "magpie")


def canaries(client_id: str) -> dict[str, str]:
    """A word of its own for every place in which something of a client stands."""
    places = ("name", "competitor", "domain", "page", "anchor", "title", "brand", "niche", "owner", "note", "file")
    return {place: f"{client_id}canary{place}" for place in places}


def deliver_stories(world: Deliveries) -> None:
    for client_id in CLIENTS:
        of = canaries(client_id)
        world.client(
            client_id,
            f"name: {of['name']}\nsites: [{client_id}-own.com]\ncompetitors: [{of['competitor']}.com]\n"
            f"brand_terms: [{of['brand']}]\nniche: {{terms: [{of['niche']}]}}\n",
        )
        link = {
            "Referring page URL": f"https://{of['domain']}.com/{of['page']}",
            "Referring page title": f"{of['title']} and {of['brand']}",
            "Target URL": f"https://{of['competitor']}.com/guide",
            "Anchor": of["anchor"],
        }
        # a domain that both have, which cannot tell whose it is
        common = link | {"Referring page URL": f"https://common.com/{of['page']}"}
        lost = link | {"Target URL": f"https://{client_id}-own.com/", "Lost": "2026-01-05 00:00:00"}
        world.deliver(f"{client_id}/{DAY}/{of['competitor']}.com/{of['file']}.csv", ahrefs_backlinks(link, common))
        world.deliver(f"{client_id}/{DAY}/{client_id}-own.com-backlinks.csv", ahrefs_backlinks(lost))
        events = [[f"{of['domain']}.com", "contacted", "2026-01-02", of["owner"], of["note"]]]
        world.deliver(f"{client_id}/outreach.csv", csv_text(["domain", "status", "date", "owner", "note"], events))


def everything(path: Path) -> Iterator[str]:
    """All text of a file: rows and comments of a database, members of a workbook, else what stands in it."""
    if path.suffix == ".duckdb":
        with duckdb.connect(str(path), read_only=True) as connection:
            for schema, table in connection.execute("select schema_name, table_name from duckdb_tables()").fetchall():
                yield str(connection.execute(f'select * from {schema}."{table}"').fetchall())
    elif path.suffix == ".xlsx":
        with zipfile.ZipFile(path) as workbook:
            yield from (workbook.read(name).decode() for name in workbook.namelist())
    yield path.read_bytes().decode("utf-8", "replace")


def files_of(world: World, client_id: str) -> list[Path]:
    workspace = world.sandbox.workspace
    return [
        workspace.client_database(client_id),
        workspace.reports / f"{client_id}.html",
        *sorted(workspace.hand_over(client_id).iterdir()),
    ]


@pytest.mark.parametrize(("client_id", "other"), [CLIENTS, CLIENTS[::-1]])
def test_no_file_of_a_client_holds_a_word_of_another(world: World, client_id: str, other: str) -> None:
    files = files_of(world, client_id)
    assert len(files) >= 7
    for path in files:
        text = " ".join(everything(path)).casefold()
        assert f"{other}canary" not in text, path
        assert f"{other}-own" not in text, path


def test_every_word_is_found_where_it_may_stand(world: World) -> None:
    """Else the test above would find nothing because nothing is looked for in the right way."""
    of_kind = {path.suffix: " ".join(everything(path)).casefold() for path in files_of(world, "kestrel")}
    own = canaries("kestrel")
    assert [place for place, word in own.items() if word not in of_kind[".duckdb"]] == []
    for suffix in (".html", ".xlsx"):
        assert {own[place] for place in ("domain", "page", "anchor")} <= {
            word for word in own.values() if word in of_kind[suffix]
        }


def test_only_owner_and_group_may_read_what_is_published(world: World) -> None:
    workspace = world.sandbox.workspace
    published = [path for folder in (workspace.published, workspace.reports) for path in folder.rglob("*")]
    files = [path for path in published if path.is_file()]
    assert len(files) > 10
    assert [path for path in files if path.stat().st_mode & 0o007] == []
