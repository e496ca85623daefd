"""The gates in whole refreshes: what they find reaches the caller, the UI's metadata and the page, and stops nobody."""

from __future__ import annotations

import json

import dagster as dg

from pipelines.refresh import prepare_environment
from tests.exports_made import ahrefs_backlinks
from tests.world import Deliveries, World

DAYS = ["2026-01-10", "2026-03-25", "2026-06-10"]
JUMP = 3
"""The step of the last one."""


def links_of(day: str, spam: int) -> str:
    """120 links to the competitor, some of which the provider calls spam; seen on the day of the refresh."""
    return ahrefs_backlinks(
        *(
            {
                "Referring page URL": f"https://site-{number}.com/shoes-{number}",
                "Target URL": "https://rival.com/",
                "Is spam": "true" if number < spam else "false",
                "Nofollow": "true" if number % 3 == 0 else "false",
                "First seen": "2025-12-01 04:00:00",
                "Last seen": f"{day} 04:00:00",
            }
            for number in range(120)
        )
    )


def deliver_stories(world: Deliveries) -> None:
    """Two usual refreshes, then one in which a third of the rows is spam."""
    world.client("gates", "sites: [acme.com]\ncompetitors: [rival.com]\n")
    for day in DAYS[:2]:
        world.deliver(f"gates/{day}/rival.com-backlinks.csv", links_of(day, spam=4), step=0)
    world.deliver(f"gates/{DAYS[2]}/rival.com-backlinks.csv", links_of(DAYS[2], spam=40), step=JUMP)


def test_a_jump_of_one_reason_is_told_against_what_is_published_and_stops_nothing(world: World) -> None:
    """Else a changed export or rule would empty the gaps, and the first to notice would be the client."""
    assert world.lines("problems", "gates") == []
    (line,) = [line for line in world.lines("warnings", "gates") if "usually" in line]
    assert line.startswith(f"gates {DAYS[2]} provider_spam: it sets aside far more or fewer rows than usual")
    assert "33.3 % of the rows read, usually 3.3 %" in line
    assert f"gates/{DAYS[2]}" in world.outcomes[JUMP].published


def test_every_suite_is_an_asset_check_with_counts_and_findings(world: World) -> None:
    """Else the UI would show green or red and not why."""
    prepare_environment(world.sandbox.workspace)
    with dg.DagsterInstance.get() as instance:
        evaluations = {
            (record.event_log_entry.dagster_event.asset_check_evaluation_data.check_name, key): evaluation
            for record in instance.get_records_for_run(str(world.outcomes[JUMP].run_id), limit=2000).records
            if record.event_log_entry.dagster_event
            and record.event_log_entry.dagster_event.event_type_value == "ASSET_CHECK_EVALUATION"
            for evaluation in [record.event_log_entry.dagster_event.asset_check_evaluation_data]
            for key in [evaluation.asset_key.to_user_string()]
        }
    for name, asset, passed in (
        ("sound_exports", "landed/ahrefs", False),
        ("plausible_links", "marts/links", False),
        ("publishable", "published/linkgap", True),
        ("plausible", "published/linkgap", False),
        ("usual_rejections", "published/linkgap", False),
    ):
        evaluation = evaluations[name, asset]
        assert evaluation.passed is passed, name
        assert evaluation.metadata["rows"].value
        assert evaluation.metadata["failed"].value == len(evaluation.metadata["findings"].value)


def test_the_page_of_checks_shows_what_the_last_run_asked(world: World) -> None:
    """Else the findings would be gone with the terminal."""
    workspace = world.sandbox.workspace
    kept = json.loads(workspace.client_checks("gates").read_text(encoding="utf-8"))
    assert [entry["suite"] for entry in kept["suites"]] == [
        "exports: ahrefs backlinks",
        "accepted links",
        "published tables",
        "rows set aside, by reason",
    ]
    assert {row["refreshed_on"] for entry in kept["suites"] for row in entry["rows"]} == {DAYS[2]}
    page = (workspace.reports / "checks.html").read_text(encoding="utf-8")
    assert "provider_spam" in page
    assert 'href="checks.html' in (workspace.reports / "gates.html").read_text(encoding="utf-8")
    assert 'href="checks.html"' in (workspace.reports / "index.html").read_text(encoding="utf-8")
