"""Relevance to a niche: by its words and by meaning, embedded once for ever.

The models' own SQL runs on made-up links; pages are titles on hosts of their own. What `docs/relevance.md` says of
languages is said here in pairs: the first page is the more relevant one.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pyarrow as pa
import pytest

from pipelines import meaning
from pipelines.meaning import DIMENSIONS, LENGTH, add_functions, meaning_model, meanings_of
from tests.compiled_models import compile_models
from tests.conftest import Sandbox
from warehouse.history import forget_histories
from warehouse.layout import CHECKOUT, Workspace

MODELS = ["int_niche_texts", "int_link_texts", "int_text_words", "int_text_meanings", "int_text_relevance"]
KEYWORD_MODELS = [
    "stg_ahrefs__organic_keywords",
    "stg_generic__keywords",
    "stg_gsc__queries",
    "stg_moz__ranking_keywords",
    "stg_semrush__organic_positions",
]
KEYWORD_COLUMNS = (
    "file_id varchar, target_header varchar, keyword varchar, traffic double, impressions double, "
    "search_volume double, unreadable varchar"
)
DAY = date(2026, 1, 10)
LATER = date(2026, 3, 27)

RUNNING = (
    "Running shoes and training advice for everyday runners",
    ["running shoes", "trail running", "marathon training"],
)
BEES = ("Beekeeping supplies and honey for hobby beekeepers", ["beekeeping", "bee hives", "honey extractor"])
BOOKS = ("Accounting software for small businesses", ["accounting software", "invoicing", "bookkeeping"])
SOLAR = ("Solar panels and battery storage for homes", ["solar panels", "photovoltaic", "battery storage"])
COFFEE = ("Specialty coffee beans and espresso machines", ["espresso machine", "coffee beans", "coffee grinder"])


@dataclass
class Texts:
    """The links of one client, and the tables that the models of relevance read and write."""

    connection: duckdb.DuckDBPyConnection
    sql: dict[str, str]
    client_id: str = "acme"
    asked: list[str] = field(default_factory=list)

    def judge(
        self,
        niche: tuple[str, list[str]],
        pages: list[str],
        day: date = DAY,
        brand_terms: list[str] | None = None,
        keywords: list[str] | None = None,
        page_titles: list[str] | None = None,
        **texts: list[str | None],
    ) -> dict[str, tuple[float, str]]:
        """Title → relevance and evidence; without a niche nothing."""
        description, terms = niche
        key = {"client_id": self.client_id, "refreshed_on": day}
        self._fill(
            "ledger.refreshes",
            [
                key
                | {
                    "is_in_run": True,
                    "niche_terms": [term.casefold() for term in terms],
                    "niche_description": description,
                    "brand_terms": brand_terms or [],
                }
            ],
            refreshed_on="date",
            niche_terms="varchar[]",
            brand_terms="varchar[]",
        )
        self._fill("ledger.panel_sites", [key | {"site": "acme.com", "is_own_site": True}], refreshed_on="date")
        export = {"file_id": "f", "target_header": None, "site": "acme.com", "export_kind": "keywords"}
        self._fill(
            "links.int_exports_in_effect",
            [key | export | {"evidence_role": "current"}],
            refreshed_on="date",
            target_header="varchar",
        )
        for model in KEYWORD_MODELS:
            rows = [
                {"file_id": "f", "target_header": None, "keyword": keyword, "traffic": 100.0 - number}
                | {"impressions": None, "search_volume": None, "unreadable": None}
                for number, keyword in enumerate(keywords or [])
                if model == KEYWORD_MODELS[0]
            ]
            types = dict(column.split() for column in KEYWORD_COLUMNS.split(", "))
            self._fill(f"staging.{model}", rows or [dict.fromkeys(types)], **types)
        own_page = {"site": "acme.com", "http_status": 200, "referring_domains": 1}
        self._fill(
            "links.int_linked_page_rows",
            [key | own_page | {"title": title} for title in page_titles or [None]],
            refreshed_on="date",
            title="varchar",
        )
        links = [
            {name: texts[name][number] if name in texts else None for name in _TEXTS}
            | {**key, "file_number": 1, "row_number": number + 1, "title": title}
            | {
                "source_url": texts["source_url"][number]
                if "source_url" in texts
                else f"https://site-{number}.com/2026/"
            }
            for number, title in enumerate(pages)
        ]
        self._fill("segments.int_links_quoted", links, refreshed_on="date", **dict.fromkeys(_TEXTS, "varchar"))
        for model, sql in self.sql.items():
            if model == "int_text_meanings":
                self.connection.execute(f"insert into history.{model} {sql}")
            else:
                self.connection.execute(f"create or replace table segments.{model} as {sql}")
        found = self.connection.execute(
            "select row_number, relevance, relevance_evidence from segments.int_link_texts "
            "inner join segments.int_text_relevance using (client_id, refreshed_on, text_key)"
        ).fetchall()
        return {pages[number - 1] or str(number): (relevance, evidence) for number, relevance, evidence in found}

    def _fill(self, table: str, rows: list[dict[str, Any]], **types: str) -> None:
        frame = pd.DataFrame(rows).astype(object)
        self.connection.register("rows_of_table", frame.where(frame.notna(), None))
        columns = ", ".join(
            f'cast("{name}" as {types[name]}) as "{name}"' if name in types else f'"{name}"' for name in frame
        )
        self.connection.execute(f"create or replace table {table} as select {columns} from rows_of_table")
        self.connection.unregister("rows_of_table")


_TEXTS = ["title", "anchor", "left_context", "right_context"]


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The models' SQL where somebody delivered a list of keywords."""
    workspace = Workspace(tmp_path_factory.mktemp("compiled"))
    workspace.working_database.parent.mkdir(parents=True)
    with duckdb.connect(str(workspace.working_database)) as connection:
        connection.execute("create schema ledger; create schema staging")
        connection.execute(
            "create table ledger.export_files as "
            "select 'ahrefs_organic_keywords' as export_format, 'accepted' as outcome"
        )
        for model in KEYWORD_MODELS:
            connection.execute(f"create table staging.{model} ({KEYWORD_COLUMNS})")
    return compile_models(workspace, *MODELS)


@pytest.fixture
def texts(compiled: dict[str, str], tmp_path: Path) -> Iterator[Texts]:
    with duckdb.connect(str(tmp_path / "linkgap_working.duckdb")) as connection:
        for schema in ("ledger", "links", "staging", "seeds", "segments", "history"):
            connection.execute(f"create schema {schema}")
        add_functions(connection)
        connection.execute(
            "create table seeds.function_words as select * from read_csv($path, all_varchar = true, header = true)",
            {"path": str(CHECKOUT / "dbt_project" / "seeds" / "function_words.csv")},
        )
        connection.execute(
            "create table history.int_text_meanings "
            f"(client_id varchar, text_key uhugeint, model varchar, meaning tinyint[{DIMENSIONS}])"
        )
        yield Texts(connection, {model: compiled[model] for model in MODELS})


@pytest.mark.parametrize(
    ("niche", "page", "other"),
    [
        # in the language of the niche, against one that repeats a word of it
        (
            RUNNING,
            "How to choose your first pair of road shoes for a marathon",
            "Shoes shoes shoes: bags and wedding shoes",
        ),
        (RUNNING, "Ten jogging tips for beginners", "Running running running: cheap casino bonus running now"),
        (BEES, "How to start keeping bees in your garden", "Spelling bee winners: bee contest, bee kids"),
        (BOOKS, "Best invoice apps for a small company", "Software software: download free games software"),
        (SOLAR, "Is a home battery worth it with PV panels?", "Panels panels: comic panels and discussion panels"),
        (COFFEE, "Espresso gear: which machine and grinder to buy", "Coffee table, coffee table: furniture sale"),
        # a French page about the niche, against an English one that repeats a word of it
        (
            RUNNING,
            "Les meilleures baskets de running pour débuter",
            "Running running running: cheap casino bonus running now",
        ),
        (RUNNING, "Entraînement pour votre premier marathon", "Shoes shoes shoes: bags and wedding shoes"),
        (
            SOLAR,
            "Installation photovoltaïque et batterie de stockage",
            "Panels panels: comic panels and discussion panels",
        ),
        (COFFEE, "Machine à expresso : le guide d'achat", "Coffee table, coffee table: furniture sale"),
        (BOOKS, "Logiciel de comptabilité pour petites entreprises", "Small talk, small hotels, small prices"),
        # pages in other languages that share words with the niche, by sound or put together
        (RUNNING, "Trainingsplan für den ersten Halbmarathon", "Scheidungsanwalt in Berlin"),
        (RUNNING, "Plan de entrenamiento para tu primera maratón", "Receta de tarta de manzana"),
        (RUNNING, "Allenamento per la maratona", "Ricetta della torta di mele"),
        (RUNNING, "Plan treningowy do pierwszego maratonu", "Przepis na szarlotkę"),
        (SOLAR, "Instalação fotovoltaica com bateria", "Dez hotéis baratos em Lisboa"),
        (COFFEE, "Espressomachine kopen", "Tien goedkope hotels in Lissabon"),
        # a niche in the language of its pages
        (("Laufschuhe und Trainingstipps", ["Laufschuhe"]), "Laufschuh im Test für Anfänger", "Kaffeemühle im Test"),
        (
            ("Buty do biegania i porady treningowe", ["buty do biegania"]),
            "Jak wybrać buty do biegania",
            "Adwokat w Warszawie",
        ),
        (
            ("Apicoltura e miele", ["apicoltura", "arnie"]),
            "Come raccogliere il miele delle api",
            "Note legali e privacy",
        ),
        (
            ("Panneaux solaires", ["panneaux solaires"]),
            "L'énergie solaire à la maison",
            "Recette de la tarte aux pommes",
        ),
        (("ランニングシューズ", ["マラソン"]), "初心者のためのマラソン練習メニュー", "東京の安いホテル十選"),
        (("跑步装备", ["马拉松训练"]), "马拉松训练计划", "里斯本十大便宜酒店"),
    ],
)
def test_a_page_about_the_niche_is_more_relevant(texts: Texts, niche: Any, page: str, other: str) -> None:
    """A failure means that links of the wrong pages come first."""
    judged = texts.judge(niche, [page, other])
    assert judged[page][0] > judged[other][0], judged


def test_a_term_that_is_repeated_counts_once(texts: Texts) -> None:
    judged = texts.judge(RUNNING, ["Running shoes", "Running shoes, running shoes, RUNNING SHOES"])
    assert len(set(judged.values())) == 1
    assert judged["Running shoes"][0] > 0.7


def test_rare_words_of_the_niche_weigh_more_than_frequent_ones(texts: Texts) -> None:
    niche = ("", ["marathon software"])
    judged = texts.judge(
        niche, ["Zzyzx marathon", "Zzyzx software", *(f"Qwxz{number} software" for number in range(200))]
    )
    lexical = {title: float(evidence.split("words ")[1][:4]) for title, (_, evidence) in judged.items()}
    assert lexical["Zzyzx marathon"] > lexical["Zzyzx software"] > 0


def test_the_evidence_tells_words_and_meaning(texts: Texts) -> None:
    judged = texts.judge(RUNNING, ["Schuhe für Marathonläufer", "Apple pie recipe", "2026"])
    assert judged["Schuhe für Marathonläufer"][1].startswith("marathonläufer (marathon); words 0.0")
    assert judged["Apple pie recipe"][1] == "no word of the niche; words 0.00, meaning 0.00"
    assert judged["2026"] == (0.0, "no word of the niche; words 0.00, meaning unknown")


def test_anchor_and_context_count_and_the_path_where_there_is_no_title(texts: Texts) -> None:
    judged = texts.judge(
        RUNNING,
        ["A page", "Another page", "", "The last page"],
        anchor=["running shoes", None, None, "https://rival.com/running-shoes/"],
        left_context=[None, "our marathon training plan:", None, None],
        source_url=[
            "https://a.com/",
            "https://b.com/",
            "https://c.com/trail-running/tips",
            "https://running-shoes.com/",
        ],
    )
    assert judged["A page"][1].startswith("running, shoes;") or judged["A page"][1].startswith("shoes, running;")
    assert judged["Another page"][1].startswith(("marathon, training;", "training, marathon;"))
    assert "trail" in judged["3"][1]
    # an address as anchor tells where the link leads, a host is a name
    assert judged["The last page"][1].startswith("no word of the niche;")


def test_what_the_client_is_called_is_no_topic(texts: Texts) -> None:
    pages = ["Acme Running wins an award", "Acme Running shoes"]
    named = texts.judge(("Acme Running sells shoes", ["running shoes"]), pages, brand_terms=["Acme Running"])
    assert named[pages[0]][1].startswith("no word of the niche;")
    assert named[pages[1]][1].startswith("shoes;")
    unnamed = texts.judge(("Acme Running sells shoes", ["running shoes"]), pages, day=LATER)
    assert unnamed[pages[0]][0] > named[pages[0]][0]


def test_without_a_niche_there_is_no_relevance_and_a_description_alone_is_one(texts: Texts) -> None:
    assert texts.judge(("", []), ["Running shoes"], keywords=["running shoes"]) == {}
    judged = texts.judge((RUNNING[0], []), ["Running shoes for runners", "Apple pie recipe"], day=LATER)
    assert judged["Running shoes for runners"][0] > 0.5
    assert judged["Apple pie recipe"][0] == 0


def test_own_keywords_tell_the_niche_in_other_languages(texts: Texts) -> None:
    page = "Comment bien choisir ses chaussures de course"
    without = texts.judge(RUNNING, [page])[page][0]
    told = texts.judge(RUNNING, [page], day=LATER, keywords=["chaussures de course", "acme"])[page]
    assert told[0] > 0.5 > without
    assert "chaussures" in told[1]


def test_titles_of_own_pages_tell_the_niche_and_short_ones_nothing(texts: Texts) -> None:
    page, imprint = "Comment bien choisir ses chaussures de course", "Mentions légales du club de pétanque"
    titles = ["Choisir ses chaussures de course | Acme", "Mentions légales", "Acme"]
    without = texts.judge(RUNNING, [page, imprint])
    told = texts.judge(RUNNING, [page, imprint], day=LATER, brand_terms=["Acme"], page_titles=titles)
    assert told[page][0] > 0.5 > without[page][0]
    assert "chaussures" in told[page][1]
    assert told[imprint] == without[imprint]


def test_words_of_titles_count_as_a_whole(texts: Texts) -> None:
    """A failure means that every page with `best` and `free` in its title is about the niche."""
    judged = texts.judge(RUNNING, ["The best free recipe guide"], page_titles=["The best free guide to running shoes"])
    assert judged["The best free recipe guide"][0] < 0.3


def test_a_text_is_embedded_once_for_ever(texts: Texts, monkeypatch: pytest.MonkeyPatch) -> None:
    """A failure means that every refresh pays for all texts again."""
    asked: list[list[str]] = []

    def counting(texts: pa.Array) -> pa.Array:
        # the niche is asked in every run: it is a handful of texts
        asked.extend(words for words in texts.to_pylist() if "everyday" not in words)
        return meanings_of(texts)

    for name in ("meaning_of", "meaning_model"):
        texts.connection.remove_function(name)
    monkeypatch.setattr(meaning, "meanings_of", counting)
    add_functions(texts.connection)
    first = texts.judge((RUNNING[0], []), ["Jogging tips", "Jogging tips!", "Garden plants"])
    assert sorted(asked) == [["garden", "plants"], ["jogging", "tips"]]
    asked.clear()
    again = texts.judge((RUNNING[0], []), ["Garden plants", "jogging TIPS", "Apple pie"], day=LATER)
    assert asked == [["apple", "pie"]]
    assert again["jogging TIPS"] == first["Jogging tips"]
    # another client's texts are its own, so that it can be forgotten
    asked.clear()
    texts.client_id = "other"
    texts.judge((RUNNING[0], []), ["Garden plants"])
    assert asked == [["garden", "plants"]]


def _lists(texts: list[str]) -> pa.Array:
    return pa.array([sorted(set(text.lower().split())) for text in texts], pa.list_(pa.string()))


TEXTS = [
    f"{first} {second} {third}"
    for first in ("marathon", "Überraschung", "the", "coffee-machine", "42")
    for second in ("shoes", "entraînement", "zażółć", "")
    for third in ("guide", "running", "of", "ランニング")
]


@pytest.mark.parametrize("batch", [1, 7, 80])
@pytest.mark.parametrize("kept", [1, 300_000])
def test_a_vector_depends_on_its_text_alone(monkeypatch: pytest.MonkeyPatch, batch: int, kept: int) -> None:
    """A failure means that a rebuild publishes other numbers than the refreshes did."""
    expected = meanings_of(_lists(TEXTS)).to_pylist()
    monkeypatch.setattr(meaning, "_WORDS_KEPT", kept)
    found: list[Any] = []
    backwards = TEXTS[::-1]
    for start in range(0, len(backwards), batch):
        found.extend(meanings_of(_lists(backwards[start : start + batch])).to_pylist())
    assert found[::-1] == expected
    assert len({tuple(one) for one in expected if one}) > 30


def test_vectors_are_whole_numbers_that_a_float_adds_exactly() -> None:
    for vector in meanings_of(_lists(TEXTS)).to_pylist():
        if vector is not None:
            assert sum(number * number for number in vector) <= (LENGTH + 1) ** 2 < 2**24


def test_texts_that_say_nothing_have_no_vector() -> None:
    lists = pa.array([[], None, ["the", "of"], ["2026"], ["ランニング"], ["shoes"]], pa.list_(pa.string()))
    assert [vector is not None for vector in meanings_of(lists).to_pylist()] == [False] * 5 + [True]


def test_meanings_of_another_model_are_made_anew(golden: Sandbox) -> None:
    """What a refresh keeps names the model it was made by."""
    with duckdb.connect(str(golden.workspace.working_database), read_only=True) as connection:
        rows = connection.execute("select distinct client_id, model from history.int_text_meanings").fetchall()
    assert {model for _, model in rows} == {meaning_model()}
    assert ("golden", meaning_model()) in rows


def test_forgetting_a_client_removes_its_texts_and_nobody_elses(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path)
    workspace.working_database.parent.mkdir(parents=True)
    with duckdb.connect(str(workspace.working_database)) as connection:
        connection.execute("create schema history")
        connection.execute(
            f"create table history.int_text_meanings as select client_id, 1::uhugeint as text_key, 'm' as model, "
            f"cast(range(0, {DIMENSIONS}) as tinyint[{DIMENSIONS}]) as meaning "
            "from (values ('acme'), ('other')) as clients (client_id)".replace(
                "range(0, 256)", "list_transform(range(0, 256), lambda i: i % 100)"
            )
        )
    assert forget_histories(workspace, "acme") == {"history.int_text_meanings": 1}
    with duckdb.connect(str(workspace.working_database)) as connection:
        assert connection.execute("select client_id from history.int_text_meanings").fetchall() == [("other",)]


def test_published_links_and_opportunities_tell_their_relevance(golden: Sandbox) -> None:
    rows = golden.query(
        """
        select opportunities.relevance, opportunities.relevance_evidence, links.relevance_evidence, links.row_number
        from marts.opportunities
        inner join marts.links
            on opportunities.client_id = links.client_id
            and opportunities.refreshed_on = links.refreshed_on
            and opportunities.referring_domain = links.referring_domain
            and opportunities.relevance_source_url = links.source_url
        where not links.is_own_site
        """
    )
    assert any(relevance > 0 and "running" in evidence for relevance, evidence, _, _ in rows)
    assert all(evidence == of_link for _, evidence, of_link, _ in rows)


def test_nothing_of_it_is_loaded_before_it_is_needed() -> None:
    """Every command would start later; and the package that ships the model is never imported at all."""
    code = (
        "import sys, pipelines.cli; assert not {'tokenizers', 'safetensors', 'wordllama'} & set(sys.modules); "
        "import pipelines.meaning; assert not {'tokenizers', 'safetensors', 'wordllama'} & set(sys.modules); "
        "import pyarrow; pipelines.meaning.meanings_of(pyarrow.array([['shoes']])); "
        "assert 'wordllama' not in sys.modules and 'huggingface_hub' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=CHECKOUT)
