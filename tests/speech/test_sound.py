"""The audio of a tap: in order, bounded, with its gaps."""

import asyncio

from calltrackd.speech.sound import MOST_S, WAITING_S, Sound

FRAME = b"\x01\x00" * 160
RATE = 8_000


def filled(frames: int, since: float = 100.0) -> Sound:
    """A tap that brought so many frames of 20 ms, each as it was said."""
    sound = Sound()
    for number in range(frames):
        sound.put(RATE, FRAME, since + 0.02 * (number + 1))
    return sound


async def test_waits_for_enough_and_gives_it_in_one() -> None:
    """What waits comes as one piece; what is left at the end comes, too."""
    sound = filled(5)
    piece = await sound.take(0.1)
    assert piece is not None
    assert (piece.pcm, piece.gap_s) == (FRAME * 5, 0.0)
    sound.put(RATE, FRAME, 100.12)
    sound.end()
    last = await sound.take(0.1)
    assert last is not None
    assert last.pcm == FRAME
    assert await sound.take(0.1) is None


async def test_end_wakes_who_waits() -> None:
    """A tap that ends before it brought anything leaves nobody waiting."""
    sound = Sound()
    waiting = asyncio.create_task(sound.take(0.1))
    await asyncio.sleep(0)
    sound.end()
    assert await asyncio.wait_for(waiting, 5) is None


async def test_begins_when_its_first_sample_was_said() -> None:
    """Not when it came: 20 ms earlier."""
    assert abs((filled(3).begun_at or 0.0) - 100.0) < 1e-9


async def test_pause_of_the_sender_is_a_gap() -> None:
    """A phone that sends nothing for 3 s moves what follows; unrest of 100 ms does not."""
    sound = filled(5)
    sound.put(RATE, FRAME, 100.22)
    sound.put(RATE, FRAME, 103.24)
    first, second = await sound.take(0.1), await sound.take(0.0)
    assert first is not None
    assert second is not None
    assert len(first.pcm) == 6 * len(FRAME)
    assert 2.9 < second.gap_s < 3.2


async def test_slow_engine_loses_the_oldest() -> None:
    """No more than WAITING_S waits; what was left out is counted, and is a gap."""
    sound = filled(int(WAITING_S / 0.02) + 50)
    assert abs(sound.lost_s - 1.0) < 0.03
    piece = await sound.take(0.1)
    assert piece is not None
    assert abs(piece.gap_s - sound.lost_s) < 1e-6
    assert abs(piece.seconds - MOST_S) < 0.03


async def test_muted_is_silence() -> None:
    """What is not for us keeps its place and loses its content."""
    sound = Sound()
    sound.muted = True
    sound.put(RATE, FRAME, 100.02)
    piece = await sound.take(0.02)
    assert piece is not None
    assert piece.pcm == bytes(len(FRAME))
