"""What a transcript means by the settings."""

from calltrackd.model.transcript import Transcript, Turn, Word
from calltrackd.settings import Settings
from calltrackd.settings.phrases import Phrase
from calltrackd.speech.reading import Reader


def said(text: str, start: float) -> Turn:
    """The operator's words, half a second each."""
    words = [
        Word(word, start + number / 2, start + number / 2 + 0.4, 1.0)
        for number, word in enumerate(text.split())
    ]
    return Turn("operator", start, words[-1].end, text, 1.0, words)


def test_windows_count_from_the_answer_and_evidence_from_the_files_beginning() -> None:
    """A recording that begins with 20 s of ringing: the greeting comes in the first seconds."""
    rules = [
        Phrase(name="greeting", match="hello", first_s=5),
        Phrase(name="farewell", match="goodbye", last_s=3),
    ]
    reader = Reader(Settings(phrase=rules))
    transcript = Transcript(
        "vosk", "model", "en", 40.0, [said("hello there", 21.0), said("goodbye", 38.0)]
    )
    read = reader.read(transcript, None, None, answer_s=20.0)
    assert [(match.rule, match.spans[0].start) for match in read.matches] == [
        ("greeting", 21.0), ("farewell", 38.0),
    ]  # fmt: skip
    assert [match.rule for match in reader.read(transcript, None, None).matches] == ["farewell"]
