"""Programs that say what they are told to say, in place of ones that measure."""

from __future__ import annotations

import os
import sys
from pathlib import Path

# Google Benchmark's command line and JSON. `times`: for each benchmark, an expression for its time in ns, where noise(s)
# is a factor around 1 with standard deviation s, and turn() counts this benchmark's processes, from another start for
# each letter of the program's name. Nothing is measured: the answer is there at once.
GOOGLE = r'''#!{python} -IS
import os, re, sys
def noise(spread):
    return 1 + spread * (sum(os.urandom(48)) - 48 * 127.5) / 511.96
def turn():
    with open(__file__ + "." + wanted.encode().hex()[:40] + ".turns", "ab") as file:
        file.write(b".")
        return file.tell() + sum(os.path.basename(__file__).encode())
TIMES = {times!r}
OLD = {old!r}
def flag(name, default=""):
    return ([a.partition("=")[2] for a in sys.argv if a.startswith(name + "=")] or [default])[-1]
def text(value):
    return '"' + "".join(c if 31 < ord(c) < 127 and c not in '"\\' else "\\u%04x" % ord(c) for c in value) + '"'
{first}
length = flag("--benchmark_min_time", "0.5")
if OLD and length[-1:] in "xs":
    sys.exit("--benchmark_min_time is expected to be a double")
wanted = flag("--benchmark_filter", ".")
if flag("--benchmark_list_tests") == "true":
    sys.stdout.buffer.write("".join(name + "\n" for name in TIMES if re.search(wanted, name)).encode())
    sys.exit(0)
{then}
entries = []
for name, expression in TIMES.items():
    if not re.search(wanted, name):
        continue
    value = eval(expression)
    for _ in range(int(flag("--benchmark_repetitions", "1"))):
        entries.append('{{"name": %s, "run_type": "iteration", "iterations": 1, "real_time": %r, "time_unit": "ns"}}'
                       % (text(name), value))
if flag("--benchmark_out"):
    with open(flag("--benchmark_out"), "w") as file:
        file.write('{{"benchmarks": [' + ", ".join(entries) + "]}}")
'''


def google_text(times: dict[str, str] | None = None, old: bool = False, first: str = "", then: str = "") -> str:
    """`first` and `then`: Python that is run before the listing, and before anything is measured."""
    return GOOGLE.format(python=sys.executable, times=times or {"BM_x": "1000 * noise(0.005)"}, old=old, first=first,
                         then=then)


# The trial protocol. `then`: Python that may change what is said, in `answer`, or do something else.
TRIAL = r'''#!{python} -IS
import os, sys
if sys.argv[1:2] not in (["trial"], ["run"], ["machine"]):
    sys.exit("unknown option " + sys.argv[1])
if sys.argv[1] != "trial":
    print({plan!r} if sys.argv[1] == "run" else {machine!r})
    sys.exit({code!r})
import json, time
ready = {{"type": "ready", "startup_ns": 1, "workers": []}}
case = json.loads(sys.stdin.readline())
def say(answer):
    print(answer if isinstance(answer, str) else json.dumps(answer), flush=True)
def block():
    return {{"type": "block", "tasks": case["tasks"], "messages": 1, "wall_ns": case["tasks"] * {ns}, "checksum": "0x0"}}
say(ready)
for number, line in enumerate(sys.stdin):
    if json.loads(line)["type"] == "end":
        answer = {{"type": "done"}}
    else:
        answer = block()
{then}
    say(answer)
'''

CASE = {"name": "hash_chain/serial", "bench_version": 1, "divides": 2, "runnable": True, "case": {"placement": "spread"}}


def trial_text(then: str = "pass", plan: object = None, machine: object = None, ns: int = 100_000, code: int = 0) -> str:
    import json

    def shown(value: object) -> str:
        return value if isinstance(value, str) else json.dumps(value)
    return TRIAL.format(python=sys.executable, ns=ns, code=code, then="\n".join(f"    {line}" for line in then.splitlines()),
                        plan=shown(plan if plan is not None else {"plan_version": 1, "cases": [CASE]}),
                        machine=shown(machine if machine is not None else {"key": "0123456789ab"}))


def program(path: Path, text: str) -> Path:
    """Written so that no process of a fork elsewhere holds it open for writing: that would be "text file busy"."""
    path.parent.mkdir(parents=True, exist_ok=True)
    made = path.with_name(path.name + ".new")
    made.write_text(text, "utf-8")
    made.chmod(0o755)
    os.replace(made, path)
    return path
