"""Which keypad tags the calls in progress bear, so that a tag pressed twice is one tag."""

from calltrackd.model.call import Change, Tag
from calltrackd.tagging.keypad import Verdict


class GivenTags:
    """By call; what an operator took back may be given again."""

    def __init__(self) -> None:
        self._given: dict[str, set[tuple[str, str | None]]] = {}

    def mark(self, change: Change, verdict: Verdict) -> bool:
        """Put the verdict's tag into the change. False when it changes nothing."""
        given = self._given.setdefault(verdict.call_id, set())
        key = verdict.tag, verdict.operator
        if verdict.kind == "unknown" or (verdict.kind == "tag") is (key in given):
            return False
        tag = Tag(
            name=verdict.tag,
            source="keypad",
            by=verdict.operator,
            at=verdict.at,
            evidence={"keys": verdict.keys},
        )
        if verdict.kind == "tag":
            given.add(key)
            change.tags = [*change.tags, tag]
        else:
            given.discard(key)
            change.untags = [*change.untags, tag]
        return True

    def forget(self, call_id: str) -> None:
        """The call ended."""
        self._given.pop(call_id, None)
