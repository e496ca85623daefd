"""What bad input gets: a message for the person who reads it, and everything else goes on."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import Sandbox
from tests.exports_made import ahrefs_backlinks, semrush_backlinks

DAY = "2026-01-10"
GOOD = ahrefs_backlinks(
    {"Referring page URL": "https://good.com/a", "Target URL": "https://rival.com/"},
    {"Referring page URL": "https://good.com/a?utm_source=x", "Target URL": "https://www.rival.com/"},
    {"Referring page URL": "https://good.com/a#b", "Target URL": "https://rival.com"},
    {"Referring page URL": "https://10.0.0.1/a", "Target URL": "https://rival.com/"},
    {"Referring page URL": "https://blog.rival.com/a", "Target URL": "https://rival.com/"},
    {"Referring page URL": "https://elsewhere.com/a", "Target URL": "https://unrelated.com/"},
    {"Referring page URL": "mailto:x@y.com", "Target URL": "https://rival.com/"},
    {"Referring page URL": "https://no_dot/", "Target URL": "https://rival.com/"},
    {"Referring page URL": "", "Target URL": "https://rival.com/"},
)


def linkgap(sandbox: Sandbox, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(Path(sys.executable).parent / "linkgap"), *arguments],
        env={**os.environ, "LINKGAP_HOME": str(sandbox.workspace.home)},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def bad_inbox(make_sandbox: Callable[[str], Sandbox]) -> tuple[Sandbox, subprocess.CompletedProcess[str]]:
    sandbox = make_sandbox("bad-input")
    sandbox.client("acme", "sites: [acme.com]\ncompetitors: [rival.com, foe.org]\n")
    sandbox.client("typo", "sites: [typo.com]\ncompetitor: [rival.com]\n")
    sandbox.deliver(f"acme/{DAY}/rival.com-backlinks-subdomains.csv", GOOD)
    sandbox.deliver(f"acme/{DAY}/copy of it.csv", GOOD)
    sandbox.deliver(f"acme/{DAY}/foe.org-backlinks-subdomains.csv", ahrefs_backlinks())
    sandbox.deliver(f"acme/{DAY}/empty.csv", b"")
    sandbox.deliver(f"acme/{DAY}/unknown.csv", "date,amount\n2026-01-01,5\n")
    sandbox.deliver(f"acme/{DAY}/cut.csv", GOOD.encode("utf-16")[:-31])
    sandbox.deliver(f"acme/{DAY}/whose.csv", semrush_backlinks())
    sandbox.deliver(f"acme/{DAY}/nobody.org/export.csv", GOOD)
    sandbox.deliver(
        f"acme/{DAY}/garbled-backlinks.csv",
        semrush_backlinks(*({"Source url": "x", "Target url": "https://rival.com/"} for _ in range(3))),
    )
    sandbox.deliver(f"acme/{DAY}/unfinished.csv.part", b"half")
    (sandbox.workspace.inbox / "acme" / "last week").mkdir()
    return sandbox, linkgap(sandbox, "refresh")


def test_the_call_says_each_problem_in_one_line_and_exits_with_1(
    bad_inbox: tuple[Sandbox, subprocess.CompletedProcess[str]],
) -> None:
    _, call = bad_inbox
    assert call.returncode == 1
    *stages, result = call.stdout.splitlines()
    assert result == f"published acme/{DAY}"
    # not on a terminal, each stage is a line with its time
    assert all(re.fullmatch(r"\d\d:\d\d:\d\d [a-z].*", line) for line in stages)
    assert [line for line in stages if "publishing" in line]
    lines = call.stderr.splitlines()
    for words in (
        ["clients/typo.yaml:1:", "competitors", "missing"],
        ["inbox/acme/last week", "is no date"],
        ["empty.csv", "is empty", "download"],
        ["unknown.csv", "no header of a known export"],
        ["cut.csv", "cut off"],
        ["whose.csv", "nothing tells which site", "folder"],
        ["nobody.org/export.csv", "'nobody.org' is no site of acme", "rival.com"],
        ["garbled-backlinks.csv", "source_url", "no web addresses"],
    ):
        assert [line for line in lines if all(word in line for word in words)], words
    for words in (
        ["warning", "no absence is proven"],
        ["warning", "foe.org-backlinks-subdomains.csv", "the list is empty"],
        ["warning", "copy of it.csv", "rows without 'source_url'"],
    ):
        assert [line for line in lines if all(word in line for word in words)], words
    assert len(lines) == 11
    assert "Traceback" not in call.stderr


def test_every_delivered_file_has_its_outcome(bad_inbox: tuple[Sandbox, subprocess.CompletedProcess[str]]) -> None:
    sandbox, _ = bad_inbox
    found = {
        path.rsplit("/", 1)[-1] if "nobody" not in path else "nobody.org": outcome
        for path, outcome in sandbox.query("select path, outcome from marts.export_files")
    }
    assert found == {
        "copy of it.csv": "accepted",
        "rival.com-backlinks-subdomains.csv": "duplicate",
        "foe.org-backlinks-subdomains.csv": "accepted",
        "empty.csv": "refused",
        "unknown.csv": "refused",
        "cut.csv": "refused",
        "whose.csv": "refused",
        "nobody.org": "refused",
        "garbled-backlinks.csv": "refused",
    }
    assert sandbox.query("select reason from marts.export_files where outcome = 'duplicate'") == [
        (f"same bytes as inbox/acme/{DAY}/copy of it.csv",)
    ]


def test_a_header_only_export_is_a_complete_list_of_nothing(
    bad_inbox: tuple[Sandbox, subprocess.CompletedProcess[str]],
) -> None:
    sandbox, _ = bad_inbox
    assert sandbox.query("select rows, is_truncated from marts.coverage where site = 'foe.org'") == [(0, False)]


def test_each_row_is_accepted_rejected_with_a_reason_or_a_duplicate(
    bad_inbox: tuple[Sandbox, subprocess.CompletedProcess[str]],
) -> None:
    sandbox, _ = bad_inbox
    assert sandbox.query(
        "select rows_read, rows_accepted, rows_rejected, rows_duplicate from marts.export_files "
        "where path like '%copy of it.csv'"
    ) == [(9, 2, 6, 1)]
    assert sandbox.query("select row_number, reason from marts.rejected_rows order by 1") == [
        (4, "ip_host"),
        (5, "panel_site"),
        (6, "wrong_site"),
        (7, "not_http"),
        (8, "invalid_host"),
        (9, "missing_url"),
    ]


def test_a_client_without_any_export_of_its_own_proves_no_absence(
    bad_inbox: tuple[Sandbox, subprocess.CompletedProcess[str]],
) -> None:
    sandbox, _ = bad_inbox
    assert sandbox.query("select referring_domain, gap_status, absence from marts.gaps") == [
        ("good.com", "open", "unproven")
    ]


def test_a_replaced_file_counts_anew_and_a_removed_one_is_withdrawn(
    bad_inbox: tuple[Sandbox, subprocess.CompletedProcess[str]],
) -> None:
    """Runs last in this module: it changes the inbox."""
    sandbox, _ = bad_inbox
    folder = sandbox.workspace.inbox / "acme" / DAY
    for path in folder.rglob("*.csv"):
        if path.name not in ("copy of it.csv", "foe.org-backlinks-subdomains.csv"):
            path.unlink()
    (sandbox.workspace.clients / "typo.yaml").unlink()
    (sandbox.workspace.inbox / "acme" / "last week").rmdir()
    (folder / "foe.org-backlinks-subdomains.csv").write_text(
        ahrefs_backlinks({"Referring page URL": "https://new.net/", "Target URL": "https://foe.org/"}), encoding="utf-8"
    )
    assert linkgap(sandbox, "refresh", "--json").returncode == 0
    outcomes = dict(sandbox.query("select path, outcome from marts.export_files"))
    assert outcomes.pop(f"inbox/acme/{DAY}/copy of it.csv") == "accepted"
    assert outcomes.pop(f"inbox/acme/{DAY}/foe.org-backlinks-subdomains.csv") == "accepted"
    assert set(outcomes.values()) == {"withdrawn"}
    assert sandbox.query("select referring_domain from marts.gaps order by 1") == [("good.com",), ("new.net",)]

    # a folder that is gone as a whole changes nothing
    before = sandbox.published_state()
    for path in folder.rglob("*"):
        if path.is_file():
            path.unlink()
    (folder / "nobody.org").rmdir()
    folder.rmdir()
    call = linkgap(sandbox, "refresh", "--json")
    assert json.loads(call.stdout) == {"run_id": None, "published": [], "problems": [], "warnings": []}
    assert sandbox.published_state() == before


def test_without_a_workspace_nothing_starts(sandbox: Sandbox) -> None:
    sandbox.workspace.clients.rmdir()
    call = linkgap(sandbox, "refresh")
    assert call.returncode == 2
    assert "linkgap init" in call.stderr


def test_an_unknown_client_is_named(sandbox: Sandbox) -> None:
    call = linkgap(sandbox, "refresh", "nobody")
    assert call.returncode == 2
    assert "no client file clients/nobody.yaml" in call.stderr


def test_inspect_tells_what_a_file_is_and_what_it_would_need(sandbox: Sandbox) -> None:
    good = sandbox.deliver("x/rival.com-backlinks-subdomains_2026-01-10_10-00-00.csv", GOOD.encode("utf-16"))
    bad = sandbox.deliver("x/bad.csv", "Source url,Anchor,Nofollow\nhttps://a.com/,x,true\n")
    call = linkgap(sandbox, "inspect", "--json", str(good), str(bad))
    found = json.loads(call.stdout)
    assert call.returncode == 1
    assert [found[0][key] for key in ("provider", "export_kind", "vintage", "encoding", "site", "rows")] == [
        "ahrefs",
        "backlinks",
        "2026",
        "utf-16-le",
        "rival.com",
        9,
    ]
    assert "also needs 'Target url'" in found[1]["problems"][0]
