"""Hypotheses about channels: what an address costs against a copy, threads against processes, and pipes against the rest."""

from __future__ import annotations

import statistics

from mpmt.answers import words
from mpmt.answers.rows import workload_of
from mpmt.records.families import CHANNEL, comparisons_of
from mpmt.views.facts import Facts
from mpmt.views.measured import Case, number_of
from mpmt.views.verdict_of_claim import CONFIRMED, NOT_SHOWN, REFUTED, Finding, Interval, above, below, median_of, of_most

FLAT = 1.2  # growth that is next to none
NO_COPY = ("by_reference", "shm_arena")
CLASSIC = ("pipe", "posix_queue", "boost_queue")  # pipes and message queues


def address_is_flat(facts: Facts) -> Finding | None:
    """Growth of the time per hand-over from the least to the most data: by address, and by copy."""
    growths = _pool_growths(facts) or _channel_growths(facts)
    if growths is None:
        return None
    (flat, flat_of), (steep, steep_of), sizes = growths
    verdict = below(flat, FLAT)
    if verdict == CONFIRMED and flat.high is not None:
        verdict = above(steep, flat.high)
    return Finding(verdict, f"from {words.size(sizes[0])} to {words.size(sizes[1])} {flat_of} takes {flat.in_words()}, "
                   f"{steep_of} {steep.in_words()} "
                   "times as long")


Growths = tuple[tuple[Interval, str], tuple[Interval, str], tuple[int, int]]


def _growths(facts: Facts, by_size: dict[tuple[object, ...], dict[int, Case]]) -> Growths | None:
    """`by_size`: of all that else makes a case, whose first part is (channel, whether it copies)."""
    grown = []
    for key, cases in by_size.items():
        ends = min(cases), max(cases)
        if ends[1] >= 16 * max(1, ends[0]):
            grown.append((key, ends, facts.ratio(cases[ends[1]], cases[ends[0]])))
    flat = [one for one in grown if one[0][0] in NO_COPY]
    for key, ends, growth in sorted(flat, key=lambda one: str(one[0])):
        copying = [one for one in grown if one[0][0] not in NO_COPY and one[0][1:] == key[1:] and one[1] == ends]
        if copying:
            other = min(copying, key=lambda one: one[2].ratio)
            return (growth, str(key[0])), (other[2], str(other[0][0])), ends
    return None


def _pool_growths(facts: Facts) -> Growths | None:
    """Of the shortest tasks that do not read what travels with them."""
    by_size: dict[tuple[object, ...], dict[int, Case]] = {}
    threads = [case for case in facts.pools if case.said["channel"] is not None and case.said["workload"] != "payload_copy"]
    shortest = min((facts.time_of(case) for case in threads), default=0.0)
    for case in threads:
        if facts.time_of(case) == shortest:
            said = case.said
            key = (said["channel"], said["executor"], workload_of(said), said["grain"], said["workers"], said["batch"],
                   said["placement"], said["wait"])
            by_size.setdefault(key, {})[said["payload_bytes"]] = case
    return _growths(facts, by_size)


def _channel_growths(facts: Facts) -> Growths | None:
    """Of round trips: of what copies nothing, those that nobody touches."""
    by_size: dict[tuple[object, ...], dict[int, Case]] = {}
    for case in facts.channels:
        said = case.said
        if said["pattern"] == "ping_pong" and not said["floor"] and said["touched"] == (said["channel"] not in NO_COPY):
            key = (said["channel"], said["sides"], said["placement"], said["wait"])
            by_size.setdefault(key, {})[said["message_bytes"]] = case
    return _growths(facts, by_size)


def threads_hand_over_faster(facts: Facts) -> Finding | None:
    rows = [row for row in comparisons_of(facts.record, CHANNEL) if row["table"] == "controlled"
            and row["pattern"] == "ping_pong" and number_of(row["ratio"])]
    if not rows or facts.program:  # these rows are of mpmt's own channels
        return None
    verdicts = [row["verdict"] for row in rows]
    for_threads, against = verdicts.count("threads"), verdicts.count("same") + verdicts.count("processes")
    verdict = CONFIRMED if for_threads > against else REFUTED if against > for_threads else NOT_SHOWN
    placed = _placement_factor(facts)
    return Finding(verdict, f"{for_threads} of {len(rows)} pairs have faster threads, {against} the same or faster processes; "
                   f"time of processes ÷ threads "
                   f"{words.ratio(statistics.median(row['ratio'] for row in rows))} in the median{placed}")


def _placement_factor(facts: Facts) -> str:
    """By how much two CPUs differ from one, the factor upwards."""
    ends: dict[tuple[object, ...], dict[str, float]] = {}
    for case in facts.channels:
        said = case.said
        if said["pattern"] == "ping_pong" and not said["floor"]:
            key = (said["channel"], said["sides"], said["message_bytes"], said["wait"], said["futex"], said["touched"])
            ends.setdefault(key, {})[said["placement"]] = case.median
    factors = [max(pair["spread"] / pair["same"], pair["same"] / pair["spread"]) for pair in ends.values()
               if {"spread", "same"} <= pair.keys()]
    return f"; on one CPU or on two changes it {words.ratio(statistics.median(factors))} times" if factors else ""


def classic_channels(facts: Facts) -> Finding | None:
    """At each size, placement and way to wait, the fastest pipe or queue against the fastest of the rest."""
    groups: dict[tuple[object, ...], list[Case]] = {}
    for case in facts.channels:
        said = case.said
        if said["pattern"] == "ping_pong" and said["sides"] == "processes" and not said["floor"] and said["touched"]:
            groups.setdefault((said["message_bytes"], said["placement"], said["wait"]), []).append(case)
    found = []
    for cases in groups.values():
        sides = [[case for case in cases if (case.said["channel"] in CLASSIC) == classic] for classic in (True, False)]
        if all(sides):
            classic, other = (min(side, key=lambda case: case.median) for side in sides)
            found.append((facts.ratio(other, classic), other.said["channel"]))
    if not found:
        return None
    ratios = [ratio for ratio, _ in found]
    best = min(found, key=lambda pair: pair[0].ratio)
    return Finding(of_most(ratios, 1 - facts.margin), f"time of the fastest other channel ÷ the fastest of those "
                   f"{median_of(ratios)}; least with {best[1]}")
