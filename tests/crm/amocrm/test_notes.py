"""Transcripts as notes."""

from calltrackd.crm.amocrm import notes
from calltrackd.model.transcript import Transcript, Turn
from calltrackd.store.transcripts import Stored


def stored(*texts: str) -> Stored:
    """A transcript with these turns, a minute apart."""
    turns = [Turn("caller", 60.0 * n, 60.0 * n + 5, text) for n, text in enumerate(texts)]
    heard = Transcript("vosk", "small", "ru", 60.0, turns)
    return Stored(call_id="c1", path="a.wav", heard_from=0.0, made_at=0.0, transcript=heard)


def test_each_part_begins_with_a_line_of_its_own() -> None:
    """By it a note is known again whose answer was lost."""
    parts = notes.said("c1", stored("да", "x" * 9000, "y" * 9000))
    assert len(parts) == 2
    assert len({text.partition("\n")[0] for _, text in parts}) == 2
    for name, text in parts:
        assert text.startswith(notes.heading("c1", name) + "\n")
        assert len(text) < notes.MOST_CHARS + 100
    assert "👤 00:00  да" in parts[0][1]


def test_one_who_never_pauses_is_cut() -> None:
    """No letter is lost."""
    parts = notes.said("c1", stored("z" * 30_000))
    assert sum(text.count("z") for _, text in parts) == 30_000
    assert len(parts) == 3


def test_silence_makes_no_note() -> None:
    """A transcript without turns."""
    assert notes.said("c1", stored()) == []
