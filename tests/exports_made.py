"""Small exports with the real headers, for tests that say what matters and leave the rest at plain values."""

from __future__ import annotations

from typing import Any

from tests.conftest import csv_text

AHREFS_HEADERS = [
    "Referring page title",
    "Referring page URL",
    "Language",
    "Platform",
    "Referring page HTTP code",
    "Domain rating",
    "UR",
    "Domain traffic",
    "Referring domains",
    "Linked domains",
    "External links",
    "Page traffic",
    "Keywords",
    "Target URL",
    "Left context",
    "Anchor",
    "Right context",
    "Redirect Chain URLs",
    "Redirect Chain status codes",
    "Type",
    "Is spam",
    "Content",
    "Nofollow",
    "UGC",
    "Sponsored",
    "Rendered",
    "Raw",
    "Lost status",
    "Drop reason",
    "Discovered status",
    "First seen",
    "Last seen",
    "Lost",
    "Author",
    "Page type",
    "Page category",
    "Links in group",
]

SEMRUSH_HEADERS = [
    "Page ascore",
    "Source title",
    "Source url",
    "Target url",
    "Anchor",
    "External links",
    "Internal links",
    "Nofollow",
    "Sponsored",
    "Ugc",
    "Text",
    "Frame",
    "Form",
    "Image",
    "Sitewide",
    "First seen",
    "Last seen",
    "New link",
    "Lost link",
]

REFERRING_DOMAINS_HEADERS = ["Domain ascore", "Domain", "Backlinks", "IP Address", "Country", "First seen", "Last seen"]

_AHREFS_PLAIN = {
    "Referring page title": "A page",
    "Language": "en",
    "Referring page HTTP code": "200",
    "Domain rating": "40",
    "UR": "10",
    "Domain traffic": "1000",
    "External links": "12",
    "Anchor": "here",
    "Type": "text",
    "Is spam": "false",
    "Content": "true",
    "Nofollow": "false",
    "UGC": "false",
    "Sponsored": "false",
    "First seen": "2025-06-01 10:00:00",
    "Last seen": "2026-01-05 10:00:00",
    "Links in group": "1",
}

_SEMRUSH_PLAIN = {
    "Page ascore": "20",
    "Source title": "A page",
    "Anchor": "here",
    "External links": "12",
    "Internal links": "30",
    "Nofollow": "false",
    "Sponsored": "false",
    "Ugc": "false",
    "Text": "true",
    "Frame": "false",
    "Form": "false",
    "Image": "false",
    "Sitewide": "false",
    "First seen": "2025-06-01",
    "Last seen": "2026-01-05",
    "New link": "false",
    "Lost link": "false",
}


def ahrefs_backlinks(*links: dict[str, Any]) -> str:
    """Ahrefs backlinks, 37 columns; each link names at least `Referring page URL` and `Target URL`."""
    return csv_text(AHREFS_HEADERS, [[{**_AHREFS_PLAIN, **link}.get(h, "") for h in AHREFS_HEADERS] for link in links])


def semrush_backlinks(*links: dict[str, Any]) -> str:
    """Semrush backlinks, 19 columns; each link names at least `Source url` and `Target url`."""
    return csv_text(
        SEMRUSH_HEADERS, [[{**_SEMRUSH_PLAIN, **link}.get(h, "") for h in SEMRUSH_HEADERS] for link in links]
    )


def semrush_referring_domains(*domains: tuple[str, int, int]) -> str:
    """Semrush referring domains from (domain, authority score, backlinks)."""
    return csv_text(
        REFERRING_DOMAINS_HEADERS,
        [[score, domain, links, "192.0.2.1", "us", "2025-06-01", "2026-01-05"] for domain, score, links in domains],
    )
