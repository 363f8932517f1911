"""Common claims about threads and processes, and what a record's own figures say of each: a table of hypotheses
(mpmt.views.hypotheses). None is called confirmed without data."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Optional

from mpmt.answers import words
from mpmt.views.facts import Facts, facts_of
from mpmt.views.hypotheses import CLAIMS, UNMEASURED, Claim
from mpmt.views.report import Shown
from mpmt.views.verdict_of_claim import CONFIRMED, NOT_SHOWN, REFUTED, Finding
from mpmt.views.view import Column, Missing, Table, Value, View

Row = tuple[Optional[Value], ...]
NAME, TITLE = "claims", "Common claims"
COMMAND = "mpmt run"  # the quick profile decides most of them
_ORDER = (CONFIRMED, REFUTED, NOT_SHOWN)


def view(shown: Sequence[Shown]) -> View | Missing:
    every = [(one, facts) for one in shown for facts in facts_of(one.record)]
    decided = [(one, facts, claim, found) for claim in CLAIMS for one, facts in every
               if (found := claim.decide(facts)) is not None]
    if not decided:
        return Missing(NAME, TITLE, "nothing that was measured decides any of them", COMMAND)
    several = len(shown) > 1
    rows = [_row(one if several else None, facts, claim, found) for one, facts, claim, found in decided]
    rows.sort(key=lambda row: _ORDER.index(str(row[0])))
    missing = [claim for claim in CLAIMS if not any(other is claim for _, _, other, _ in decided)]
    return View(NAME, TITLE, "What of the common claims about threads and processes holds here?", _sentences(decided), (),
                (_table(rows), *_not_measured(missing)), (f"Nothing measures yet: {'; '.join(UNMEASURED)}.",))


def _sentences(decided: Sequence[tuple[Shown, Facts, Claim, Finding]]) -> tuple[str, ...]:
    said = []
    torn = {claim.says for one, _, claim, found in decided for other, _, same, differs in decided
            if claim is same and one is not other and found.verdict != differs.verdict}
    for verdict in _ORDER:
        claims = list(dict.fromkeys(f"{claim.says}{_of(one if claim.says in torn else None, facts)}"
                                    for one, facts, claim, found in decided if found.verdict == verdict))
        if claims:
            said.append(f"{verdict[:1].upper()}{verdict[1:]}: {'; '.join(claims)}.")
    measured = len({claim.says for _, _, claim, _ in decided})
    return (*said, f"Of {words.plural(len(CLAIMS), 'claim')} {measured} {'was' if measured == 1 else 'were'} measured here.")


def _of(one: Shown | None, facts: Facts) -> str:
    """`one`: where records differ in it."""
    names = [name for name in (facts.program, one.subject.title if one else "") if name]
    return f" ({', '.join(names)})" if names else ""


def _row(one: Shown | None, facts: Facts, claim: Claim, found: Finding) -> Row:
    return found.verdict, claim.says, found.figure, claim.test, facts.program or None, one.subject.title if one else None


def _table(rows: Sequence[Row]) -> Table:
    columns = (Column("verdict"), Column("claim"), Column("measured"), Column("confirmed, if"), Column("program"),
               Column("record"))
    kept = [at for at in range(len(columns)) if any(row[at] is not None for row in rows)]
    return Table(tuple(columns[at] for at in kept), tuple(tuple(row[at] for at in kept) for row in rows),
                 "Claims, and what was measured")


def _not_measured(missing: Sequence[Claim]) -> list[Table]:
    rows = tuple((claim.says, claim.test, claim.command) for claim in missing)
    return [Table((Column("claim"), Column("confirmed, if"), Column("measured by")), rows, "Not measured here")] if rows else []
