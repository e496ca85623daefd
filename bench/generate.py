"""Writes exports of any size, fast: `python -m bench.generate DIR ROWS`.

Here are volume and shape (rows per host, lengths of texts, duplicates, lost links), not lifelike
stories: those are in `examples`. Everything is drawn from hashes of row numbers, so the same
arguments give the same bytes with the same DuckDB.
"""

from __future__ import annotations

import argparse
import csv
import random
from datetime import date, timedelta
from pathlib import Path

import duckdb

REFRESHED_ON = date(2026, 6, 1)
OWN_SITE = "bench-client.com"
ROWS_PER_HOST = 50  # 3 million rows have some 60,000 hosts
# Which of ten groups of hosts link to a site. 0 links to all, 1 to the client alone, 2 to all
# competitors and not to the client, the rest to a few: so every gap class occurs.
SITES: dict[str, tuple[float, list[int]]] = {  # share of the rows, host groups
    OWN_SITE: (0.12, [0, 1, 6, 7]),
    "bench-rival-one.com": (0.27, [0, 2, 3, 4, 6, 9]),
    "bench-rival-two.com": (0.21, [0, 2, 3, 5, 7, 9]),
    "bench-rival-three.org": (0.17, [0, 2, 4, 7, 9]),
    "bench-rival-four.co.uk": (0.13, [0, 2, 4, 8, 9]),
    "bench-rival-five.de": (0.10, [0, 2, 8]),
}
CLIENT_FILE = """\
# Made by bench/generate.py.
client_id: {client_id}
name: {client_id}
sites: [{own_site}]
competitors: [{competitors}]
markets: {{languages: [en, de, es, fr]}}
"""
SEMRUSH_BACKLINKS = (
    "Page ascore", "Source title", "Source url", "Target url", "Anchor", "External links",
    "Internal links", "Nofollow", "Sponsored", "Ugc", "Text", "Frame", "Form", "Image", "Sitewide",
    "First seen", "Last seen", "New link", "Lost link",
)  # fmt: skip

# `pick(words, number)` takes a word; `draw(number, salt)` is a number that looks random, `part` one
# from 0 to 1. Without the cast to ubigint DuckDB divides 128-bit numbers, 15 times slower.
MACROS = """
create macro draw(number, salt) as hash(number, salt);
create macro part(number, salt) as (hash(number, salt) % 1000000)::double / 1000000;
create macro pick(words, number) as words[1 + (number % len(words)::ubigint)::int];
"""

# One row per linking host. Every host is in one of ten groups by its last digit.
HOSTS = """
create table hosts as
with numbered as (
    select
        host_id,
        host_id % 20 >= 18 and host_id >= 20 as is_second_host,
        host_id - case when is_second_host then 10 else 0 end as domain_number,
        part(host_id, 1) as tail
    from range({hosts}) as numbers(host_id)
),
named as (
    select
        numbered.*,
        pick(['brisk', 'calm', 'dusty', 'early', 'frosty', 'gentle', 'hollow', 'inky', 'jolly',
            'keen', 'lofty', 'misty', 'noble', 'oaken', 'plain', 'quiet', 'rusty', 'sandy'],
            draw(domain_number, 2))
        || case when domain_number % 100 = 37 then '-größe-' else '-' end
        || pick(['anchor', 'basin', 'cabin', 'depot', 'engine', 'forum', 'garden', 'harbor',
            'island', 'journal', 'kiosk', 'ledger', 'market', 'notes', 'office', 'press'],
            draw(domain_number, 3))
        || '-' || domain_number
        || case
            when part(domain_number, 4) < 0.04
                then pick(['.blogspot.com', '.wordpress.com', '.github.io'], draw(domain_number, 5))
            else pick(['.com', '.com', '.com', '.com', '.org', '.net', '.de', '.co.uk', '.edu',
                '.es', '.fr', '.io', '.com.au', '.xyz'], draw(domain_number, 5))
        end as domain
    from numbered
)
select
    host_id,
    case
        when is_second_host then 'blog.'
        when part(host_id, 6) < 0.5 and domain not like '%.%.%' then 'www.'
        else ''
    end || domain as host,
    case when tail < 0.3 then round(tail * 33, 1) else round((tail - 0.3) * 130) end as rating,
    (power(10, tail * 6.5) * part(host_id, 7))::bigint as traffic,
    part(host_id, 8) < 0.05 as is_spam,
    pick(['en', 'en', 'en', 'de', 'es', 'fr', 'en, uk', null], draw(host_id, 9)) as language,
    pick(['wordpress', 'ecommerce, wordpress', 'message-boards', 'cms', null, null, null, null],
        draw(host_id, 10)) as platform
from named;
"""

# One row per data row of one site's file. `link_id` says whose page and target the row has: 1 row
# in 12 takes those of a row shortly before it. One page in five is the same for every site.
LINKS = """
copy (
with numbered as (
    select
        row_id,
        row_id - case
            when draw(row_id, {salt} + 1) % 1000 < 87 then draw(row_id, {salt} + 2) % 40 + 1 else 0
        end::bigint as earlier,
        case when earlier < 0 then row_id else earlier end as link_id,
        case when draw(link_id, 11) % 5 = 0 then 0 else {salt} end as page_salt,
        pick({groups}, draw(link_id, {salt} + 3))
            + 10 * floor(power(part(link_id, 12 + page_salt), 3) * {hosts_per_group})::bigint
            as host_id,
        draw(link_id, 13 + page_salt) as page,
        draw(link_id, {salt} + 4) as target,
        draw(row_id, {salt} + 5) as chance,
        timestamp '2026-05-30 21:00:00'
            - to_seconds((power(part(row_id, {salt} + 6), 2) * 200000000)::bigint) as found_at,
        chance % 100 < 12 as is_lost
    from range({rows}) as numbers(row_id)
),
worded as (
    select
        numbered.*,
        pick(['How to choose', 'A short guide to', 'What we learnt about', 'Notes on', 'The best',
            'Ten ways to improve', 'Understanding', 'Review:', 'Everything on', 'Questions about'],
            page) as opening,
        pick(['trail running shoes', 'warehouse software', 'garden furniture', 'electric bikes',
            'coffee grinders', 'stock control', 'winter tyres', 'email newsletters', 'solar panels',
            'family holidays', 'remote teams', 'sourdough bread', 'health insurance',
            'home networks', 'used cameras', 'children''s books', 'payroll rules'],
            page // 16) as topic,
        pick(['for beginners', 'for small teams', 'on a budget', 'for busy parents', 'this year',
            'without any regrets', 'in five steps', 'after ten years', 'for sceptics'],
            page // 512) as ending,
        (page // 8192 + host_id * 7919) % 100000000 as page_number
    from numbered
),
dated as (
    select
        worded.*,
        case
            when is_lost
                then found_at + (timestamp '2026-05-31 23:00:00' - found_at)
                    * part(row_id, {salt} + 7)
            else greatest(
                found_at,
                timestamp '2026-05-31 23:00:00' - interval 20 days * part(row_id, {salt} + 7)
            )
        end as seen_at
    from worded
)
select
    opening || ' ' || topic || ' ' || ending || ' | part ' || page_number
        as "Referring page title",
    'https://' || host || pick(['/blog/', '/articles/', '/2024/11/', '/news/', '/'], page // 4)
        || replace(replace(topic, ' ', '-'), '''', '') || '-'
        || replace(ending, ' ', '-') || '-' || page_number
        || pick(['/', '', '.html', '/'], page // 2)
        || case when page % 25 = 0 then '?utm_source=feed&utm_medium=rss' else '' end
        as "Referring page URL",
    language as "Language",
    platform as "Platform",
    case when is_lost then pick(['404', '301', '200', '410'], chance // 128)
        else pick(['200', '200', '200', '200', '200', '200', '200', '200', '0', '403'],
            chance // 128) end as "Referring page HTTP code",
    case when rating = floor(rating) then rating::int::varchar else rating::varchar end
        as "Domain rating",
    pick(['0', '3.8', '4', '4.5', '5', '7'], page) as "UR",
    traffic as "Domain traffic",
    page % 13 as "Referring domains",
    page % 70 + 1 as "Linked domains",
    page % 70 + 3 as "External links",
    traffic // (40 + page % 300) as "Page traffic",
    page % 150 as "Keywords",
    'https://www.{site}' || pick(['/', '/', '/shoes/', '/guides/how-to-choose/', '/pricing/',
        '/research/statistics-2025/', '/tools/calculator/', '/blog/best-of-2023/', '/about/'],
        target)
        || case when target % 6 = 0 then 'item-' || (target // 64) % 3000 else '' end
        || case when chance % 17 = 0 then '?utm_source=blog&utm_content=' || chance % 9 else '' end
        || case when chance % 23 = 0 then '#section-' || chance % 12 else '' end as "Target URL",
    case when page % 4 > 0 then pick([
        'If you only read one page on this subject, let it be the one by',
        'We compared the offers with some care, and in the end liked best', 'More details at',
        'Most of the figures in this part of the article were taken from',
        'Our reader Ines wrote to us and pointed out the free calculator of'],
        chance // 8) end as "Left context",
    case when chance % 20 > 0 then pick(['Bench', 'www.{site}', 'here', 'this guide', 'read more',
        'free calculator', 'https://www.{site}/', 'annual statistics', 'comparison of offers'],
        chance // 32) end as "Anchor",
    case when page % 4 < 3 then pick([
        ', which explains the whole thing, with examples, in plain words.',
        'and the people behind it answer every question within a day.',
        '(in English), last changed in spring, and worth the half hour.',
        'for the rest of the story. Prices as of last month.'],
        chance // 256) end as "Right context",
    case when chance % 40 = 1 then 'http://{site}/old/' || target % 500 end
        as "Redirect Chain URLs",
    case when chance % 40 = 1 then '301' end as "Redirect Chain status codes",
    case when chance % 14 = 3 then 'image' else 'text' end as "Type",
    is_spam as "Is spam",
    chance % 5 > 0 as "Content",
    chance % 4 = 0 as "Nofollow",
    chance % 28 = 0 as "UGC",
    chance % 44 = 0 as "Sponsored",
    chance % 16 = 5 as "Rendered",
    true as "Raw",
    case when is_lost then pick(['notfound', 'pageredirected', 'removedfromhtml', 'pageerror'],
        chance // 128) end as "Lost status",
    null as "Drop reason",
    pick(['pagefound', 'pagefound', 'linkfound', 'linkrestored'], chance // 64)
        as "Discovered status",
    date_trunc('second', found_at) as "First seen",
    date_trunc('second', seen_at) as "Last seen",
    case when is_lost then date_trunc('second', seen_at + interval 40 minutes) end as "Lost",
    case when page % 9 = 0 then pick(['Ines Calloway', 'Tom Arkwell', 'Jana Petersilie'],
        page // 32) end as "Author",
    pick([null, null, null, 'Article > Guide', 'Article > Roundup', 'Listing > Business'], page)
        as "Page type",
    case when page % 4 = 0 then 'Business and industry > Services; Shopping' end
        as "Page category",
    1 + chance % 3 as "Links in group"
from dated
inner join hosts using (host_id)
) to '{path}' (format csv, header, delimiter ',', quote '"', escape '"');
"""


def rows_per_site(rows: int) -> dict[str, int]:
    """Shares the rows out; no site gets a multiple of 1,000, which would look cut off."""
    counts = [int(rows * share) for share, _ in SITES.values()]
    counts = [count - (count % 1000 == 0) for count in counts[:-1]]
    counts.append(rows - sum(counts))
    while counts[0] % 1000 == 0 or counts[-1] % 1000 == 0:
        counts[0] -= 1
        counts[-1] += 1
    return dict(zip(SITES, counts, strict=True))


def write_exports(home: Path, rows: int, seed: int = 7) -> list[Path]:
    """Writes client `bench` and six Ahrefs backlinks files with `rows` data rows in all.

    Args:
        home: A workspace (`LINKGAP_HOME`); made if it is not there.
        rows: Data rows over all files, at least 1,000.
        seed: Another seed gives other rows of the same shape.

    Returns:
        The six files, the client's own first.
    """
    if rows < 1000:
        raise ValueError(f"rows must be at least 1000, got {rows}")
    hosts_per_group = max(2, rows // ROWS_PER_HOST // 10)
    write_client_file(home, "bench", list(SITES))
    paths = []
    with duckdb.connect(config={"memory_limit": "2GB"}) as connection:
        connection.execute(MACROS)
        connection.execute(HOSTS.format(hosts=hosts_per_group * 10))
        for position, (site, count) in enumerate(rows_per_site(rows).items()):
            folder = home / "inbox" / "bench" / REFRESHED_ON.isoformat() / site
            folder.mkdir(parents=True, exist_ok=True)
            path = folder / f"{site}-backlinks-subdomains_{REFRESHED_ON}_06-00-0{position}.csv"
            query = LINKS.format(
                rows=count,
                site=site,
                groups=SITES[site][1],
                hosts_per_group=hosts_per_group,
                salt=100 + seed * 1_000_000 + position * 20,
                path=str(path).replace("'", "''"),
            )
            connection.execute(query)
            paths.append(path)
    return paths


def write_tiny(home: Path, clients: int) -> None:
    """Writes that many clients (`tiny-001`, …) with three small Semrush backlinks files each."""
    for number in range(1, clients + 1):
        client_id = f"tiny-{number:03d}"
        chance = random.Random(f"linkgap tiny {number}")
        sites = [f"{client_id}-shop.com", f"{client_id}-rival.com", f"{client_id}-foe.org"]
        write_client_file(home, client_id, sites)
        folder = home / "inbox" / client_id / REFRESHED_ON.isoformat()
        folder.mkdir(parents=True, exist_ok=True)
        for site in sites:
            path = folder / f"{site}-backlinks.csv"
            with path.open("w", encoding="utf-8", newline="") as file:
                writer = csv.writer(file, lineterminator="\n")
                writer.writerow(SEMRUSH_BACKLINKS)
                for _ in range(chance.randint(17, 23)):
                    writer.writerow(tiny_row(client_id, site, chance))


def tiny_row(client_id: str, site: str, chance: random.Random) -> list[object]:
    """One Semrush row: a page of one of the client's 24 linking domains, or of 6 known to all."""
    is_known_to_all = chance.random() < 0.1
    number = chance.randrange(6 if is_known_to_all else 24)
    host = f"news-{number}-herald.com" if is_known_to_all else f"{client_id}-friend-{number}.net"
    page = chance.randrange(1, 400)
    last_seen = REFRESHED_ON - timedelta(days=chance.randint(1, 40))
    first_seen = last_seen - timedelta(days=chance.randint(0, 900))
    is_nofollow, is_lost = chance.random() < 0.2, chance.random() < 0.12
    return [
        chance.randint(0, 40), f"Article {page} on {site}", f"https://{host}/articles/{page}/",
        f"https://www.{site}/{chance.choice(('', 'guide/', 'pricing/'))}", site.split(".")[0],
        chance.randint(1, 60), chance.randint(3, 90), str(is_nofollow).lower(),
        "false", "false", "true", "false", "false", "false", "false", first_seen, last_seen,
        "false", str(is_lost).lower(),
    ]  # fmt: skip


def write_client_file(home: Path, client_id: str, sites: list[str]) -> None:
    """The smallest client file that can be; the first site is the client's own."""
    folder = home / "clients"
    folder.mkdir(parents=True, exist_ok=True)
    own_site, competitors = sites[0], ", ".join(sites[1:])
    text = CLIENT_FILE.format(client_id=client_id, own_site=own_site, competitors=competitors)
    (folder / f"{client_id}.yaml").write_text(text, encoding="utf-8")


def main() -> None:
    """Writes the exports into the folder named on the command line."""
    parser = argparse.ArgumentParser(prog="python -m bench.generate", description=__doc__)
    parser.add_argument("home", type=Path, metavar="DIR", help="the workspace to write into")
    parser.add_argument("rows", type=int, metavar="ROWS", help="data rows in all")
    arguments = parser.parse_args()
    for path in write_exports(arguments.home, arguments.rows):
        print(path)


if __name__ == "__main__":
    main()


def write_texts(database: Path, count: int) -> None:
    """A DuckDB file with so many distinct texts of ten words; of 200,000 words few are frequent."""
    syllables = (
        "['ka','ro','mi','te','lon','ser','ing','pra','dor','vel','un','tion','gra','bel','sho','run','mar','est']"
    )
    database.unlink(missing_ok=True)
    with duckdb.connect(str(database)) as connection:
        connection.execute(
            f"""
            create table texts as
            with vocabulary as (
                select list(array_to_string(list_transform(
                    range(1 + number % 4),
                    lambda place: {syllables}[1 + (hash(number * 7 + place) % 18)::bigint]
                ), '') || number % 97 order by number) as words
                from range(200000) as numbers (number)
            )

            select
                md5_number(number::varchar) as text_key,
                list_transform(
                    range(10),
                    lambda place: words[1 + cast(floor(
                        200000 * pow((hash(number * 10 + place) % 1000000) / 1000000.0, 3)
                    ) as bigint)]
                ) as words
            from range({count}) as numbers (number)
            cross join vocabulary
            """
        )
