"""Measures a refresh against plain DuckDB: `make bench`, or `python -m bench.run [--rows N] [--tiny]`.

Seven figures. The marginal cost of a row: two refreshes of made-up Ahrefs exports, one four times as large as the
other, against what plain DuckDB takes to read the same CSV files into Parquet; start-up falls out of the difference.
Peak memory of the larger one. What the quality rules cost: the same refresh with and without those that judge links.
The fixed cost: a refresh of tiny clients, one and two hundred, warm, against the import of the libraries that it is
made of, in the same minute; of the many, one is broken, and the others are done. What the others cost: a refresh of
one tiny client in a warehouse of ten and of five hundred others (the copy of the published file, which grows with
them, apart). What history costs: the last refresh of a client that had few before, and of one that had many. What new
texts cost: the meaning of a million made-up titles, each with words of its own, and memory meanwhile.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import duckdb

from bench.generate import REFRESHED_ON, write_exports, write_texts, write_tiny
from pipelines.dbt_runs import parsed_project
from warehouse.connections import MEMORY_LIMIT
from warehouse.layout import Workspace

MANY = 200
"""As many clients as an agency has."""

TEXTS = 1_000_000

FLOOR = "import dagster, dagster_dbt, dbt.cli.main, pandas"
"""What every refresh of this stack costs before it does anything."""

_ASK_TEXTS = """
import sys, duckdb
from pipelines.meaning import add_functions
with duckdb.connect(sys.argv[1], config={"threads": 2, "memory_limit": sys.argv[2]}) as connection:
    connection.execute("set preserve_insertion_order = false")
    add_functions(connection)
    connection.execute("create table meanings as select text_key, meaning_of(words) as meaning from texts")
"""


@dataclass(frozen=True)
class Used:
    """Seconds of wall time and of CPU, and peak memory (MB), of a process and those that it waited for."""

    seconds: float
    busy_seconds: float
    peak_megabytes: float


@dataclass(frozen=True)
class Measured:
    """Seconds of wall time and peak memory (MB) of one refresh, and plain DuckDB's seconds for the same files."""

    rows: int
    refresh_seconds: float
    peak_megabytes: float
    duckdb_seconds: float


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000, help="rows of the larger refresh")
    parser.add_argument("--tiny", action="store_true", help="only the fixed cost")
    parser.add_argument("--growth", action="store_true", help="only the cost of other clients and of history")
    parser.add_argument("--texts", action="store_true", help="only the meaning of a million texts")
    parser.add_argument("--keep", type=Path, help="folder to work in and keep")
    arguments = parser.parse_args()
    folder = arguments.keep or Path(tempfile.mkdtemp(prefix="linkgap-bench-"))
    if arguments.texts:
        print_texts(folder)
        return
    print("a first refresh parses the dbt project once for this checkout; that is not measured")
    parsed_project()
    if not (arguments.tiny or arguments.growth):
        small = measure_rows(folder / "small", arguments.rows // 4)
        large = measure_rows(folder / "large", arguments.rows)
        for one in (small, large):
            print(
                f"{one.rows:>10,} rows: refresh {one.refresh_seconds:6.1f} s, peak {one.peak_megabytes:6,.0f} MB, "
                f"plain DuckDB {one.duckdb_seconds:5.1f} s"
            )
        rows = large.rows - small.rows
        seconds = large.refresh_seconds - small.refresh_seconds
        plain = large.duckdb_seconds - small.duckdb_seconds
        print(f"marginal: {rows / seconds:,.0f} rows/s; {seconds / plain:.1f} times plain DuckDB CSV to Parquet")
        without = measure_rules(folder / "rules", arguments.rows)
        times = large.refresh_seconds / without
        print(f"quality rules: {times:.2f} times the same refresh without them ({without:.1f} s)")
    if not arguments.growth:
        print_fixed(folder)
    if not arguments.tiny:
        few, many = (measure_others(folder / f"others-{others}", others) for others in (10, 500))
        print(
            f"others: one client among 10 {few[0]:.1f} s, among 500 {many[0]:.1f} s ({many[0] / few[0]:.2f} times); "
            f"copying the published file alone takes {few[1]:.3f} and {many[1]:.3f} s"
        )
        short, long = (measure_history(folder / f"history-{before}", before) for before in (3, 24))
        print(f"history: a refresh after 3 others {short:.1f} s, after 24 {long:.1f} s ({long / short:.2f} times)")
        print_texts(folder)


def print_fixed(folder: Path) -> None:
    """The cost of one tiny client and of each further one, in seconds and in imports of the libraries."""
    one = [measure_tiny(folder / f"tiny-{number}", 1) for number in range(3)]
    floor = min(_timed([sys.executable, "-c", FLOOR]).seconds for _ in range(3))
    best = min(one, key=lambda used: used.seconds)
    print(
        f"fixed: one tiny client {best.seconds:.1f} s ({best.busy_seconds:.1f} s of CPU), everything warm; "
        f"importing the libraries {floor:.1f} s: {best.seconds / floor:.2f} times"
    )
    many = measure_tiny(folder / "many", MANY, broken="tiny-100")
    floor = min(_timed([sys.executable, "-c", FLOOR]).seconds for _ in range(3))
    further = (many.seconds - best.seconds) / (MANY - 1)
    share = further / floor
    print(f"{MANY} tiny clients {many.seconds:.1f} s: {further:.2f} s each further one, {share:.1%} of the import")


def print_texts(folder: Path) -> None:
    """Seconds and peak memory (MB) of the meaning of new texts, asked for in a process of its own."""
    database = folder / "texts.duckdb"
    write_texts(database, TEXTS)
    used = _timed([sys.executable, "-c", _ASK_TEXTS, str(database), MEMORY_LIMIT])
    print(
        f"texts: {TEXTS:,} new ones embedded in {used.seconds:.1f} s ({used.busy_seconds:.1f} s of CPU), "
        f"peak {used.peak_megabytes:,.0f} MB"
    )


def measure_rows(home: Path, rows: int) -> Measured:
    """A first refresh of one client with this many rows."""
    files = write_exports(home, rows)
    plain = _plain_duckdb(files, home / "plain")
    used = refresh(home)
    return Measured(rows, used.seconds, used.peak_megabytes, plain)


def measure_rules(home: Path, rows: int) -> float:
    """Seconds of a first refresh with this many rows that judges no link."""
    write_exports(home, rows)
    return refresh(home, LINKGAP_RULES="garbage").seconds


def measure_tiny(home: Path, clients: int, broken: str | None = None) -> Used:
    """A second refresh of tiny clients in one call, one of which may have an archive that cannot be read.

    Raises:
        SystemExit: Anything but the broken client failed.
    """
    write_tiny(home, clients)
    refresh(home)
    for folder in (home / "inbox").iterdir():
        _deliver_again(folder, 1)
    if not broken:
        return refresh(home)
    for manifest in (Workspace(home).archived_refreshes / broken).iterdir():
        manifest.write_text("{", encoding="utf-8")
    used = refresh(home, exit_code=1)
    with duckdb.connect(str(Workspace(home).published_database), read_only=True) as published:
        statement = "select client_id from marts.clients where last_refreshed_on > ? order by client_id"
        refreshed = [client_id for (client_id,) in published.execute(statement, [REFRESHED_ON]).fetchall()]
    if len(refreshed) != clients - 1 or broken in refreshed:
        raise SystemExit(f"{len(refreshed)} of {clients} clients were refreshed in {home}; all but {broken} should be")
    return used


def measure_others(home: Path, others: int) -> tuple[float, float]:
    """Seconds for a second refresh of one tiny client among others, and for a copy of the published file."""
    write_tiny(home, others + 1)
    refresh(home)
    _deliver_again(home / "inbox" / "tiny-001", 1)
    start = time.perf_counter()
    shutil.copyfile(Workspace(home).published_database, home / "copy.duckdb")
    copying = time.perf_counter() - start
    return refresh(home).seconds - copying, copying


def measure_history(home: Path, before: int) -> float:
    """Seconds for the refresh of a client with so many before it."""
    write_exports(home, 20_000)
    (folder,) = (home / "inbox").iterdir()
    for number in range(1, before):
        _deliver_again(folder, number)
    refresh(home)
    _deliver_again(folder, before)
    return refresh(home).seconds


def _deliver_again(folder: Path, number: int) -> None:
    """The exports of a client's first refresh once more, `number` windows later."""
    first = min(folder.iterdir())
    later = folder / (date.fromisoformat(first.name) + timedelta(days=75 * number)).isoformat()
    shutil.copytree(first, later)


def _plain_duckdb(files: list[Path], target: Path) -> float:
    target.mkdir(parents=True, exist_ok=True)
    start = time.perf_counter()
    with duckdb.connect() as connection:
        for number, file in enumerate(files):
            connection.execute(
                f"copy (select * from read_csv('{file}', all_varchar = true)) to '{target / f'{number}.parquet'}'"
            )
    return time.perf_counter() - start


def refresh(home: Path, exit_code: int = 0, **environment: str) -> Used:
    """Run `linkgap refresh` on a workspace."""
    command = [str(Path(sys.executable).parent / "linkgap"), "refresh"]
    return _timed(command, exit_code, LINKGAP_HOME=str(home), **environment)


def _timed(command: list[str], exit_code: int = 0, **environment: str) -> Used:
    """Run a command without its output.

    Raises:
        SystemExit: It ended otherwise than it should.
    """
    start = time.perf_counter()
    process = subprocess.Popen(
        command,
        env={**os.environ, **environment},
        stdout=subprocess.DEVNULL,
        # the same exports over and over look old, and it says so
        stderr=subprocess.DEVNULL,
    )
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - start
    if os.waitstatus_to_exitcode(status) != exit_code:
        where = environment.get("LINKGAP_HOME")
        raise SystemExit(
            f"{' '.join(command)[:200]} failed{f' in {where}; run it there with --debug' if where else ''}"
        )
    return Used(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


if __name__ == "__main__":
    main()
