"""All forms of a word under one key, by language; each dictionary is loaded when first needed.

| language | by | loads in | memory |
|---|---|---|---|
| ru | pymorphy3: every reading of the word (`стали` is `стать` and `сталь`) | 0.2 s | 26 MB |
| uk | simplemma (pymorphy3's Ukrainian dictionary says GPLv3 in its licence) | 1.2 s | 67 MB |
| en | simplemma knows `bought`, snowball `cancelled`: both keys | 0.5 s | 36 MB |

Measured on Python 3.11. There is no dictionary for Kazakh and others: a word is its only form
there, and a rule says `word*`.

A Russian word costs 9 us by DAWG2, pymorphy3's `fast` (there are wheels for x86-64 only), 50 us
without it, 80 us when the dictionary lacks it (and more with pymorphy3's guess at how likely each
reading is). So what was looked up is remembered as long as the process lives, by all rules, masks
and indexes.
"""

from collections.abc import Callable, Iterable
from functools import lru_cache
from threading import Lock

MOST_WORDS = 50_000
"""Different words of a language that are remembered: 20 MB."""

Lemmas = Callable[[str], Iterable[str]]
"""A word in the spelling of `model.spelling` -> the keys under which its forms meet."""

INFLECTED = ("ru", "uk", "en")
"""Languages with a dictionary."""


@lru_cache
def lemmas_of(language: str) -> Lemmas:
    """The language's keys; for one without a dictionary the word itself."""
    dictionary = {"ru": _russian, "uk": _ukrainian, "en": _english}.get(language)
    return _itself if dictionary is None else lru_cache(MOST_WORDS)(dictionary())


def _itself(word: str) -> Iterable[str]:
    return (word,)


def _russian() -> Lemmas:
    from pymorphy3 import MorphAnalyzer  # noqa: PLC0415  # 26 MB, see above

    parse = MorphAnalyzer(lang="ru", result_type=None, probability_estimator_cls=None).parse
    return lambda word: tuple({normal.replace("ё", "е") for _, _, normal, _, _ in parse(word)})


def _ukrainian() -> Lemmas:
    from simplemma import lemmatize  # noqa: PLC0415  # 67 MB, see above

    return lambda word: (lemmatize(word, lang="uk").lower(),)


def _english() -> Lemmas:
    from simplemma import lemmatize  # noqa: PLC0415  # 26 MB, see above
    from snowballstemmer import stemmer  # noqa: PLC0415  # 10 MB

    stem = stemmer("english").stemWord
    alone = Lock()  # it keeps the word in itself while it works

    def keys(word: str) -> Iterable[str]:
        with alone:
            root = stem(word)
        return tuple({lemmatize(word, lang="en").lower(), root})

    return keys
