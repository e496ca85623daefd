"""Which encoding a file has, and the same text as UTF-8.

DuckDB reads UTF-8 only: its UTF-16 reader fails on any character outside the basic plane and on big-endian input, so
everything else is transcoded here first, in chunks.
"""

from __future__ import annotations

import codecs
from dataclasses import dataclass
from pathlib import Path

CHUNK_BYTES = 8 << 20
_SNIFF_BYTES = 4096

_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


class UnreadableExportError(Exception):
    """A file that cannot be read as an export; the message says why and what to do."""


@dataclass(frozen=True)
class DecodedText:
    """A delivered file as UTF-8 text.

    Attributes:
        path: The UTF-8 file; the delivered one itself where it is UTF-8 already.
        encoding: What was found: utf-8, utf-8-sig, utf-16-le, utf-16-be or windows-1252.
    """

    path: Path
    encoding: str


def decode(path: Path, scratch: Path) -> DecodedText:
    """Find the encoding of a file and give its text as UTF-8.

    Args:
        path: The delivered file; never changed.
        scratch: Where the UTF-8 copy goes if one is needed.

    Raises:
        UnreadableExportError: Empty, binary, or cut off in the middle of a character.
    """
    with path.open("rb") as file:
        start = file.read(_SNIFF_BYTES)
    if not start.strip(b"\x00\t\r\n \xff\xfe\xef\xbb\xbf"):
        raise UnreadableExportError("the file is empty; download the export again")
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
    for magic, what in ((b"PK\x03\x04", "a zip or Excel file"), (b"\x1f\x8b", "a gzip file"), (b"%PDF", "a PDF")):
        if start.startswith(magic):
            raise UnreadableExportError(f"this is {what}; unpack it or save it as CSV")
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
