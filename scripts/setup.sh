#!/usr/bin/env bash
# Installs the Debian packages of the named groups of packages.txt that are missing:
#
#     scripts/setup.sh [build] [python] [test] [ci]        (no group: build and python)
#
# Says nothing and touches nothing when none is missing. Exit codes: 0 all there; 2 no such group; 69 something is
# missing and cannot be installed from here: the message says what to type. MPMT_SETUP=skip in the environment turns
# it off, for machines where the tools come from elsewhere.
set -euo pipefail

scripts=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
readonly scripts
readonly kUnavailable=69

say() { printf 'setup: %s\n' "$*" >&2; }

packages_of() {
  awk -v group="$1" '{ sub(/#.*/, "") } $1 == group { print $2 }' "$scripts/packages.txt"
}

# The packages among the arguments that are not installed.
missing_of() {
  local installed package
  installed=$(dpkg-query --show --showformat='${Package} ${db:Status-Status}\n' "$@" 2>/dev/null || true)
  for package in "$@"; do
    case $package in  # another vendor's nodejs has npm in it, and does not go together with Debian's
      nodejs | npm) ! command -v "${package%js}" >/dev/null || continue ;;
    esac
    grep --quiet --line-regexp --fixed-strings "$package installed" <<<"$installed" || printf '%s\n' "$package"
  done
}

# A Python with all modules will do, wherever it comes from.
python_is_fit() { "$scripts/python.sh" "$1" >/dev/null 2>&1; }

# Not Debian: nothing is installed; tools that are there are taken as they are, CMake will look for the libraries.
check_tools_elsewhere() {
  local group tool lacking=()
  for group in "$@"; do
    case $group in
      build)
        for tool in cmake ninja git; do command -v "$tool" >/dev/null || lacking+=("$tool"); done
        command -v "${CXX:-c++}" >/dev/null || command -v g++ >/dev/null || lacking+=("a C++20 compiler")
        ;;
      python | test) python_is_fit "$group" || lacking+=("a Python with the modules that scripts/python.sh $group asks for") ;;
      ci) for tool in clang++ clang-format clang-tidy mypy node npm chromium; do command -v "$tool" >/dev/null || lacking+=("$tool"); done ;;
    esac
  done
  ((${#lacking[@]})) || return 0
  local list
  list=$(printf '%s, ' "${lacking[@]}")
  say "this is not a Debian system, and these are missing: ${list%, }."
  say "Install them, and the libraries of vcpkg.json: Google Benchmark, Boost, nlohmann/json, CLI11, RE2, GoogleTest."
  exit "$kUnavailable"
}

install_packages() {
  local as_root=()
  local command="apt-get install -y --no-install-recommends $*"
  if ((EUID != 0)); then
    if ! sudo -n true 2>/dev/null; then
      say "missing packages; install them with: sudo apt-get update && sudo $command"
      exit "$kUnavailable"
    fi
    as_root=(sudo -n)
  fi
  local apt=("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=300)
  say "installing $*"
  # A repository that cannot be reached does not matter as long as the packages are found.
  "${apt[@]}" update </dev/null >&2 || say "apt-get update failed; trying with the package lists that are there"
  if ! "${apt[@]}" install -y --no-install-recommends "$@" </dev/null >&2; then
    say "could not install; see above, then try: $command"
    exit "$kUnavailable"
  fi
}

main() {
  [[ ${MPMT_SETUP:-} != skip ]] || return 0
  (($#)) || set -- build python
  local group missing=()
  for group in "$@"; do
    if [[ -z $(packages_of "$group") ]]; then
      say "no such group: $group (there are build, python, test and ci)"
      exit 2
    fi
  done
  if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
    check_tools_elsewhere "$@"
    return 0
  fi

  local packages lacking
  for group in "$@"; do
    mapfile -t packages < <(packages_of "$group")
    mapfile -t lacking < <(missing_of "${packages[@]}")
    if ((${#lacking[@]})) && [[ $group =~ ^(python|test)$ ]] && python_is_fit "$group"; then continue; fi
    missing+=("${lacking[@]}")
  done
  ((${#missing[@]} == 0)) || install_packages "${missing[@]}"
}

main "$@"
