"""Which channel? Of bare channels, by the size of a message, and of pools that ran the same tasks over several."""

from __future__ import annotations

from collections.abc import Sequence

from mpmt.views import bare_channels, core_to_core, pool_channels
from mpmt.views.bare_channels import Bare
from mpmt.views.pool_channels import Pools
from mpmt.views.report import Shown
from mpmt.views.view import Missing, View

NAME, TITLE = "channels", "Channels"
QUESTION = "Which channel, for messages or tasks of this size?"
COMMAND = "mpmt run --family channel --message-bytes 64,4Ki,64Ki,1Mi --pattern ping_pong,stream --wait block,yield"


def view(shown: Sequence[Shown]) -> View | Missing:
    """At most four charts: round trips, streams, one CPU against two, and how far apart the CPUs are."""
    bares = [bare for one in shown if (bare := Bare(one, _prefix(one, shown))).cases]
    pools = [pool for one in shown if (pool := Pools(one, _prefix(one, shown))).groups]
    if not bares and not pools:
        return Missing(NAME, TITLE, "no bare channel was measured, and no pool ran the same tasks over two channels", COMMAND)
    matrix = [found for one in shown if (found := core_to_core.of(one, _prefix(one, shown)))] if bares else []
    charts = [*bare_channels.charts(bares), *core_to_core.charts(matrix)]
    tables = [*bare_channels.tables(bares), *pool_channels.tables(pools), *(found.table for found in matrix)]
    sentences = [sentence for bare in bares for sentence in bare.sentences()]
    sentences += [sentence for pool in pools for sentence in pool.sentences()]
    sentences += [found.sentence for found in matrix]
    notes = [_HOW, *(note for bare in bares for note in bare.notes()), *(note for pool in pools for note in pool.notes()),
             *(note for found in matrix for note in found.notes)]
    return View(NAME, TITLE, QUESTION, tuple(sentences), tuple(charts), tuple(tables), tuple(dict.fromkeys(notes)))


_HOW = ("The fastest is the one with the least median; factors between channels have an interval over rounds, and are not "
        "confirmed by a second series as verdicts are.")


def _prefix(one: Shown, shown: Sequence[Shown]) -> str:
    """What sentences, panels and rows of this record begin with: its title, where there are several."""
    return f"{one.subject.title}: " if len(shown) > 1 else ""
