#!/usr/bin/env bash
# Installs what is missing, builds everything and runs all tests: the C++ ones with ctest, the Python ones with pytest.
# Both run whatever the other says; their own closing lines come last. Exit codes: 0 all passed; 1 a test or the build
# failed; 69 something that is needed cannot be installed.
#
# Both logs stay in build/: test-ctest.log and test-pytest.log. MPMT_CMAKE_OPTIONS in the environment goes to CMake.
set -euo pipefail

root=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd)
readonly root
cd -- "$root"

"$root/scripts/setup.sh" build python test
python=$("$root/scripts/python.sh" test)
mkdir -p build
rm -f build/test-ctest.log build/test-pytest.log

# Most tests of the C++ side wait for something: more of them at once than there are CPUs. How many of the Python side,
# which compute, its conftest.py decides.
cpus=$(nproc)
readonly cpus
readonly kCtestClosing='^[0-9]*% tests passed|^No tests were found'

read -r -a options <<<"${MPMT_CMAKE_OPTIONS:-}"
cmake --preset release "${options[@]}"
cmake --build --preset release

# Tests send signals, and expect them to be taken: nothing stays ignored that we were told to ignore (nohup).
as_usual=("$python" -E -s "$root/tests/python/as_usual.py")

# Closing lines are held back until both are through.
failed=0
"${as_usual[@]}" ctest --preset release --no-tests=error --parallel "$((2 * cpus))" 2>&1 </dev/null | tee build/test-ctest.log |
  sed -E -u "/$kCtestClosing/,\$d" || failed=1
"${as_usual[@]}" "$python" -m pytest -q --numprocesses auto tests/python 2>&1 </dev/null | tee build/test-pytest.log | sed -u '$d' || failed=1

printf '\n'
sed -E -n "/$kCtestClosing/,\$p" build/test-ctest.log
tail --lines=1 build/test-pytest.log
exit "$failed"
