"""Audio files of the call (hard case 10)."""

from calltrackd.model.channel import RecordingStarted, RecordingStopped
from tests.calls.story import Story, answered_call, seconds


def _recorded(story: Story, path: str = "a.wav", who: str = "client") -> Story:
    return story.tell(RecordingStarted, channel=who, path=path, side="both")


def test_file_has_audio_from_the_answer_to_the_end() -> None:
    """MixMonitor before the answer writes nothing while it rings."""
    story = _recorded(Story().calls()).rings("101").after(3).picks_up("101").after(5)
    (recording,) = story.hangs_up("client", "101").record.recordings
    assert (recording.path, seconds(recording.started_at), recording.duration_s) == ("a.wav", 3, 5)


def test_each_file_is_listed_once() -> None:
    """The application and its variable tell of the same file."""
    story = _recorded(_recorded(_recorded(answered_call()), "b.wav"))
    assert [r.path for r in story.record_now().recordings] == ["a.wav", "b.wav"]


def test_stopped_recording_has_its_own_length() -> None:
    """The first file ends at the stop, the next one at the call's end."""
    story = _recorded(answered_call()).after(4).tell(RecordingStopped, channel="client").after(1)
    record = _recorded(story, "b.wav").after(2).hangs_up("client", "101").record
    assert [r.duration_s for r in record.recordings] == [4, 2]


def test_recording_of_the_operators_leg_is_the_calls() -> None:
    """FreePBX records agents on their own channels, also behind a Local."""
    story = Story().calls().local("half-1", "half-2", of="client")
    story = _recorded(story, "queue.wav", "half-2")
    assert [r.path for r in story.record_now().recordings] == ["queue.wav"]


def test_recording_told_before_its_channel_is_kept() -> None:
    """Events of one channel may overtake its begin by a millisecond."""
    story = _recorded(Story()).calls()
    assert [r.path for r in story.record_now().recordings] == ["a.wav"]


def test_file_of_the_operators_own_channel_holds_the_operators_voice() -> None:
    """A gosub before Dial records the phone that dials out: r() is what the operator says."""
    story = Story().dials("101", "79161112233")
    for path, side in (("in.sln", "caller"), ("out.sln", "operator"), ("mix.wav", "both")):
        story.tell(RecordingStarted, channel="101", path=path, side=side)
    story.dials_trunk("trunk", "79161112233", "101").tell(
        RecordingStarted, channel="101", path="late.sln", side="caller"
    )
    record = story.picks_up("trunk", of="101").after(2).hangs_up("101", "trunk").record
    assert {r.path: r.side for r in record.recordings} == {
        "in.sln": "operator",
        "out.sln": "caller",
        "mix.wav": "both",
        "late.sln": "operator",
    }


def test_call_that_nobody_answered_has_no_recording() -> None:
    """MixMonitor was there before the ringing; its file has no audio."""
    record = _recorded(Story().calls()).rings("101").after(3).bye("client").ends("client").record
    assert record.recordings == []
