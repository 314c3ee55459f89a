"""What a phrase rule's text means: a tree that `phrase_text` reads and `tagging.phrases` finds."""

from typing import Literal

import msgspec

Way = Literal["lemma", "exact", "prefix"]
"""lemma: any form of the word; exact: this form; prefix: every word that begins so."""


class Sought(msgspec.Struct, frozen=True):
    """One word of a rule, in the spelling of `spelling.spelled`."""

    text: str
    way: Way = "lemma"


Option = tuple[Sought, ...]
"""One way to say a step: words that stand next to each other."""


class Step(msgspec.Struct, frozen=True):
    """One of several options, and how near it stands to the step before."""

    options: tuple[Option, ...]
    gap: int = 0
    """Other words that may stand between."""
    ordered: bool = True
    """False: it may stand before the step before as well."""


class Said(msgspec.Struct, frozen=True):
    """Steps that are said together, by one side."""

    steps: tuple[Step, ...]


class AnyOf(msgspec.Struct, frozen=True):
    """At least one of the parts."""

    parts: tuple["Tree", ...]


class AllOf(msgspec.Struct, frozen=True):
    """Every part; at least one of them is not a `Not`."""

    parts: tuple["Tree", ...]


class Not(msgspec.Struct, frozen=True):
    """The part, in which there is no other `Not`, is not said."""

    part: "Tree"


Tree = Said | AnyOf | AllOf | Not
