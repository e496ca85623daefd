"""Sites as people and file names write them."""

from __future__ import annotations

import pytest

from pipelines.sites import find_site, parse_site, to_punycode

PANEL = ["example.com", "blog.example.com", "bar.co.uk/shoes/", "bücher.de"]


@pytest.mark.parametrize(
    ("written", "site"),
    [
        ("example.com", "example.com"),
        ("www.example.com", "example.com"),
        ("https://Example.com/", "example.com"),
        ("https___www.example.com_", "example.com"),
        ("blog.example.com", "blog.example.com"),
        ("bar.co.uk/shoes", "bar.co.uk/shoes/"),
        ("bar.co.uk_shoes", "bar.co.uk/shoes/"),
        ("xn--bcher-kva.de", "bücher.de"),
        ("BÜCHER.de", "bücher.de"),
        ("bar.co.uk", None),
        ("other.com", None),
        ("not a site", None),
    ],
)
def test_a_spelling_finds_the_site_it_means(written: str, site: str | None) -> None:
    assert find_site(written, PANEL) == site


@pytest.mark.parametrize("written", ["", "com", "exa mple.com", "https://example.com", "-.com/", "a..b"])
def test_what_is_no_site_is_refused(written: str) -> None:
    with pytest.raises(ValueError):
        parse_site(written)


@pytest.mark.parametrize(
    ("host", "punycode"),
    [
        ("Bücher.DE.", "xn--bcher-kva.de"),
        ("пример.рф", "xn--e1afmkfd.xn--p1ai"),
        ("plain.com", "plain.com"),
        ("my_ü.blogspot.com", "xn--my_-joa.blogspot.com"),
        ("☕.example", "xn--53h.example"),
    ],
)
def test_hosts_become_punycode_even_where_no_registry_would_take_them(host: str, punycode: str) -> None:
    assert to_punycode(host) == punycode
