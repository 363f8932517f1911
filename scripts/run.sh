#!/usr/bin/env bash
# From nothing to measured results and plots:
#
#     scripts/run.sh [options of `mpmt run`]        e.g. scripts/run.sh --workload prime_count --workers 1,2
#
# Installs what is missing, builds, measures (the quick profile unless told otherwise), plots, says where everything
# is. Exit codes are those of `mpmt run`; 69 when something that is needed cannot be installed, 70 when the build or
# the plots fail.
set -euo pipefail

root=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd)
caller=$PWD
readonly root caller
readonly kSoftwareError=70

say() { printf '%s\n' "$*" >&2; }

# The build's output, shown only if it fails. The build identity comes with the program.
build() {
  local log=$root/build/run-build.log
  mkdir -p "$root/build"
  [[ -x $root/build/release/mpmt ]] || say "Building mpmt; the first time this takes a few minutes."
  if ! { cmake -S "$root" --preset release && cmake --build "$root/build/release" --target mpmt_build_identity; } >"$log" 2>&1; then
    cat "$log" >&2
    say "The build failed; see above ($log)."
    exit "$kSoftwareError"
  fi
}

# The path $2, taken relative to the folder $1; - is standard output.
absolute() {
  case $2 in
    - | /*) printf '%s' "$2" ;;
    *) printf '%s' "$1/$2" ;;
  esac
}

# Fills `arguments` with those for `mpmt run`. It runs in the root folder, so that records land in its results/; paths
# on the command line are meant relative to where the caller stands.
arguments=()
read_arguments() {
  local profile=(--profile quick)
  while (($#)); do
    case $1 in
      --profile | --profile=*) profile=() ;;
    esac
    case $1 in
      --out | --data-dir | --benchmark_out)
        arguments+=("$1")
        if (($# > 1)); then
          shift
          arguments+=("$(absolute "$caller" "$1")")
        fi
        ;;
      --out=* | --data-dir=* | --benchmark_out=*) arguments+=("${1%%=*}=$(absolute "$caller" "${1#*=}")") ;;
      *) arguments+=("$1") ;;
    esac
    shift
  done
  arguments=("${profile[@]}" "${arguments[@]}")
}

# Runs mpmt; its standard output goes on to ours. Sets `status`, and `record` when one was written.
status=0
record=
measure() {
  output=$(mktemp)
  trap 'rm -f -- "$output"' EXIT
  # By its path from here, the root folder: the record holds the command line, and need not tell where this checkout is.
  # Ctrl-C is for mpmt, which then stores what it has; this shell and tee must outlive it.
  trap : INT
  build/release/mpmt run "${arguments[@]}" | tee --ignore-interrupts -- "$output" && status=0 || status=${PIPESTATUS[0]}
  trap - INT
  local last
  last=$(tail --lines=1 -- "$output" | sed -n 's/^record: //p')
  if [[ $last == *.json && -f $last ]]; then record=$(absolute "$root" "$last"); fi
}

plot() {
  local plots
  plots=$root/plots/$(basename -- "$record" .json)
  if ! "$python" "$root/scripts/plot.py" "$record" -o "$plots" >&2; then
    say "The plots could not be drawn."
    say "Record: $record"
    ((status)) || status=$kSoftwareError
    return
  fi
  say ""
  say "Record: $record"
  say "Plots:  $plots"
}

"$root/scripts/setup.sh" build python
python=$("$root/scripts/python.sh")
build
cd -- "$root"
read_arguments "$@"
measure
[[ -z $record ]] || plot
exit "$status"
