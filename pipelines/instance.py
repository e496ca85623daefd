"""The workspace's Dagster instance: its settings file, and the long-running services of a deployment.

The settings are in `dagster.yaml` beside this module, and those of the storage in `dagster_sqlite.yaml` or
`dagster_postgres.yaml`. How the services are used is in `docs/deployment.md`.
"""

from __future__ import annotations

import hashlib
import os
import re
import sys
import tempfile
from pathlib import Path

from warehouse.layout import CHECKOUT

POSTGRES_URL = "LINKGAP_POSTGRES_URL"
COMMON_SETTINGS = Path(__file__).with_name("dagster.yaml")
SQLITE_SETTINGS = Path(__file__).with_name("dagster_sqlite.yaml")
POSTGRES_SETTINGS = Path(__file__).with_name("dagster_postgres.yaml")
SERVICES_WORKSPACE = CHECKOUT / "deploy" / "workspace.yaml"
CODE_SERVER = {"LINKGAP_CODE_HOST": "127.0.0.1", "LINKGAP_CODE_PORT": "4000"}
"""Where the code server is, unless the environment says otherwise."""

WRITTEN_BY_LINKGAP = re.compile(r"# Written by linkgap \(([0-9a-f]{16})\).*\n")
EARLIER_FILES = {"6341bb3ca0f11165"}
"""Digests of whole files that linkgap wrote before it put a digest into them."""


class InstanceSettingsError(RuntimeError):
    """The environment does not fit the settings of the Dagster instance."""


def write_instance_settings(dagster_home: Path) -> None:
    """Write `dagster.yaml`, unless somebody made it their own.

    linkgap's file carries a digest of its text. While that is right the file follows linkgap's version; one changed
    line, and linkgap leaves it alone. A workspace that keeps its runs in PostgreSQL stays there until the file is
    deleted: a command without the variable is an error, never a second history in SQLite.

    Raises:
        InstanceSettingsError: Runs are kept in PostgreSQL, and `LINKGAP_POSTGRES_URL` is not set or no address.
    """
    path = dagster_home / "dagster.yaml"
    present = path.read_text(encoding="utf-8") if path.exists() else None
    if present is not None and not _is_ours(present):
        return
    url = os.environ.get(POSTGRES_URL)
    keeps_postgres = present is not None and f"env: {POSTGRES_URL}" in present
    if keeps_postgres and not url:
        raise InstanceSettingsError(
            f"{path}: runs of this workspace are kept in PostgreSQL, but {POSTGRES_URL} is not set; set it as for the "
            "other processes, or delete the file to keep runs in SQLite from now on"
        )
    if url and not url.startswith("postgresql://"):
        raise InstanceSettingsError(f"{POSTGRES_URL}: expected postgresql://user:password@host:5432/database")
    storage = POSTGRES_SETTINGS if url else SQLITE_SETTINGS
    body = COMMON_SETTINGS.read_text(encoding="utf-8") + storage.read_text(encoding="utf-8")
    text = f"# Written by linkgap ({_digest(body)}). Change anything, and linkgap leaves this file to you.\n{body}"
    if text != present:
        _replace(path, text)


def _replace(path: Path, text: str) -> None:
    """Several services may do so at the same moment: each has a partial file of its own."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(
        "w", encoding="utf-8", dir=path.parent, suffix=".partial", delete=False
    ) as partial:
        partial.write(text)
    Path(partial.name).chmod(0o644)
    os.replace(partial.name, path)


def _is_ours(text: str) -> bool:
    if _digest(text) in EARLIER_FILES:
        return True
    header = WRITTEN_BY_LINKGAP.match(text)
    return header is not None and header.group(1) == _digest(text[header.end() :])


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def code_server() -> dict[str, str]:
    """The variables that say where the code server is, as the environment has them, else as usual."""
    return {name: os.environ.get(name) or usual for name, usual in CODE_SERVER.items()}


def service_command(service: str) -> list[str]:
    """The Dagster command of one service of a deployment; options that follow it win over those given here.

    Args:
        service: `code` (runs execute here), `daemon` (starts queued runs, schedules and sensors), or `webserver`.
    """
    folder = Path(sys.executable).parent
    host, port = code_server().values()
    workspace = ["--workspace", str(SERVICES_WORKSPACE)]
    code = ["--module-name", "pipelines.definitions", "--location-name", "linkgap", "--host", host, "--port", port]
    return {
        "code": [str(folder / "dagster"), "api", "grpc", *code],
        "daemon": [str(folder / "dagster-daemon"), "run", *workspace],
        "webserver": [str(folder / "dagster-webserver"), *workspace],
    }[service]
