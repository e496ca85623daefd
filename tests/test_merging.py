"""What several providers, and people, say together: one link, one authority, one answer."""

from __future__ import annotations

import io
import os
import zipfile
from datetime import date
from typing import Any

import duckdb
import openpyxl
import pytest

from pipelines.people_lists import rows_before
from tests.conftest import REAL_EXPORTS, Sandbox, csv_text
from tests.exports_made import ahrefs_backlinks, semrush_backlinks, semrush_referring_domains
from tests.world import Deliveries, World

DAY = "2026-02-10"
CLIENT = "sites: [acme.com, acme-shop.com]\ncompetitors: [rival.com, foe.org]\n"
RIVAL = "https://rival.com/shoes"
INTERSECT_HEADERS = ["Referring page title", "Referring page URL", "Domain rating", "Intersect"]
SILENT = {"Content": "", "Nofollow": "", "UGC": "", "Sponsored": "", "Anchor": "", "Referring_page_title": ""}


def link(source: str, target: str = RIVAL, **cells: Any) -> dict[str, Any]:
    return {
        "Referring page URL": source,
        "Target URL": target,
        **{name.replace("_", " "): value for name, value in cells.items()},
    }


def workbook(*rows: list[Any]) -> bytes:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for row in rows:
        sheet.append(row)
    sink = io.BytesIO()
    book.save(sink)
    return sink.getvalue()


def deliver_stories(world: Deliveries) -> None:
    deliver_merged(world)
    deliver_damaged(world)
    world.client("checked-later", "sites: [acme.com]\ncompetitors: [rival.com]\n")
    for day in ("2026-01-10", "2026-03-20"):
        links = ahrefs_backlinks(link("https://notes.com/a"))
        world.deliver(f"checked-later/{day}/rival.com-backlinks.csv", links)
    checks = csv_text(["source_url", "links_to_client", "checked_on"], [["https://notes.com/a", "yes", "2026-04-01"]])
    world.deliver("checked-later/verified.csv", checks)


def deliver_merged(world: Deliveries) -> None:
    """Two providers, Search Console, a page intersect, a disavow list, totals, a zip and a workbook."""
    world.client("merged", CLIENT)
    folder = f"merged/{DAY}"
    world.deliver(
        f"{folder}/rival.com-backlinks.csv",
        ahrefs_backlinks(
            link("https://both.com/page", **SILENT, First_seen="2025-05-01"),
            link(
                "https://silent.com/page",
                Content="",
                Nofollow="",
                UGC="",
                Sponsored="",
                Anchor="",
                Referring_page_title="",
            ),
            link("https://intersected.com/known"),
            link("https://disavowed.com/page"),
            link("https://fine.com/disavowed-page"),
            link("https://checked.com/a"),
            link("https://half-checked.com/a"),
            link("https://half-checked.com/b"),
            link("https://gone.com/a"),
            link("https://turned-out-to-link.com/a"),
        ),
    )
    world.deliver(
        f"{folder}/acme.com-backlinks.csv",
        ahrefs_backlinks(
            link("https://confirmed.com/page", "https://acme.com/", Lost="2026-01-02 00:00:00"),
            link("https://not-any-more.com/page", "https://acme.com/x", Last_seen="2026-01-05 10:00:00"),
        ),
    )
    semrush = semrush_backlinks(
        {
            "Source url": "https://both.com/page",
            "Target url": RIVAL,
            "Anchor": "rival shoes",
            "Source title": "Both",
            "Nofollow": "true",
            "First seen": "2025-03-01",
            "Last seen": "2026-02-01",
        },
        {"Source url": "https://silent.com/page", "Target url": RIVAL, "Sitewide": "true", "Anchor": "said"},
    )
    with zipfile.ZipFile(zipped := io.BytesIO(), "w") as container:
        container.writestr("semrush/rival.com-backlinks.csv", semrush)
        container.writestr("semrush/rival.com-refdomains.csv", semrush_referring_domains(("list.com", 30, 4)))
    world.deliver(f"{folder}/download.zip", zipped.getvalue())
    world.deliver(
        f"{folder}/https___www.acme.com_-Latest links-2026-02-09.csv",
        csv_text(
            ["Linking page", "Last crawled"],
            [["https://confirmed.com/page", "2026-02-01"], ["https://only-google-knows.com/page", "2026-02-02"]],
        ),
    )
    world.deliver(
        f"{folder}/intersect.csv",
        csv_text(
            [
                "Referring page title",
                "Referring page URL",
                "Domain rating",
                "Intersect",
                "rival.com/",
                "foe.org/",
                "acme.com/",
            ],
            [
                ["Known", "https://intersected.com/known", 30, 1, "1", "", ""],
                ["New", "https://intersected.com/new", 30, 2, "1", "2", "0"],
                ["None", "https://nobody.com/", 30, 0, "", "", ""],
            ],
        ),
    )
    world.deliver(f"{folder}/disavow.txt", "# asked away\ndomain:www.disavowed.com\nhttps://fine.com/disavowed-page\n")
    world.deliver(
        f"{folder}/bulk.xlsx",
        workbook(
            ["Target", "Target type", "Authority Score", "Backlinks", "Domains"],
            ["rival.com", "root_domain", 55, 4800, 900],
            ["list.com", "root_domain", 30, 10, 5],
        ),
    )
    world.deliver(
        "merged/verified.csv",
        csv_text(
            ["source_url", "http_status", "links_to_client", "checked_on"],
            [
                ["https://checked.com/a", 200, "no", "2026-02-12"],
                ["https://half-checked.com/a", 200, "no", "2026-02-12"],
                ["https://gone.com/a", 404, "no", "2026-02-12"],
                ["https://turned-out-to-link.com/a", 200, "yes", "2026-02-12"],
                ["https://not-any-more.com/page", 200, "no", "2026-01-05"],
            ],
        ),
    )


@pytest.fixture(scope="module")
def merged(world: World) -> Sandbox:
    return world.of("merged")


def of_page(sandbox: Sandbox, page: str, columns: str) -> list[tuple[Any, ...]]:
    return sandbox.query(
        f"select {columns} from marts.links where source_url = $page order by all", page=f"https://{page}"
    )


def test_a_link_of_two_providers_takes_the_earliest_and_the_latest_day(merged: Sandbox) -> None:
    assert of_page(merged, "both.com/page", "first_seen, last_seen, providers, is_live") == [
        (date(2025, 3, 1), date(2026, 2, 1), ["ahrefs", "semrush"], True)
    ]


def test_what_the_quoted_row_leaves_open_comes_from_the_next(merged: Sandbox) -> None:
    # live on the same day: Ahrefs is quoted; what it leaves empty Semrush says
    assert of_page(merged, "silent.com/page", "anchor, title, nofollow, is_follow, is_sitewide") == [
        ("said", "A page", False, True, True)
    ]
    assert of_page(merged, "both.com/page", "anchor, title, nofollow, is_follow") == [
        ("rival shoes", "Both", True, False)
    ]


def test_search_console_confirms_a_link_and_knows_some_alone(merged: Sandbox) -> None:
    assert of_page(merged, "confirmed.com/page", "target_url, is_live, providers, last_seen") == [
        ("https://acme.com/", True, ["ahrefs", "gsc"], date(2026, 2, 1))
    ]
    assert of_page(merged, "only-google-knows.com/page", "target_url, site, is_live, providers") == [
        (None, "acme.com", True, ["gsc"])
    ]
    assert merged.query("select gap_status from marts.gaps where referring_domain = 'only-google-knows.com'") == [
        ("own",)
    ]


def test_a_page_intersect_confirms_and_adds(merged: Sandbox) -> None:
    assert of_page(merged, "intersected.com/known", "site, target_url") == [("rival.com", RIVAL)]
    assert of_page(merged, "intersected.com/new", "site, target_url, title") == [
        ("foe.org", None, "New"),
        ("rival.com", None, "New"),
    ]
    assert of_page(merged, "nobody.com/", "site") == []
    assert merged.query(
        "select rows_read, rows_accepted, rows_rejected from marts.export_files where export_kind = 'page_intersect'"
    ) == [(3, 3, 0)]


def test_members_and_sheets_are_files_of_their_own(merged: Sandbox) -> None:
    paths = {path for (path,) in merged.query("select path from marts.export_files")}
    assert paths >= {
        f"inbox/merged/{DAY}/download.zip!semrush/rival.com-backlinks.csv",
        f"inbox/merged/{DAY}/download.zip!semrush/rival.com-refdomains.csv",
        f"inbox/merged/{DAY}/bulk.xlsx!Sheet",
    }


def test_disavowed_domains_and_pages_are_for_review(merged: Sandbox) -> None:
    assert of_page(merged, "disavowed.com/page", "review_reasons, is_live") == [(["disavowed"], True)]
    assert of_page(merged, "fine.com/disavowed-page", "review_reasons") == [(["disavowed_page"],)]
    assert of_page(merged, "both.com/page", "review_reasons") == [([],)]


def test_a_list_shorter_than_the_providers_own_total_is_truncated(merged: Sandbox) -> None:
    assert merged.query(
        "select export_kind, is_truncated, truncation_evidence from marts.coverage "
        "where provider = 'semrush' and site = 'rival.com' order by 1"
    ) == [
        ("backlinks", True, "2 rows of 900 by the provider's own total"),
        ("domain_metrics", False, None),
        ("referring_domains", True, "1 rows of 900 by the provider's own total"),
    ]


def test_a_semrush_score_of_30_stands_near_a_domain_rating_of_40_to_45(merged: Sandbox) -> None:
    ((authority, provider, score),) = merged.query(
        "select authority, authority_provider, semrush_as from marts.referring_domains "
        "where referring_domain = 'list.com'"
    )
    assert (provider, score) == ("semrush", 30)
    assert 40 <= authority <= 45


def test_people_who_looked_know_best(merged: Sandbox) -> None:
    found = dict(merged.query("select referring_domain, gap_status || ' ' || coalesce(absence, '') from marts.gaps"))
    # whole list of acme.com but none of acme-shop.com: nothing is proven but what was looked at
    assert found["both.com"] == "open unproven"
    assert found["checked.com"] == "open proven"
    assert found["half-checked.com"] == "open unproven"
    assert found["turned-out-to-link.com"] == "covered "
    assert "gone.com" not in found
    assert "not-any-more.com" not in found
    assert of_page(merged, "turned-out-to-link.com/a", "site, target_url, providers") == [
        ("acme.com", None, ["verified"]),
        ("rival.com", RIVAL, ["ahrefs"]),
    ]
    # on the day of the crawl: what somebody saw outweighs it
    assert of_page(merged, "not-any-more.com/page", "is_live, providers") == [(False, ["ahrefs", "verified"])]


def test_pages_worth_checking_are_listed_in_their_form(merged: Sandbox) -> None:
    found = merged.query("select check_rank, source_url from marts.pages_to_check order by 1")
    assert [rank for rank, *_ in found] == list(range(1, len(found) + 1))
    pages = {page for _, page in found}
    assert "https://both.com/page" in pages
    assert "https://checked.com/a" not in pages
    assert "https://half-checked.com/a" not in pages
    assert "https://half-checked.com/b" in pages


def test_a_later_check_leaves_the_past_alone(world: World) -> None:
    assert world.of("checked-later").query("select refreshed_on, gap_status from marts.gaps order by 1") == [
        (date(2026, 1, 10), "open"),
        (date(2026, 3, 20), "covered"),
    ]


needs_real_files = pytest.mark.skipif(
    not REAL_EXPORTS.is_dir() and not os.environ.get("CI"), reason="the folder of real exports is not on this machine"
)


@needs_real_files
def test_two_providers_of_one_real_site_overlap_as_measured(sandbox: Sandbox) -> None:
    """Ahrefs 1,508 and Semrush 1,659 registrable domains, 1,125 in common, by a measurement outside this project.

    Ahrefs counts lost links in; Semrush lists hosting subdomains apart, which `parent_domain` folds together.
    """
    sandbox.client("caldea", "sites: [caldea-client.com]\ncompetitors: [caldea.com]\n")
    for name in ("ahrefs/www.caldea.com-backlinks-subdomains.csv", "semrush/www.caldea.com-backlinks_refdomains.csv"):
        sandbox.deliver(f"caldea/2026-02-06/{name.rsplit('/', 1)[-1]}", (REAL_EXPORTS / name).read_bytes())
    assert sandbox.refresh().problems == []
    with duckdb.connect(str(sandbox.workspace.working_database), read_only=True) as connection:
        measured = connection.execute(
            """
            with ahrefs as (
                select distinct hosts.parent_domain, hosts.referring_domain
                from links.int_link_rows as link_rows
                inner join links.int_hosts as hosts on link_rows.source_host = hosts.host
            ),
            semrush as (
                select distinct hosts.parent_domain, hosts.referring_domain
                from links.int_domain_rows as domain_rows
                inner join links.int_hosts as hosts on domain_rows.host = hosts.host
            )
            select
                (select count(distinct parent_domain) from ahrefs),
                (select count(distinct parent_domain) from semrush),
                (select count(distinct parent_domain) from ahrefs inner join semrush using (parent_domain)),
                (select count(distinct referring_domain) from ahrefs inner join semrush using (referring_domain))
            """
        ).fetchall()
    ahrefs, semrush, both, both_with_platforms = measured[0]
    assert (ahrefs, semrush, both) == (1508, 1659, 1125)
    # the finer key tells the blogs of a platform apart, of which Ahrefs shows one
    assert 0.95 * both <= both_with_platforms <= both
    # what no rule sets aside stands once, with both metrics
    rows, domains, with_both_metrics = sandbox.query(
        "select count(*), count(distinct referring_domain), "
        "count(*) filter (ahrefs_dr is not null and semrush_as is not null) from marts.referring_domains"
    )[0]
    assert rows == domains
    assert with_both_metrics > 600
    providers = sandbox.query(
        "select count(*) from marts.referring_domains where ahrefs_dr is not null and semrush_as is not null "
        "and authority_provider != 'ahrefs'"
    )
    assert providers == [(0,)]


def deliver_damaged(world: Deliveries) -> None:
    world.client("damaged", "sites: [acme.com]\ncompetitors: [rival.com]\n")
    folder = f"damaged/{DAY}"
    with zipfile.ZipFile(zipped := io.BytesIO(), "w", zipfile.ZIP_DEFLATED) as container:
        container.writestr("x.csv", semrush_backlinks() * 40)
    damaged = bytearray(zipped.getvalue())
    damaged[60:120] = b"\xff" * 60
    world.deliver(f"{folder}/damaged.zip", bytes(damaged))
    world.deliver(f"{folder}/odd.json", '{"tasks": [{"result": [{"items": [null], "total_count": "many"}]}]}')
    outgoing = ahrefs_backlinks(link("https://rival.com/blog", "https://out.com/"))
    world.deliver(f"{folder}/rival.com-external-subdomains.csv", outgoing)
    with zipfile.ZipFile(zipped := io.BytesIO(), "w") as container:
        container.writestr(
            "book.xlsx",
            workbook(["Source url", "Target url", "Sitewide"], ["https://notes.com/a", RIVAL, False]),
        )
    world.deliver(f"{folder}/nested.zip", zipped.getvalue())
    words = "".join(f"word {number},https://acme.com/,{number},90\n" for number in range(40))
    world.deliver(f"{folder}/keywords.csv", f"keyword,page_url,position,search_volume\n{words}broken\n")
    seen = [["https://notes.com/a", "yes", "31.01.2026"]]
    world.deliver(f"{folder}/rival.com_checks.csv", csv_text(["source_url", "links_to_client", "checked_on"], seen))


def test_damaged_and_odd_files_are_refused_alone(world: World) -> None:
    damaged = world.of("damaged")
    outcomes = "select split_part(path, '/', 4), outcome || ' ' || coalesce(rows_rejected, 0) from marts.export_files"
    found = dict(damaged.query(outcomes))
    assert found == {
        "damaged.zip": "refused 0",
        "odd.json": "refused 0",
        "rival.com-external-subdomains.csv": "refused 0",
        "nested.zip!book.xlsx": "accepted 0",
        "keywords.csv": "accepted 1",
        "rival.com_checks.csv": "accepted 0",
    }
    assert len(world.lines("problems", "damaged")) == 3
    assert damaged.query("select reason, row_number from marts.rejected_rows") == [("unreadable_row", 41)]
    assert damaged.query("select referring_domain, gap_status from marts.gaps") == [("notes.com", "covered")]


def test_checks_count_from_the_refresh_before_their_day_however_the_day_is_written(sandbox: Sandbox) -> None:
    path = sandbox.deliver(
        "acme/verified.csv",
        "source_url;links_to_client;checked_on\nhttps://a.com/;yes;2026-01-05\nhttps://b.com/;no;31.12.2026\nhttps://c.com/;no;\n",
    )
    counting = rows_before(path, date(2026, 3, 1))
    assert counting is not None
    assert counting.decode().splitlines()[1:] == ["https://a.com/;yes;2026-01-05", "https://c.com/;no;"]
    assert rows_before(path, None) == path.read_bytes()
