#!/usr/bin/env bash
# Prints the Python to run the scripts with: the first of $MPMT_PYTHON, python3 and /usr/bin/python3 that has every module
# that a group of commands needs (plot, track, test; python, the default: plot and track). When none has, says what each of them lacks, and exits
# with 69. Any Python that runs can find out: mpmt/entrance.py.
set -euo pipefail

scripts=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
readonly scripts
readonly kUnavailable=69

for python in "${MPMT_PYTHON:-}" python3 /usr/bin/python3; do
  if [[ -n $python ]] && "$python" -c '' 2>/dev/null; then exec "$python" -I "$scripts/mpmt/entrance.py" "${1:-python}"; fi
done
printf 'python: there is no python3; on Debian: apt-get install python3\n' >&2
exit "$kUnavailable"
