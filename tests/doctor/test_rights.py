"""Classes of the AMI user, too few and too many."""

import pytest

from calltrackd.doctor.asterisk import rights
from calltrackd.doctor.asterisk.facts import ManagerUser
from tests.doctor.seeds import ALL_CLASSES, NO_TAGS, TAGS, attachment, brief, only, pbx


def reading(*without: str) -> ManagerUser:
    """A user that may read all but these."""
    return ManagerUser(ALL_CLASSES - set(without), frozenset({"call"}))


def test_recommended_user_is_fine() -> None:
    """Nothing is said of a user that has what is needed."""
    assert list(rights.check(pbx(), TAGS)) == []


@pytest.mark.parametrize(
    ("lacking", "severity"),
    [
        ("call", "error"),
        ("agent", "error"),
        ("dtmf", "error"),
        ("dialplan", "warning"),
        ("system", "warning"),
    ],
)
def test_missing_event_class_is_told_with_its_line(lacking: str, severity: str) -> None:
    """Each class costs something else; the line to write has it."""
    found = only(rights.check(pbx(user=reading(lacking)), TAGS))
    assert (found.check, found.severity) == ("rights.read", severity)
    assert lacking in found.what
    (line,) = [line for line in found.mend if line.startswith("read = ")]
    assert lacking in line.removeprefix("read = ").split(",")


def test_keys_unread_matter_less_without_key_maps() -> None:
    """Without maps only menu choices are lost."""
    assert only(rights.check(pbx(user=reading("dtmf")), NO_TAGS)).severity == "warning"


def test_class_that_the_settings_do_not_ask_for_is_not_missed() -> None:
    """`events` of the attachment is the measure."""
    narrow = pbx(settings=attachment(events="call,dtmf"), user=reading("agent", "system"))
    assert list(rights.check(narrow, TAGS)) == []


def test_line_to_write_holds_all_that_is_needed() -> None:
    """Two classes missing, one line for both."""
    lines = {one.mend[1] for one in rights.check(pbx(user=reading("agent", "dtmf")), TAGS)}
    assert lines == {"read = call,agent,dtmf,dialplan,system"}


def test_user_that_reads_all_lacks_nothing() -> None:
    """`read = all` holds every class."""
    everything = ManagerUser(frozenset({"all"}), frozenset({"call"}))
    assert list(rights.check(pbx(user=everything), TAGS)) == []


def test_action_that_the_user_may_not_use() -> None:
    """ListCommands lists what is granted: a Status that is missing there loses calls."""
    found = only(
        rights.check(pbx(commands=frozenset({"CoreShowChannels", "ParkedCalls"})), NO_TAGS)
    )
    assert (found.check, found.severity) == ("rights.write", "error")
    assert "Status" in found.what
    assert any(line.startswith("write = ") for line in found.mend)


def test_classes_tell_where_the_list_of_actions_is_unknown() -> None:
    """Seen by another user's session, manager.conf says what ours may do."""
    poor = pbx(commands=None, user=ManagerUser(ALL_CLASSES, frozenset({"user"})))
    asked = {found.what.split()[6] for found in rights.check(poor, NO_TAGS)}
    assert asked == {"Status", "CoreShowChannels", "ParkedCalls"}
    enough = pbx(commands=None, user=ManagerUser(ALL_CLASSES, frozenset({"call", "reporting"})))
    assert list(rights.check(enough, TAGS)) == []


@pytest.mark.parametrize(
    ("tone", "findings"), [("playmf", 1), ("playdtmf", 1), ("whisper", 1), ("off", 0)]
)
def test_tone_needs_its_action_only_when_it_is_on(tone: str, findings: int) -> None:
    """PlayMF, PlayDTMF or Originate, whichever makes the confirmation."""
    keypad = TAGS.model_copy(update={"tone": tone})
    few = pbx(commands=frozenset({"Status", "CoreShowChannels", "ParkedCalls"}))
    assert len(list(rights.check(few, keypad))) == findings


def test_too_many_rights_are_a_note() -> None:
    """Who may write `command` owns the PBX's host."""
    mighty = ManagerUser(ALL_CLASSES, frozenset({"all"}))
    found = only(rights.check(pbx(user=mighty), TAGS))
    assert (found.check, found.severity) == ("rights.risky", "note")
    assert "command" in found.what


def test_nothing_is_guessed_where_nothing_was_seen() -> None:
    """Unknown rights are no finding of this check."""
    assert brief(rights.check(pbx(user=None, commands=None), TAGS)) == []
