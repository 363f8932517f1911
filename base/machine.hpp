// What machine this is, and in what state: the one implementation, printed by `mpmt machine` and stored in every
// record.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace mpmt {

/// Named facts in a fixed order; the value is empty when the fact cannot be read here.
using Facts = std::vector<std::pair<std::string, std::string>>;

struct Machine {
  /// 12 hexadecimal digits: the head of the version-5 UUID (RFC 4122, namespace DNS "mpmt") of `identity`, written as
  /// "name=value\n" lines. Records with different keys are never compared.
  std::string key;
  /// What the key is computed from: CPU vendor, family, model, stepping; usable CPUs, threads per core, memory rounded
  /// to a power of two, hypervisor, kernel major.minor, operating system, C library.
  Facts identity;
  /// What may change between runs on the same machine. `epoch` facts (microcode, full kernel release, governor, THP,
  /// mitigations, kernel command line) start a new epoch of a history when they change.
  Facts epoch;
  /// Worth knowing when reading a figure: load, turbo, SMT, ASLR, size of /dev/shm, and so on.
  Facts state;
};

Machine describe_machine();

/// The key of an identity; see Machine::key.
std::string machine_key(const Facts& identity);

}  // namespace mpmt
