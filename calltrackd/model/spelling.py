"""The one spelling in which words are compared, whoever wrote them: an engine, a rule, a person."""

import re
import unicodedata

_WORD = re.compile(r"[^\W_]+(?:'[^\W_]+)*")
_ONE_LETTER = str.maketrans({"ё": "е", "’": "'", "ʼ": "'", "`": "'", "′": "'"})
_OTHERS = re.compile("[ё’ʼ`′]")
"""Most words have none, and to look costs a sixth of the table."""


def spelled(text: str) -> str:
    """Lower case, `е` for `ё`, one kind of apostrophe, letters with their marks as one character.

    >>> spelled("ПРИЁМ п’ять")
    "прием п'ять"
    """
    lower = unicodedata.normalize("NFC", text).lower()
    return lower.translate(_ONE_LETTER) if _OTHERS.search(lower) else lower


def words_of(text: str) -> list[str]:
    """The words of a text as they are compared; what is no letter or digit parts them.

    >>> words_of("Санкт-Петербург, п’ять… 15%")
    ['санкт', 'петербург', "п'ять", '15']
    """
    return _WORD.findall(spelled(text))
