"""An inbox in a bucket: mirrored by listing and download, followed when it changes. The S3 server is a real process."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import s3fs

from pipelines.planning import plan_refreshes
from pipelines.remote_inbox import RemoteInboxError, mirror_inbox
from tests.conftest import Sandbox, new_sandbox
from tests.exports_made import semrush_backlinks
from warehouse.layout import Workspace

DAY = "2026-01-10"
LINK = {"Source url": "https://notes.example.com/", "Target url": "https://rival.com/"}


@pytest.fixture(scope="module")
def s3_server() -> Iterator[str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with subprocess.Popen(
        [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as server:
        for _ in range(300):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            assert server.poll() is None, "the S3 server ended at once"
            time.sleep(0.1)
        yield f"http://127.0.0.1:{port}"
        server.terminate()


@pytest.fixture
def bucket(s3_server: str, monkeypatch: pytest.MonkeyPatch) -> s3fs.S3FileSystem:
    monkeypatch.setenv("AWS_ENDPOINT_URL", s3_server)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    s3fs.S3FileSystem.clear_instance_cache()
    files = s3fs.S3FileSystem()
    if not files.exists("exports"):
        files.mkdir("exports")
    return files


@pytest.fixture
def remote(bucket: s3fs.S3FileSystem, tmp_path: Path) -> Sandbox:
    if bucket.exists("exports/agency"):
        bucket.rm("exports/agency", recursive=True)
    sandbox = new_sandbox(tmp_path)
    sandbox.client("acme", "sites: [acme.com]\ncompetitors: [rival.com]\n")
    return Sandbox(Workspace(tmp_path, "s3://exports/agency"))


@pytest.mark.servers
def test_a_bucket_is_an_inbox(remote: Sandbox, bucket: s3fs.S3FileSystem) -> None:
    path = f"exports/agency/acme/{DAY}/rival.com-backlinks.csv"
    bucket.pipe(path, semrush_backlinks(LINK).encode())
    bucket.pipe(f"exports/agency/acme/{DAY}/acme.com-backlinks.csv", semrush_backlinks().encode())
    assert remote.refresh().problems == []
    assert remote.query("select path, outcome from marts.export_files order by path") == [
        (f"inbox/acme/{DAY}/acme.com-backlinks.csv", "accepted"),
        (f"inbox/acme/{DAY}/rival.com-backlinks.csv", "accepted"),
    ]
    assert remote.query("select referring_domain, gap_status from marts.gaps") == [("example.com", "open")]

    # nothing changed: nothing to do; a changed file is fetched again
    assert not plan_refreshes(remote.workspace, {("acme", day): "" for day in ()}, {}).inbox_errors
    mirrored = remote.workspace.inbox / "acme" / DAY / "rival.com-backlinks.csv"
    before = mirrored.stat().st_mtime_ns
    mirror_inbox(remote.workspace)
    assert mirrored.stat().st_mtime_ns == before
    other = {**LINK, "Source url": "https://other.org/"}
    bucket.pipe(path, semrush_backlinks(LINK, other).encode())
    assert remote.refresh().problems == []
    assert remote.query("select referring_domain from marts.gaps order by 1") == [("example.com",), ("other.org",)]

    # a file that is gone was withdrawn
    bucket.rm(path)
    remote.refresh()
    assert remote.query("select outcome from marts.export_files order by path") == [("accepted",), ("withdrawn",)]


@pytest.mark.servers
def test_a_bucket_that_is_not_there_is_named(bucket: s3fs.S3FileSystem, tmp_path: Path) -> None:
    with pytest.raises(RemoteInboxError, match=r"s3://nobody/here: the inbox cannot be read .*LINKGAP_INBOX"):
        mirror_inbox(Workspace(tmp_path, "s3://nobody/here"))


def test_another_folder_is_an_inbox(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path / "home", str(tmp_path / "exports"))
    assert workspace.relative(tmp_path / "exports" / "acme" / "x.csv") == "inbox/acme/x.csv"
    assert workspace.delivered("inbox/acme/x.csv") == tmp_path / "exports" / "acme" / "x.csv"
    assert mirror_inbox(workspace) == []


def test_a_folder_mirrored_through_a_url_follows_what_happens_there(tmp_path: Path) -> None:
    source = tmp_path / "exports"
    (source / "acme" / DAY).mkdir(parents=True)
    (source / "acme" / DAY / "a b.csv").write_text("1", encoding="utf-8")
    workspace = Workspace(tmp_path / "home", f"file://{source}")
    assert mirror_inbox(workspace) == []
    mirrored = workspace.inbox / "acme" / DAY / "a b.csv"
    assert mirrored.read_text(encoding="utf-8") == "1"
    (source / "acme" / DAY / "a b.csv").unlink()
    mirror_inbox(workspace)
    assert not (workspace.inbox / "acme").exists()
