"""Replay and live agree: the verdicts do not depend on when somebody looked at the clock."""

from hypothesis import given, settings
from hypothesis import strategies as st

from calltrackd.model.call import KeyPress
from calltrackd.tagging.keypad import Keypad, Verdict
from tests.tagging.pressing import T0, call, rules

RULES = rules(
    {"7": "service", "71": "sale", "7129": "rare", "2": "ford", "*1": "vip"},
    undo="**",
    ignore=["*0"],
    transfer_codes=["*2", "##"],
)
PRESSES = st.lists(
    st.tuples(
        st.sampled_from("712*#90"),
        st.sampled_from(["c1", "c2"]),
        st.sampled_from(["101", "102"]),
        st.sampled_from([0.0, 0.25, 1.9, 2.0, 2.1, 4.9, 5.0, 7.0]),
    ),
    max_size=30,
)


def run(presses: list[tuple[str, str, str, float]], looks: list[float]) -> list[Verdict]:
    """Types the presses; `expire` is called at each of `looks`, shares of the gap before a key."""
    pad, at, verdicts = Keypad(RULES), T0, []
    for digit, call_id, operator, gap in presses:
        for share in looks:
            verdicts += pad.expire(at + gap * share)
        at += gap
        press = KeyPress(by="operator", party=operator, digit=digit, at=at)
        verdicts += pad.press(call(call_id), press, talking=True)
    return verdicts + pad.forget("c1") + pad.forget("c2")


def of_call(verdicts: list[Verdict], call_id: str) -> list[Verdict]:
    """The verdicts of one call."""
    return [verdict for verdict in verdicts if verdict.call_id == call_id]


@settings(max_examples=300, deadline=None)
@given(PRESSES, st.lists(st.floats(0, 1), max_size=4).map(sorted))
def test_any_split_of_time_gives_the_same_verdicts(
    presses: list[tuple[str, str, str, float]], looks: list[float]
) -> None:
    """A call's verdicts and their order are the same with no look and with many."""
    for call_id in ("c1", "c2"):
        assert of_call(run(presses, looks), call_id) == of_call(run(presses, []), call_id)


@settings(max_examples=200, deadline=None)
@given(PRESSES)
def test_no_key_counts_twice(presses: list[tuple[str, str, str, float]]) -> None:
    """The keys of all verdicts are a subsequence of the keys pressed, hand by hand."""
    verdicts = run(presses, [])
    for call_id in ("c1", "c2"):
        for operator in ("101", "102"):
            pressed = iter(d for d, c, o, _ in presses if (c, o) == (call_id, operator))
            read = (v for v in of_call(verdicts, call_id) if v.operator == operator)
            assert all(key in pressed for verdict in read for key in verdict.keys)
