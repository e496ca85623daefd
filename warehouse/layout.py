"""The folders of a workspace.

Every path linkgap reads or writes is named here once; nobody else joins path strings. What is kept in the folders is
told in `warehouse/README.md`.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent


def cache_folder() -> Path:
    """Where things are kept that depend on linkgap's own files alone: `LINKGAP_CACHE`, else beside them."""
    return Path(os.environ.get("LINKGAP_CACHE") or CHECKOUT / ".cache")


@dataclass(frozen=True)
class Workspace:
    """One `LINKGAP_HOME`: the files of a user and everything the pipeline makes of them.

    Attributes:
        home: The folder that holds `clients/`, `inbox/` and `warehouse/`.
        inbox_source: Another place of the inbox: a folder, or a URL that fsspec understands; None for `home/inbox`.
    """

    home: Path
    inbox_source: str | None = None

    @classmethod
    def from_environment(cls) -> Workspace:
        """The workspace that `LINKGAP_HOME` names, the checkout where it is not set; `LINKGAP_INBOX` for its inbox."""
        return cls(Path(os.environ.get("LINKGAP_HOME") or CHECKOUT).resolve(), os.environ.get("LINKGAP_INBOX") or None)

    @property
    def clients(self) -> Path:
        return self.home / "clients"

    @property
    def remote_inbox(self) -> str | None:
        """The URL of an inbox that is mirrored, or None."""
        return self.inbox_source if self.inbox_source and "://" in self.inbox_source else None

    @property
    def inbox(self) -> Path:
        """The folder deliveries are read from; of a remote inbox the mirror."""
        if self.remote_inbox:
            return self.warehouse / "inbox"
        return Path(self.inbox_source).resolve() if self.inbox_source else self.home / "inbox"

    def delivered(self, name: str) -> Path:
        """Where a delivery lies that tables and messages call `inbox/…`."""
        return self.inbox / name.removeprefix("inbox/")

    @property
    def warehouse(self) -> Path:
        return self.home / "warehouse"

    @property
    def archived_files(self) -> Path:
        """Delivered files, byte for byte, under their SHA-256."""
        return self.warehouse / "archive" / "files"

    @property
    def archived_refreshes(self) -> Path:
        """One manifest per client and refresh: settings in force and what was delivered."""
        return self.warehouse / "archive" / "refreshes"

    @property
    def landed(self) -> Path:
        """Exports as text Parquet, one file per delivered file."""
        return self.warehouse / "landed"

    @property
    def working_database(self) -> Path:
        return self.warehouse / "working" / "linkgap_working.duckdb"

    @property
    def published(self) -> Path:
        return self.warehouse / "published"

    @property
    def published_database(self) -> Path:
        return self.published / "linkgap.duckdb"

    @property
    def earlier_states(self) -> Path:
        """What was published before, a file each."""
        return self.published / "earlier"

    def client_database(self, client_id: str) -> Path:
        return self.published / "clients" / f"{client_id}.duckdb"

    @property
    def published_elsewhere(self) -> Path:
        """The databases that were published to, one address a line, without passwords."""
        return self.published / "elsewhere.txt"

    @property
    def reports(self) -> Path:
        return self.warehouse / "reports"

    def hand_over(self, client_id: str) -> Path:
        """The folder of one client's files for other tools; beside its page, which links to them."""
        return self.reports / "handover" / client_id

    @property
    def checks(self) -> Path:
        """What the gates last found, one JSON file a client; the page of checks is made from it."""
        return self.warehouse / "checks"

    def client_checks(self, client_id: str) -> Path:
        return self.checks / f"{client_id}.json"

    @property
    def notice_settings(self) -> Path:
        """Where notices go, in Apprise's own words; holds secrets."""
        return self.home / "notify.yaml"

    @property
    def notices(self) -> Path:
        """Which events notices were sent for, one JSON file a client."""
        return self.warehouse / "notices"

    def client_notices(self, client_id: str) -> Path:
        """The events of one client; for `""` those that are no single client's."""
        return self.notices / f"{client_id or '_workspace'}.json"

    @property
    def temporary(self) -> Path:
        """Scratch space of running commands; a crash leaves at most rubbish here."""
        return self.warehouse / "tmp"

    @property
    def forgetting(self) -> Path:
        """One empty file for each client that is being forgotten, until nothing of it is left."""
        return self.warehouse / "forgetting"

    @property
    def dagster_home(self) -> Path:
        return self.warehouse / "dagster"

    @property
    def dbt_target(self) -> Path:
        return self.warehouse / "dbt"

    @property
    def writer_lock(self) -> Path:
        return self.warehouse / "writer.lock"

    def relative(self, path: Path) -> str:
        """A path as tables and messages spell it: relative to the workspace, with `/`; `inbox/…` wherever that is."""
        if path.is_relative_to(self.inbox):
            return (Path("inbox") / path.relative_to(self.inbox)).as_posix()
        return path.relative_to(self.home).as_posix()


def hide_from_others(path: Path) -> None:
    """Take every right from those who are neither the owner nor in the group; what these two may stays as it is."""
    path.chmod(path.stat().st_mode & ~0o007)
