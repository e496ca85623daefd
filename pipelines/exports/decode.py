"""Which encoding a file has, and the same table as UTF-8 text.

DuckDB reads UTF-8 only: its UTF-16 reader fails on any character outside the basic plane and on big-endian input, so
everything else is transcoded here first, in chunks. Compressed text is unpacked; what is no delimited text becomes one
(`pipelines.exports.tables`).
"""

from __future__ import annotations

import codecs
import gzip
import shutil
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path

from pipelines.exports.errors import UnreadableExportError
from pipelines.exports.tables import disavow_to_csv, is_disavow_list, json_to_csv, sheet_to_csv

CHUNK_BYTES = 8 << 20
_SNIFF_BYTES = 4096

_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


@dataclass(frozen=True)
class DecodedText:
    """A delivered file as UTF-8 text.

    Attributes:
        path: The UTF-8 file; the delivered one itself where it is UTF-8 already.
        encoding: What was found: utf-8, utf-8-sig, utf-16-le, utf-16-be, windows-1252 or xlsx.
    """

    path: Path
    encoding: str


def decode(path: Path, scratch: Path, sheet: str | None = None) -> DecodedText:
    """Find the encoding of a file and give its table as UTF-8 text.

    Args:
        path: The delivered file; never changed.
        scratch: Folder for what has to be written on the way; the caller removes it.
        sheet: Of an Excel workbook; None for the first one with rows.

    Raises:
        UnreadableExportError: Empty, binary, damaged, or cut off in the middle of a character.
    """
    scratch.mkdir(parents=True, exist_ok=True)
    start = _start_of(path)
    if start.startswith(b"\x1f\x8b"):
        path = _unpack(path, scratch / "unpacked")
        start = _start_of(path)
    if start.startswith(b"PK\x03\x04"):
        if b"[Content_Types].xml" not in start and not _has_workbook(path):
            raise UnreadableExportError("this zip is empty, damaged, locked or inside another zip; unpack it by hand")
        sheet_to_csv(path, sheet, scratch / "sheet.csv")
        return DecodedText(scratch / "sheet.csv", "xlsx")
    text = _as_utf8(path, start, scratch / "text")
    with text.path.open(encoding="utf-8-sig", newline="") as file:
        beginning = file.read(_SNIFF_BYTES)
    if beginning.lstrip()[:1] in ("{", "["):
        json_to_csv(text.path, scratch / "table.csv")
        return DecodedText(scratch / "table.csv", text.encoding)
    if is_disavow_list(beginning):
        disavow_to_csv(text.path, scratch / "table.csv")
        return DecodedText(scratch / "table.csv", text.encoding)
    return text


def _start_of(path: Path) -> bytes:
    with path.open("rb") as file:
        start = file.read(_SNIFF_BYTES)
    if not start.strip(b"\x00\t\r\n \xff\xfe\xef\xbb\xbf"):
        raise UnreadableExportError("the file is empty; download the export again")
    return start


def _unpack(path: Path, target: Path) -> Path:
    try:
        with gzip.open(path) as source, target.open("wb") as sink:
            shutil.copyfileobj(source, sink, CHUNK_BYTES)
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise UnreadableExportError(
            f"the gzip file is damaged or cut off ({error}); download the export again"
        ) from error
    return target


def _has_workbook(path: Path) -> bool:
    try:
        with zipfile.ZipFile(path) as container:
            return "[Content_Types].xml" in container.namelist()
    except zipfile.BadZipFile:
        return False


def _as_utf8(path: Path, start: bytes, scratch: Path) -> DecodedText:
    encoding = _sniff(start)
    if encoding in ("utf-8", "utf-8-sig"):
        if _is_utf8(path):
            return DecodedText(path, encoding)
        encoding = "windows-1252"
    _transcode(path, scratch, encoding)
    return DecodedText(scratch, encoding)


def _sniff(start: bytes) -> str:
    for mark, encoding in _BYTE_ORDER_MARKS:
        if start.startswith(mark):
            return encoding
    for magic, what in (
        (b"\x1f\x8b", "a gzip file inside a gzip file"),
        (b"%PDF", "a PDF"),
        (b"\xd0\xcf", "an old Excel file"),
    ):
        if start.startswith(magic):
            raise UnreadableExportError(f"this is {what}; save the export as CSV")
    even, odd = start[0::2].count(0), start[1::2].count(0)
    if odd > len(start) // 4 and not even:
        return "utf-16-le"
    if even > len(start) // 4 and not odd:
        return "utf-16-be"
    if even or odd:
        raise UnreadableExportError("this is a binary file, no export; save the export as CSV")
    return "utf-8"


def _is_utf8(path: Path) -> bool:
    decoder = codecs.getincrementaldecoder("utf-8")()
    with path.open("rb") as file:
        try:
            while chunk := file.read(CHUNK_BYTES):
                decoder.decode(chunk)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return False
    return True


def _transcode(path: Path, target: Path, encoding: str) -> None:
    # Windows-1252 leaves five bytes undefined; they are kept as U+FFFD rather than failing the file.
    decoder = codecs.getincrementaldecoder(encoding)("strict" if encoding != "windows-1252" else "replace")
    target.parent.mkdir(parents=True, exist_ok=True)
    with path.open("rb") as source, target.open("wb") as sink:
        is_first = True
        try:
            while chunk := source.read(CHUNK_BYTES):
                text = decoder.decode(chunk)
                if is_first:
                    text, is_first = text.removeprefix("\ufeff"), False
                sink.write(text.encode("utf-8"))
            sink.write(decoder.decode(b"", final=True).encode("utf-8"))
        except UnicodeDecodeError as error:
            target.unlink()
            raise UnreadableExportError(
                f"the {encoding.upper()} text ends or breaks in the middle of a character "
                f"({error.reason}); the download was cut off: download the export again"
            ) from error
