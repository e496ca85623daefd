"""How a link was earned and where it stands: made-up pages in eight languages, and what the seeds promise."""

import csv
import io
from collections import Counter
from pathlib import Path

import duckdb
import pytest

from tests.conftest import SEEDS, Sandbox, csv_rows

PAGES = Path(__file__).parent / "labels" / "pages.csv"
LANGUAGES = ("en", "de", "fr", "es", "it", "pt", "nl", "pl")


@pytest.mark.parametrize("seed", ["segment_rules.csv", "placement_rules.csv"])
def test_every_rule_hits_its_example_as_the_models_write_it(seed: str) -> None:
    rules = csv_rows(SEEDS / seed)
    for rule in rules:
        assert rule["example"], rule["rule_id"]
        found = duckdb.execute(
            "select regexp_matches(lower(strip_accents($text)), $pattern)",
            {"text": rule["example"], "pattern": rule["pattern"]},
        ).fetchone()
        assert found == (True,), f"{seed} rule {rule['rule_id']} does not hit {rule['example']!r}"
    assert len({rule["rule_id"] for rule in rules}) == len(rules)


def test_a_field_has_no_more_rules_than_an_integer_has_bits() -> None:
    rules = Counter(rule["field"] for rule in csv_rows(SEEDS / "segment_rules.csv"))
    assert max(rules.values()) <= 62, rules


def deliver_pages(sandbox: Sandbox) -> None:
    """Each made-up page under a host of its own that says nothing."""
    sandbox.client("pages", "sites: [acme.com]\ncompetitors: [rival.com]\n")
    content = io.StringIO()
    writer = csv.writer(content)
    writer.writerow(["source_url", "target_url", "title", "anchor", "left_context", "right_context", "first_seen"])
    for number, page in enumerate(csv_rows(PAGES)):
        writer.writerow(
            [
                f"https://host-{number}.com{page['path']}",
                f"https://rival.com{page['target_path']}",
                *(page[name] for name in ("title", "anchor", "left_context", "right_context")),
                "2026-01-02",
            ]
        )
    sandbox.deliver("pages/2026-02-01/rival.com/links.csv", content.getvalue())


@pytest.fixture
def pages(garbage_rules: Sandbox) -> Sandbox:
    return Sandbox(garbage_rules.workspace, "pages")


def test_pages_get_the_segment_a_reader_would_give(pages: Sandbox) -> None:
    found = {
        int(host): (segment, evidence)
        for host, segment, evidence in pages.query(
            "select regexp_extract(referring_host, '[0-9]+'), segment, segment_evidence from marts.links"
        )
    }
    labelled = csv_rows(PAGES)
    assert len(found) == len(labelled)
    pages_by, right_by = Counter[str](), Counter[str]()
    wrong = []
    for number, page in enumerate(labelled):
        segment, evidence = found[number]
        for name in (page["language"], page["segment"]):
            pages_by[name] += 1
            right_by[name] += segment == page["segment"]
        if segment != page["segment"]:
            wrong.append(f"{page['language']} {page['title']}: {segment}, not {page['segment']} ({evidence})")
    assert len(wrong) <= 0.04 * len(labelled), "\n".join(wrong)
    shares = {name: right_by[name] / pages for name, pages in pages_by.items()}
    assert min(shares.values()) >= 0.85, shares


def test_every_language_has_pages_of_every_segment() -> None:
    labelled = {(page["language"], page["segment"]) for page in csv_rows(PAGES)}
    segments = {segment for _, segment in labelled} - {"other"}
    assert len(segments) == 13
    assert {(language, segment) for language in LANGUAGES for segment in segments} <= labelled


def test_each_decision_says_why_and_how_sure(pages: Sandbox) -> None:
    ((undecided, decided),) = pages.query(
        """
        select
            count(*) filter (
                segment = 'other' and segment_rule is null and segment_evidence is null and segment_confidence = 0
            ),
            count(*) filter (
                segment != 'other' and segment_rule like 'segment_rules:%' and segment_evidence like '%(%)%'
                and segment_confidence > 0 and segment_confidence <= 1
            )
        from marts.links
        """
    )
    assert undecided + decided == len(csv_rows(PAGES))
    assert undecided >= 3
    # agreement of fields makes surer: headline and URL both say it
    ((both,), (one,)) = pages.query(
        """
        select segment_confidence from marts.links
        where title in ('Unsere Partner - Nordheim-Marathon', 'I nostri clienti - Tipografia Valchiara')
            or title = 'Sponsored: A Shoe That Thinks'
        order by segment_confidence desc
        limit 2
        """
    )
    assert both >= one > 0.7
