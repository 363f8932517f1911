"""Programs that are run: their end, their output and their last words, in time, and no process stays."""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path

import pytest

from bench import marked
from mpmt.builds import process
from mpmt.builds.process import Failed

pytestmark = pytest.mark.usefixtures("mark")
AT_ONCE_S = 20.0  # what must not wait for a deadline of its own, which is longer


def python(code: str) -> list[str]:
    return [sys.executable, "-IS", "-c", code]


LINGERS = "import os, time\nif os.fork() == 0:\n    time.sleep(600)\nprint('said')"


@pytest.mark.parametrize(("code", "answer"), [
    ("", (0, b"", "")), ("print('a'); print('b')", (0, b"a\nb\n", "")),
    ("import sys; sys.exit('first\\n\\nlast  ')", (1, b"", "last")),
    ("import os; os.kill(os.getpid(), 9)", (-9, b"", "")), (LINGERS, (0, b"said\n", "")),
    ("import os; os.close(1); os.close(2)", (0, b"", "")),
    ("print('x' * 1_000_000)", (0, b"x" * 1_000_000 + b"\n", "")),
    ("import sys; sys.stderr.buffer.write(b'\\xff\\x1b[31mred')", (0, b"", "\ufffd\\x1b[31mred")),
])
def test_a_process_gives_its_exit_code_its_output_and_its_last_words(code: str, answer: tuple[int, bytes, str]) -> None:
    start = time.monotonic()
    got = process.output_of(python(code), 300)
    assert got == answer
    assert time.monotonic() - start < AT_ONCE_S


@pytest.mark.parametrize("code", [
    "import time; time.sleep(600)", "import os, time; os.close(1); time.sleep(600)",
    "import signal, time\nfor s in (1, 2, 15): signal.signal(s, signal.SIG_IGN)\ntime.sleep(600)",
    "import os, time\nos.fork(); os.fork()\ntime.sleep(600)",
])
def test_a_process_that_does_not_end_is_killed_with_all_its_children(code: str) -> None:
    with pytest.raises(Failed, match=r"did not end within 0.2 s$"):
        process.output_of(python(code), 0.2)


def test_output_without_end_is_not_read_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "MOST_OUTPUT", 1 << 20)
    with pytest.raises(Failed, match="wrote more than 1 MiB to standard output"):
        process.output_of(python("while True: print('x' * 4096)"), 300)


def test_what_cannot_be_started_says_why(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no program")
    for path, why in ((tmp_path / "file", "Permission denied"), (tmp_path / "none", "No such file or directory")):
        with pytest.raises(Failed, match=f"cannot be started: {why}$"):
            process.output_of([str(path)], 5)


@pytest.mark.parametrize(("code", "words"), [
    (0, "exited with 0"), (3, "exited with 3"), (-11, "was killed by SIGSEGV"), (-40, "was killed by signal 40"),
])
def test_an_ending_in_words(code: int, words: str) -> None:
    assert process.ending(code) == words


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interruption_while_a_process_is_being_started_leaves_none(number: int, mark: str,
                                                                      monkeypatch: pytest.MonkeyPatch) -> None:
    """The worst moment: it runs already, but Popen has not returned."""
    class Popen(process.subprocess.Popen):  # type: ignore[name-defined,misc]
        def __init__(self, *args: object, **options: object) -> None:
            super().__init__(*args, **options)  # type: ignore[arg-type]
            os.kill(os.getpid(), number)

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt
    previous = signal.signal(number, interrupt)
    try:
        monkeypatch.setattr(process.subprocess, "Popen", Popen)
        with pytest.raises(KeyboardInterrupt):
            process.output_of(python("import time; time.sleep(600)"), 300)
        assert signal.getsignal(number) is interrupt
    finally:
        signal.signal(number, previous)
    assert marked(mark) == []
