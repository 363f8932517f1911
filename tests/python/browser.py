"""A browser for tests of pages: Chromium, through page_browser.mjs and the npm packages of scripts/page_bundle."""

from __future__ import annotations

import json
import os
import selectors
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Optional

from bench import ROOT

PATIENCE_S = 90
HERE = Path(__file__).resolve().parent
MODULES = (Path(os.environ.get("MPMT_PAGE_MODULES", ROOT / "build" / "ci" / "page" / "node_modules")),
           ROOT / "scripts" / "page_bundle" / "node_modules")


def required() -> bool:
    """Whether a machine without a browser fails, and does not skip."""
    return os.environ.get("CI") == "true" or os.environ.get("MPMT_BROWSER") == "required"


def modules() -> Optional[Path]:
    return next((folder for folder in MODULES if (folder / "puppeteer-core").is_dir() and (folder / "axe-core").is_dir()), None)


def lacking() -> str:
    """What is missing for a browser; empty: nothing is."""
    if not shutil.which("node"):
        return "node is not installed (Debian: nodejs)"
    if not shutil.which("chromium"):
        return "chromium is not installed"
    return "" if modules() else "the packages of scripts/page_bundle are not installed: `npm ci` there, or `.ci/run page`"


class Browser:
    """One for all tests; each opens a page of its own. Every request has a deadline."""

    def __init__(self, folder: Path) -> None:
        self._home = tempfile.TemporaryDirectory(prefix="mpmt-browser-", dir="/tmp")
        found = {name: value for name, value in os.environ.items() if name not in ("TMPDIR", "XDG_CACHE_HOME", "XDG_CONFIG_HOME")}
        self._process = subprocess.Popen(
            ["node", HERE / "page_browser.mjs", str(modules()), str(shutil.which("chromium"))], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=(folder / "browser.log").open("wb"), env={**found, "HOME": self._home.name, "TMPDIR": self._home.name})
        self._log = folder / "browser.log"
        self._folder, self._buffer, self._pages = folder, b"", 0

    def ask(self, request: str, **values: object) -> Any:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"request": request, **values}).encode("utf-8") + b"\n")
        self._process.stdin.flush()
        answer = json.loads(self._line(request))
        assert "error" not in answer, answer["error"]
        return answer["value"]

    def _line(self, request: str) -> bytes:
        assert self._process.stdout is not None
        with selectors.DefaultSelector() as waiting:
            waiting.register(self._process.stdout, selectors.EVENT_READ)
            while b"\n" not in self._buffer:
                assert waiting.select(PATIENCE_S), f"no answer to {request} within {PATIENCE_S} s: {self._log.read_text()[-2000:]}"
                read = os.read(self._process.stdout.fileno(), 1 << 16)
                assert read, f"the browser ended at {request}: {self._log.read_text()[-2000:]}"
                self._buffer += read
        line, _, self._buffer = self._buffer.partition(b"\n")
        return line

    def open(self, text: str, hash: str = "", **how: object) -> float:
        """Shows a page from a file; returns how long it took until it was ready, ms."""
        self._pages += 1
        path = self._folder / f"page-{self._pages}.html"
        path.write_text(text, "utf-8")
        return float(self.ask("open", url=path.as_uri() + hash, **how))

    def evaluate(self, expression: str) -> Any:
        return self.ask("evaluate", expression=expression)

    def text_of(self, selector: str) -> str:
        return str(self.evaluate(f"document.querySelector({json.dumps(selector)}).textContent"))

    def case(self, values: Mapping[str, str]) -> str:
        """Selects by hand, in the order given; returns the sentence."""
        for name, value in values.items():
            self.evaluate(f"""(() => {{ const at = document.getElementById({json.dumps('case.' + name)}); at.value = {json.dumps(value)};
                at.dispatchEvent(new Event(at.tagName === 'INPUT' ? 'input' : 'change', {{ bubbles: true }})); }})()""")
        return self.text_of("output")

    def expect_quiet(self) -> None:
        """The page asked for itself only, and nothing was wrong in it, nor against its policy."""
        said = self.ask("said")
        assert said["complaints"] == []
        assert len(said["requests"]) == 1, said["requests"]

    def close(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            self._process.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(PATIENCE_S)
        self._home.cleanup()
