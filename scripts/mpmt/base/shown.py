"""Untrusted text, made fit to be shown on a terminal, in the log of a CI, in Markdown and in figures: base/shown.hpp for
Python. Both are held to one table of cases, tests/data/shown.json."""

from __future__ import annotations

import json
import os
import re
from typing import Any

# What moves the cursor or talks to the terminal, turns the direction of writing, is no character, or is half of one.
_UNFIT = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufdd0-\ufdef"
                    + "".join(f"{chr(plane << 16 | 0xfffe)}{chr(plane << 16 | 0xffff)}" for plane in range(17))
                    + "]|(?<=#)#")
# Where the runners of CIs look behind for a command: what is white space to them, or to the eye.
_COMMAND = re.compile("([ \xa0\u1680\u180e\u2000-\u200b\u202f\u205f\u3000\ufeff]*):(?=:)")
_LETTERS = {"\n": "\\n", "\t": "\\t", "\r": "\\r"}


def shown(text: object, limit: int | None = None) -> str:
    """`text` (a name, a path, an option, an exception, what another program or a file says) as one line that does nothing
    but be read. Every message, table and figure of ours passes what it did not make itself through here. Escaped, as in
    a C string, are

    - control characters, separators of lines and paragraphs, and the characters that turn the direction of writing;
    - bytes that are no UTF-8 (in a str: those that surrogateescape stands for), halves of surrogate pairs, and what
      Unicode says is no character;
    - what a CI takes for a command in a line of a log: "::" where the text begins, be it behind blanks, and "##".

    All else stays as it is, so that shown(shown(x)) is shown(x). With `limit`, the result has at most so many characters;
    where text was left out it ends in "…".
    """
    said = _str_of(text)
    if limit is not None and len(said) > limit:
        said = said[:limit + 1]  # escaping makes nothing shorter
    made = _UNFIT.sub(_escape, said)
    if command := _COMMAND.match(made):
        made = f"{command[1]}\\x3a{made[command.end():]}"
    return made if limit is None or len(made) <= limit else made[: limit - 1] + "…"


def _str_of(text: object) -> str:
    if isinstance(text, os.PathLike):
        text = os.fspath(text)
    return text.decode("utf-8", "surrogateescape") if isinstance(text, bytes) else str(text)


def _escape(found: re.Match[str]) -> str:
    character = found[0]
    code = ord(character)
    if 0xDC80 <= code <= 0xDCFF:  # a byte
        code -= 0xDC00
    if code > 0xFFFF:
        return f"\\U{code:08x}"
    return _LETTERS.get(character) or (f"\\u{code:04x}" if code > 0xFF else f"\\x{code:02x}")


def shown_json(document: Any) -> str:
    """The document as JSON for standard output: ASCII without control characters, and no command to a CI. Raises
    ValueError for numbers that JSON does not have."""
    text = json.dumps(document, indent=1, allow_nan=False)  # "#" and DEL are in strings only
    return text.replace("##", "#\\u0023").replace("\x7f", "\\u007f")
