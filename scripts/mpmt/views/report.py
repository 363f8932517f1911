"""From records to a report: their views in the order in which a reader needs them."""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Union

from mpmt.answers.rows import rows_of
from mpmt.records.record_file import Record
from mpmt.views import declared
from mpmt.views.view import Missing, Report, Subject, View

# The modules of mpmt.views, each with `view(shown) -> View | Missing`. Views that a record declares besides come after those of
# what was measured, and before "failures".
ORDER = ("verdict", "scaling", "where", "latency", "channels", "startup", "memory", "failures", "history", "claims", "belief")


@dataclass(frozen=True)
class Shown:
    """One of the records that a report is made of, and its place among them."""

    record: Record
    subject: Subject
    number: int


def report_of(records: Mapping[str, Record]) -> Report:
    """Of checked records, by their paths. What a record lacks is a Missing, and no error."""
    shown = [Shown(record, subject, at) for at, (record, subject) in enumerate(zip(records.values(), subjects_of(records)))]
    made = [_view(name, shown) for name in ORDER]
    further = (declared.view(name, shown) for name in declared.names(shown, ORDER))
    made[ORDER.index("failures"):ORDER.index("failures")] = [one for one in further if one is not None]
    return Report(_title(shown), tuple(one.subject for one in shown), tuple(one for one in made if isinstance(one, View)),
                  tuple(one for one in made if isinstance(one, Missing)),
                  tuple(row for one in shown for row in rows_of(one.record, one.number)),
                  tuple(dict.fromkeys(warning for one in shown for warning in one.record["context"].get("warnings", []))))


def _view(name: str, shown: Sequence[Shown]) -> Union[View, Missing]:
    """What its module makes of the records; where that finds nothing, the metrics that declare this view."""
    made: Union[View, Missing] = importlib.import_module(f"mpmt.views.{name}").view(shown)
    return (declared.of_metrics(name, shown) or made) if isinstance(made, Missing) else made


def subjects_of(records: Mapping[str, Record]) -> list[Subject]:
    """Named by what tells them apart: the machine, else the commit, else when they were measured."""
    contexts = [record["context"] for record in records.values()]
    names = [[_machine_name(c) for c in contexts], [((c["commit"] or {}).get("id") or "no commit")[:12] for c in contexts],
             [c["started_utc"] or "" for c in contexts]]
    telling = [kind for kind in names if len(set(kind)) > 1] or [names[1]]
    titles = [" ".join(kind[at] for kind in telling) for at in range(len(contexts))]
    unique = [f"{title} ({at + 1})" if titles.count(title) > 1 else title for at, title in enumerate(titles)]
    return [Subject(title, c["machine"]["key"], _facts(path, c)) for title, path, c in zip(unique, records, contexts)]


def _machine_name(context: Mapping[str, object]) -> str:
    machine = context["machine"]
    assert isinstance(machine, Mapping)
    identity = machine.get("identity", {})
    return f"{identity.get('cpu_model', 'machine')} [{machine['key']}]"


def _facts(path: str, context: Mapping[str, object]) -> tuple[tuple[str, str], ...]:
    """Filled by what a reader asks of a machine and a build; what the record does not say is left out."""
    machine, commit, build = context["machine"], context["commit"] or {}, context["build"] or {}
    assert isinstance(machine, Mapping) and isinstance(commit, Mapping) and isinstance(build, Mapping)
    said = {**{str(k).replace("_", " "): v for k, v in machine.get("identity", {}).items()}, "commit": commit.get("id"),
            "compiler": build.get("compiler"), "flags": build.get("flags"), "started": context["started_utc"],
            "mpmt": context["suite_version"], "profile": context["profile"], "record": path}
    return tuple((name, str(value)) for name, value in said.items() if value not in (None, ""))


def _title(shown: Sequence[Shown]) -> str:
    return "mpmt: " + ", ".join(one.subject.title for one in shown)
