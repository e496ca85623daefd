"""How well the rules for quality and segments agree with people: `python -m bench.evaluate EXPORTS`.

Refreshes the labelled exports in a temporary workspace and compares what was set aside, and the segment of what was
not, with `tests/labels`. Labels name rows by file and number, so the exports themselves must be at hand. Rows that the
labeller was not sure of (`unsure`) count for nothing, those that were labelled for their segment alone (`segment`) not
for quality. Segments are compared a second time with every linking host replaced by one
without meaning: they shall come from the page, not from a list of domains. Decisions in the `overrides.csv` of a
workspace (LINKGAP_HOME) are labels, too: they are compared with what the rules alone would have said.
"""

from __future__ import annotations

import argparse
import csv
import os
import re
import shutil
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import duckdb
import yaml

from pipelines.exports.decode import decode
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


@dataclass
class Segments:
    """Links by the segment that people and rules give them.

    Attributes:
        counts: (segment of people, segment of rules) → links.
    """

    counts: Counter[tuple[str, str]] = field(default_factory=Counter)
    disputed: list[str] = field(default_factory=list)

    def add(self, name: str, people: str, rules: str, evidence: str) -> None:
        """Count one link."""
        self.counts[people, rules] += 1
        if people != rules:
            self.disputed.append(f"{name}: {rules} ({evidence}), people say {people}")

    @property
    def accuracy(self) -> float:
        """Share of links on which both agree."""
        return sum(n for (people, rules), n in self.counts.items() if people == rules) / (self.counts.total() or 1)

    def scores(self) -> dict[str, tuple[int, int, int]]:
        """Segment → links that both, the rules, and people give it."""
        names = sorted({name for pair in self.counts for name in pair})
        return {
            name: (
                self.counts[name, name],
                sum(n for (_, rules), n in self.counts.items() if rules == name),
                sum(n for (people, _), n in self.counts.items() if people == name),
            )
            for name in names
        }

    @property
    def macro_f1(self) -> float:
        """Mean of F1 = 2 · both / (rules + people) over the segments that people gave."""
        values = [2 * both / (rules + people) for both, rules, people in self.scores().values() if people]
        return sum(values) / (len(values) or 1)


def read_labels(path: Path) -> dict[RowReference, tuple[str, str]]:
    """(file name, row number) → (quality, segment), of one file of labels."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return {(row["file"], int(row["row_number"])): (row["quality"], row["segment"]) for row in rows}


@dataclass(frozen=True)
class Outcome:
    """What a refresh made of rows, by (file name, row number).

    Attributes:
        rejected: First reason, of every row set aside.
        segments: Segment and its evidence, of every row that a link is quoted from.
    """

    rejected: dict[RowReference, str]
    segments: dict[RowReference, tuple[str, str]]


def refreshed(exports: Path, files: set[str], sites: list[str], competitors: list[str], is_masked: bool) -> Outcome:
    """Refresh files of a folder as one client.

    Args:
        is_masked: Replace the host of every linking URL by one without meaning, the same for the same host.

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
        for name in sorted(files):
            found = next(exports.rglob(name), None)
            if found is None:
                raise FileNotFoundError(f"{name} is not in {exports}")
            shutil.copy(found, inbox)
            if is_masked:
                mask_hosts(inbox / name, [*sites, *competitors])
        outcome = run_refreshes(workspace, plan_refreshes(workspace, {}, {}))
        if outcome.problems:
            raise RuntimeError("; ".join(outcome.problems))
        with duckdb.connect(str(workspace.published_database), read_only=True) as connection:
            rejected = connection.execute(_ROWS.format(columns="rows.reason", table="rejected_rows")).fetchall()
            links = connection.execute(
                _ROWS.format(columns="rows.segment, coalesce(rows.segment_evidence, 'nothing says')", table="links")
            ).fetchall()
    return Outcome(
        {(name, row_number): reason for name, row_number, reason in rejected},
        {(name, row_number): (segment, evidence) for name, row_number, segment, evidence in links},
    )


_ROWS = """
    select regexp_extract(export_files.path, '[^/]+$'), rows.row_number, {columns}
    from marts.{table} as rows
    inner join marts.export_files
        on rows.client_id = export_files.client_id
        and rows.refreshed_on = export_files.refreshed_on
        and rows.file_id = export_files.file_id
"""


def mask_hosts(path: Path, panel: list[str]) -> None:
    """Replace every host in the URLs of an export by `site-<n>.com`, except those of the panel."""
    numbers: dict[str, int] = {}

    def mask(found: re.Match[str]) -> str:
        host = found[2].lower()
        if any(host == site or host.endswith(f".{site}") for site in panel):
            return found[0]
        return f"{found[1]}site-{numbers.setdefault(host, len(numbers) + 1)}.com"

    with tempfile.TemporaryDirectory() as scratch:
        text = decode(path, Path(scratch)).path.read_text(encoding="utf-8-sig")
    path.write_text(re.sub(r"(https?://)([^/\s\"?#,;:]+)", mask, text), encoding="utf-8")


def compare_segments(labels: dict[RowReference, tuple[str, str]], outcome: Outcome) -> Segments:
    """Hold the segments of links against what people say, where both keep the row."""
    segments = Segments()
    for reference, (quality, segment) in labels.items():
        if quality in ("keep", "segment") and reference in outcome.segments:
            segments.add(f"{reference[0]}:{reference[1]}", segment, *outcome.segments[reference])
    return segments


def compare(labels: dict[RowReference, tuple[str, str]], rejected: dict[RowReference, str]) -> Agreement:
    """Hold what was set aside against what people say."""
    agreement = Agreement()
    for reference, (quality, _) in labels.items():
        if quality in ("keep", "reject"):
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


def _print_segments(name: str, segments: Segments, shows_rows: bool) -> None:
    other = sum(n for (_, rules), n in segments.counts.items() if rules == "other")
    links = segments.counts.total()
    print(
        f"{name}: {links} links, accuracy {segments.accuracy:.3f}, macro-F1 {segments.macro_f1:.3f}, "
        f"left other {other / (links or 1):.3f}"
    )
    for segment, (both, rules, people) in segments.scores().items():
        precision, recall = (f"{both / n:.2f}" if n else "–" for n in (rules, people))
        print(f"  {segment:28} precision {precision:>4} of {rules:3}, recall {recall:>4} of {people:3}")
    if shows_rows:
        for line in segments.disputed:
            print(f"  {line}")


def main() -> int:
    """Print how far rules and people agree on every set of labels; exit code 2 where the exports are missing."""
    parser = argparse.ArgumentParser(description="Precision and recall of the rules on labelled rows.")
    parser.add_argument("exports", type=Path, help="folder that holds the labelled exports")
    parser.add_argument("--rows", action="store_true", help="name the rows on which people and rules disagree")
    arguments = parser.parse_args()
    if not arguments.exports.is_dir():
        print(f"{arguments.exports}: no folder; name the one that holds the labelled exports", file=sys.stderr)
        return 2
    for labelled in yaml.safe_load((LABELS / "sets.yaml").read_text(encoding="utf-8")):
        labels = read_labels(LABELS / labelled["labels"])
        files, name = {name for name, _ in labels}, f"{labelled['name']} ({labelled['about']})"
        outcome, masked = (
            refreshed(arguments.exports, files, labelled["sites"], labelled["competitors"], is_masked)
            for is_masked in (False, True)
        )
        _print(name, compare(labels, outcome.rejected), arguments.rows)
        _print_segments(f"{name}, segments", compare_segments(labels, outcome), arguments.rows)
        _print_segments(f"{name}, segments, linking hosts masked", compare_segments(labels, masked), False)
    own = Workspace.from_environment().published_database
    if "LINKGAP_HOME" in os.environ and own.exists():
        _print("decisions of this workspace", compare_decisions(own), arguments.rows)
    return 0


if __name__ == "__main__":
    sys.exit(main())
