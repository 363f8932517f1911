"""What a task is. Tasks and their results are those of mpmt's workloads of the same name and version, workloads/*.cpp.

Tasks come in 16 variants: task i does variant i mod 16, and its result is the variant's times 2 i + 1. A kernel is made
in its worker. It is called with a variant and returns the result, never 0; that of a workload that reads its payload is
also given the payload, and returns the reply as well.
"""

from __future__ import annotations

from collections.abc import Callable  # neither typing nor dataclasses: they take as long to load as all the rest

MASK = (1 << 64) - 1
GOLDEN = 0x9E3779B97F4A7C15
VARIANTS = 16
LONGEST_WAIT_US = 3_600_000_000
ROUNDS_PER_MICROSECOND = 300  # of hash_chain, in a nominal microsecond of mixed_wait

Papers = dict  # what a worker is given: of the case "workload", "grain", ..., and what the fixture adds


def mix(x: int) -> int:
    """The finaliser of SplitMix64; `x` may be longer than 64 bits."""
    x &= MASK
    x = ((x ^ (x >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    x = ((x ^ (x >> 27)) * 0x94D049BB133111EB) & MASK
    return x ^ (x >> 31)


class Unsupported(Exception):
    """This machine or Python cannot run the case as it is meant."""


class Fixture:
    """What all workers of a trial share. Made before any of them exists."""

    papers: Papers = {}  # noqa: RUF012  # more of them
    surroundings: dict[str, str] = {}  # noqa: RUF012

    def close(self) -> None:
        """When all workers have left."""


class Workload:
    """`result`: of a variant, where the kernel would wait or needs the fixture. `unit_ns`: of grain, by definition."""

    def __init__(self, name: str, kind: str, grain_unit: str, kernel: Callable, usual_grain: int, *,
                 result: Callable[[Papers, int], int] | None = None,
                 fixture: Callable[[Papers], Fixture] = lambda _: Fixture(),
                 grain_scales: bool = True, minimum_payload: int = 0, unit_ns: int | None = None,
                 takes_waiting: bool = False, question: str = "", typical: bool = False) -> None:
        self.name, self.kernel, self.result, self.fixture = name, kernel, result, fixture
        self.reads_payload = minimum_payload > 0
        self.is_wait = unit_ns is not None or takes_waiting or name == "loopback_echo"
        self.described = {"name": name, "kind": kind, "version": 1, "grain_unit": grain_unit,
                          "grain_scales": grain_scales, "minimum_payload": minimum_payload,
                          "usual_grain": usual_grain, "takes_waiting": takes_waiting, "typical": typical,
                          **({"question": question} if question else {}),
                          **({} if unit_ns is None else {"unit_ns": unit_ns})}

    def refusal(self, papers: Papers) -> str:
        """Why this cannot be run; empty: nothing is against it."""
        if self.is_wait and papers["grain"] > LONGEST_WAIT_US:
            return f"grain {papers['grain']}: of {self.name} at most {LONGEST_WAIT_US} (us, an hour)"
        if papers["payload_bytes"] < self.described["minimum_payload"]:
            return (f"payload_bytes {papers['payload_bytes']}: {self.name} needs a payload of "
                    f"{self.described['minimum_payload']} or more")
        return self._refusal_of_waiting(papers["waiting"])

    def _refusal_of_waiting(self, share: float | None) -> str:
        if not self.described["takes_waiting"]:
            return "" if share is None else f"waiting {share}: {self.name} takes none"
        if share is None or not 0 <= share <= 0.99 or abs(100 * share - round(100 * share)) > 1e-9:
            return f"waiting {share}: {self.name} needs a share in whole per cents from 0 to 0.99"
        return ""


def empty(_: Papers) -> Callable[[int], int]:
    return lambda variant: variant + 1


def hash_chain(papers: Papers) -> Callable[[int], int]:
    return hash_rounds(papers["grain"])


def hash_rounds(rounds: int) -> Callable[[int], int]:
    def run(variant: int) -> int:
        value = variant
        for _ in range(rounds):
            value = mix(value + GOLDEN)
        return value
    return run


def prime_count(papers: Papers) -> Callable[[int], int]:
    first, numbers, grain = 33_001, 16_384, papers["grain"]
    divisors = [n for n in range(3, 257, 2) if all(n % d for d in range(3, n, 2))][:53]

    def run(variant: int) -> int:
        start = variant * (numbers // VARIANTS)
        primes = 0
        for k in range(start, start + grain):
            number = first + 2 * (k % numbers)
            # All divisions are made, so that a prime costs no more than a multiple of three.
            primes += 0 not in [number % divisor for divisor in divisors]
        return (grain << 32) + primes
    return run


def sort_block(papers: Papers) -> Callable[[int], int]:
    from operator import mul

    blocks, places = papers["grain"], range(1, 1025)
    steps = [i * GOLDEN for i in range(1024)]

    def run(variant: int) -> int:
        result = mix(variant + 1)
        for _ in range(blocks):
            keys = [mix(result + step) & 0xFFFFFFFF for step in steps]
            keys.sort()
            result = mix(result + sum(map(mul, keys, places)))
        return result
    return run


def request_of(payload_bytes: int) -> bytes:
    """What travels with every task."""
    return bytes(mix(i + 1) & 0xFF for i in range(payload_bytes))


COMPLEMENT = bytes(255 - byte for byte in range(256))


def payload_copy(papers: Papers) -> Callable[[int, bytes], tuple[int, bytes]]:
    from itertools import accumulate

    passes = papers["grain"]

    def run(variant: int, request: bytes) -> tuple[int, bytes]:
        whole = len(request) // 8 * 8
        first = second = 1 + variant  # Fletcher's sums, over 64-bit words and then over the bytes that are left
        reply = b""
        for _ in range(passes):
            for words in (memoryview(request)[:whole].cast("Q"), request[whole:]):
                sums = list(accumulate(words, initial=first))
                second += sum(sums) - first
                first = sums[-1] & MASK
            second &= MASK
            reply = request.translate(COMPLEMENT)
        return first ^ ((second << 1 | 1) & MASK), reply
    return run


def wait_of(wait_ns: int) -> Callable[[], None]:
    from time import monotonic_ns, sleep

    from python_system import wake_on_time

    wake_on_time()

    def wait() -> None:
        left = wait_ns
        end = monotonic_ns() + wait_ns
        while left > 0:
            sleep(left / 1e9)
            left = end - monotonic_ns()
    return wait


def sleep_wait(papers: Papers) -> Callable[[int], int]:
    wait = wait_of(1000 * papers["grain"])

    def run(variant: int) -> int:
        wait()
        return mix(variant + 1)
    return run


def computing_part(papers: Papers) -> Callable[[int], int]:
    return hash_rounds(papers["grain"] * (100 - round(100 * papers["waiting"])) * (ROUNDS_PER_MICROSECOND // 100))


def mixed_wait(papers: Papers) -> Callable[[int], int]:
    compute = computing_part(papers)
    wait = wait_of(10 * papers["grain"] * round(100 * papers["waiting"]))

    def run(variant: int) -> int:
        result = compute(variant)
        wait()
        return result
    return run


def hashlib_large(papers: Papers) -> Callable[[int], int]:
    """A chain: each digest is the beginning of the next 1 MiB. hashlib lets go of the GIL meanwhile."""
    from hashlib import sha256, shake_256

    grain = papers["grain"]
    rest = shake_256(b"mpmt").digest((1 << 20) - 32)

    def run(variant: int) -> int:
        digest = variant.to_bytes(32, "little")
        for _ in range(grain):
            hashed = sha256(digest)
            hashed.update(rest)
            digest = hashed.digest()
        return int.from_bytes(digest[:8], "little") | 1
    return run


def _from(module: str, name: str) -> Callable:
    """A function of a module that is loaded when it is first called."""
    return lambda *arguments: getattr(__import__(module), name)(*arguments)


WORKLOADS = {workload.name: workload for workload in (
    Workload("empty", "harness", "nothing: grain is ignored", empty, 1, grain_scales=False,
             typical=True),
    Workload("prime_count", "cpu", "one odd number between 33,001 and 65,767 divided by 53 primes", prime_count, 400),
    Workload("hash_chain", "cpu", "one round (two multiplications, three xor-shifts)", hash_chain, 3000,
             typical=True),
    Workload("sort_block", "cpu", "one block of 1024 random 32-bit keys, filled and sorted", sort_block, 2),
    Workload("payload_copy", "cpu", "one pass over the payload", payload_copy, 1,
             minimum_payload=1, question="copy", typical=True),
    Workload("hashlib_large", "cpu", "one SHA-256 of 1 MiB, without the GIL", hashlib_large, 20),
    Workload("sleep_wait", "io", "one microsecond of waiting; waking up comes on top", sleep_wait, 2000,
             result=lambda _, variant: mix(variant + 1), unit_ns=1000, typical=True),
    Workload("mixed_wait", "io",
             "one nominal microsecond: 300 rounds of hash_chain where nothing is waited, else fewer and a wait",
             mixed_wait, 1000, result=lambda papers, variant: computing_part(papers)(variant), takes_waiting=True,
             question="mix", typical=True),
    Workload("loopback_echo", "io", "one microsecond of delay at the server; the round trip comes on top",
             _from("python_echo", "client"), 1000, result=_from("python_echo", "result_of_variant"),
             fixture=_from("python_echo", "Server")),
    Workload("file_cached", "io", "one 4-KiB block written (pwrite) and read back (pread)",
             _from("python_files", "cached"), 20,
             result=_from("python_files", "cached_result"), fixture=_from("python_files", "CachedFiles"),
             question="file", typical=True),
    Workload("file_sync", "io", "one 4-KiB block overwritten in place (pwrite) and confirmed (fdatasync)",
             _from("python_files", "synced"), 5, result=_from("python_files", "synced_result"),
             fixture=_from("python_files", "SyncedFiles"), question="file"),
)}

class ExpectedSums:
    """What the tasks' results must add up to; of variants that no task has asked for nothing is computed."""

    def __init__(self, workload: Workload, papers: Papers) -> None:
        self._workload, self._papers = workload, papers
        self._request = request_of(papers["payload_bytes"]) if workload.reads_payload else b""
        self._results: list[int] = []
        self._kernel: Callable | None = None

    def of(self, tasks: int) -> int:
        """Of tasks 0 to tasks - 1. In each variant the weights are an arithmetic progression."""
        total = 0
        for variant in range(min(tasks, VARIANTS)):
            if variant == len(self._results):
                self._results.append(self._result(variant))
            n = (tasks - variant - 1) // VARIANTS + 1
            total += self._results[variant] * (n * (2 * variant + 1) + VARIANTS * n * (n - 1))
        return total & MASK

    def _result(self, variant: int) -> int:
        if self._workload.result:
            return self._workload.result(self._papers, variant)
        self._kernel = self._kernel or self._workload.kernel(self._papers)
        if self._workload.reads_payload:
            return self._kernel(variant, self._request)[0]
        return self._kernel(variant)
