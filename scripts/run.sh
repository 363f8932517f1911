#!/usr/bin/env bash
# From nothing to an answer, measured on this machine:
#
#     scripts/run.sh [options of `mpmt run`]        e.g. scripts/run.sh --workload prime_count --workers 1,2
#
# Installs what is missing, builds, measures (the quick profile unless told otherwise), and ends with the answer in
# sentences, the page report.html, and where plots and record are. Exit codes are those of `mpmt run`; 69 when something
# that is needed cannot be installed, 70 when the build, the plots or the report fail.
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

# The answer in sentences, as a page and as pictures, in a folder of the record's name.
present() {
  local folder
  folder=$root/plots/$(basename -- "$record" .json)
  # What it draws, and what not, is of interest only where it fails: the page names it as well.
  if ! "$python" "$root/scripts/plot.py" "$record" -o "$folder" >"$output" 2>&1; then
    cat "$output" >&2
    failed "The plots could not be drawn."
  fi
  say ""
  "$python" "$root/scripts/report.py" "$record" -o "$folder/report.html" >&2 || failed "The report could not be written."
  say "plots:  $folder"
  say "record: $record"
}

failed() {
  say "$1"
  ((status)) || status=$kSoftwareError
}

"$root/scripts/setup.sh" build python
python=$("$root/scripts/python.sh")
build
cd -- "$root"
read_arguments "$@"
measure
[[ -z $record ]] || present
exit "$status"
