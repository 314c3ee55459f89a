"""Words of a turn whose engine gives no times: spread over the turn by their letters."""

from calltrackd.model.transcript import Turn, Word


def timed(turn: Turn) -> list[Word]:
    """The turn's words, each with a share of its time; the confidence is the turn's."""
    texts = turn.text.split()
    letters = sum(map(len, texts))
    found, at = [], turn.start
    for text in texts:
        end = at + (turn.end - turn.start) * len(text) / letters
        found.append(Word(text, at, end, turn.confidence))
        at = end
    return found
