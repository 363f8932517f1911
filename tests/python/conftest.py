"""Makes scripts/ importable, gives every test the golden record, tests of the binary a bench to run it on, and tests of
track.py a desk."""

from __future__ import annotations

import json
import os
import signal
import sys
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import pytest

ROOT = Path(__file__).resolve().parents[2]
GOLDEN = ROOT / "tests" / "data" / "golden_record.json"
sys.path.insert(0, str(ROOT / "scripts"))

import tracker as tracker_module  # noqa: E402
from bench import BINARY, MARK, PATIENCE_S, Bench, Island, built, marked, until  # noqa: E402
from browser import Browser, lacking, required  # noqa: E402
from build_site import TOOLS, Site  # noqa: E402
from desk import Desk  # noqa: E402
from make_channel_record import make_record  # noqa: E402
from tracker import Tracker  # noqa: E402

from mpmt.builds import builds as builds_module  # noqa: E402

Place = TypeVar("Place", Bench, Desk)

# A handler, unlike what we were told to ignore, is not passed on to the programs that tests start and send signals to.
for _number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
    if signal.getsignal(_number) == signal.SIG_IGN:
        signal.signal(_number, lambda *_: None)
signal.signal(signal.SIGCHLD, signal.SIG_DFL)
os.environ.pop("MPMT_PYTHON", None)  # scripts are tested in the Python that tests run in


def pytest_xdist_auto_num_workers() -> int:
    """How many tests run at once. Where there are no islands, runs of mpmt would wait for each other's lock: one."""
    with Island() as island:
        return 0 if island.why_not else len(os.sched_getaffinity(0))


@pytest.fixture(scope="session")
def golden_text() -> str:
    return GOLDEN.read_text("utf-8")


@pytest.fixture(scope="session")
def golden_once(golden_text: str) -> dict[str, Any]:
    """Shared by all tests: not to be changed."""
    return json.loads(golden_text)


@pytest.fixture
def golden(golden_text: str) -> dict[str, Any]:
    """A copy that a test may change."""
    return json.loads(golden_text)


@pytest.fixture(scope="session")
def small_text(golden_once: dict[str, Any]) -> str:
    """A valid record of two workloads only: quick to draw."""
    keep = ("empty", "prime_count")
    parts = {part: [entry for entry in golden_once[part] if entry["workload"] in keep]
             for part in ("benchmarks", "comparisons")}
    return json.dumps({**golden_once, **parts})


@pytest.fixture
def small(small_text: str) -> dict[str, Any]:
    """A copy that a test may change."""
    return json.loads(small_text)


@pytest.fixture(scope="session", params=[1, 2])
def older_once(request: pytest.FixtureRequest) -> dict[str, Any]:
    """A record of each version before the present one, shared by all tests: not to be changed."""
    return json.loads(GOLDEN.with_name(f"golden_record_{request.param}.json").read_text("utf-8"))


@pytest.fixture(scope="session")
def channels_once() -> dict[str, Any]:
    """A small record of the channel family, shared by all tests: not to be changed."""
    return make_record(channels=("shm_ring", "pipe"), floors=("floor_futex",), sizes=(64, 4096),
                       patterns=("ping_pong", "stream", "open_loop"),
                       bimodal=({"channel": "pipe", "message_bytes": 4096, "placement": "spread", "sides": "processes"},),
                       disturbed=({"channel": "pipe", "message_bytes": 64, "round": 2},))


@pytest.fixture(scope="session")
def channels_text(channels_once: dict[str, Any]) -> str:
    return json.dumps(channels_once)


@pytest.fixture
def channels(channels_text: str) -> dict[str, Any]:
    """A copy that a test may change."""
    return json.loads(channels_text)


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    """Writes a record, or text, or bytes, and returns where."""
    def write_(content: Any, name: str = "record.json") -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if not isinstance(content, bytes):
            content = (content if isinstance(content, str) else json.dumps(content)).encode("utf-8")
        path.write_bytes(content)
        return path
    return write_


@pytest.fixture(scope="session")
def island() -> Iterator[Island]:
    with Island() as made:
        yield made


def until_over(made: Place) -> Iterator[Place]:
    """For a fixture: when the test is over, nothing of what was run may be left."""
    try:
        yield made
        made.expect_nothing_left()
    finally:
        made.clear()


@pytest.fixture(scope="session")
def binary() -> Path:
    """The one that is tested."""
    return built(BINARY)


@pytest.fixture
def bench(island: Island, tmp_path: Path, binary: Path) -> Iterator[Bench]:
    """Runs the binary."""
    yield from until_over(Bench(tmp_path, island))


@pytest.fixture
def mark(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[str]:
    """Everything that is started carries it; nothing of that may be left, nor a temporary file."""
    found = uuid.uuid4().hex
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    monkeypatch.setenv(MARK, found)
    monkeypatch.setattr("tempfile.tempdir", str(temporary))
    monkeypatch.setenv("TMPDIR", str(temporary))
    yield found
    try:
        until(lambda: not marked(found), "all processes to end", 5)
        assert os.listdir(temporary) == []
    finally:
        for process in marked(found):
            os.kill(process.pid, signal.SIGKILL)


@pytest.fixture(scope="session")
def tracker(island: Island) -> Iterator[Tracker]:
    with Tracker(island.command(Path("/"), [sys.executable, tracker_module.__file__])) as made:
        yield made


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    if why := lacking():
        assert not required(), why
        pytest.skip(why)
    made = Browser(tmp_path_factory.mktemp("browser"))
    try:
        yield made
    finally:
        made.close()


@pytest.fixture
def desk(tmp_path: Path, tracker: Tracker) -> Iterator[Desk]:
    yield from until_over(Desk(tmp_path, tracker))


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    made = Site(tmp_path)
    monkeypatch.setenv("COUNT", str(made.count))
    monkeypatch.setattr(builds_module, "tools", lambda: TOOLS)
    yield made
    for process in made.started:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)  # killed, it would leave its build behind
        process.communicate(timeout=PATIENCE_S)
