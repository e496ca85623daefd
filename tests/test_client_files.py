"""Client files: what is accepted, and errors a person can act on."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pipelines.clients import ClientFileError, client_json_schema, read_client_file, read_client_files
from pipelines.new_workspace import create_workspace
from warehouse.layout import CHECKOUT, Workspace


def write(folder: Path, text: str, name: str = "acme.yaml") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


MINIMAL = "client_id: acme\nsites: [acme.com]\ncompetitors: [rival.com]\n"


def test_three_keys_are_enough(tmp_path: Path) -> None:
    settings = read_client_file(write(tmp_path, MINIMAL))
    assert (settings.refresh.every_days, settings.gap.min_competitors, settings.markets.languages) == (75, 1, [])


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("client_id: acme\nsites: [acme.com]\ncompetitor: [rival.com]\n", 1, ["competitors", "missing"]),
        (MINIMAL + "nich: {}\n", 4, ["nich", "not a known key"]),
        (MINIMAL + "gap: {min_competitors: 2}\n", 1, ["min_competitors is 2", "1 competitors"]),
        ("client_id: acme\nsites: [acme.com]\ncompetitors: []\n", 3, ["competitors", "empty"]),
        ("client_id: acme\nsites: [acme.com]\ncompetitors: [rival.com, Rival.com]\n", 1, ["Rival.com", "twice"]),
        ("client_id: acme\nsites: [acme.com]\ncompetitors: ['https://rival.com/']\n", 3, ["URL", "rival.com"]),
        ("client_id: acme\nsites: [acme.com]\ncompetitors: [rival com]\n", 3, ["no site"]),
        (MINIMAL + "refresh: {every_days: 75, earliest_days: 80}\n", 4, ["earliest_days ≤ every_days"]),
        (MINIMAL + "refresh: {every_days: soon}\n", 4, ["refresh.every_days", "'soon'"]),
        ("client_id: Acme!\nsites: [acme.com]\ncompetitors: [rival.com]\n", 1, ["client_id", "Acme!"]),
        ("client_id: acme\nsites: [acme.com\ncompetitors: [rival.com]\n", 3, ["not valid YAML"]),
        (MINIMAL + "name: 2026-02-30\n", 1, ["not valid YAML", "day"]),
        (MINIMAL + "quality: {blocked_domains: ['https://spam.com/']}\n", 4, ["URL", "spam.com"]),
        ("", 1, ["empty"]),
        (MINIMAL.replace("acme\n", "other\n"), 1, ["other.yaml"]),
    ],
)
def test_an_error_names_file_line_key_and_what_was_expected(
    tmp_path: Path, text: str, line: int, words: list[str]
) -> None:
    path = write(tmp_path, text)
    with pytest.raises(ClientFileError) as caught:
        read_client_file(path)
    assert str(caught.value).startswith(f"{path}:{line}: ")
    for word in words:
        assert word in str(caught.value)


def test_one_bad_file_does_not_hide_the_others(tmp_path: Path) -> None:
    write(tmp_path, MINIMAL)
    write(tmp_path, "client_id: bad\n", "bad.yaml")
    clients, errors = read_client_files(tmp_path)
    assert list(clients) == ["acme"]
    assert [error.path.name for error in errors] == ["bad.yaml"]


def test_the_file_that_init_writes_is_valid_and_its_schema_is_the_published_one(tmp_path: Path) -> None:
    create_workspace(Workspace(tmp_path))
    assert read_client_file(tmp_path / "clients" / "example.yaml").client_id == "example"
    published = json.loads((CHECKOUT / "docs" / "client.schema.json").read_text(encoding="utf-8"))
    assert published == client_json_schema() == json.loads((tmp_path / "clients" / "client.schema.json").read_text())


def test_init_leaves_what_is_there_alone(tmp_path: Path) -> None:
    create_workspace(Workspace(tmp_path))
    mine = tmp_path / "clients" / "mine.yaml"
    mine.write_text("client_id: mine\n", encoding="utf-8")
    (tmp_path / "clients" / "example.yaml").unlink()
    assert create_workspace(Workspace(tmp_path)) == []
    assert mine.read_text(encoding="utf-8") == "client_id: mine\n"
