#!/usr/bin/env bash
# Prints the Python to run the scripts with: the first of $MPMT_PYTHON, python3 and /usr/bin/python3 that has every
# module they need. (A python3 earlier on PATH, of pyenv say, often lacks Debian's.) When none has, says what each of
# them lacks, and exits 69.
set -euo pipefail

readonly kModules=(numpy scipy pandas matplotlib jinja2 jsonschema regex pytest xdist)
readonly kPackages=("${kModules[@]/#xdist/pytest-xdist}")
readonly kUnavailable=69

say() { printf 'python: %s\n' "$*" >&2; }

# Why a Python is unfit, in one line; nothing when it is fit.
fault_of() {
  local python=$1 answer
  command -v -- "$python" >/dev/null || {
    printf 'there is no such program'
    return
  }
  # importlib, not find_spec: a module that is there but does not load is missing too.
  answer=$("$python" - "${kModules[@]}" 2>/dev/null <<'PYTHON'
import importlib, sys
lacking = []
for name in sys.argv[1:]:
    try:
        importlib.import_module(name)
    except Exception:
        lacking.append(name)
if sys.version_info < (3, 9):
    lacking.insert(0, "Python 3.9 or later")
print("lacks " + ", ".join(lacking) if lacking else "fit")
PYTHON
  ) || answer='does not run'
  [[ $answer == fit ]] || printf '%s' "${answer:-does not run}"
}

# So that the caller may change its folder.
absolute() {
  case $1 in
    /*) printf '%s\n' "$1" ;;
    *) printf '%s\n' "$PWD/$1" ;;
  esac
}

candidates=()
[[ -z ${MPMT_PYTHON:-} ]] || candidates+=("$MPMT_PYTHON")
candidates+=(python3 /usr/bin/python3)

faults=()
for candidate in "${candidates[@]}"; do
  fault=$(fault_of "$candidate")
  if [[ -z $fault ]]; then
    [[ -z ${MPMT_PYTHON:-} || $candidate == "$MPMT_PYTHON" ]] || say "MPMT_PYTHON is unfit (${faults[0]}); using $candidate"
    absolute "$(command -v -- "$candidate")"
    exit 0
  fi
  faults+=("$candidate: $fault")
done

say "no Python has all modules that are needed:"
for fault in "${faults[@]}"; do say "  $fault"; done
say "On Debian: apt-get install python3 ${kPackages[*]/#/python3-}"
say "Elsewhere: python3 -m venv .venv && .venv/bin/pip install ${kPackages[*]}, then export MPMT_PYTHON=.venv/bin/python"
exit "$kUnavailable"
