"""From a phrase of a rule to chains: sequences of blocks that can be looked for word by word.

A step that may be said in several words ("деньги" or "денежные средства") makes a chain for each
such way; options of one word each stay together in one item.
"""

from collections.abc import Iterator
from itertools import product

import msgspec

from calltrackd.model.phrase import AllOf, AnyOf, Not, Said, Sought, Step, Tree

Item = frozenset[Sought]
"""One place in a chain: any of these words fills it."""


class Block(msgspec.Struct, frozen=True):
    """Items next to each other, and how the block stands to the one before it."""

    items: tuple[Item, ...]
    gap: int
    ordered: bool


Chain = tuple[Block, ...]


def leaves(tree: Tree) -> Iterator[Said]:
    """The phrases of a tree, from left to right."""
    match tree:
        case Said():
            yield tree
        case Not(part=part):
            yield from leaves(part)
        case AllOf(parts=parts) | AnyOf(parts=parts):
            for part in parts:
                yield from leaves(part)


def chains(said: Said) -> Iterator[Chain]:
    """Every way to say the phrase."""
    for ways in product(*(_ways(step) for step in said.steps)):
        yield tuple(
            Block(items, step.gap, step.ordered)
            for items, step in zip(ways, said.steps, strict=True)
        )


def _ways(step: Step) -> list[tuple[Item, ...]]:
    single = frozenset(option[0] for option in step.options if len(option) == 1)
    found: list[tuple[Item, ...]] = [(single,)] if single else []
    longer = (option for option in step.options if len(option) > 1)
    return found + [tuple(frozenset((word,)) for word in option) for option in longer]
