"""The URL macros of dbt, as tables `input | expected`, and the Public Suffix List against a library's reading of it."""

from __future__ import annotations

from random import Random

import duckdb
import jinja2
import pandas as pd
import pytest
from publicsuffixlist import PublicSuffixList

from pipelines.ledger import _public_suffixes
from warehouse.layout import CHECKOUT

DBT = CHECKOUT / "dbt_project"


def macros(*names: str) -> jinja2.nodes.Template:
    """The macros of dbt's files, without dbt: these need nothing of it."""
    source = "".join((DBT / "macros" / name).read_text(encoding="utf-8") for name in names)
    return jinja2.Environment(extensions=["jinja2.ext.do"]).from_string(source).module


URLS = macros("urls.sql")


def normalise(url: str) -> tuple[str | None, str | None]:
    """Host, and port with path and query, of a URL."""
    sql = f"""
        with given as (select {URLS.url_after_scheme(URLS.url_without_fragment("$url"))} as rest),
        split as (select rest, {URLS.url_authority("rest")} as authority from given)
        select {URLS.url_host("authority")}, {URLS.url_port("authority")} || {URLS.url_tail("rest", "authority")}
        from split
    """
    with duckdb.connect() as connection:
        row = connection.execute(sql, {"url": url}).fetchone()
    assert row is not None
    return row[0], row[1]


@pytest.mark.parametrize(
    ("url", "host", "tail"),
    [
        ("https://example.com", "example.com", "/"),
        ("http://EXAMPLE.com/", "example.com", "/"),
        ("HTTPS://example.com/A", "example.com", "/A"),
        ("//example.com/a", "example.com", "/a"),
        ("www.example.com/a", "www.example.com", "/a"),
        ("https://user:pass@example.com:443/a", "example.com", "/a"),
        ("http://example.com:80", "example.com", "/"),
        ("http://example.com:8080/a", "example.com", ":8080/a"),
        ("http://example.com.:8080/a", "example.com", ":8080/a"),
        ("https://example.com./a#top", "example.com", "/a"),
        ("https://example.com/a#:~:text=x", "example.com", "/a"),
        ("https://example.com/a/?", "example.com", "/a/"),
        ("https://example.com?b=1", "example.com", "/?b=1"),
        ("https://example.com/a?utm_source=x", "example.com", "/a"),
        ("https://example.com/a?UTM_Source=x&b=1&gclid=2", "example.com", "/a?b=1"),
        ("https://example.com/a?b=2&a=1", "example.com", "/a?b=2&a=1"),
        ("https://example.com/a?fbclid=1&_ga=2&igshid=3&mc_cid=4&mc_eid=5&msclkid=6", "example.com", "/a"),
        ("https://example.com/a?my_utm_source=x", "example.com", "/a?my_utm_source=x"),
        ("https://example.com/a?utm=x", "example.com", "/a?utm=x"),
        ("https://example.com/A%20b/", "example.com", "/A%20b/"),
        ("https://example.com/0,3604,1,00.html", "example.com", "/0,3604,1,00.html"),
        ("https://example.com/a?u=http://other.com/", "example.com", "/a?u=http://other.com/"),
        ("example.com/a?u=http://other.com/", "example.com", "/a?u=http://other.com/"),
        ("  https://example.com/a \t", "example.com", "/a"),
        ("https://www_site_com.p.host.design/", "www_site_com.p.host.design", "/"),
        ("http://10.0.0.1:80/a", "10.0.0.1", "/a"),
        ("http://[2001:db8::1]:80/a", "[2001:db8::1]", "/a"),
        ("mailto:someone@example.com", None, None),
        ("javascript:void(0)", None, None),
        ("ftp://example.com/a", None, None),
        ("android-app://com.example/", None, None),
    ],
)
def test_url_identity(url: str, host: str | None, tail: str | None) -> None:
    assert normalise(url) == (host, tail)


@pytest.mark.parametrize(
    ("host", "path", "site_host", "site_path", "is_inside"),
    [
        ("example.com", "/", "example.com", "", True),
        ("www.example.com", "/a", "example.com", "", True),
        ("notexample.com", "/", "example.com", "", False),
        ("example.com", "/shop/a", "example.com", "/shop/", True),
        ("example.com", "/shop", "example.com", "/shop/", True),
        ("example.com", "/shopping", "example.com", "/shop/", False),
        ("www.example.com", "/shop/a", "example.com", "/shop/", False),
    ],
)
def test_inside_a_site(host: str, path: str, site_host: str, site_path: str, is_inside: bool) -> None:
    sql = "select " + str(URLS.is_inside_site("$host", "$path", "$site_host", "$site_path"))
    with duckdb.connect() as connection:
        row = connection.execute(
            sql, {"host": host, "path": path, "site_host": site_host, "site_path": site_path}
        ).fetchone()
    assert row == (is_inside,)


def registrable_domains(hosts: list[str]) -> dict[str, tuple[str, str]]:
    """Host → (referring_domain, parent_domain) by the SQL of `int_hosts`, without the hosting platforms."""
    sql = (DBT / "models" / "links" / "int_hosts.sql").read_text(encoding="utf-8")
    relations = {
        "int_link_rows": "link_rows_given",
        "int_domain_rows": "domain_rows_given",
        "int_mention_rows": "mention_rows_given",
        "int_outreach_rows": "outreach_rows_given",
        "platform_suffixes": "none_given",
    }
    rendered = (
        jinja2.Environment()
        .from_string(sql)
        .render(ref=relations.__getitem__, source=lambda _schema, name: name, config=lambda **_: "")
    )
    with duckdb.connect() as connection:
        connection.register("suffixes", pd.DataFrame(_public_suffixes()))
        connection.execute("create table public_suffixes as select suffix, suffix_kind, is_private from suffixes")
        connection.execute("create table link_rows_given (source_host varchar)")
        connection.executemany("insert into link_rows_given values (?)", [[host] for host in hosts])
        connection.execute("create table domain_rows_given (host varchar)")
        connection.execute("create table mention_rows_given (source_host varchar)")
        connection.execute("create table outreach_rows_given (host varchar)")
        connection.execute("create table none_given (suffix varchar)")
        rows = connection.execute(f"select host, referring_domain, parent_domain from ({rendered})").fetchall()
    return {host: (domain, parent) for host, domain, parent in rows}


# A wildcard rule speaks of names one label longer (publicsuffix.org, "algorithm"); the library takes what stands behind
# the star for a suffix, too.
_NAMES_OF_WILDCARDS = {str(rule["suffix"]) for rule in _public_suffixes() if rule["suffix_kind"] == "wildcard"} - {
    str(rule["suffix"]) for rule in _public_suffixes() if rule["suffix_kind"] == "normal"
}
_SUFFIXES = [str(rule["suffix"]) for rule in _public_suffixes()]


def test_registrable_domains_agree_with_the_library() -> None:
    chance = Random(7)
    labels = ["".join(["a", *chance.choices("abcxyz0-", k=chance.randint(0, 3)), "z"]) for _ in range(50)]
    hosts = {".".join([*chance.choices(labels, k=chance.randint(0, 3)), chance.choice(_SUFFIXES)]) for _ in range(1000)}
    with_private = PublicSuffixList(accept_unknown=True)
    public_only = PublicSuffixList(accept_unknown=True, only_icann=True)
    for host, (domain, parent) in registrable_domains(sorted(hosts - _NAMES_OF_WILDCARDS)).items():
        assert domain == (with_private.privatesuffix(host) or host), host
        assert parent == (public_only.privatesuffix(host) or host), host
