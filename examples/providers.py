"""What Ahrefs and Semrush see of a made-up world on a day, in their own files.

A provider finds a link some days after it appeared and notices some days late that it is gone; an
export tells of nothing later than itself. The facts of the world are in `world`; which files a
client downloads is in `demo`.
"""

from __future__ import annotations

import codecs
import csv
import io
import random
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

from examples.world import Link, LinkingDomain, World

AHREFS_C = (
    "Referring page title", "Referring page URL", "Language", "Platform",
    "Referring page HTTP code", "Domain rating", "UR", "Domain traffic", "Referring domains",
    "Linked domains", "External links", "Page traffic", "Keywords", "Target URL", "Left context",
    "Anchor", "Right context", "Redirect Chain URLs", "Redirect Chain status codes", "Type",
    "Is spam", "Content", "Nofollow", "UGC", "Sponsored", "Rendered", "Raw", "Lost status",
    "Drop reason", "Discovered status", "First seen", "Last seen", "Lost", "Author", "Page type",
    "Page category", "Links in group",
)  # fmt: skip
NOT_IN_B = {"Is spam", "Page type", "Page category"}
AHREFS_B = ("#", *(column for column in AHREFS_C if column not in NOT_IN_B))
SEMRUSH_BACKLINKS = (
    "Page ascore", "Source title", "Source url", "Target url", "Anchor", "External links",
    "Internal links", "Nofollow", "Sponsored", "Ugc", "Text", "Frame", "Form", "Image", "Sitewide",
    "First seen", "Last seen", "New link", "Lost link",
)  # fmt: skip
SEMRUSH_REFERRING_DOMAINS = (
    "Domain ascore", "Domain", "Backlinks", "IP Address", "Country", "First seen", "Last seen",
)  # fmt: skip
LOST_STATUSES = {  # and the HTTP code of the page that goes with each
    "removedfromhtml": "200", "notfound": "404", "pageredirected": "301", "noindex": "200",
}  # fmt: skip
COUNTRIES = {"de": "de", "at": "at", "ch": "ch", "es": "es", "uk": "gb", "edu": "us", "com": "us"}
Row = dict[str, object]


@dataclass(frozen=True)
class Sighting:
    """A link as one provider delivers it in one export."""

    link: Link
    source_url: str
    target_url: str
    first_seen: datetime
    last_seen: datetime
    lost_at: datetime | None


def noise(*parts: object) -> random.Random:
    """A random source that is the same for the same parts, in every run and every export."""
    return random.Random(" | ".join(str(part) for part in parts))


def sightings(world: World, provider: str, site: str, exported_at: datetime) -> list[Sighting]:
    """All rows of a site's export: live and lately lost links, a few of them delivered twice."""
    seen = []
    for link in world.links:
        if link.site != site or provider not in link.seen_by:
            continue
        lasting = noise(provider, link.page.url, link.target_url)
        first_seen = link.alive_from + timedelta(days=lasting.uniform(0.2, 9))
        noticed_after = timedelta(days=lasting.uniform(1, 14))
        shown_lost_for = timedelta(days=lasting.choices((0, 120, 400), (25, 45, 30))[0])
        ends = link.alive_until or datetime.max
        if first_seen >= min(exported_at, ends):
            continue
        lost_at = None
        if link.alive_until and link.alive_until + noticed_after <= exported_at:
            lost_at = link.alive_until + noticed_after
            if lost_at + shown_lost_for < exported_at:
                continue  # gone from the index
        visited_before = timedelta(days=noise(exported_at.date(), lasting.random()).uniform(0.1, 9))
        last_seen = max(first_seen, min(exported_at, ends) - visited_before)
        source_url, target_url = spelt_urls(link, lasting)
        seen.append(Sighting(link, source_url, target_url, first_seen, last_seen, lost_at))
        if lasting.random() < 0.03:
            seen.append(replace(seen[-1], target_url=link.target_url.replace("https", "http", 1)))
    seen.sort(key=lambda row: (-row.link.page.domain.rating, row.source_url, row.target_url))
    return seen


def spelt_urls(link: Link, lasting: random.Random) -> tuple[str, str]:
    """The link's two URLs, now and then with tracking parameters, a fragment or plain http."""
    source_url, target_url = link.page.url, link.target_url
    roll = lasting.random()
    joint = "&" if "?" in source_url else "?"
    if roll < 0.03:
        source_url += f"{joint}utm_source=newsletter&utm_campaign=spring"
    elif roll < 0.05:
        source_url += f"{joint}fbclid=IwAR{lasting.randrange(10**9):09d}"
    elif roll < 0.11:
        target_url += lasting.choice(("#faq", "#:~:text=free%20returns", "#comment-12"))
    elif roll < 0.17:
        target_url += "?utm_source=blog&utm_medium=referral"
    elif roll < 0.19:
        target_url += f"?gclid=Cj0K{lasting.randrange(10**9):09d}"
    elif roll < 0.24:
        target_url = target_url.replace("https", "http", 1)
    return source_url, target_url


def ahrefs_row(world: World, row: Sighting) -> Row:
    """One row of Ahrefs "Backlinks", vintage C, by column name."""
    link, page = row.link, row.link.page
    domain, genre, chance = page.domain, page.domain.genre, noise("ahrefs page", page.url)
    is_spam = genre.name == "spam"
    lost_status = chance.choice(list(LOST_STATUSES)) if row.lost_at else ""
    http_code = LOST_STATUSES.get(lost_status, chance.choice(("200",) * 19 + ("0",)))
    is_chained = row.target_url.startswith("http:")
    links_in_group = chance.randint(40, 900) if genre.sitewide else chance.choice((1, 1, 1, 2, 3))
    external_links = 9997 if is_spam else chance.randint(2, 80)
    return {
        "Referring page title": page.title,
        "Referring page URL": row.source_url,
        "Language": chance.choices((genre.language, ""), (9, 1))[0],
        "Platform": genre.platform,
        "Referring page HTTP code": http_code,
        "Domain rating": f"{domain.rating:g}",
        "UR": chance.choice(("0", "3.8", "4", "4.5", "5", "7", "11")),
        "Domain traffic": domain.traffic,
        "Referring domains": chance.randint(0, 12),
        "Linked domains": max(1, external_links - chance.randint(0, 9)),
        "External links": external_links,
        "Page traffic": domain.traffic // chance.randint(20, 400),
        "Keywords": domain.traffic // chance.randint(300, 900),
        "Target URL": row.target_url.replace("http:", "https:", 1),
        "Left context": link.left_context,
        "Anchor": link.anchor,
        "Right context": link.right_context,
        "Redirect Chain URLs": row.target_url if is_chained else "",
        "Redirect Chain status codes": "301" if is_chained else "",
        "Type": link.link_type,
        "Is spam": is_spam,
        "Content": link.is_in_content,
        "Nofollow": link.nofollow,
        "UGC": link.ugc,
        "Sponsored": link.sponsored,
        "Rendered": chance.random() < 0.06,
        "Raw": True,
        "Lost status": lost_status,
        "Drop reason": "",
        "Discovered status": chance.choice(("pagefound", "pagefound", "linkfound", "linkrestored")),
        "First seen": f"{row.first_seen:%Y-%m-%d %H:%M:%S}",
        "Last seen": f"{row.last_seen:%Y-%m-%d %H:%M:%S}",
        "Lost": f"{row.lost_at:%Y-%m-%d %H:%M:%S}" if row.lost_at else "",
        "Author": page.author,
        "Page type": genre.page_type,
        "Page category": "" if is_spam else world.setting.page_category,
        "Links in group": links_in_group,
    }


def ahrefs_backlinks(path: Path, world: World, site: str, exported_at: datetime) -> None:
    """Ahrefs' own download: 37 columns, UTF-16LE with BOM, tabs, every field quoted, LF."""
    rows = [ahrefs_row(world, row) for row in sightings(world, "ahrefs", site, exported_at)]
    text = as_csv(AHREFS_C, rows, delimiter="\t", quoting=csv.QUOTE_ALL)
    save(path, codecs.BOM_UTF16_LE + text.encode("utf-16-le"))


def ahrefs_from_sheets(path: Path, world: World, site: str, exported_at: datetime) -> None:
    """An older Ahrefs download (35 columns) saved again by Google Sheets: UTF-8, TRUE and FALSE."""
    rows = [ahrefs_row(world, row) for row in sightings(world, "ahrefs", site, exported_at)]
    numbered: list[Row] = [{"#": number, **row} for number, row in enumerate(rows, start=1)]
    text = as_csv(AHREFS_B, numbered, booleans=("FALSE", "TRUE"))
    save(path, text.rstrip("\n").encode())


def semrush_backlinks(path: Path, world: World, site: str, exported_at: datetime) -> None:
    """Semrush "Backlinks": 19 columns, UTF-8, minimal quotes, LF."""
    rows: list[Row] = []
    for row in sightings(world, "semrush", site, exported_at):
        link, page, chance = row.link, row.link.page, noise("semrush page", row.link.page.url)
        is_spam, is_image = page.domain.genre.name == "spam", link.link_type == "image"
        is_new = row.first_seen > exported_at - timedelta(days=30)
        values = (
            ascore(page.domain) // 2 + chance.randint(0, 6), page.title, row.source_url,
            row.target_url, link.anchor, 9997 if is_spam else chance.randint(1, 90),
            chance.randint(3, 240),
            link.nofollow, link.sponsored, link.ugc, not is_image, False, False, is_image,
            page.domain.genre.sitewide, row.first_seen.date(), row.last_seen.date(),
            is_new and not row.lost_at, row.lost_at is not None,
        )  # fmt: skip
        rows.append(dict(zip(SEMRUSH_BACKLINKS, values, strict=True)))
    save(path, as_csv(SEMRUSH_BACKLINKS, rows).encode())


def semrush_referring_domains(path: Path, world: World, site: str, exported_at: datetime) -> None:
    """Semrush "Referring domains": those with a live link, UTF-8, LF."""
    by_domain: dict[LinkingDomain, list[Sighting]] = defaultdict(list)
    for row in sightings(world, "semrush", site, exported_at):
        if row.lost_at is None:
            by_domain[row.link.page.domain].append(row)
    rows: list[Row] = []
    for domain, seen in by_domain.items():
        address = f"198.51.100.{noise(domain.name).randint(1, 254)}"
        country = COUNTRIES.get(domain.name.rsplit(".", 1)[-1], "")
        first, last = min(row.first_seen for row in seen), max(row.last_seen for row in seen)
        links = len({row.link for row in seen})
        values = (ascore(domain), domain.name, links, address, country, first.date(), last.date())
        rows.append(dict(zip(SEMRUSH_REFERRING_DOMAINS, values, strict=True)))
    save(path, as_csv(SEMRUSH_REFERRING_DOMAINS, rows).encode())


def semrush_matrix(path: Path, world: World, unused_site: str, exported_at: datetime) -> None:
    """Semrush "Backlink Gap" as `missing` filter: domains without a link to the client, CRLF.

    It knows some domains that the page-level exports leave out. The last slot is a site the client
    no longer compares with; all its cells are 0.
    """
    own_site, competitors = world.setting.own_sites[0], world.setting.competitors
    header = ("Domain", "Domain ascore", own_site, *competitors, unused_site, "Matches")
    counts: dict[LinkingDomain, dict[str, set[Link]]] = defaultdict(lambda: defaultdict(set))
    for provider in ("semrush", "semrush_matrix"):
        for site in (*world.setting.own_sites, *competitors):
            for row in sightings(world, provider, site, exported_at):
                if row.lost_at is None:
                    counts[row.link.page.domain][site].add(row.link)
    rows: list[Row] = []
    for domain, links in counts.items():
        if any(links[site] for site in world.setting.own_sites):
            continue
        cells = [len(links[site]) for site in competitors]
        matches = sum(cell > 0 for cell in cells)
        values = (domain.name, ascore(domain), 0, *cells, 0, matches)
        rows.append(dict(zip(header, values, strict=True)))
    rows.sort(key=lambda row: (-int(str(row["Matches"])), -int(str(row["Domain ascore"]))))
    save(path, as_csv(header, rows, line_end="\r\n").encode())


def ascore(domain: LinkingDomain) -> int:
    """Semrush's Authority Score: below the Domain rating in the middle of the scale."""
    return min(100, round(domain.rating * 0.72 + noise("ascore", domain.name).uniform(0, 6)))


def as_csv(
    header: tuple[str, ...],
    rows: Iterable[Row],
    *,
    delimiter: str = ",",
    quoting: int = csv.QUOTE_MINIMAL,
    line_end: str = "\n",
    booleans: tuple[str, str] = ("false", "true"),
) -> str:
    """The rows as CSV text; columns that the header does not name are left out."""
    text = io.StringIO()
    writer = csv.writer(text, delimiter=delimiter, quoting=quoting, lineterminator=line_end)  # type: ignore[arg-type]
    writer.writerow(header)
    for row in rows:
        cells = (row[column] for column in header)
        writer.writerow(booleans[cell] if isinstance(cell, bool) else cell for cell in cells)
    return text.getvalue()


def save(path: Path, content: bytes) -> None:
    """Writes a file and the folders above it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
