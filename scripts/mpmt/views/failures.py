"""What a failure costs. Nothing measures it yet: a case that failed says that it did, and not what recovery takes. Those cases
are in the view of belief."""

from __future__ import annotations

from collections.abc import Sequence

from mpmt.views.report import Shown
from mpmt.views.view import Missing, View


def view(shown: Sequence[Shown]) -> View | Missing:
    return Missing("failures", "What a failure costs", "nothing measures yet what is lost, and how long it takes to go on, "
                   "when a worker aborts, "
                   "hangs or is killed; cases that failed here are under \"Can this be believed?\"")
