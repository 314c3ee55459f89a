"""The demo as a newcomer runs it: it proves itself, and nothing of it stays behind."""

import fcntl
import os
import signal
import subprocess
import sys
import termios
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.demo.attachment import NAMES, Make
from tests.lab.asterisk import CACHE
from tests.lab.freeswitch import GIVEN
from tests.lab.packages import Unavailable, asterisk_tree
from tests.lab.running import missing

pytestmark = pytest.mark.waits

ROOT = Path(__file__).parents[2]
LONGEST_S = 170
MARK = "CALLTRACKD_DEMO_TEST"
WORDS = "tags by words: costly ×2, refund, price ×2, visit, booking"


@pytest.fixture
def mark() -> Iterator[str]:
    """A word in the environment of all that comes from one demo; what is left is killed."""
    word = uuid.uuid4().hex
    yield word
    for pid in living(word):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


@pytest.fixture
def asterisk() -> None:
    """Asterisk 22 can be had; where it can't, the test is skipped, but never in CI."""
    try:
        asterisk_tree(22, CACHE)
    except Unavailable as error:
        missing(22, error)


def living(word: str) -> list[int]:
    """Pids of all processes that bear the mark."""
    found = []
    for environ in Path("/proc").glob("[0-9]*/environ"):
        with suppress(OSError):
            if f"{MARK}={word}".encode() in environ.read_bytes():
                found.append(int(environ.parent.name))
    return found


def command(pbx: str, folder: Path, make: str = "asterisk") -> list[str]:
    """The demo's command line."""
    options = ["--make", make, "--pbx", pbx, "--folder", str(folder), "--faster", "5"]
    return [sys.executable, "-m", "tests.demo", *options]


def surroundings(word: str) -> dict[str, str]:
    """The environment with the mark, on a terminal of 100 by 30."""
    size = {"COLUMNS": "100", "LINES": "30", "TERM": "xterm"}
    return {**os.environ, **size, MARK: word, "PYTHONUNBUFFERED": "1"}


def proves_itself(pbx: str, folder: Path, word: str, make: str = "asterisk") -> str:
    """Runs it into a pipe; what it printed."""
    done = subprocess.run(
        command(pbx, folder, make), cwd=ROOT, env=surroundings(word), capture_output=True,
        text=True, timeout=LONGEST_S, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    assert "All records are as the phones' plot says." in done.stdout
    assert living(word) == []
    return done.stdout


@pytest.mark.parametrize("make", NAMES)
def test_recorded_calls_prove_themselves(make: Make, tmp_path: Path, mark: str) -> None:
    """Without a PBX the recorded stream gives all calls, tags and webhooks, and says so."""
    printed = proves_itself("recorded", tmp_path, mark, make)
    assert f"RECORDED calls of a real {NAMES[make]}" in printed
    assert WORDS in printed
    assert "refund: “want a refund”  heard in the recording" in printed


def test_demo_without_vosk_goes_on_without_words(tmp_path: Path, mark: str) -> None:
    """The reason is told, all else is as ever."""
    (tmp_path / "vosk.py").write_text("raise OSError('no libvosk for this machine')")
    deaf = {**surroundings(mark), "PYTHONPATH": f"{tmp_path}:{ROOT}"}
    done = subprocess.run(
        command("recorded", tmp_path / "demo"), cwd=ROOT, env=deaf, capture_output=True, text=True,
        timeout=LONGEST_S, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    assert "Words are not heard in this demo" in done.stdout
    assert "no libvosk for this machine" in done.stdout
    assert "tags by phone keys: service, sale, new car" in done.stdout


def test_given_freeswitch_proves_itself(tmp_path: Path, mark: str) -> None:
    """Real phones at a real FreeSWITCH play the same plot, and the records are the same."""
    if GIVEN not in os.environ:
        pytest.skip(f"no FreeSWITCH is given: {GIVEN}=host:port:password")
    assert "a real FreeSWITCH" in proves_itself("real", tmp_path, mark, "freeswitch")


def test_demo_without_freeswitch_falls_back(tmp_path: Path, mark: str) -> None:
    """None is given: the reason is told, and the recorded calls come."""
    none = {name: value for name, value in surroundings(mark).items() if name != GIVEN}
    done = subprocess.run(
        command("auto", tmp_path / "demo", "freeswitch"),
        cwd=ROOT, env=none, capture_output=True, text=True, timeout=LONGEST_S, check=False,
    )  # fmt: skip
    assert "RECORDED calls of a real FreeSWITCH" in done.stdout
    assert GIVEN in done.stdout
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]


@pytest.mark.live22
@pytest.mark.usefixtures("asterisk")
def test_real_calls_prove_themselves(tmp_path: Path, mark: str) -> None:
    """A real Asterisk and real phones give all calls, tags and webhooks; words while they live."""
    printed = proves_itself("real", tmp_path, mark)
    assert "a real Asterisk 22" in printed
    assert WORDS in printed
    assert "of them while people talked" in printed
    assert "s after the words, the call goes on" in printed


def test_demo_without_asterisk_falls_back(tmp_path: Path, mark: str) -> None:
    """Where apt can't give the packages the reason is told, and the recorded calls come."""
    no_apt = {**surroundings(mark), "PATH": str(tmp_path)}
    done = subprocess.run(
        [*command("auto", tmp_path / "demo"), "--cache", str(tmp_path / "cache")],
        cwd=ROOT, env=no_apt, capture_output=True, text=True, timeout=LONGEST_S, check=False,
    )  # fmt: skip
    assert "RECORDED calls of a real Asterisk 22" in done.stdout
    assert "apt-get" in done.stdout
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]


def test_second_demo_in_one_folder_waits_its_turn(tmp_path: Path, mark: str) -> None:
    """It would clear the first one's store; so it says no."""
    with (tmp_path / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = subprocess.run(
            command("recorded", tmp_path), cwd=ROOT, env=surroundings(mark), capture_output=True,
            text=True, timeout=LONGEST_S, check=False,
        )  # fmt: skip
    assert done.returncode == 1
    assert "another demo runs" in done.stdout


# -- the end comes early


class Terminal:
    """A demo on a terminal of its own, in a session of its own."""

    def __init__(self, pbx: str, folder: Path, word: str) -> None:
        self.master, slave = os.openpty()
        self.shown = ""
        self.process = subprocess.Popen(
            command(pbx, folder), cwd=ROOT, env=surroundings(word), stdin=slave, stdout=slave,
            stderr=slave, start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),  # noqa: PLW1509 - one ioctl
        )  # fmt: skip
        os.close(slave)

    def until(self, words: str) -> None:
        """Reads until the words are on the screen."""
        deadline = time.monotonic() + LONGEST_S
        while words not in self.shown and time.monotonic() < deadline:
            self.shown += os.read(self.master, 65_536).decode(errors="replace")
        assert words in self.shown

    def type_ctrl_c(self) -> None:
        """As a person does it."""
        os.write(self.master, b"\x03")

    def terminate(self) -> None:
        """As `kill` does it: the demo alone is told, its children are not."""
        self.process.terminate()

    def hang_up(self) -> None:
        """The window is closed."""
        os.close(self.master)
        self.master = -1

    def end(self) -> int:
        """Waits for the end; the exit code."""
        try:
            deadline = time.monotonic() + 30
            while self.process.poll() is None and time.monotonic() < deadline:
                if self.master >= 0:
                    with suppress(OSError):  # the other side is gone
                        self.shown += os.read(self.master, 65_536).decode(errors="replace")
                else:
                    self.process.wait(30)
            return self.process.wait(30)
        finally:
            if self.master >= 0:
                os.close(self.master)


ENDINGS = (Terminal.type_ctrl_c, Terminal.terminate, Terminal.hang_up)


@pytest.mark.parametrize("end", ENDINGS, ids=lambda end: end.__name__)
def test_nothing_stays_when_it_ends_amid_a_call(
    end: Callable[[Terminal], None], tmp_path: Path, mark: str
) -> None:
    """Ctrl-C, kill and a closed window end receiver and daemon."""
    terminal = Terminal("recorded", tmp_path, mark)
    terminal.until("talking 102")
    end(terminal)
    assert terminal.end() == 130
    assert living(mark) == []


@pytest.mark.parametrize("words", ["about a minute", "connecting"])
def test_nothing_stays_when_it_ends_at_once(words: str, tmp_path: Path, mark: str) -> None:
    """Also before the first call."""
    terminal = Terminal("recorded", tmp_path, mark)
    terminal.until(words)
    terminal.type_ctrl_c()
    assert terminal.end() == 130
    assert living(mark) == []


@pytest.mark.live22
@pytest.mark.usefixtures("asterisk")
@pytest.mark.parametrize("words", ["Starting Asterisk", "connecting", "talking 102"])
def test_no_asterisk_stays_after_ctrl_c(words: str, tmp_path: Path, mark: str) -> None:
    """While it starts, while the daemon connects, amid a call."""
    terminal = Terminal("real", tmp_path, mark)
    terminal.until(words)
    terminal.type_ctrl_c()
    assert terminal.end() == 130
    assert living(mark) == []
