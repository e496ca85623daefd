"""`make bi`: Apache Superset with the dashboard of `dashboard.yaml` on one workspace, for this machine alone.

Runs in an environment of its own (`.venv-bi`). The workspace is `LINKGAP_HOME`; `LINKGAP_BI_PORT` says where to listen,
`LINKGAP_BI_PASSWORD` what the password of `admin` is; without it a new one is made and printed at each start.
"""

from __future__ import annotations

import os
import secrets
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import BinaryIO

from bi.provision import ProvisioningError, Superset, provision

USER = "admin"
PATIENCE_SECONDS = 180.0
HERE = Path(__file__).resolve().parent


class CannotStartError(RuntimeError):
    """What keeps the dashboards from starting, and what to do."""


def main() -> int:
    """Prepare, start, provision, tell where; until interrupted. Gives the exit code."""
    try:
        return serve()
    except (CannotStartError, ProvisioningError) as error:
        print(f"linkgap: {error}", file=sys.stderr)
        return 2


def serve() -> int:
    """Start Superset and stay until it ends.

    Raises:
        CannotStartError: Nothing is published yet, or Superset does not come up.
        ProvisioningError: Superset refused the dashboard.
    """
    home = Path(os.environ.get("LINKGAP_HOME") or HERE.parent).resolve()
    published = home / "warehouse" / "published" / "linkgap.duckdb"
    if not published.exists():
        raise CannotStartError(f"{published}: nothing is published yet; run `linkgap refresh` (or `make demo`) first")
    port = os.environ.get("LINKGAP_BI_PORT") or "8088"
    if not (port.isdecimal() and 0 < int(port) < 65536):
        raise CannotStartError(f"LINKGAP_BI_PORT={port}: expected the number of a port, 1 to 65535")
    given = os.environ.pop("LINKGAP_BI_PASSWORD", None)
    password = given or secrets.token_urlsafe(12)
    folder = home / "warehouse" / "bi"
    _keep_secret(folder)
    os.environ |= {
        "LINKGAP_HOME": str(home),
        "SUPERSET_HOME": str(folder),
        "SUPERSET_CONFIG_PATH": str(HERE / "superset_config.py"),
    }
    address = f"http://127.0.0.1:{port}"
    with (folder / "superset.log").open("wb") as log:
        print("preparing Superset, some twenty seconds at the first start", flush=True)
        _prepare(password, log)
        # one process: what a filter was set to is kept in its memory
        server = subprocess.Popen(
            [
                *(sys.executable, "-m", "gunicorn", "--bind", f"127.0.0.1:{port}", "--workers", "1"),
                *("--worker-class", "gthread", "--threads", "8", "--timeout", "120", "superset.app:create_app()"),
            ],
            stdout=log,
            stderr=log,
        )
        signal.signal(signal.SIGTERM, lambda *_: server.terminate())
        try:
            _wait_until_up(address, server, folder / "superset.log")
            path = provision(Superset(address, USER, password), published)
            told = "the one of LINKGAP_BI_PASSWORD" if given else password
            print(f"dashboard  {address}{path}\nuser       {USER}\npassword   {told}\nCtrl-C ends it", flush=True)
            return server.wait()
        except KeyboardInterrupt:
            return 0
        finally:
            server.terminate()
            server.wait()


def _keep_secret(folder: Path) -> None:
    """The key that signs sessions: made once. Key and database are readable to their owner alone."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = folder / "secret_key"
    if not path.exists():
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(secrets.token_urlsafe(42))


def _prepare(password: str, log: BinaryIO) -> None:
    """Bring Superset's own database up to date, with its roles and the one user.

    Raises:
        CannotStartError: Superset could not.
    """
    # the password is handed on where nobody else on the machine can read it
    done = subprocess.run(
        [sys.executable, "-m", "bi.prepare"], input=f"{USER}\n{password}".encode(), stdout=log, stderr=log, check=False
    )
    if done.returncode:
        raise CannotStartError(f"Superset's own database cannot be set up; {log.name} says why")


def _wait_until_up(address: str, server: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < end:
        if server.poll() is not None:
            raise CannotStartError(f"Superset ended while starting; {log} says why (is the port of {address} free?)")
        try:
            with urllib.request.urlopen(f"{address}/health", timeout=5):
                return
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.5)
    raise CannotStartError(f"Superset does not answer at {address} after {PATIENCE_SECONDS:.0f} s; {log} says why")


if __name__ == "__main__":
    sys.exit(main())
