"""The live table of `calltrackd tail`."""

from datetime import UTC

from calltrackd.cli.board import FRAME_ROWS, MOST_ENDED, Board
from calltrackd.model.call import Talk, public
from tests.cli.records import START, call
from tests.cli.test_format import drawn

NOW = START + 600


def lines(board: Board, height: int = 30, now: float = NOW) -> list[str]:
    """What the screen shows."""
    return drawn(board.draw(now, UTC, 200, height), 200).splitlines()


def shown(board: Board, height: int = 30) -> list[str]:
    """The callers of the calls on the screen, top first."""
    return [line.split()[3] for line in lines(board, height)[3:] if not line.startswith("…")]


def living(number: int) -> dict[str, object]:
    """A call in progress whose caller is its number."""
    return public(call(number, caller=f"c{number}"))


def ended(number: int) -> dict[str, object]:
    """A missed call whose caller is its number."""
    return public(
        call(number, caller=f"c{number}", outcome="busy", lost=True, ended_at=START + number)
    )


def test_calls_in_progress_stand_above_ended_ones() -> None:
    """Oldest first above, so lines keep their place; newest first below."""
    board = Board()
    board.connected()
    for one in (living(2), living(1), ended(3), ended(4)):
        board.call(one)
    assert shown(board) == ["c1", "c2", "c4", "c3"]
    assert lines(board)[0] == "2 calls in progress"


def test_newer_state_replaces_the_call() -> None:
    """A call has one line; when it ends it moves down."""
    board = Board()
    board.call(living(1))
    board.call(living(2))
    board.call(ended(1))
    assert shown(board) == ["c2", "c1"]
    assert lines(board)[0] == "1 call in progress"


def test_what_does_not_fit_is_counted() -> None:
    """A short screen shows what fits and says how many more there are."""
    board = Board()
    for number in range(5):
        board.call(living(number))
    board.call(ended(9))
    assert shown(board, FRAME_ROWS + 3) == ["c0", "c1", "c2"]
    assert lines(board, FRAME_ROWS + 3)[-1] == "… and 2 more calls in progress"


def test_picture_never_outgrows_the_screen() -> None:
    """Else the terminal scrolls and the head is lost."""
    board = Board()
    for number in range(50):
        board.call(living(number))
    assert len(lines(board, 20)) <= 20


def test_blind_attachment_is_said_with_its_seconds() -> None:
    """Who looks at the table must know that it may be blind."""
    board = Board()
    up = {"pbx": "hq", "up": True, "since": "2026-11-23T08:00:00.000Z"}
    board.links([up, {"pbx": "shop", "up": False, "since": "2026-11-23T08:51:18.000Z"}])
    assert lines(board)[0] == "0 calls in progress  ·  hq up  ·  shop blind for 1:00"


def test_daemon_that_is_away_is_said_and_time_stands_still() -> None:
    """Seconds of calls must not run on when nothing is known; the first reason's moment counts."""
    board = Board()
    board.call(public(call(0, answered_at=START, talks=[Talk("101", START)])))
    board.away(START + 30, "connection refused")
    board.away(START + 90, "connection refused")
    head, *_, line = lines(board, now=START + 100)
    assert head == "calltrackd away for 1:10 (connection refused), trying again"
    assert line.split()[-1] == "0:30"


def test_new_stream_forgets_what_it_does_not_tell() -> None:
    """A call that ended while the daemon was away does not stay on the screen for ever."""
    board = Board()
    board.call(living(1))
    board.call(ended(2))
    board.away(NOW, "x")
    board.connected()
    board.call(living(3))
    assert shown(board) == ["c3", "c2"]


def test_ended_calls_are_kept_only_so_many() -> None:
    """A table that is left open for weeks does not grow."""
    board = Board()
    for number in range(MOST_ENDED + 10):
        board.call(ended(number))
    assert len(shown(board, 10_000)) == MOST_ENDED
