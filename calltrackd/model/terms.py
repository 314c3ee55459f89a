"""What a full-text index can narrow a search to; whoever asked checks the finds for himself."""

import msgspec


class Term(msgspec.Struct, frozen=True):
    """A word as it stands in the index; `prefix`: any that begins so."""

    word: str
    prefix: bool = False


class EveryTerm(msgspec.Struct, frozen=True):
    """All of the parts; at least one."""

    parts: tuple["Terms", ...]


class SomeTerm(msgspec.Struct, frozen=True):
    """One of the parts; at least one."""

    parts: tuple["Terms", ...]


Terms = Term | EveryTerm | SomeTerm
