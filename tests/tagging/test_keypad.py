"""Keys become tags, by the theory at the top of keypad.py and hand.py."""

import pytest

from calltrackd.settings import Keypad as Settings
from calltrackd.tagging.keypad import Keypad
from tests.tagging.pressing import T0, brief, call, rules, typed


def test_mapped_sequence_tags_at_its_last_key() -> None:
    """A sequence that begins no longer one counts at once, with the moment of its last key."""
    pad = Keypad(rules({"71": "sale"}))
    (verdict,) = typed(pad, "71")
    assert (verdict.kind, verdict.tag, verdict.keys) == ("tag", "sale", "71")
    assert (verdict.call_id, verdict.operator, verdict.at) == ("c1", "101", T0 + 0.3)
    assert pad.next_deadline() is None


def test_prefix_key_waits_for_the_pause() -> None:
    """`7` beside `71` is taken only when nothing follows within the timeout."""
    pad = Keypad(rules({"7": "service", "71": "sale"}))
    assert typed(pad, "7") == []
    assert pad.next_deadline() == T0 + 2.0
    assert pad.expire(T0 + 1.999) == []
    (verdict,) = pad.expire(T0 + 2.0)
    assert (verdict.tag, verdict.at) == ("service", T0)
    assert pad.next_deadline() is None


def test_longer_word_wins_over_its_beginning() -> None:
    """`71` typed in one go is never `7`."""
    pad = Keypad(rules({"7": "service", "71": "sale"}))
    assert brief(typed(pad, "71")) == [("tag", "sale", "71")]
    assert pad.expire(T0 + 60) == []


def test_next_key_after_the_pause_settles_the_one_before() -> None:
    """Without any expire call a later key finds the pause over."""
    pad = Keypad(rules({"7": "service", "71": "sale"}))
    assert brief(typed(pad, "71", every=2.0)) == [("tag", "service", "7")]
    assert brief(pad.expire(T0 + 4.0)) == [("unknown", "", "1")]


def test_longest_word_before_the_misfit_is_taken() -> None:
    """`7129` is a word, `7128` is not: `7` counts and `128` is read anew."""
    pad = Keypad(rules({"7": "service", "7129": "rare", "12": "price"}))
    assert brief(typed(pad, "7128")) == [("tag", "service", "7"), ("tag", "price", "12")]
    assert brief(pad.expire(T0 + 9)) == [("unknown", "", "8")]


def test_unfinished_word_falls_back_at_the_pause() -> None:
    """What was typed of `7129` counts as far as it goes, the rest is unknown."""
    pad = Keypad(rules({"7": "service", "7129": "rare"}))
    typed(pad, "712")
    first, rest = pad.expire(T0 + 9)
    assert (first.tag, first.at) == ("service", T0)
    assert (rest.kind, rest.keys, rest.at) == ("unknown", "12", T0 + 0.6)


def test_several_tags_in_one_call() -> None:
    """Codes typed one after the other all count."""
    pad = Keypad(rules({"1": "mazda", "2": "ford", "55": "credit"}))
    assert [v.tag for v in typed(pad, "1552")] == ["mazda", "credit", "ford"]


def test_burst_that_begins_wrong_is_lost_as_a_whole() -> None:
    """Digits for somebody's voice menu leave one unknown and no tag, though `1` is mapped."""
    pad = Keypad(rules({"1": "mazda"}))
    assert typed(pad, "4815") == []
    (verdict,) = pad.expire(T0 + 60)
    assert (verdict.kind, verdict.keys, verdict.at) == ("unknown", "4815", T0 + 0.3 * 3)
    assert brief(typed(pad, "1", at=60)) == [("tag", "mazda", "1")]


def test_undo_takes_back_the_latest_tag_first() -> None:
    """Two undos after two tags take both back, the later one first, and no more."""
    pad = Keypad(rules({"1": "mazda", "2": "ford"}, undo="**"))
    got = typed(pad, "12******")
    assert brief(got) == [
        ("tag", "mazda", "1"),
        ("tag", "ford", "2"),
        ("undo", "ford", "**"),
        ("undo", "mazda", "**"),
        ("unknown", "", "**"),
    ]


def test_undo_settles_a_waiting_prefix_key_first() -> None:
    """`7**` sets and takes back `7` though `71` is mapped too."""
    pad = Keypad(rules({"7": "service", "71": "sale"}, undo="**"))
    assert brief(typed(pad, "7**")) == [("tag", "service", "7"), ("undo", "service", "**")]


def test_same_tag_twice_is_one_to_take_back() -> None:
    """Tags are a set: one undo removes what was confirmed twice."""
    pad = Keypad(rules({"1": "mazda"}, undo="**"))
    assert [v.kind for v in typed(pad, "11****")] == ["tag", "tag", "undo", "unknown"]


@pytest.mark.parametrize("keys", ["*2102", "##102", "#15"])
def test_transfer_code_and_number_are_swallowed(keys: str) -> None:
    """A transfer code and the extension dialled after it are neither tags nor unknown."""
    pad = Keypad(rules({"1": "mazda", "5": "ford"}, transfer_codes=["*2", "##", "#1"]))
    assert typed(pad, keys) == []
    assert pad.expire(T0 + 60) == []


def test_number_dialled_after_the_transfer_prompt_is_swallowed() -> None:
    """The operator hears "transfer" for 1.5 s and thinks 2 s more before dialling 102."""
    pad = Keypad(rules({"1": "mazda", "2": "ford"}, transfer_codes=["*2"]))
    assert typed(pad, "*2") + typed(pad, "102", at=0.3 + 3.5, every=1.5) == []
    assert pad.expire(T0 + 60) == []


def test_tag_counts_again_when_the_dialling_is_over() -> None:
    """transfer_pause_s of silence end what a transfer code swallows."""
    pad = Keypad(rules({"1": "mazda"}, transfer_codes=["*2"], transfer_pause_s=4.0))
    typed(pad, "*2102")
    assert brief(typed(pad, "1", at=1.2 + 4.0)) == [("tag", "mazda", "1")]


def test_ignored_code_swallows_itself_only() -> None:
    """`*1` switches the PBX's recording on; the tag typed right after it counts."""
    pad = Keypad(rules({"1": "mazda"}, ignore=["*1"]))
    assert brief(typed(pad, "*11")) == [("tag", "mazda", "1")]
    assert pad.expire(T0 + 60) == []


def test_transfer_code_that_begins_another_code_waits() -> None:
    """`#1` beside `#12`: the pause decides, and the number after it is swallowed still."""
    pad = Keypad(rules({"5": "price"}, ignore=["#12"], transfer_codes=["#1"]))
    assert typed(pad, "#12") == []
    assert brief(typed(pad, "5", at=1)) == [("tag", "price", "5")]
    assert typed(pad, "#1", at=10) + typed(pad, "5", at=10.3 + 3) == []
    assert brief(typed(pad, "5", at=30)) == [("tag", "price", "5")]


def test_default_settings_swallow_freepbx_codes() -> None:
    """The defaults know FreePBX's transfers, recording, park and disconnect."""
    pad = Keypad(Settings.model_validate({"map": [{"keys": {"1": "mazda", "72": "x"}}]}))
    for n, keys in enumerate(["##102", "*2102", "*1", "*3", "#72", "**", "*0"]):
        assert typed(pad, keys, at=n * 60) == []
    assert pad.expire(T0 + 3600) == []


def test_undo_takes_back_the_operators_own_tag() -> None:
    """After a transfer the first operator's tag stays; the second one takes back only his own."""
    pad = Keypad(rules({"1": "mazda", "2": "ford"}, undo="**"))
    typed(pad, "1", operator="101")
    got = typed(pad, "2****", at=30, operator="102")
    assert brief(got) == [("tag", "ford", "2"), ("undo", "ford", "**"), ("unknown", "", "**")]
    (back,) = typed(pad, "**", at=60, operator="101")
    assert (back.kind, back.tag, back.operator) == ("undo", "mazda", "101")


def test_two_operators_of_one_call_type_apart() -> None:
    """Keys of two phones never make one sequence."""
    pad = Keypad(rules({"71": "sale"}))
    typed(pad, "7", operator="101")
    typed(pad, "1", at=0.1, operator="102")
    assert brief(pad.expire(T0 + 9)) == [("unknown", "", "7"), ("unknown", "", "1")]


def test_two_calls_of_one_operator_type_apart() -> None:
    """A call on hold and the next one are different hands, and their undo stacks too."""
    pad = Keypad(rules({"71": "sale"}, undo="**"))
    typed(pad, "71", record=call("c1"))
    typed(pad, "7", at=1, record=call("c1"))
    typed(pad, "1", at=1.2, record=call("c2"))
    assert {(v.call_id, v.keys) for v in pad.expire(T0 + 9)} == {("c1", "7"), ("c2", "1")}
    assert [v.kind for v in typed(pad, "**", at=20, record=call("c2"))] == ["unknown"]


def test_only_the_operator_and_only_while_talking() -> None:
    """By default the caller's keys and keys outside the talk are nobody's tag."""
    pad = Keypad(rules({"1": "mazda"}))
    assert typed(pad, "1", by="caller", operator=None) == []
    assert typed(pad, "1", talking=False) == []
    assert pad.next_deadline() is None


def test_setting_widens_whose_keys_count() -> None:
    """With when = "call" keys outside the talk count, and the caller's menu choices."""
    pad = Keypad(rules({"1": "mazda"}, when="call"))
    (theirs,) = typed(pad, "1", by="caller", operator=None, talking=False)
    (ours,) = typed(pad, "1", talking=False)
    assert (theirs.tag, theirs.operator) == ("mazda", None)
    assert (ours.tag, ours.operator) == ("mazda", "101")


def test_end_of_the_call_settles_what_waited() -> None:
    """A prefix key pressed just before the hangup counts; nothing of the call is kept."""
    pad = Keypad(rules({"7": "service", "71": "sale"}, undo="**"))
    typed(pad, "7")
    assert brief(pad.forget("c1")) == [("tag", "service", "7")]
    assert pad.next_deadline() is None
    assert [v.kind for v in typed(pad, "**", at=5)] == ["unknown"]


def test_end_of_one_call_leaves_the_others() -> None:
    """Forgetting a call does not settle another one's keys."""
    pad = Keypad(rules({"7": "service", "71": "sale"}))
    typed(pad, "7", record=call("c1"))
    typed(pad, "7", at=0.5, record=call("c2"))
    pad.forget("c1")
    assert [v.call_id for v in pad.expire(T0 + 9)] == ["c2"]


def test_reloaded_rules_hold_for_later_keys() -> None:
    """New maps apply to the next key; the call keeps what it bears."""
    pad = Keypad(rules({"1": "mazda"}, undo="**"))
    typed(pad, "1")
    pad.adopt(rules({"1": "ford"}, undo="##"))
    assert brief(typed(pad, "1##", at=10)) == [("tag", "ford", "1"), ("undo", "ford", "##")]
    assert brief(typed(pad, "##", at=20)) == [("undo", "mazda", "##")]


def test_map_follows_the_queue_of_the_moment() -> None:
    """After a transfer into another queue the same key means that queue's tag."""
    maps = [
        {"keys": {"1": "sale"}, "queues": ["sales"]},
        {"keys": {"1": "repair"}, "queues": ["service"]},
        {"keys": {"1": "boss"}, "queues": ["service"], "operators": ["101"]},
    ]
    pad = Keypad(rules({}, map=maps))
    tags = [
        typed(pad, "1", at=n * 9, record=call(queue=queue), operator=operator)[0].tag
        for n, (queue, operator) in enumerate(
            [("sales", "101"), ("service", "102"), ("service", "101")]
        )
    ]
    assert tags == ["sale", "repair", "boss"]


def test_map_follows_the_number() -> None:
    """Two numbers, two meanings of one key."""
    maps = [{"keys": {"1": "mazda"}, "numbers": ["+74950000001"]}, {"keys": {"1": "other"}}]
    pad = Keypad(rules({}, map=maps))
    (one,) = typed(pad, "1", record=call("c1", "+74950000001"))
    (two,) = typed(pad, "1", record=call("c2", "+74950000002"))
    assert (one.tag, two.tag) == ("mazda", "other")


def test_endless_numbers_do_not_fill_the_memory() -> None:
    """Numbers come from outside: what is compiled for them is bounded."""
    pad = Keypad(rules({"1": "mazda"}))
    for n in range(2100):
        typed(pad, "1", record=call(f"c{n}", did=f"+7495{n:07}"))
        pad.forget(f"c{n}")
    assert len(pad._vocabularies) <= 1024
    assert not pad._given
    assert not pad._hands
