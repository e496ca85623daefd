"""Measures publication: `python -m bench.publication [--clients N] [--publications N] [--readers N] [--only …]`.

Two figures. What the others cost: the refreshes of N clients are published one after the other, each into a file that
holds all before it; the copy of the file, which grows with it, is measured beside. What readers notice: they open the
published file, ask, and close it, over and over, without anybody writing and then while refreshes are published; each
answer is held against all tables, so that half a refresh would show. One reader asks as Apache Superset does, where
`make bi-setup` has been run.

The clients are one computed refresh of made-up exports, published under many names and days.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import duckdb

from bench.generate import REFRESHED_ON, write_exports
from bench.run import refresh
from warehouse.layout import CHECKOUT, Workspace
from warehouse.publication import publish
from warehouse.replacing import copy_file

BI_PYTHON = CHECKOUT / ".venv-bi" / "bin" / "python"

PAUSE_SECONDS = 0.05
"""Between two questions of a reader; without it eight readers would measure the processor alone."""

QUIET_SECONDS = 60.0

_DAYS = " union all ".join(
    f"select list_sort(list(distinct refreshed_on)) as days from marts.{table} where client_id = 'c-000'"
    for table in ("refreshes", "gap_progress", "gaps", "links", "opportunities", "kpi_values")
)

ONE_STATE = f"select count(distinct days), max(len(days)) from ({_DAYS})"
"""The days on which the tables have rows: 1, and how many days, where the tables speak of the same refreshes."""

DASHBOARD = """
select refreshes.client_id, count(*) as gaps, avg(opportunities.score) as score
from marts.opportunities
inner join marts.refreshes using (client_id, refreshed_on)
where opportunities.rank <= 100
group by refreshes.client_id
order by gaps desc, refreshes.client_id
limit 20
"""

AS_SUPERSET = """
import json, os, sys, time
from sqlalchemy import create_engine, text
from sqlalchemy.pool import NullPool
engine = create_engine(
    "duckdb:///" + sys.argv[1],
    poolclass=NullPool,
    connect_args={"read_only": True, "config": {"enable_external_access": False}},
)
answers = []
while not os.path.exists(sys.argv[2]):
    start = time.perf_counter()
    with engine.connect() as connection:
        states, days = connection.execute(text(sys.argv[3])).fetchone()
        connection.execute(text(sys.argv[4])).fetchall()
    answers.append((time.perf_counter() - start, states, days))
    time.sleep(float(sys.argv[5]))
print(json.dumps(answers))
"""

Answer = tuple[float, int, int]
"""Seconds, number of states that the tables showed, number of refreshes."""


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clients", type=int, default=500)
    parser.add_argument("--publications", type=int, default=20)
    parser.add_argument("--readers", type=int, default=8)
    parser.add_argument("--only", choices=["others", "readers"])
    parser.add_argument("--rows", type=int, default=5_000, help="rows of the exports of a client")
    arguments = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="linkgap-bench-"))
    write_exports(folder / "one", arguments.rows)
    refresh(folder / "one")
    one = Workspace(folder / "one").published_database
    if arguments.only != "readers":
        measure_others(one, Workspace(folder / "others"), arguments.clients)
    if arguments.only != "others":
        measure_readers(one, Workspace(folder / "readers"), arguments.publications, arguments.readers)


def measure_others(one: Path, workspace: Workspace, clients: int) -> None:
    """Publish a few clients one after the other, all others at once, and a few more; print what the few took."""
    multiply(one, workspace, clients, days=1)
    names = [f"c-{number:03}" for number in range(clients)]
    measured: dict[str, list[tuple[float, float]]] = {}
    publish(workspace, [(names[0], REFRESHED_ON)], names, [])
    for when, few in (("first", names[1:11]), ("last", names[-10:])):
        if when == "last":
            publish(workspace, [(name, REFRESHED_ON) for name in names[11:-10]], names, [])
        for name in few:
            copying = _seconds_to_copy(workspace)
            start = time.perf_counter()
            publish(workspace, [(name, REFRESHED_ON)], names, [])
            measured.setdefault(when, []).append((time.perf_counter() - start, copying))
    (first, copy_first), (last, copy_last) = (
        [statistics.median(values) for values in zip(*measured[when], strict=True)] for when in ("first", "last")
    )
    size = workspace.published_database.stat().st_size / 1e6
    print(
        f"others: publishing a client's refresh took {first:.2f} s in a file of few and {last:.2f} s in one of "
        f"{clients} clients ({size:,.0f} MB); copying the file alone {copy_first:.3f} and {copy_last:.3f} s; "
        f"without it {(last - copy_last) / (first - copy_first):.2f} times"
    )


def measure_readers(one: Path, workspace: Workspace, publications: int, readers: int) -> None:
    """Print what readers wait for an answer while nobody writes, and while refreshes are published."""
    multiply(one, workspace, clients=5, days=publications + 1)
    names = [f"c-{number:03}" for number in range(5)]
    days = [REFRESHED_ON + timedelta(days=75 * number) for number in range(publications + 1)]
    publish(workspace, [(name, day) for name in names for day in days if name != "c-000" or day == days[0]], names, [])
    quiet = _read(workspace, readers, lambda: time.sleep(QUIET_SECONDS))
    busy = _read(workspace, readers, lambda: _publish_each(workspace, names, days[1:]))
    for what, answers in (("nobody writes", quiet), (f"{publications} refreshes are published", busy)):
        spent = sorted(seconds for seconds, _, _ in answers)
        mixed = sum(states != 1 for _, states, _ in answers)
        seen = sorted({days for _, _, days in answers})
        print(
            f"readers, while {what}: {len(answers):,} answers, {mixed} of a mixed state, "
            f"{seen[0]} to {seen[-1]} refreshes seen; half within {1000 * statistics.median(spent):.0f} ms, "
            f"95 % within {1000 * spent[int(0.95 * len(spent))]:.0f} ms"
        )
    if {days for _, _, days in busy} != set(range(1, publications + 2)):
        print("not every state was seen by a reader")


def multiply(one: Path, workspace: Workspace, clients: int, days: int) -> None:
    """A working database with the published tables of one refresh under many clients and days."""
    workspace.working_database.parent.mkdir(parents=True)
    with duckdb.connect(str(workspace.working_database)) as connection:
        connection.execute(f"attach '{one}' as one (read_only)")
        connection.execute("create schema marts; create schema dictionary")
        for schema, table in connection.execute(
            "select schema_name, table_name from duckdb_tables() where database_name = 'one' order by all"
        ).fetchall():
            columns = {
                name
                for (name,) in connection.execute(
                    "select column_name from duckdb_columns() where database_name = 'one' and schema_name = $schema "
                    "and table_name = $table",
                    {"schema": schema, "table": table},
                ).fetchall()
            }
            source = f"one.{schema}.{table}"
            if schema == "marts":
                replaced = ["format('c-{:03d}', client) as client_id"]
                if "refreshed_on" in columns:
                    replaced.append("cast(refreshed_on + to_days(cast(75 * day as integer)) as date) as refreshed_on")
                if "published_at" in columns:
                    replaced.append("null::timestamp as published_at")
                refreshes = days if "refreshed_on" in columns else 1
                numbers = f"range({clients}) as clients (client), range({refreshes}) as days (day)"
                source = f"(select one_row.* replace ({', '.join(replaced)}) from {source} as one_row, {numbers})"
            connection.execute(f"create table {schema}.{table} as select * from {source}")


def _publish_each(workspace: Workspace, names: list[str], days: list[date]) -> None:
    for day in days:
        publish(workspace, [("c-000", day)], names, [])


def _seconds_to_copy(workspace: Workspace) -> float:
    copy = workspace.home / "copy.duckdb"
    start = time.perf_counter()
    copy_file(workspace.published_database, copy)
    seconds = time.perf_counter() - start
    copy.unlink()
    return seconds


def _read(workspace: Workspace, readers: int, meanwhile: Callable[[], None]) -> list[Answer]:
    """The answers that readers got while something was done."""
    published = str(workspace.published_database)
    end = workspace.home / "end"
    superset = None
    if BI_PYTHON.exists():
        readers -= 1
        arguments = [published, str(end), ONE_STATE, DASHBOARD, str(PAUSE_SECONDS)]
        superset = subprocess.Popen([BI_PYTHON, "-c", AS_SUPERSET, *arguments], stdout=subprocess.PIPE, text=True)
    with multiprocessing.get_context("spawn").Pool(readers) as pool:
        waiting = pool.starmap_async(_ask_again, [(published, str(end))] * readers)
        try:
            meanwhile()
        finally:
            end.touch()
        answers = [one for of_reader in waiting.get() for one in of_reader]
    if superset:
        said, _ = superset.communicate()
        if superset.returncode:
            raise SystemExit("the reader that asks as Superset does failed")
        answers.extend(tuple(one) for one in json.loads(said))
    end.unlink()
    return answers


def _ask_again(published: str, end: str) -> list[Answer]:
    answers = []
    while not Path(end).exists():
        start = time.perf_counter()
        with duckdb.connect(published, read_only=True) as connection:
            states, days = connection.execute(ONE_STATE).fetchone()
            connection.execute(DASHBOARD).fetchall()
        answers.append((time.perf_counter() - start, states, days))
        time.sleep(PAUSE_SECONDS)
    return answers


if __name__ == "__main__":
    main()
