"""The one spelling in which words are compared, whoever wrote them: an engine, a rule, a person."""

import re
import unicodedata

_WORD = re.compile(r"[^\W_]+(?:'[^\W_]+)*")
_ONE_LETTER = str.maketrans({"ё": "е", "’": "'", "ʼ": "'", "`": "'", "′": "'"})


def spelled(text: str) -> str:
    """Lower case, `е` for `ё`, one kind of apostrophe, letters with their marks as one character.

    >>> spelled("ПРИЁМ п’ять")
    "прием п'ять"
    """
    return unicodedata.normalize("NFC", text).lower().translate(_ONE_LETTER)


def words_of(text: str) -> list[str]:
    """The words of a text as they are compared; what is no letter or digit parts them.

    >>> words_of("Санкт-Петербург, п’ять… 15%")
    ['санкт', 'петербург', "п'ять", '15']
    """
    return _WORD.findall(spelled(text))
