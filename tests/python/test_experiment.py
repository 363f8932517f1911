"""The state machine of a paired experiment: what it asks for, and what it answers."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence

import pytest

from mpmt.measuring.experiment import (FASTER, SAME, SLOWER, UNDECIDED, UNSTABLE, Benchmark, Experiment, Finding, Pair,
                                      Rules, instability)
from mpmt.records import stats

Source = Callable[[], Pair]
GATE = 0.02
OPPOSITE = {SLOWER: FASTER, FASTER: SLOWER}


def noisy(effect: float = 0.0, spread: float = 0.005, seed: int = 1) -> Source:
    """Pairs whose processes vary by `spread` each."""
    rng = random.Random(seed)
    return lambda: Pair(100 * math.exp(rng.gauss(0, spread)), 100 * (1 + effect) * math.exp(rng.gauss(0, spread)))


def constant(a: float, b: float) -> Source:
    return lambda: Pair(a, b)


def one_after_the_other(pairs: Sequence[Pair]) -> Source:
    return iter(pairs).__next__


def run(sources: dict[str, Source], rules: Rules = Rules(), benchmarks: Sequence[Benchmark] = ()) -> list[Finding]:
    experiment = Experiment(benchmarks or [Benchmark(name, GATE) for name in sources], rules)
    while names := experiment.wanted():
        for name in names:
            experiment.add(name, sources[name]())
    return experiment.findings()


def run_one(source: Source, rules: Rules = Rules(), why_not_gated: str = "") -> Finding:
    return run({"x": source}, rules, [Benchmark("x", GATE, why_not_gated)])[0]


# ---- answers -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("source", "verdict", "pairs"), [
    (noisy(), SAME, 20), (noisy(0.10), SLOWER, 40), (noisy(-0.10), FASTER, 40), (noisy(0.01), SAME, 20),
    (noisy(spread=0.08), UNDECIDED, 40),
    (constant(5.0, 5.0), SAME, 20), (constant(5.0, 5.5), SLOWER, 40), (constant(5.5, 5.0), FASTER, 40),
    (noisy(spread=0.4), UNSTABLE, 40),
])
def test_the_answer_and_what_it_costs(source: Source, verdict: str, pairs: int) -> None:
    found = run_one(source)
    assert (found.verdict, found.pairs) == (verdict, pairs), found


def test_an_answer_says_what_it_rests_on() -> None:
    found = run_one(noisy(0.10))
    assert found.low < found.effect < found.high
    assert 0.08 < found.low and found.high < 0.12
    assert found.first_effect == pytest.approx(0.1, abs=0.01) == found.fresh_effect
    assert GATE <= found.detectable < 0.04 and found.p_holm < 1e-6
    undecided = run_one(noisy(spread=0.08))
    assert undecided.verdict == UNDECIDED and undecided.fresh_effect is None


def test_effects_and_intervals_are_ratios() -> None:
    found = run_one(constant(2.0, 3.0))
    assert (found.effect, found.low, found.high) == (pytest.approx(0.5),) * 3
    assert run_one(constant(3.0, 2.0)).effect == pytest.approx(-1 / 3)


@pytest.mark.parametrize("seed", range(40))
def test_swapped_sides_give_the_opposite_answer(seed: int) -> None:
    rng = random.Random(seed)
    draw = noisy(rng.choice([0, 0.02, 0.03, 0.05]), rng.choice([0.005, 0.02, 0.05, 0.27]), seed)
    pairs = [draw() for _ in range(60)]
    found, mirrored = (run_one(one_after_the_other(p)) for p in (pairs, [Pair(p.b, p.a) for p in pairs]))
    assert mirrored.verdict == OPPOSITE.get(found.verdict, found.verdict)
    assert mirrored.pairs == found.pairs
    assert 1 + mirrored.effect == pytest.approx(1 / (1 + found.effect))
    assert mirrored.low is None or 1 + mirrored.low == pytest.approx(1 / (1 + found.high))


@pytest.mark.parametrize("factor", [1e-9, 1.0, 1e9])
def test_the_unit_does_not_matter(factor: float) -> None:
    draw = noisy(0.05, 0.02, 3)
    pairs = [draw() for _ in range(60)]
    found, scaled = run_one(one_after_the_other(pairs)), run_one(
        one_after_the_other([Pair(p.a * factor, p.b * factor) for p in pairs]))
    assert (found.verdict, found.pairs, found.effect) == (scaled.verdict, scaled.pairs, pytest.approx(scaled.effect))


# ---- how many pairs ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("cap", "most"), [(2, 20), (3, 40), (4, 40), (5, 80), (9, 160)])
def test_targets_double_up_to_the_cap_and_leave_room_for_a_fresh_series(cap: int, most: int) -> None:
    asked: list[int] = []
    experiment = Experiment([Benchmark("x", GATE)], Rules(cap=cap))
    draw, looks = noisy(spread=0.12, seed=2), [20 * 2**k for k in range(8)]
    while experiment.wanted():
        asked.append(experiment.pairs("x"))
        experiment.add("x", draw())
    assert experiment.findings()[0].verdict == UNDECIDED
    assert len(asked) == most and most in looks
    assert most + 20 <= cap * 20


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("cap", [2, 3, 6])
def test_no_benchmark_gets_more_than_the_cap(seed: int, cap: int) -> None:
    rng = random.Random(seed)
    found = run_one(noisy(rng.uniform(0, 0.06), rng.uniform(0.005, 0.3), seed), Rules(pairs=10, cap=cap))
    assert found.pairs <= 10 * cap


def test_a_benchmark_may_have_a_first_look_of_its_own() -> None:
    found = run({"x": noisy(), "y": noisy(seed=2)}, Rules(),
                [Benchmark("x", GATE, pairs=11), Benchmark("y", GATE)])
    assert [f.pairs for f in found] == [11, 20]


def test_benchmarks_are_asked_for_in_turn_until_each_is_answered() -> None:
    experiment = Experiment([Benchmark("quick", GATE), Benchmark("slow", GATE)], Rules())
    for _ in range(20):
        assert experiment.wanted() == ["quick", "slow"]
        experiment.add("quick", Pair(1, 1))
        experiment.add("slow", Pair(1, 2))
    assert experiment.wanted() == ["slow"] == experiment.suspects()
    assert [f.benchmark.name for f in experiment.findings()] == ["quick"]


def test_a_wider_gate_makes_less_a_change() -> None:
    found = run({"x": noisy(0.05)}, Rules(), [Benchmark("x", 0.10)])[0]
    assert found.verdict == SAME


@pytest.mark.parametrize("rules", [{"pairs": 1}, {"cap": 1}])
def test_rules_that_cannot_answer_are_refused(rules: dict[str, int]) -> None:
    with pytest.raises(ValueError):
        Rules(**rules)


def test_two_benchmarks_of_one_name_are_refused() -> None:
    with pytest.raises(ValueError):
        Experiment([Benchmark("x", GATE), Benchmark("x", GATE)], Rules())


# ---- the fresh series --------------------------------------------------------------------------------------


def first_then(first: Source, fresh: Source, count: int = 20) -> Source:
    sources = iter([first] * count + [fresh] * 1000)
    return lambda: next(sources)()


@pytest.mark.parametrize(("fresh", "verdict"), [
    (noisy(0.10, seed=5), SLOWER), (noisy(0.0, seed=5), UNDECIDED), (noisy(-0.10, seed=5), UNDECIDED),
])
def test_a_suspicion_must_be_confirmed_by_fresh_pairs(fresh: Source, verdict: str) -> None:
    found = run_one(first_then(noisy(0.10), fresh))
    assert found.verdict == verdict
    assert found.first_effect == pytest.approx(0.10, abs=0.01)
    if verdict == UNDECIDED:
        assert found.pairs == 60  # asked for as many as the cap allows
        assert found.reason == f"a first series showed {found.first_effect:+.1%}, a fresh one did not confirm it"


def test_what_is_confirmed_but_too_small_over_all_pairs_is_not_slower() -> None:
    found = run_one(first_then(noisy(0.022, spread=0.001), noisy(0.010, spread=0.001)))
    assert found.verdict == UNDECIDED


def test_holm_counts_all_gated_benchmarks_and_only_those() -> None:
    # p of the first look is known from the same pairs alone: with 40 silent neighbours it is no longer enough.
    draw = noisy(0.05, 0.058, 8)
    pairs = [draw() for _ in range(20)]
    p = stats.trimmed_mean([math.log(q.b / q.a) for q in pairs]).p_value()
    assert 0.01 / 41 < p < 0.01
    def suspects(neighbour: Benchmark, count: int) -> list[str]:
        benchmarks = [Benchmark("x", GATE), *(Benchmark(f"{i}", GATE, neighbour.why_not_gated) for i in range(count))]
        experiment = Experiment(benchmarks, Rules())
        for pair in pairs:
            for benchmark in benchmarks:
                experiment.add(benchmark.name, pair if benchmark.name == "x" else Pair(1, 1))
        experiment.wanted()
        return experiment.suspects()
    assert suspects(Benchmark("", GATE), 0) == ["x"]
    assert suspects(Benchmark("", GATE), 40) == []
    assert suspects(Benchmark("", GATE, "free"), 40) == ["x"]


def test_without_holm_forty_benchmarks_would_raise_suspicions_more_often() -> None:
    """The table above, in the large: of A/A comparisons of 40 benchmarks hardly any has a suspect."""
    with_suspects = 0
    for seed in range(60):
        experiment = Experiment([Benchmark(f"{i}", GATE) for i in range(40)], Rules())
        for i in range(40):
            draw = noisy(0, 0.05, seed * 100 + i)
            for _ in range(20):
                experiment.add(f"{i}", draw())
        experiment.wanted()
        with_suspects += bool(experiment.suspects())
    assert with_suspects <= 5  # uncorrected: about one in three


# ---- what cannot raise an alarm ----------------------------------------------------------------------------


@pytest.mark.parametrize("source", [noisy(0.5), constant(1, 2), noisy(-0.5), noisy()])
def test_what_is_not_gated_ends_unstable_after_its_first_look(source: Source) -> None:
    found = run_one(source, why_not_gated="not pinned")
    assert (found.verdict, found.reason, found.pairs, found.p_holm) == (UNSTABLE, "not pinned", 20, None)
    assert not found.benchmark.gated and found.effect is not None


def bimodal(share: float, seed: int = 1) -> Source:
    """Each process by itself takes the slow mode with probability `share`."""
    rng = random.Random(seed)
    return lambda: Pair(*((250.0 if rng.random() < share else 100.0) * math.exp(rng.gauss(0, 0.01)) for _ in "ab"))


@pytest.mark.parametrize("share", [0.3, 0.5, 0.7])
def test_two_modes_are_unstable_and_both_are_shown(share: float) -> None:
    found = run_one(bimodal(share))
    assert found.verdict == UNSTABLE and "two modes" in found.reason
    for side in found.modes:
        (fast, fast_share), (slow, slow_share) = side
        assert (fast, slow) == (pytest.approx(100, rel=0.03), pytest.approx(250, rel=0.03))
        assert fast_share + slow_share == pytest.approx(1) and abs(slow_share - share) < 0.3


def test_a_burst_that_hits_both_processes_of_a_pair_silences_nothing() -> None:
    rng = random.Random(6)
    draw = noisy(0.10, 0.01)
    def source() -> Pair:
        pair, slowed = draw(), 3.0 if rng.random() < 0.35 else 1.0
        return Pair(pair.a * slowed, pair.b * slowed)
    found = run_one(source)
    assert found.verdict == SLOWER and found.effect == pytest.approx(0.10, abs=0.02)
    assert len(found.modes[0]) == 2  # they are there, and shown, but split no pair


def test_a_real_change_between_the_modes_of_either_side_is_a_change() -> None:
    assert run_one(noisy(1.5)).verdict == SLOWER


@pytest.mark.parametrize(("pairs", "trouble"), [
    ([], ""), ([Pair(1, 1)], ""), ([Pair(1, 3)] * 20, ""), ([Pair(1, 1), Pair(3, 3)] * 10, ""),
    ([Pair(1, 3), Pair(3, 1)] * 10, "A: two modes"), ([Pair(1, 1)] * 16 + [Pair(1, 3)] * 4, "B: two modes"),
    ([Pair(1, 1)] * 18 + [Pair(1, 3)] * 2, ""),
])
def test_instability(pairs: list[Pair], trouble: str) -> None:
    assert instability(pairs).startswith(trouble) and bool(instability(pairs)) == bool(trouble)


# ---- ending early ------------------------------------------------------------------------------------------


def fed(source: Source, count: int) -> Experiment:
    experiment = Experiment([Benchmark("x", GATE)], Rules())
    for _ in range(count):
        assert experiment.wanted() == ["x"]
        experiment.add("x", source())
    return experiment


@pytest.mark.parametrize(("source", "count", "verdict", "reason"), [
    (noisy(), 0, UNDECIDED, "interrupted"), (noisy(), 1, UNDECIDED, "interrupted"), (noisy(), 19, UNDECIDED, "interrupted"),
    (noisy(), 20, SAME, ""),  # the last look
    (noisy(0.10), 20, UNDECIDED, "interrupted"),  # a difference is not believed without a fresh series
    (noisy(0.10), 39, UNDECIDED, "interrupted"),
    (noisy(spread=0.08), 20, UNDECIDED, "interrupted"), (noisy(spread=0.08), 33, UNDECIDED, "interrupted"),
    (bimodal(0.5), 20, UNSTABLE, "B: two modes"),
])
def test_stopped_early_it_says_what_can_be_said(source: Source, count: int, verdict: str, reason: str) -> None:
    experiment = fed(source, count)
    experiment.stop("interrupted")
    found, = experiment.findings()
    assert (found.verdict, found.pairs) == (verdict, count) and (reason in found.reason or "two modes" in found.reason)
    assert experiment.wanted() == []


def test_stopping_changes_no_answer() -> None:
    experiment = fed(noisy(), 20)
    assert experiment.wanted() == []
    before = experiment.findings()
    experiment.stop("interrupted")
    assert experiment.findings() == before


@pytest.mark.parametrize(("source", "count", "verdict"), [
    (noisy(), 10, SAME), (noisy(0.10), 12, UNDECIDED), (noisy(spread=0.08), 15, UNDECIDED),
    (constant(1, 1), 1, UNDECIDED), (constant(1, 1), 2, SAME), (bimodal(0.5), 19, UNSTABLE),
])
def test_called_time_it_takes_its_last_look(source: Source, count: int, verdict: str) -> None:
    experiment = fed(source, count)
    experiment.call_time("x")
    assert experiment.wanted() == []
    found, = experiment.findings()
    assert (found.verdict, found.pairs) == (verdict, count)
    if count == 12:
        assert found.reason.startswith("no time was left to confirm +")


@pytest.mark.parametrize(("fresh", "verdict"), [(1, UNDECIDED), (8, SLOWER)])
def test_called_time_while_confirming_the_fresh_pairs_decide(fresh: int, verdict: str) -> None:
    experiment = fed(noisy(0.10), 20 + fresh)
    assert experiment.suspects() == ["x"]
    experiment.call_time("x")
    assert experiment.wanted() == [] == experiment.suspects()
    assert experiment.findings()[0].verdict == verdict


def test_given_up_it_is_undecided_and_the_others_go_on() -> None:
    experiment = Experiment([Benchmark("x", GATE), Benchmark("y", GATE)], Rules(pairs=2))
    experiment.add("x", Pair(1, 1))
    experiment.give_up("x", "it died")
    assert experiment.wanted() == ["y"]
    while experiment.wanted():
        experiment.add("y", Pair(1, 1))
    assert [(f.verdict, f.reason) for f in experiment.findings()] == [(UNDECIDED, "it died"), (SAME, "")]


def test_one_pair_says_nothing_and_breaks_nothing() -> None:
    experiment = fed(constant(1, 7), 1)
    experiment.stop("interrupted")
    found, = experiment.findings()
    assert (found.effect, found.low, found.high, found.detectable) == (pytest.approx(6), None, None, None)


def test_without_benchmarks_nothing_is_wanted() -> None:
    experiment = Experiment([], Rules())
    assert experiment.wanted() == [] == experiment.findings()
