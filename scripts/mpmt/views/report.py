"""From records to a report: their views in the order in which a reader needs them."""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mpmt.answers.rows import rows_of
from mpmt.records.families import families_in
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


def _view(name: str, shown: Sequence[Shown]) -> View | Missing:
    """What its module makes of the records; where that finds nothing, the metrics that declare this view."""
    made: View | Missing = importlib.import_module(f"mpmt.views.{name}").view(shown)
    return (declared.of_metrics(name, shown) or made) if isinstance(made, Missing) else made


def subjects_of(records: Mapping[str, Record]) -> list[Subject]:
    """Each by the least that tells them apart: the machine, the commit, what was measured, when."""
    contexts = [record["context"] for record in records.values()]
    kinds = [[_short_machine(c) for c in contexts], [_short_commit(c) for c in contexts], [_what(r) for r in records.values()],
             [c["started_utc"] or "" for c in contexts]]
    otherwise = kinds[:2] if len(contexts) == 1 else kinds[1:2]
    telling = _telling([kind for kind in kinds if len(set(kind)) > 1], len(contexts)) or otherwise
    titles = [", ".join(kind[at] for kind in telling) for at in range(len(contexts))]
    unique = [f"{title} ({at + 1})" if titles.count(title) > 1 else title for at, title in enumerate(titles)]
    return [Subject(title, c["machine"]["key"], _facts(path, c)) for title, path, c in zip(unique, records, contexts)]


def _telling(kinds: Sequence[list[str]], count: int) -> Sequence[list[str]]:
    """As few of the first as tell all apart; all where they do not."""
    enough = (kinds[:upto] for upto in range(1, len(kinds) + 1) if len(set(zip(*kinds[:upto]))) == count)
    return next(enough, kinds)


_VENDORS = {"GenuineIntel": "Intel", "AuthenticAMD": "AMD"}


def _short_machine(context: Mapping[str, Any]) -> str:
    """"Intel, 2 CPUs (f77e69)": the model is a number to the kernel, and says less than its key."""
    identity, key = context["machine"].get("identity", {}), context["machine"]["key"]
    vendor = identity.get("cpu_vendor", "")
    cpus = identity.get("usable_cpus", context["num_cpus"])
    return f"{_VENDORS.get(vendor, vendor or 'a machine')}, {cpus} CPU{'' if str(cpus) == '1' else 's'} ({key[:6]})"


def _short_commit(context: Mapping[str, Any]) -> str:
    return ((context["commit"] or {}).get("id") or "no commit")[:12]


def _what(record: Record) -> str:
    names = [program["name"] for program in record["context"].get("programs", [])]
    return ", ".join([*families_in(record), *names])


def _facts(path: str, context: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """What a reader asks of a machine and a build; what the record does not say is left out."""
    identity, commit, build = context["machine"].get("identity", {}), context["commit"] or {}, context["build"] or {}
    said = {"machine": _short_machine(context), **{str(k).replace("_", " "): v for k, v in identity.items()},
            "commit": commit.get("id"), "compiler": build.get("compiler"), "flags": build.get("flags"),
            "started": context["started_utc"], "mpmt": context["suite_version"], "profile": context["profile"], "record": path}
    return tuple((name, str(value)) for name, value in said.items() if value not in (None, ""))


def _title(shown: Sequence[Shown]) -> str:
    if len(shown) == 1:
        return f"mpmt: {shown[0].subject.title}"
    machines = list(dict.fromkeys(_short_machine(one.record["context"]) for one in shown))
    of = machines[0] if len(machines) == 1 else f"{len(machines)} machines"
    return f"mpmt: {len(shown)} records of {of}"
