"""Sites: what links point at, as client files, folders, headers and file names write them.

A site is `example.com` (that host and all below it) or `example.com/shop/` (that host's URLs under that path). Here is
only the spelling; which link belongs to which site is decided set-based in dbt (`int_targets`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import idna

_HOST = re.compile(r"[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?)+")


def to_punycode(host: str) -> str:
    """A host in lower case with every Unicode label as punycode (`bücher.de` → `xn--bcher-kva.de`).

    Labels that no registry would accept (underscores, emoji that IDNA 2008 refuses) are kept reachable: they are
    encoded label by label by Punycode itself, or left as they are.
    """
    host = host.strip().rstrip(".").lower()
    if host.isascii():
        return host
    try:
        return idna.encode(host, uts46=True).decode("ascii")
    except (idna.IDNAError, UnicodeError):
        return ".".join(_label_to_punycode(label) for label in host.split("."))


def _label_to_punycode(label: str) -> str:
    if label.isascii():
        return label
    try:
        return "xn--" + label.encode("punycode").decode("ascii")
    except UnicodeError:
        return label


@dataclass(frozen=True)
class SiteAddress:
    """A site taken apart.

    Attributes:
        host: Lower case, punycode.
        path: `/shop/` with a slash at both ends, or empty for the whole host and everything below it.
    """

    host: str
    path: str

    def __str__(self) -> str:
        return self.host + self.path


def parse_site(text: str) -> SiteAddress:
    """Read a site.

    Raises:
        ValueError: It is no host with an optional path; the message says how to write it.
    """
    written = text.strip()
    if "://" in written:
        written_better = written.split("://", 1)[1].rstrip("/")
        raise ValueError(f"'{text}' is a URL; write the site without scheme: {written_better}")
    host, slash, path = written.partition("/")
    host = to_punycode(host)
    if not _HOST.fullmatch(host):
        raise ValueError(f"'{text}' is no site; write a domain (example.com), a host or host/path/")
    path = path.strip("/") if slash else ""
    return SiteAddress(host, f"/{path}/" if path else "")


def find_site(text: str, sites: list[str]) -> str | None:
    """The site of a panel that a folder, column header or file name spells, or None.

    Scheme, `www.`, case, Unicode or punycode and a trailing slash make no difference; an exact match wins over one
    without `www.`.
    """
    # file names spell `://` and `/` as underscores: https___www.example.com_shop
    written = re.sub(r"^https?(://|___)", "", text.strip(), flags=re.IGNORECASE)
    by_address = {str(parse_site(site)): site for site in sites}
    without_www = {key.removeprefix("www."): site for key, site in by_address.items()}
    for spelling in (written, written.replace("_", "/").rstrip("/")):
        try:
            address = str(parse_site(spelling))
        except ValueError:
            continue
        site = by_address.get(address) or without_www.get(address.removeprefix("www."))
        if site is not None:
            return site
    return None
