"""A made-up world: which pages link to which sites, from when until when.

Here stand the facts of a world and the stories that make them; no provider's view of it. How Ahrefs
and Semrush see and spell these facts is in `providers`; the words they are made of are in
`worlds/*.json`.
"""

from __future__ import annotations

import json
import random
import unicodedata
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

MARGIN_DAYS = 25  # what changes between two refreshes does so this long before the later one,
# because crawlers take up to 14 days to notice (see providers.sightings)
MAX_LINKS_PER_DOMAIN = 6


@dataclass(frozen=True, eq=False)
class Genre:
    """One kind of linking site: how its hosts, pages and links look."""

    name: str
    weight: int
    language: str
    page_type: str
    rating: tuple[float, float]
    assets: list[str]
    domains: list[str]
    paths: list[str]
    titles: list[str]
    platform: str = ""
    rel: str = ""
    one_page: bool = False
    author: bool = False
    sitewide: bool = False
    image: bool = False


@dataclass(frozen=True)
class Setting:
    """A client, its panel, and the words its world is made of (one file in `worlds/`)."""

    client_id: str
    providers: tuple[str, str]  # the one used for every site, then the one used for some
    own_sites: list[str]
    competitors: list[str]
    brands: dict[str, str]
    stories: dict[str, int]
    one_provider_sites: list[str]
    site_languages: dict[str, str]  # of the sites that are not English
    page_category: str
    words: dict[str, Any]  # stems, people, places; by language: topics, contexts, paths, anchors
    genres: list[Genre]

    @classmethod
    def read(cls, path: Path) -> Setting:
        """Reads `worlds/<client_id>.json`."""
        entries: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        genres = [Genre(**genre) for genre in entries.pop("genres")]
        return cls(**entries, genres=genres)


@dataclass(frozen=True)
class LinkingDomain:
    """A domain as its owner sees it; hosting subdomains are domains of their own."""

    name: str
    genre: Genre
    rating: float
    traffic: int


@dataclass(frozen=True)
class LinkingPage:
    """A page of a linking domain."""

    domain: LinkingDomain
    url: str
    title: str
    author: str


@dataclass(frozen=True)
class Link:
    """A link of a page to a site; `alive_until` is None while nobody takes it down."""

    page: LinkingPage
    site: str
    target_url: str
    anchor: str
    left_context: str
    right_context: str
    link_type: str
    is_in_content: bool
    nofollow: bool
    ugc: bool
    sponsored: bool
    alive_from: datetime
    alive_until: datetime | None
    seen_by: frozenset[str]


@dataclass(frozen=True)
class World:
    """All links of one client's world, and the story each linking domain was made for."""

    setting: Setting
    links: list[Link]
    stories: dict[str, str]


@dataclass(frozen=True)
class Span:
    """Before which refresh links come and go: 0 = the first, 1 = the second, 2 = the third."""

    begins: int
    ends: int | None = None


@dataclass(frozen=True)
class Story:
    """When a domain links to competitors and when to the client."""

    competitors: tuple[Span, ...] = ()
    client: Span | None = None
    links_to_all: bool = False


ALWAYS = Span(0)
STORIES = {
    "stays_open": Story((ALWAYS,)),
    "links_to_all_competitors": Story((ALWAYS,), links_to_all=True),
    "opens_at_2": Story((Span(1),)),
    "opens_at_3": Story((Span(2),)),
    "won_at_2": Story((ALWAYS,), Span(1)),
    "won_at_3": Story((ALWAYS,), Span(2)),
    "reopened_at_3": Story((ALWAYS,), Span(1, 2)),
    "expired_at_2": Story((Span(0, 1),)),
    "expired_at_3": Story((Span(0, 2),)),
    "returned_at_3": Story((Span(0, 1), Span(2))),
    "lost_at_3": Story((Span(0, 2),), Span(1, 2)),
    "covered": Story((ALWAYS,), ALWAYS),
    "own": Story((), ALWAYS),
    "client_link_lost_at_2": Story((ALWAYS,), Span(0, 1)),
    "one_provider_only": Story((ALWAYS,)),
    "matrix_only": Story((ALWAYS,)),
    "spam_farm": Story((ALWAYS,), ALWAYS, links_to_all=True),
    "spam_farm_without_client": Story((ALWAYS,), links_to_all=True),
}


def slug(text: str) -> str:
    """`Las 7 mejores` → `las-7-mejores`."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return "-".join("".join(c if c.isalnum() else " " for c in plain).split())[:60].strip("-")


@dataclass
class WorldBuilder:
    """Tells the stories of a setting one domain at a time; the same seed gives the same world."""

    setting: Setting
    refreshes: list[datetime]
    links: list[Link] = field(default_factory=list)
    stories: dict[str, str] = field(default_factory=dict)
    page_urls: set[str] = field(default_factory=set)
    room: int = 0  # how many more links the domain may get than its story asks for

    def __post_init__(self) -> None:
        """Sets up the only source of chance."""
        self.random = random.Random(f"linkgap demo 1 {self.setting.client_id}")
        self.genres = {genre.name: genre for genre in self.setting.genres}

    def build(self) -> World:
        """Tells every story as often as the setting says."""
        for story_name, count in self.setting.stories.items():
            for _ in range(count):
                self.tell(story_name)
        self.add_oddities()
        return World(self.setting, self.links, self.stories)

    def tell(self, story_name: str) -> None:
        """One new domain that lives through one story."""
        story, competitors = STORIES[story_name], self.setting.competitors
        everyday = [genre for genre in self.setting.genres if genre.weight]
        genre = self.random.choices(everyday, [genre.weight for genre in everyday])[0]
        seen_by: frozenset[str] | None = None
        if story_name.startswith("spam_farm"):
            genre = self.genres["spam"]
        elif story_name == "one_provider_only":
            competitors = self.setting.one_provider_sites
            seen_by = frozenset({self.setting.providers[1]})
        elif story_name == "matrix_only":
            seen_by = frozenset({"semrush_matrix"})
        domain = self.new_domain(genre, story_name)
        most = max(1, len(self.setting.competitors) - 1)
        number = self.random.randint(1, min(most, len(competitors)))
        chosen = competitors if story.links_to_all else self.random.sample(competitors, number)
        lasting = len(chosen) * len(story.competitors) + (story.client is not None)
        self.room = MAX_LINKS_PER_DOMAIN - lasting
        page = None
        for span in story.competitors:
            page = self.add_span(domain, chosen, span, None, seen_by)
        if story.client:
            is_same_page = genre.one_page and self.random.random() < 0.6
            page = page if is_same_page else None
            self.add_span(domain, [self.own_site(genre)], story.client, page)

    def add_oddities(self) -> None:
        """What every real export has: a competitor's page that links to another one, an IP host."""
        blog = next(genre for genre in self.setting.genres if genre.weight)
        first, second = self.setting.competitors[:2]
        for name in (f"blog.{first}", "203.0.113.77"):
            domain = LinkingDomain(name, blog, 38.0, 5200)
            self.stories[name] = "oddity"
            for site in (second, self.setting.own_sites[0]):
                self.add_span(domain, [site], ALWAYS, None)
        if "matrix_only" in self.setting.stories:
            domain = LinkingDomain("blogspot.com", blog, 93.0, 12_400_000)
            self.stories[domain.name] = "oddity"
            self.add_span(domain, [first, second], ALWAYS, None, frozenset({"semrush_matrix"}))

    def new_domain(self, genre: Genre, story_name: str) -> LinkingDomain:
        """A domain with a name that is not taken yet."""
        while True:
            stem = self.random.choice(self.setting.words["stems"])
            name = self.random.choice(genre.domains).format(stem=stem)
            if name not in self.stories:
                break
        rating = round(self.random.triangular(*genre.rating), 1)
        rating = rating if rating < 10 else float(round(rating))  # Ahrefs: decimals below 10 only
        traffic = 0 if genre.name == "spam" else int(rating**2.4 * self.random.uniform(0.2, 4))
        self.stories[name] = story_name
        return LinkingDomain(name, genre, rating, traffic)

    def own_site(self, genre: Genre) -> str:
        """The client's German site for German pages, the other one for the rest."""
        return self.setting.own_sites[0 if genre.language == "de" else -1]

    def moment(self, era: int) -> datetime:
        """A moment before the first refresh (era 0) or between two, well before the later one."""
        if era == 0:
            return self.refreshes[0] - timedelta(days=self.random.triangular(30, 2400, 200))
        begin, end = self.refreshes[era - 1], self.refreshes[era]
        room = (end - begin).total_seconds() - timedelta(days=MARGIN_DAYS).total_seconds()
        return begin + timedelta(seconds=int(self.random.uniform(0.3, 1) * room))

    def add_span(
        self,
        domain: LinkingDomain,
        sites: list[str],
        span: Span,
        page: LinkingPage | None,
        seen_by: frozenset[str] | None = None,
    ) -> LinkingPage | None:
        """Links that hold for the whole span, one a site, and now and then some more within it."""
        begin = self.moment(span.begins)
        end = None if span.ends is None else self.moment(span.ends)
        if page is None and domain.genre.one_page:
            page = self.new_page(domain, sites[0], begin)
        first, second = self.setting.providers
        for site in sites:
            is_seen_twice = self.random.random() < 0.65
            lasting = seen_by or frozenset({first, second} if is_seen_twice else {first})
            self.add_link(page or self.new_page(domain, site, begin), site, begin, end, lasting)
            for _ in range(self.random.choices((0, 1, 2, 3), (54, 26, 14, 6))[0]):
                if self.room <= 0:
                    break
                self.room -= 1
                latest = end or self.refreshes[-1]
                start = begin + (latest - begin) * self.random.uniform(0, 0.9)
                stop = end
                if self.random.random() < 0.5:
                    stop = start + (latest - start) * self.random.uniform(0.3, 1)
                some = ({first, second}, {first}, {second})
                extra = seen_by or frozenset(self.random.choices(some, (60, 22, 18))[0])
                self.add_link(self.new_page(domain, site, start), site, start, stop, extra)
        return page

    def new_page(self, domain: LinkingDomain, site: str, when: datetime) -> LinkingPage:
        """A page of the domain's genre, written at that time, about the site's brand or a topic."""
        genre, setting = domain.genre, self.setting
        person, place = (
            self.random.choice(setting.words["people"]),
            self.random.choice(setting.words["places"]),
        )
        number = self.random.randint(10_000, 989_999)
        words = {
            "topic": self.random.choice(setting.words["topics"][genre.language]),
            "brand": setting.brands[site], "person": person, "place": place,
            "year": when.year, "n": self.random.randint(3, 27), "number": number,
        }  # fmt: skip
        title = self.random.choice(genre.titles).format(**words)
        path_words = {
            "slug": slug(title), "place_slug": slug(place), "year": when.year, "number": number,
            "month": f"{when.month:02d}", "number_short": f"{number % 28 + 1:02d}",
        }  # fmt: skip
        host = domain.name
        if host.count(".") == 1 and random.Random(host).random() < 0.5:
            host = f"www.{host}"
        url = f"https://{host}{self.random.choice(genre.paths).format(**path_words)}"
        if url in self.page_urls:
            url = f"{url.rstrip('/')}/{number}"
        self.page_urls.add(url)
        if self.random.random() < 0.02:
            title = ""
        return LinkingPage(domain, url, title, person if genre.author else "")

    def add_link(
        self,
        page: LinkingPage,
        site: str,
        alive_from: datetime,
        alive_until: datetime | None,
        seen_by: frozenset[str],
    ) -> None:
        """A link of the page to one of the site's assets that pages of this genre like."""
        genre, setting = page.domain.genre, self.setting
        asset = self.random.choice(genre.assets)
        paths = setting.words["paths"][setting.site_languages.get(site, "en")][asset]
        anchors = setting.words["anchors"][genre.language][asset]
        host = site.rstrip("/") if "/" in site else f"www.{site}"
        is_image = genre.image or self.random.random() < 0.04
        anchor = self.random.choice(anchors).format(brand=setting.brands[site], host=host)
        context = setting.words["contexts"][genre.language]
        is_bare = is_image or genre.rel == "nofollow" or genre.name == "spam"
        self.links.append(
            Link(
                page=page,
                site=site,
                target_url=f"https://{host}{self.random.choice(paths)}",
                anchor="" if self.random.random() < (0.5 if is_image else 0.05) else anchor,
                left_context="" if is_bare else self.random.choice(context["left"]),
                right_context="" if is_bare else self.random.choice(context["right"]),
                link_type="image" if is_image else "text",
                is_in_content=not genre.sitewide and self.random.random() < 0.9,
                nofollow=genre.rel in ("nofollow", "ugc") or self.random.random() < 0.1,
                ugc=genre.rel == "ugc",
                sponsored=genre.rel == "sponsored",
                alive_from=alive_from,
                alive_until=alive_until,
                seen_by=seen_by,
            )
        )


def build_world(setting: Setting, refreshes: list[datetime]) -> World:
    """The world of one client; the same arguments give the same world, to the byte."""
    return WorldBuilder(setting, refreshes).build()
