"""What the hand-over files of the published clients of a workspace cost: `python -m bench.handover WORKSPACE`.

Writes them three times, one client after the other as a refresh does, and prints the median of each client and of all.
"""

from __future__ import annotations

import argparse
import statistics
import time
from pathlib import Path

from pipelines.handover.files import write_hand_over
from warehouse.connections import connect
from warehouse.layout import Workspace
from warehouse.publication import published_deliveries

ROUNDS = 3


def main() -> None:
    """Print milliseconds a client."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("workspace", type=Path)
    workspace = Workspace(parser.parse_args().workspace.resolve())
    seconds: dict[str, list[float]] = {}
    with connect(None, workspace) as connection:
        for _ in range(ROUNDS):
            for client_id in sorted({client_id for client_id, _ in published_deliveries(workspace)}):
                started = time.perf_counter()
                write_hand_over(connection, workspace, client_id)
                seconds.setdefault(client_id, []).append(time.perf_counter() - started)
    medians = {client_id: statistics.median(times) for client_id, times in seconds.items()}
    for client_id, median in medians.items():
        print(f"{client_id}: {1000 * median:,.0f} ms")
    print(f"{len(medians)} clients, median {1000 * statistics.median(medians.values()):,.0f} ms a client")


if __name__ == "__main__":
    main()
