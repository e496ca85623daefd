"""Applies each mutant in a copy of the checkout and runs the tests that must notice it: `make mutants`.

A mutant that no test notices survives, and its name is printed; the exit code is then 1. `--only NAME` takes single
ones.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import yaml

from warehouse.layout import CHECKOUT, cache_folder

LIST = Path(__file__).with_name("mutants.yaml")
SOURCES = ("dbt_project", "pipelines", "warehouse", "data_quality")
KILLED, SURVIVED = "killed", "SURVIVED"
_TESTS_FAILED, _TESTS_PASSED = 1, 0


class MutantError(ValueError):
    """A mutant cannot be applied, or its tests cannot be run."""


@dataclass(frozen=True)
class Mutant:
    """A small wrong change.

    Attributes:
        name: What is then wrong.
        text: Stands once in the sources.
        change: What takes its place.
        tests: Test files or single tests, of which one must fail; run in this order until one does.
    """

    name: str
    text: str
    change: str
    tests: Sequence[str]

    def apply(self, checkout: Path) -> None:
        """Change the one file that has the text.

        Raises:
            MutantError: No file has it, or it is there more than once.
        """
        holders = {path: path.read_text(encoding="utf-8") for path in source_files(checkout)}
        found = [(path, content) for path, content in holders.items() if self.text in content]
        if len(found) != 1 or found[0][1].count(self.text) != 1:
            places = [str(path.relative_to(checkout)) for path, _ in found] or ["nowhere"]
            raise MutantError(f"{self.name}: its text must stand once, it stands in {', '.join(places)}")
        ((path, content),) = found
        path.write_text(content.replace(self.text, self.change), encoding="utf-8")


def read_mutants() -> list[Mutant]:
    """The mutants of the list."""
    entries = yaml.safe_load(LIST.read_text(encoding="utf-8"))
    return [Mutant(**entry | {"tests": tuple(entry["tests"])}) for entry in entries]


def source_files(checkout: Path) -> list[Path]:
    """The files that mutants change."""
    return [
        path
        for folder in SOURCES
        for path in sorted((checkout / folder).rglob("*"))
        if path.suffix in (".py", ".sql", ".yml", ".yaml", ".csv") and "__pycache__" not in path.parts
    ]


def try_mutant(mutant: Mutant, folder: Path) -> tuple[str, float]:
    """Whether the tests notice a mutant, and in how many seconds.

    Raises:
        MutantError: pytest could not run.
    """
    checkout = folder / mutant.name
    start = time.monotonic()
    _copy_checkout(checkout)
    try:
        mutant.apply(checkout)
        command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", *mutant.tests]
        environment = os.environ | {
            "LINKGAP_CACHE": str(cache_folder()),
            "LINKGAP_PARTIAL_PARSE": "1",
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTHONPATH": str(checkout),
        }
        environment.pop("LINKGAP_HOME", None)
        done = subprocess.run(command, cwd=checkout, env=environment, capture_output=True, text=True)
    finally:
        shutil.rmtree(checkout, ignore_errors=True)
    if done.returncode not in (_TESTS_FAILED, _TESTS_PASSED):
        raise MutantError(
            f"{mutant.name}: pytest ended with {done.returncode}\n{done.stdout[-2000:]}{done.stderr[-2000:]}"
        )
    return (KILLED if done.returncode == _TESTS_FAILED else SURVIVED), time.monotonic() - start


def _copy_checkout(target: Path) -> None:
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=CHECKOUT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    for name in filter(None, listed.split("\0")):
        source = CHECKOUT / name
        if source.is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, target / name)


def main() -> None:
    """Run the mutants and print what became of each."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description=__doc__)
    parser.add_argument("--only", nargs="*", metavar="NAME", help="these alone")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="mutants at a time")
    arguments = parser.parse_args()
    mutants = [one for one in read_mutants() if not arguments.only or one.name in arguments.only]
    survived: list[str] = []
    start = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="linkgap-mutants-") as folder, ThreadPoolExecutor(arguments.jobs) as pool:
        running = {mutant: pool.submit(try_mutant, mutant, Path(folder)) for mutant in mutants}
        for mutant, future in running.items():
            outcome, seconds = future.result()
            print(f"{outcome:9}{seconds:6.0f} s  {mutant.name}", flush=True)
            if outcome == SURVIVED:
                survived.append(mutant.name)
    killed = len(mutants) - len(survived)
    print(f"{killed} of {len(mutants)} mutants killed in {(time.monotonic() - start) / 60:.0f} minutes")
    sys.exit(1 if survived else 0)


if __name__ == "__main__":
    main()
