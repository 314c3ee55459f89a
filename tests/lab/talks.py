"""Who talked with the client and when: what the phones heard of each other."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise

from tests.lab.dialogs import Dialog, Scene
from tests.lab.diary import Entry

FIRST_SOUND = 1.0  # sound comes this late after the answer at most: no plot consults for less
LAST_SOUND = 0.35  # sound stops this early before the end at most: no plot parks for less
SAME = 0.6  # two phones' entries this near belong to one moment
MERGE = 1.0  # silence of a key press inside one segment
UNTIL_HELD = 1.5  # from the key or the action that asks for a hold until the client is held
BEEP = 3.0  # at most, on a busy machine; it lasts 0.4 s
RELEASES = ("unhold", "refer", "bye_in", "bye_sent", "cut")


@dataclass
class Segment:
    """One talk. Unix seconds."""

    operator: str
    start: float
    end: float
    hold: float = 0.0


def talks(scene: Scene) -> list[Segment]:
    """The segments in their order, holds laid in."""
    pieces = [piece for other in scene.others for piece in _heard_with(scene, other)]
    pieces.sort(key=lambda piece: piece.start)
    found = _merged(pieces) or _unheard(scene)
    _silence_beeps(scene, found)
    for other in scene.others:
        _lay_holds(scene, other, found)
    return found


def _heard_with(scene: Scene, other: Dialog) -> list[Segment]:
    """When the client and this phone heard each other, both being answered."""
    if scene.client is None or other.up is None or scene.up is None:
        return []
    first, last = max(other.up, scene.up), min(other.end or scene.end, scene.end)
    pieces = []
    for listener, speaker in ((scene.client, other.phone), (other, scene.facts.phone)):
        for entry in listener.entries:
            if entry.what == "heard" and entry.detail["who"] == speaker:
                start, end = max(entry.at, first), min(entry.detail["until"], last)
                if end > start:
                    pieces.append(_snapped(Segment(other.phone, start, end), first, last))
    return pieces


def _snapped(piece: Segment, first: float, last: float) -> Segment:
    """Signalling knows the moment better than sound where both tell the same."""
    start = first if piece.start - first < FIRST_SOUND else piece.start
    end = last if last - piece.end < LAST_SOUND else piece.end
    return replace(piece, start=start, end=end)


def _merged(pieces: list[Segment]) -> list[Segment]:
    """Both directions and the gaps of key presses become one segment a stay."""
    found: list[Segment] = []
    for piece in pieces:
        near = [t for t in found if t.operator == piece.operator and piece.start - t.end < MERGE]
        if near:
            near[-1].end = max(near[-1].end, piece.end)
        else:
            found.append(replace(piece))
    return found


def _unheard(scene: Scene) -> list[Segment]:
    """Hung up before a sound came through: the client was answered, so somebody did."""
    facts = scene.facts
    by_pbx = facts.queue or facts.menu or facts.mailbox or facts.conference
    person = next((d for d in scene.others if d.up is not None), None)
    if by_pbx or scene.up is None or person is None or person.up is None:
        return []
    return [Segment(person.phone, max(scene.up, person.up), scene.end)]


def _silence_beeps(scene: Scene, found: list[Segment]) -> None:
    """The client met the next operator when the transferer hung up, or the consulted gave up.

    A beep to the operator and the work of the PBX stand between that moment and the first sound.
    """
    for earlier, segment in pairwise(found):
        for moment in _meetings(scene, earlier, segment):
            if 0 < segment.start - moment < BEEP:
                segment.start = moment


def _meetings(scene: Scene, earlier: Segment, segment: Segment) -> Iterator[float]:
    returned = earlier.operator == segment.operator
    for dialog in scene.others:
        hung_up = dialog.at("bye_sent")
        if returned and dialog.up is None and dialog.end is not None:
            yield dialog.end
        if hung_up is not None and dialog.phone == earlier.operator:
            consulted = (d for d in scene.others if d.phone == segment.operator)
            if any(d.up is not None and d.up < hung_up for d in consulted if d is not dialog):
                yield hung_up


def _lay_holds(scene: Scene, other: Dialog, found: list[Segment]) -> None:
    held = None
    for entry in other.entries:
        if entry.what == "hold":
            held = entry.at
        elif held is not None and entry.what in RELEASES and not _consults(entry):
            _lay_hold(found, other.phone, held, _no_later(entry, scene.end))
            held = None


def _consults(entry: Entry) -> bool:
    """REFER with Replaces: the client stays on hold until it meets the other."""
    return entry.what == "refer" and bool(entry.detail["replaces"])


def _no_later(entry: Entry, latest: float) -> Entry:
    """The entry, at `latest` at the latest: nobody is held after the client is gone."""
    return replace(entry, at=min(entry.at, latest))


def _lay_hold(found: list[Segment], phone: str, held: float, closing: Entry) -> None:
    """Lays one hold into the operator's segment; it ends when the client meets the next."""
    mine = [t for t in found if t.operator == phone and t.start <= held]
    if not mine:
        return
    segment = mine[-1]
    if 0 < segment.end - held < UNTIL_HELD:
        held = segment.end  # they heard each other until the PBX had understood
    following = next((t for t in found if t.start > held + SAME), None)
    until = _released(closing, following)
    segment.hold += until - held
    segment.end = max(segment.end, until)
    if following is not None and following.operator == phone:
        segment.end = following.end
        found.remove(following)


def _released(closing: Entry, following: Segment | None) -> float:
    """The moment at which the hold ended."""
    if following is None or closing.what == "unhold":
        return closing.at
    sent_away = closing.what in ("refer", "bye_in") and closing.at < following.start
    return closing.at if sent_away else following.start
