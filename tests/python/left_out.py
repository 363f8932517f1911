"""LEFT_OUT stands, in tables of changes to a message or a record, for a field that is not there.

It has the same name in every process, unlike an object(): names of tests are made from it.
"""

from __future__ import annotations

import enum


class Field(enum.Enum):
    LEFT_OUT = "left out"


LEFT_OUT = Field.LEFT_OUT
