"""How well the quality rules agree with people: `python -m bench.evaluate EXPORTS`.

Refreshes the labelled exports in a temporary workspace and compares what was set aside with `tests/labels`. Labels name
rows by file and number, so the exports themselves must be at hand. Rows that the labeller was not sure of count for
nothing. Decisions in the `overrides.csv` of a workspace (LINKGAP_HOME) are labels, too: they are compared with what the
rules alone would have said.
"""

from __future__ import annotations

import argparse
import csv
import os
import shutil
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import duckdb
import yaml

from pipelines.planning import plan_refreshes
from pipelines.refresh import run_refreshes
from warehouse.layout import CHECKOUT, Workspace

LABELS = CHECKOUT / "tests" / "labels"
REFRESHED_ON = "2026-02-06"

RowReference = tuple[str, int]
"""(file name, number of the data row)"""


@dataclass
class Agreement:
    """Rows by what people and rules say of them.

    Attributes:
        both: Rejected by both.
        rules_only: Rejected by the rules, kept by people.
        people_only: Rejected by people, kept by the rules.
        neither: Kept by both.
        reasons: First reason → (rows people reject, rows people keep) that it took.
    """

    both: int = 0
    rules_only: int = 0
    people_only: int = 0
    neither: int = 0
    reasons: Counter[tuple[str, bool]] = field(default_factory=Counter)
    disputed: list[str] = field(default_factory=list)

    def add(self, name: str, is_rejected_by_people: bool, reason: str | None) -> None:
        """Count one row; `reason` is None where the rules keep it."""
        if reason is not None:
            self.reasons[reason, is_rejected_by_people] += 1
        if is_rejected_by_people and reason is not None:
            self.both += 1
        elif reason is not None:
            self.rules_only += 1
            self.disputed.append(f"{name}: set aside as {reason}, people keep it")
        elif is_rejected_by_people:
            self.people_only += 1
            self.disputed.append(f"{name}: kept, people reject it")
        else:
            self.neither += 1

    @property
    def precision(self) -> float | None:
        """Share of what the rules reject that people reject, too."""
        rejected = self.both + self.rules_only
        return self.both / rejected if rejected else None

    @property
    def recall(self) -> float | None:
        """Share of what people reject that the rules reject, too."""
        rejected = self.both + self.people_only
        return self.both / rejected if rejected else None


def read_labels(path: Path) -> dict[RowReference, str]:
    """(file name, row number) → quality, of one file of labels."""
    with path.open(encoding="utf-8", newline="") as file:
        return {(row["file"], int(row["row_number"])): row["quality"] for row in csv.DictReader(file)}


def verdicts(exports: Path, files: set[str], sites: list[str], competitors: list[str]) -> dict[RowReference, str]:
    """Refresh files of a folder as one client and tell what was set aside.

    Returns:
        (file name, row number) → first reason, of every row set aside.

    Raises:
        FileNotFoundError: A file is not in the folder.
        RuntimeError: The refresh refused a file or failed.
    """
    with tempfile.TemporaryDirectory() as home:
        workspace = Workspace(Path(home))
        inbox = workspace.inbox / "labelled" / REFRESHED_ON
        inbox.mkdir(parents=True)
        workspace.clients.mkdir()
        (workspace.clients / "labelled.yaml").write_text(
            yaml.safe_dump({"client_id": "labelled", "sites": sites, "competitors": competitors}), encoding="utf-8"
        )
        for name in files:
            found = next(exports.rglob(name), None)
            if found is None:
                raise FileNotFoundError(f"{name} is not in {exports}")
            shutil.copy(found, inbox)
        outcome = run_refreshes(workspace, plan_refreshes(workspace, {}, {}))
        if outcome.problems:
            raise RuntimeError("; ".join(outcome.problems))
        with duckdb.connect(str(workspace.published_database), read_only=True) as connection:
            rows = connection.execute(
                """
                select regexp_extract(export_files.path, '[^/]+$'), rejected_rows.row_number, rejected_rows.reason
                from marts.rejected_rows
                inner join marts.export_files
                    on rejected_rows.client_id = export_files.client_id
                    and rejected_rows.refreshed_on = export_files.refreshed_on
                    and rejected_rows.file_id = export_files.file_id
                """
            ).fetchall()
    return {(name, row_number): reason for name, row_number, reason in rows}


def compare(labels: dict[RowReference, str], rejected: dict[RowReference, str]) -> Agreement:
    """Hold what was set aside against what people say."""
    agreement = Agreement()
    for reference, quality in labels.items():
        if quality != "unsure":
            agreement.add(f"{reference[0]}:{reference[1]}", quality == "reject", rejected.get(reference))
    return agreement


def compare_decisions(database: Path) -> Agreement:
    """Hold what the rules alone say against the decisions of people in a workspace's last refreshes."""
    agreement = Agreement()
    with duckdb.connect(str(database), read_only=True) as connection:
        rows = connection.execute(
            """
            select client_id, coalesce(source_url, decided_domain), decision, rules_reason
            from marts.decisions
            where decision is not null and links > 0
            qualify refreshed_on = max(refreshed_on) over (partition by client_id)
            """
        ).fetchall()
    for client_id, subject, decision, reason in rows:
        agreement.add(f"{client_id} {subject}", decision == "reject", reason)
    return agreement


def _print(name: str, agreement: Agreement, shows_rows: bool) -> None:
    shares = [
        f"{word} {'–' if value is None else f'{value:.3f}'}"
        for word, value in (("precision", agreement.precision), ("recall", agreement.recall))
    ]
    rejected, kept = agreement.both + agreement.people_only, agreement.rules_only + agreement.neither
    print(f"{name}: {rejected} rejected and {kept} kept by people; reject {', '.join(shares)}")
    for reason in sorted({reason for reason, _ in agreement.reasons}):
        print(f"  {reason:28} {agreement.reasons[reason, True]:5} right {agreement.reasons[reason, False]:5} wrong")
    if shows_rows:
        for line in agreement.disputed:
            print(f"  {line}")


def main() -> int:
    """Print precision and recall of `reject` for every set of labels; exit code 2 where the exports are missing."""
    parser = argparse.ArgumentParser(description="Precision and recall of the quality rules on labelled rows.")
    parser.add_argument("exports", type=Path, help="folder that holds the labelled exports")
    parser.add_argument("--rows", action="store_true", help="name the rows on which people and rules disagree")
    arguments = parser.parse_args()
    if not arguments.exports.is_dir():
        print(f"{arguments.exports}: no folder; name the one that holds the labelled exports", file=sys.stderr)
        return 2
    for labelled in yaml.safe_load((LABELS / "sets.yaml").read_text(encoding="utf-8")):
        labels = read_labels(LABELS / labelled["labels"])
        rejected = verdicts(arguments.exports, {name for name, _ in labels}, labelled["sites"], labelled["competitors"])
        _print(f"{labelled['name']} ({labelled['about']})", compare(labels, rejected), arguments.rows)
    own = Workspace.from_environment().published_database
    if "LINKGAP_HOME" in os.environ and own.exists():
        _print("decisions of this workspace", compare_decisions(own), arguments.rows)
    return 0


if __name__ == "__main__":
    sys.exit(main())
