"""The demo: writes the example exports, refreshes both clients date by date, and tells what came of it.

`python -m examples.run [DIR]`; the default is `demo/` in the checkout.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import duckdb
from rich.console import Console
from rich.table import Table

from examples.demo import write_demo
from warehouse.layout import CHECKOUT, Workspace


def main() -> None:
    """Run the demo and print its result."""
    home = Path(sys.argv[1] if len(sys.argv) > 1 else CHECKOUT / "demo").resolve()
    console = Console(highlight=False)
    for folder in ("clients", "inbox", "warehouse"):
        shutil.rmtree(home / folder, ignore_errors=True)
    clients = write_demo(home)
    workspace = Workspace(home)
    files = sum(1 for path in workspace.inbox.rglob("*") if path.is_file())
    console.print(f"two made-up clients, {' and '.join(clients)}: {files} exports of three dates")
    console.print(f"  {workspace.inbox}\n", soft_wrap=True)
    start = time.perf_counter()
    _linkgap(home, "refresh")
    console.print(f"refreshed in {time.perf_counter() - start:.0f} s\n")
    with duckdb.connect(str(workspace.published_database), read_only=True) as connection:
        for client_id in clients:
            _print_progress(console, connection, client_id)
            _print_opportunities(console, connection, client_id)
    console.print("where to look")
    for client_id in clients:
        console.print(f"  page       {workspace.reports / f'{client_id}.html'}", soft_wrap=True)
    console.print(f"  checks     {workspace.reports / 'checks.html'}", soft_wrap=True)
    console.print(f"  tables     {workspace.published_database} (schema marts)", soft_wrap=True)
    console.print(f"  Dagster    LINKGAP_HOME={home} .venv/bin/linkgap ui", soft_wrap=True)


def _linkgap(home: Path, *arguments: str) -> None:
    command = [str(Path(sys.executable).parent / "linkgap"), *arguments]
    if subprocess.call(command, env={**os.environ, "LINKGAP_HOME": str(home)}) != 0:
        raise SystemExit("the demo did not run through; the lines above say why")


def _print_progress(console: Console, connection: duckdb.DuckDBPyConnection, client_id: str) -> None:
    table = Table(
        title=f"[bold]{client_id}[/bold]: open gaps, refresh by refresh",
        title_justify="left",
        box=None,
        padding=(0, 1, 0, 0),
    )
    table.add_column("refresh", no_wrap=True)
    for title in ("before", "+ new", "+ reopened", "+ returned", "- closed", "- expired", "= now", "won"):
        table.add_column(title, justify="right", no_wrap=True)
    rows = connection.execute(
        """
        select
            refreshed_on, open_at_start, new, reopened, returned, closed, expired, open_at_end, closing_pct_baseline
        from marts.gap_progress where client_id = $client_id order by refreshed_on
        """,
        {"client_id": client_id},
    ).fetchall()
    for *counts, won in rows:
        table.add_row(*(str(count) for count in counts), f"{won:.0f} %")
    console.print(table)
    console.print("[dim]won: closed by a new link to the client, of the gaps of the first refresh[/dim]\n")


def _print_opportunities(console: Console, connection: duckdb.DuckDBPyConnection, client_id: str) -> None:
    console.print("best opportunities now")
    rows = connection.execute(
        """
        select rank, score, tactic, tactic_reason, absence from marts.opportunities
        where client_id = $client_id
            and refreshed_on = (select max(refreshed_on) from marts.refreshes where client_id = $client_id)
            and rank <= 3
        order by rank
        """,
        {"client_id": client_id},
    ).fetchall()
    for rank, score, tactic, reason, absence in rows:
        console.print(f"  {rank}. {score:.1f} {tactic}: {reason} (absence {absence})", soft_wrap=True)
    console.print()


if __name__ == "__main__":
    main()
