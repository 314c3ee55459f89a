from calltrackd.tagging.phrases.match import Heard, tag_of
from tests.tagging.phrases.saying import found, rule, talk

HEARD = Heard(since=1000.0, engine="vosk", model="small-ru")


def test_tag_bears_its_evidence():
    """Quote, second, side, confidence, engine and model, as the record promises."""
    (match,) = found(talk("caller@3: верните деньги"), rule("вернуть деньги", tag="refund"))
    tag = tag_of(match, HEARD)
    assert (tag.name, tag.source, tag.at) == ("refund", "phrase", 1003.0)
    assert tag.evidence == {
        "rule": "rule",
        "quote": "верните деньги",
        "second": 3.0,
        "side": "caller",
        "confidence": 0.9,
        "engine": "vosk",
        "model": "small-ru",
    }


def test_evidence_of_several_spans_names_each():
    """A rule that needs two things said shows both."""
    (match,) = found(talk("caller@3: жалоба", "operator: деньги"), rule("жалоба & деньги"))
    evidence = tag_of(match, HEARD).evidence
    assert evidence["quote"] == "жалоба … деньги"
    assert [(span["side"], span["quote"]) for span in evidence["spans"]] == [
        ("caller", "жалоба"),
        ("operator", "деньги"),
    ]
