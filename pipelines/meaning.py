"""What a text means, as a vector: the function `meaning_of` that models ask in SQL.

dbt loads this module as a plugin (`dbt_project/profiles.yml`) and gives it every connection. Vectors come from
WordLlama, whose package ships its weights and tokenizer: both are read from the installed package, so that nothing is
ever loaded from a network, and the package itself is not imported (it sets up the root logger). Pooling is done here,
in whole numbers, so that a text has the same vector whatever else stands in its batch. Which texts are asked, how near
a vector is to a niche and what that is worth is said in `dbt_project/models/segments/`.
"""

from __future__ import annotations

import csv
import hashlib
import unicodedata
from functools import cache
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

import duckdb
from dbt.adapters.duckdb.plugins import BasePlugin
from duckdb.func import FunctionNullHandling, PythonUDFType

from warehouse.layout import CHECKOUT

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa
    from tokenizers import Tokenizer

DIMENSIONS = 256
"""All that the package ships. On made-up pages of eight languages about five English niches the first 128 put a page
of the niche before one of something else in 74 of 100 pairs, the first 64 in 71, all 256 in 81."""

LENGTH = 127
"""Length of the vector of a text whose words are all known whole; a byte holds each of its numbers."""

_FUNCTION_WORDS = CHECKOUT / "dbt_project" / "seeds" / "function_words.csv"

_STEPS = 256
"""Steps of 1 in a word's numbers before they are added up. The largest number of a single token is below 16."""

_LONGEST_WORD = 40
"""Letters of a word that are read: longer ones are no words."""

_WORDS_KEPT = 300_000
"""Words whose vectors are kept for the next batch (half a kilobyte each); titles of a client repeat fewer."""


class Plugin(BasePlugin):
    """What dbt-duckdb looks for in this module."""

    def configure_connection(self, conn: duckdb.DuckDBPyConnection) -> None:
        """Give a connection the functions of this module."""
        add_functions(conn)


def add_functions(connection: duckdb.DuckDBPyConnection) -> None:
    """Add `meaning_of` and `meaning_model` to a connection; nothing is loaded before the first text is asked."""
    # a function of its own, because DuckDB evaluates annotations, and those of Arrow are not imported yet
    connection.create_function(
        "meaning_of",
        lambda texts: meanings_of(texts),
        ["VARCHAR[]"],
        f"TINYINT[{DIMENSIONS}]",
        type=PythonUDFType.ARROW,
        null_handling=FunctionNullHandling.SPECIAL,
    )
    connection.create_function("meaning_model", meaning_model, [], "VARCHAR")


@cache
def meaning_model() -> str:
    """Names what vectors depend on: those of another model cannot be compared with today's."""
    digest = hashlib.sha256(_FUNCTION_WORDS.read_bytes() + Path(__file__).read_bytes())
    return f"wordllama {version('wordllama')} {digest.hexdigest()[:12]}"


def meanings_of(texts: pa.ChunkedArray | pa.Array) -> pa.Array:
    """The vectors of texts, each given as the list of its distinct words in lower case.

    A word's vector is the sum of its tokens' over the square root of their number: a word in pieces says less. A
    text's is the sum of its words', of length `LENGTH` × √(words / tokens), so that nearness to a text of which little
    is known whole is small. On made-up pages in seven languages about niches in the same language that brought 99 of
    100 unrelated pairs below 0.23, from 0.37, and cost none of the related ones their place.

    Args:
        texts: Lists of words. Function words and words of other than Latin letters are left out: the model was made
            for English, and knows other scripts only as bytes.

    Returns:
        `DIMENSIONS` numbers each, null where no word is left.
    """
    import numpy as np
    import pyarrow as pa

    if isinstance(texts, pa.ChunkedArray):
        texts = texts.combine_chunks()
    lists = texts.fill_null([]) if texts.null_count else texts
    words = lists.flatten()
    if pa.types.is_dictionary(words.type):
        words = words.dictionary_decode()
    encoded = words.dictionary_encode()
    dictionary = [str(word) for word in encoded.dictionary.to_pylist()]
    codes = encoded.indices.to_numpy(zero_copy_only=False)
    text_numbers = np.repeat(np.arange(len(lists)), np.diff(lists.offsets.to_numpy()))
    known = _words()
    # two threads of DuckDB may ask at once, and what one of them adds moves the vectors of the other
    with known.lock:
        places = known.places(dictionary)[codes]
        tokens = known.tokens[places]
        is_told = tokens > 0
        word_counts = np.bincount(text_numbers[is_told], minlength=len(lists))
        token_counts = np.bincount(text_numbers[is_told], weights=tokens[is_told], minlength=len(lists))
        pooled = _pooled(known.vectors, places[is_told], word_counts).astype(np.float64)
    # whole numbers below 2^53: exact in whatever order they are added
    lengths = np.sqrt((pooled * pooled).sum(axis=1))
    is_known = lengths > 0
    scale = np.zeros(len(lists))
    scale[is_known] = LENGTH * np.sqrt(word_counts[is_known] / token_counts[is_known]) / lengths[is_known]
    numbers = np.rint(pooled * scale[:, None]).astype(np.int8)
    return pa.FixedSizeListArray.from_arrays(pa.array(numbers.reshape(-1)), DIMENSIONS, mask=pa.array(~is_known))


def _pooled(vectors: np.ndarray, places: np.ndarray, word_counts: np.ndarray) -> np.ndarray:
    """The sum of each text's words. First words of all texts, then second words, …: ten times as fast as by text."""
    import numpy as np

    pooled = np.zeros((len(word_counts), DIMENSIONS), dtype=np.int32)
    longest_first = np.argsort(-word_counts, kind="stable")
    counts = word_counts[longest_first]
    starts = (np.cumsum(word_counts) - word_counts)[longest_first]
    for number in range(counts.max(initial=0)):
        texts = np.searchsorted(-counts, -number, side="left")
        pooled[:texts] += vectors.take(places[starts[:texts] + number], axis=0)
    in_order = np.empty_like(pooled)
    in_order[longest_first] = pooled
    return in_order


class _Words:
    """Vectors of words, kept while there is room for them."""

    def __init__(self) -> None:
        import numpy as np
        from safetensors.numpy import load_file
        from tokenizers import Tokenizer

        spec = find_spec("wordllama")
        if spec is None or spec.origin is None:
            raise ModuleNotFoundError("wordllama is not installed; run `make setup`")
        package = Path(spec.origin).parent
        weights = load_file(package / "weights" / f"l2_supercat_{DIMENSIONS}.safetensors")
        self._weights: np.ndarray = weights["embedding.weight"]
        self._tokenizer: Tokenizer = Tokenizer.from_file(
            str(package / "tokenizers" / "l2_supercat_tokenizer_config.json")
        )
        self._function_words = function_words()
        self.lock = Lock()
        self._numbers: dict[str, int] = {}
        self.vectors = np.zeros((1024, DIMENSIONS), dtype=np.int16)
        self.tokens = np.zeros(1024, dtype=np.int32)

    def places(self, words: list[str]) -> np.ndarray:
        """Where the vector and the number of tokens of each word stand; both are 0 for words that are left out."""
        import numpy as np

        if len(self._numbers) > _WORDS_KEPT:
            self._numbers.clear()
        new = [word for word in dict.fromkeys(words) if word not in self._numbers]
        for start in range(0, len(new), 10_000):
            self._add(new[start : start + 10_000])
        return np.array([self._numbers[word] for word in words], dtype=np.int64)

    def _add(self, words: list[str]) -> None:
        import numpy as np

        first = len(self._numbers)
        missing = first + len(words) - len(self.vectors)
        if missing > 0:
            more = max(missing, len(self.vectors))
            self.vectors = np.concatenate([self.vectors, np.zeros((more, DIMENSIONS), dtype=np.int16)])
            self.tokens = np.concatenate([self.tokens, np.zeros(more, dtype=np.int32)])
        self._numbers.update({word: first + number for number, word in enumerate(words)})
        told = [number for number, word in enumerate(words) if self._says_something(word)]
        self.vectors[first : first + len(words)] = 0
        self.tokens[first : first + len(words)] = 0
        if not told:
            return
        encodings = self._tokenizer.encode_batch(
            [words[number][:_LONGEST_WORD] for number in told], add_special_tokens=False
        )
        tokens = [encoding.ids for encoding in encodings]
        counts = np.array([len(ids) for ids in tokens])
        starts = np.concatenate([[0], np.cumsum(counts)[:-1]])
        exact = np.rint(self._weights[np.concatenate(tokens)].astype(np.float64) * _STEPS).astype(np.int64)
        sums = np.add.reduceat(exact, starts, axis=0)
        places = np.array(told) + first
        self.vectors[places] = np.rint(sums / np.sqrt(counts)[:, None]).astype(np.int16)
        self.tokens[places] = counts

    def _says_something(self, word: str) -> bool:
        if word in self._function_words or word.isdigit() or len(word) < 2:
            return False
        return word.isascii() or all(
            letter.isascii() or unicodedata.name(letter, "").startswith(("LATIN", "COMBINING")) for letter in word
        )


@cache
def function_words() -> frozenset[str]:
    """Words that say nothing of a topic, in the languages for which nearness in meaning was measured."""
    with _FUNCTION_WORDS.open(encoding="utf-8", newline="") as file:
        return frozenset(row["word"] for row in csv.DictReader(file))


@cache
def _words() -> _Words:
    return _Words()
