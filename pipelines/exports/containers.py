"""Files that hold other files: the members of a zip, the sheets of an Excel workbook.

Each member is a delivery of its own (`x.zip!Queries.csv`, `x.xlsx!Sheet1`). What a file is tells its content, never its
name: users rename, and `.csv.xlsx` is common.
"""

from __future__ import annotations

import hashlib
import lzma
import shutil
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path

import python_calamine

from pipelines.exports.errors import UnreadableExportError
from warehouse.archive import file_sha256

_CHUNK_BYTES = 4 << 20
_ZIP_MAGIC = b"PK\x03\x04"
_SYSTEM_FOLDERS = ("__MACOSX/",)
_DAMAGED = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, RuntimeError, NotImplementedError, EOFError)
"""What a damaged or locked container raises."""


@dataclass(frozen=True)
class Member:
    """A file inside a file.

    Attributes:
        name: Of the zip member or sheet; None for a file that is no container.
        file_id: SHA-256 of its bytes. A sheet has no bytes of its own: the first one with rows has the workbook's,
            any other the one of the workbook's SHA-256 followed by `!` and the sheet's name.
    """

    name: str | None
    file_id: str


def members(path: Path) -> list[Member]:
    """What a delivered file holds; the file itself where it is no container or cannot be opened as one."""
    with path.open("rb") as file:
        is_container = file.read(4) == _ZIP_MAGIC
    if not is_container:
        return [Member(None, file_sha256(path))]
    try:
        with zipfile.ZipFile(path) as container:
            names = [entry.filename for entry in container.infolist() if not _is_system_file(entry)]
            if _is_workbook(names):
                return _sheets(path)
            return [Member(name, _member_sha256(container, name)) for name in names] or [
                Member(None, file_sha256(path))
            ]
    except (*_DAMAGED, OSError, python_calamine.CalamineError):
        # damaged or with a password: taken as one file, which reading will refuse with the reason
        return [Member(None, file_sha256(path))]


def extract(path: Path, member: str, target: Path) -> Path:
    """The bytes of a member: a zip member's own, for a sheet the whole workbook.

    Raises:
        UnreadableExportError: The container does not give the member out.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        with zipfile.ZipFile(path) as container:
            if _is_workbook(container.namelist()):
                shutil.copyfile(path, target)
                return target
            with container.open(member) as source, target.open("wb") as sink:
                shutil.copyfileobj(source, sink, _CHUNK_BYTES)
    except (KeyError, *_DAMAGED) as error:
        raise UnreadableExportError(f"'{member}' cannot be unpacked ({error}); unpack the zip by hand") from error
    return target


def _is_workbook(names: list[str]) -> bool:
    return "[Content_Types].xml" in names and any(name.startswith("xl/") for name in names)


def _is_system_file(entry: zipfile.ZipInfo) -> bool:
    return (
        entry.is_dir()
        or entry.filename.startswith(_SYSTEM_FOLDERS)
        or entry.filename.rsplit("/", 1)[-1].startswith((".", "~$"))
    )


def _member_sha256(container: zipfile.ZipFile, name: str) -> str:
    digest = hashlib.sha256()
    with container.open(name) as file:
        while chunk := file.read(_CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()


def _sheets(path: Path) -> list[Member]:
    workbook_id = file_sha256(path)
    with python_calamine.CalamineWorkbook.from_path(path) as workbook:
        filled = [name for name in workbook.sheet_names if workbook.get_sheet_by_name(name).height]
    return [
        Member(name, workbook_id if number == 0 else hashlib.sha256(f"{workbook_id}!{name}".encode()).hexdigest())
        for number, name in enumerate(filled)
    ] or [Member(None, workbook_id)]
