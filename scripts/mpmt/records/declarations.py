"""What a record declares of itself: which view a family or a metric feeds, and what question a workload stands for. So what is
measured later appears in a report without a change here: a metric is any number that entries have under its name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from mpmt.records.families import CHANNEL, COMMAND, FAMILIES, GOOGLE, POOL, SERVER, rounds_that_count
from mpmt.records.record_file import Record

_MOST = 1e300
# Views whose metrics all entries have, and mean something in the families only that declare the view: what a trial of a command
# starts is no pool, and it has no messages.
_OF_FAMILIES = ("startup", "latency")


@dataclass(frozen=True)
class Metric:
    """`name`: of a field of entries; with a dot, of one within it ("latency_ns.p99"). `unit`: as in mpmt.views.view."""

    name: str
    view: str
    unit: str
    title: str
    family: str = ""  # whose rounds it is of; "": of all that have it


@dataclass(frozen=True)
class FamilySaid:
    """`cost`: the field of an entry that has the time of an operation, ns."""

    summary: str
    operation: str
    cost: str
    views: tuple[str, ...]


@dataclass(frozen=True)
class WorkloadSaid:
    """`question`: the kind of question it stands for: hand_over, cpu, copy, wait, file, mix, …; `typical`: it is the one that
    is taken for this question where a user names no workload."""

    question: str
    typical: bool
    summary: str
    grain_unit: str


@dataclass(frozen=True)
class Declared:
    families: Mapping[str, FamilySaid] = field(default_factory=dict)
    metrics: Mapping[str, Metric] = field(default_factory=dict)
    workloads: Mapping[str, WorkloadSaid] = field(default_factory=dict)


def declared(record: Record) -> Declared:
    """What the record says, or where it is from before records did, what was so then."""
    said = record["context"].get("declared")
    if not isinstance(said, Mapping):
        return BEFORE
    return Declared(
        {name: FamilySaid(_text(one, "summary"), _text(one, "operation"), _text(one, "cost"), _texts(one, "views"))
         for name, one in _objects(said, "families")},
        {name: Metric(name, _text(one, "view"), _text(one, "unit"), _text(one, "title") or name)
         for name, one in _objects(said, "metrics")},
        {name: WorkloadSaid(_text(one, "question"), one.get("typical") is True, _text(one, "summary"), _text(one, "grain_unit"))
         for name, one in _objects(said, "workloads")})


def _objects(said: Mapping[str, Any], key: str) -> list[tuple[str, Mapping[str, Any]]]:
    found = said.get(key)
    return [(name, one) for name, one in found.items() if isinstance(one, Mapping)] if isinstance(found, Mapping) else []


def _text(said: Mapping[str, Any], key: str) -> str:
    value = said.get(key)
    return value if isinstance(value, str) else ""


def _texts(said: Mapping[str, Any], key: str) -> tuple[str, ...]:
    value = said.get(key)
    return tuple(one for one in value if isinstance(one, str)) if isinstance(value, list) else ()


# ---- metrics of a view ------------------------------------------------------------------------------------


def metrics_of(record: Record, view: str) -> list[Metric]:
    """Those that declare this view, in the order of the declarations."""
    return [metric for metric in declared(record).metrics.values() if metric.view == view]


def family_metrics_of(record: Record, view: str) -> list[Metric]:
    """What a round is worth in each family that declares this view."""
    return [Metric(said.cost, view, "ns", f"time per {said.operation or 'operation'}", name)
            for name, said in declared(record).families.items() if view in said.views and said.cost]


def _families_of(record: Record, metric: Metric) -> set[str]:
    """Whose rounds it is of. A family that the record declares nothing of may have anything."""
    if metric.family:
        return {metric.family}
    said = declared(record).families
    return {name for name in FAMILIES
            if metric.view not in _OF_FAMILIES or name not in said or metric.view in said[name].views}


def numbers_of(record: Record, metric: Metric) -> list[Metric]:
    """The metric itself, or where entries have an object in its place a metric for each number in it, but for counts."""
    families = _families_of(record, metric)
    found = next((value for _, entry in rounds_that_count(record)
                  if entry["family"] in families and isinstance(value := entry.get(metric.name), Mapping)), None)
    if found is None:
        return [metric]
    return [replace(metric, name=f"{metric.name}.{key}", title=f"{metric.title}, {key}") for key in found if key != "count"]


def views_declared(record: Record) -> list[str]:
    """The names of all views that anything in the record declares, in the order of the declarations."""
    said = declared(record)
    names = [name for one in said.families.values() for name in one.views] + [metric.view for metric in said.metrics.values()]
    return list(dict.fromkeys(name for name in names if name))


def value_of(entry: Mapping[str, Any], metric: Metric) -> float | None:
    """What an entry says of the metric: a number, finite as are sums of some, or None."""
    value: Any = entry
    for key in (metric.name,) if metric.name in entry else metric.name.split(".", 1):
        value = value.get(key) if isinstance(value, Mapping) else None
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    return float(value) if abs(value) <= _MOST else None


def values_of(record: Record, metric: Metric) -> dict[str, list[tuple[Mapping[str, Any], float]]]:
    """By case: its rounds that count and have the metric, each with its value."""
    families = _families_of(record, metric)
    found: dict[str, list[tuple[Mapping[str, Any], float]]] = {}
    for _, entry in rounds_that_count(record):
        if entry["family"] in families and (value := value_of(entry, metric)) is not None:
            found.setdefault(entry["name"], []).append((entry, value))
    return found


# ---- before records declared anything ----------------------------------------------------------------------

_VIEWS = {POOL: ("verdict", "scaling", "where", "latency", "startup"), CHANNEL: ("channels",), COMMAND: ("verdict",),
          SERVER: ("verdict",), GOOGLE: ("verdict",)}
_WORKLOADS = (  # name, question, whether it is typical, a task, a unit of grain
    ("empty", "hand_over", True, "does nothing: the harness's own cost", ""),
    ("prime_count", "cpu", False, "integer arithmetic, no memory", "one number tested"),
    ("hash_chain", "cpu", True, "dependent operations in registers", "one round"),
    ("matrix_multiply", "cpu", False, "floating point in the first cache", "one product, 32 × 32"),
    ("sort_block", "cpu", False, "sorting: unpredictable branches", "one block of 1024 keys"),
    ("payload_copy", "copy", True, "reads every byte it is sent and returns as many", "one pass"),
    ("sleep_wait", "wait", True, "waits: uses nothing of this machine", "1 µs"),
    ("loopback_echo", "wait", False, "a TCP request to a server process that replies after a delay", "1 µs of delay"),
    ("file_cached", "file", True, "writes and reads through the page cache", "one 4-KiB block"),
    ("file_sync", "file", False, "writes and waits for the device", "one 4-KiB block"))

BEFORE = Declared(
    {name: FamilySaid("", family.operation, family.metric, _VIEWS[name]) for name, family in FAMILIES.items()},
    {metric.name: metric for metric in (
        Metric("startup_ns", "startup", "ns", "start-up"),
        Metric("shutdown_ns", "startup", "ns", "shutdown"),
        Metric("latency_ns", "latency", "ns", "latency of a message"),
        Metric("peak_memory_bytes", "memory", "bytes", "peak memory"),
        Metric("pss_bytes", "memory", "bytes", "PSS"),
        Metric("server_peak_memory_bytes", "memory", "bytes", "peak memory of the server"),
        Metric("server_pss_bytes", "memory", "bytes", "PSS of the server"))},
    {name: WorkloadSaid(question, typical, summary, unit) for name, question, typical, summary, unit in _WORKLOADS})
