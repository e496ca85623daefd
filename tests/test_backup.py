"""A workspace comes out of its backup as it went in; nothing else is taken for one, and nothing is overwritten."""

from __future__ import annotations

import io
import os
import sqlite3
import tarfile
from contextlib import closing
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from pipelines.cli import app
from tests.conftest import Sandbox, new_sandbox
from warehouse import backup as backup_module
from warehouse.backup import BackupError, back_up, restore
from warehouse.layout import Workspace


def linkgap(home: Path, *arguments: str | Path) -> Result:
    return CliRunner().invoke(app, [str(one) for one in arguments], env={"LINKGAP_HOME": str(home)})


@pytest.fixture
def small(tmp_path: Path) -> Sandbox:
    """A workspace in which nothing was refreshed yet."""
    sandbox = new_sandbox(tmp_path / "home")
    sandbox.client("acme", "sites: [acme.com]\ncompetitors: [rival.com]\n")
    sandbox.deliver("acme/2026-01-10/rival.com-backlinks.csv", "a,b\n" + "1,2\n" * 500)
    return sandbox


def files_of(home: Path) -> dict[str, bytes]:
    return {path.relative_to(home).as_posix(): path.read_bytes() for path in home.rglob("*") if path.is_file()}


def test_a_backup_is_never_written_over_a_file(small: Sandbox, tmp_path: Path) -> None:
    file = tmp_path / "backup.tar.gz"
    file.write_bytes(b"the backup of last week")
    result = linkgap(small.workspace.home, "backup", file)
    assert result.exit_code == 2
    assert result.stderr == f"linkgap: {file}: exists already; name another file or remove it first\n"
    assert file.read_bytes() == b"the backup of last week"


def test_a_backup_that_fails_leaves_no_file(small: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def crash(*_: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(backup_module, "_add", crash)
    with pytest.raises(OSError, match="No space left"):
        back_up(small.workspace, tmp_path / "backup.tar.gz")
    assert [path.name for path in tmp_path.iterdir()] == ["home"]
    assert not any(small.workspace.temporary.iterdir())


def test_a_backup_does_not_lie_inside_what_it_copies(small: Sandbox) -> None:
    with pytest.raises(BackupError, match="lies inside what is copied"):
        back_up(small.workspace, small.workspace.inbox / "backup.tar.gz")
    back_up(small.workspace, small.workspace.home / "backup.tar.gz")


def test_nothing_is_restored_over_a_workspace(small: Sandbox, tmp_path: Path) -> None:
    file = tmp_path / "backup.tar.gz"
    back_up(small.workspace, file)
    before = files_of(small.workspace.home)
    result = linkgap(small.workspace.home, "restore", file)
    assert result.exit_code == 2
    assert f"holds a workspace, {small.workspace.home / 'inbox'} is not empty; name an empty folder" in result.stderr
    assert files_of(small.workspace.home) == before


def test_odd_names_links_and_empty_folders_come_back(small: Sandbox, tmp_path: Path) -> None:
    workspace = small.workspace
    odd = os.fsdecode(b"gr\xfc\xdfe.csv")
    for name in (odd, "日本.csv", "a" * 200 + ".csv", "download.next"):
        (workspace.inbox / "acme" / "2026-01-10" / name).write_text(name[:3], errors="replace")
    (workspace.inbox / "acme" / "2026-03-30").mkdir()
    elsewhere = tmp_path / "disk" / "bolt"
    elsewhere.mkdir(parents=True)
    (elsewhere / "x.csv").write_text("1", encoding="utf-8")
    (elsewhere / "circle").symlink_to(elsewhere)
    (workspace.inbox / "bolt").symlink_to(elsewhere)
    back_up(workspace, tmp_path / "backup.tar.gz")
    restore(tmp_path / "backup.tar.gz", Workspace(tmp_path / "new"))
    restored = tmp_path / "new" / "inbox"
    assert files_of(restored / "acme") == files_of(workspace.inbox / "acme")
    assert len(files_of(restored / "acme")) == 5
    assert (restored / "acme" / "2026-03-30").is_dir()
    assert files_of(restored / "bolt") == {"x.csv": b"1"}
    assert not (restored / "bolt").is_symlink()


def test_what_a_daemon_wrote_last_is_in_the_backup_and_whole(small: Sandbox, tmp_path: Path) -> None:
    """Copied as bytes, a SQLite file lacks what stands in its write-ahead log, or is torn."""
    path = small.workspace.dagster_home / "history" / "runs.db"
    path.parent.mkdir(parents=True)
    with closing(sqlite3.connect(path, isolation_level=None)) as daemon:
        daemon.execute("pragma journal_mode = wal")
        daemon.execute("create table runs (name varchar)")
        daemon.execute("insert into runs values ('committed')")
        daemon.execute("begin")
        daemon.execute("insert into runs values ('not yet')")
        back_up(small.workspace, tmp_path / "backup.tar.gz")
        daemon.execute("commit")
    restore(tmp_path / "backup.tar.gz", Workspace(tmp_path / "new"))
    copy = tmp_path / "new" / "warehouse" / "dagster" / "history" / "runs.db"
    assert [one.name for one in copy.parent.iterdir()] == ["runs.db"]
    with closing(sqlite3.connect(copy)) as connection:
        assert connection.execute("select name from runs").fetchall() == [("committed",)]
        assert connection.execute("pragma integrity_check").fetchone() == ("ok",)


def made_by_hand(file: Path, *entries: tuple[str, bytes]) -> None:
    with tarfile.open(file, "w:gz") as copy:
        for name, content in entries:
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            copy.addfile(entry, io.BytesIO(content))


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        ("cut", "is no whole backup"),
        ("no tar", "is no whole backup"),
        ("absent", "there is no such file"),
        ("no list", "is no backup of linkgap, or was cut short"),
        ("another byte", "clients/acme.yaml is damaged"),
        ("a file less", "clients/acme.yaml is missing or too much"),
        ("a file more", "clients/other.yaml is missing or too much"),
        ("outside", "is no whole backup"),
        ("newer", "was written by a newer linkgap"),
    ],
)
def test_a_copy_that_is_not_whole_is_refused_and_changes_nothing(
    small: Sandbox, tmp_path: Path, damage: str, message: str
) -> None:
    file, new = tmp_path / "backup.tar.gz", tmp_path / "new"
    back_up(small.workspace, file)
    with tarfile.open(file) as copy:
        entries = [(entry.name, copy.extractfile(entry).read()) for entry in copy if entry.isfile()]  # type: ignore[union-attr]
    if damage == "cut":
        file.write_bytes(file.read_bytes()[:-200])
    elif damage == "no tar":
        file.write_bytes(b"PK\3\4" * 100)
    elif damage == "absent":
        file.unlink()
    elif damage == "no list":
        made_by_hand(file, *entries[:-1])
    elif damage == "another byte":
        made_by_hand(
            file, *((name, b"#" + text[1:] if name == "clients/acme.yaml" else text) for name, text in entries)
        )
    elif damage == "a file less":
        made_by_hand(file, *(entry for entry in entries if entry[0] != "clients/acme.yaml"))
    elif damage == "a file more":
        made_by_hand(file, ("clients/other.yaml", b"1"), *entries)
    elif damage == "outside":
        made_by_hand(file, ("../outside.yaml", b"1"), *entries)
    elif damage == "newer":
        made_by_hand(file, *entries[:-1], (entries[-1][0], entries[-1][1].replace(b'"format": 1', b'"format": 2')))
    result = linkgap(tmp_path, "restore", file, new)
    assert result.exit_code == 2
    assert message in result.stderr
    assert len(result.stderr.splitlines()) == 1
    assert list(new.iterdir()) == []
    assert not (tmp_path / "outside.yaml").exists()


def test_a_whole_copy_of_the_same_is_restored(small: Sandbox, tmp_path: Path) -> None:
    """Else the refusals above would prove nothing."""
    file = tmp_path / "backup.tar.gz"
    back_up(small.workspace, file)
    assert linkgap(tmp_path, "restore", file, tmp_path / "new").exit_code == 0
    assert files_of(tmp_path / "new") == {
        name: content for name, content in files_of(small.workspace.home).items() if name != "warehouse/writer.lock"
    }
