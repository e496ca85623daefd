"""A PostgreSQL server for tests: Debian's, started on loopback in a folder of its own and stopped afterwards."""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg2

from tests.needed import left_out


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def postgres_programs() -> Path:
    """The folder of initdb and pg_ctl; Debian keeps them off the path."""
    found = shutil.which("initdb")
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda folder: float(folder.parent.name))
    if found:
        return Path(found).resolve().parent
    if folders:
        return folders[-1]
    left_out("no PostgreSQL on this machine (Debian: apt-get install postgresql)")


@contextmanager
def running_server() -> Iterator[str]:
    """The address of a server with a password, for one user; PostgreSQL refuses to run as root, so root lends it to
    nobody.
    """
    programs = postgres_programs()
    # not pytest's folder: nobody may not enter that
    folder = Path(tempfile.mkdtemp(prefix="linkgap-postgres-"))
    port, password = free_port(), secrets.token_hex(8)
    (folder / "password").write_text(password, encoding="utf-8")
    as_user: dict[str, Any] = {}
    if os.getuid() == 0:
        nobody = pwd.getpwnam("nobody")
        as_user = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
        for path in (folder, folder / "password"):
            os.chown(path, nobody.pw_uid, nobody.pw_gid)

    def call(program: str, *arguments: str) -> None:
        done = subprocess.run(
            [str(programs / program), *arguments],
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=(folder / "output").open("ab"),
            stderr=subprocess.STDOUT,
            check=False,
            **as_user,
        )
        assert done.returncode == 0, (folder / "output").read_text(encoding="utf-8")

    data = str(folder / "data")
    try:
        call("initdb", "-D", data, "-U", "linkgap", "-A", "scram-sha-256", "--pwfile=password", "-E", "UTF8", "-N")
        options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories='' -c fsync=off"
        call("pg_ctl", "-D", data, "-w", "-l", str(folder / "log"), "-o", options, "start")
        try:
            yield f"postgresql://linkgap:{password}@127.0.0.1:{port}/postgres"
        finally:
            call("pg_ctl", "-D", data, "-w", "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder)


def rows(postgres_url: str, sql: str) -> list[tuple[Any, ...]]:
    connection = psycopg2.connect(postgres_url)
    try:
        with connection.cursor() as cursor:
            cursor.execute(sql)
            return list(cursor.fetchall())
    finally:
        connection.close()
