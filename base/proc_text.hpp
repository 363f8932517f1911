// What the texts under /proc, /sys and /etc say. Pure: each function is given the text.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mpmt {

/// Without white space at either end, every run of white space inside as one blank, and anything but printable ASCII
/// as '?': one line, whatever a kernel or a firmware wrote, and fit for JSON.
std::string one_line(std::string_view text);

/// What /proc/cpuinfo tells of the processors. Where they differ (big.LITTLE), the different values in order of
/// appearance, joined with '+'. An unknown architecture leaves fields empty.
struct CpuInfo {
  std::string vendor;                   ///< x86: vendor_id; Arm: implementer
  std::string family;                   ///< x86: cpu family; Arm: architecture version
  std::string model;                    ///< x86: model number; Arm: part
  std::string stepping;                 ///< x86: stepping; Arm: "r<variant>p<revision>"
  std::string microcode;                ///< x86 only
  std::string name;                     ///< x86: model name
  bool hypervisor = false;              ///< x86: the flag that says so; always false elsewhere
  std::optional<int> threads_per_core;  ///< x86: siblings ÷ cpu cores
};
CpuInfo cpu_info_of(std::string_view cpuinfo);

/// "Key:   1234 kB" lines of /proc/meminfo, in bytes.
std::map<std::string, std::uint64_t> meminfo_bytes_of(std::string_view meminfo);

/// Memory in GiB, rounded up to the next power of two, at least 1. Up, because MemTotal is always some per cent below
/// what is installed, by an amount that varies with the kernel: 15.6 and 15.4 GiB are both a 16 GiB machine.
std::uint64_t rounded_gib(std::uint64_t bytes);

/// "6.18" of "6.18.44-cloud-amd64"; empty when it does not begin so.
std::string kernel_series_of(std::string_view release);

/// "debian 12" of /etc/os-release: ID and VERSION_ID (which a rolling distribution does not have).
std::string os_of(std::string_view os_release);

/// "madvise" of "always [madvise] never"; empty when none is chosen.
std::string chosen_of(std::string_view options);

/// The kernel's own parameters out of /proc/cmdline, in order. Left out are those that say where this system was booted
/// from and whom it talks to (BOOT_IMAGE, root, console and so on), and everything after "--", which is for init: they
/// tell machines apart that behave alike, and are nobody's business in a published record.
std::string kernel_parameters_of(std::string_view cmdline);

/// The ids in a kernel CPU list such as "0-3,8"; those before the first malformed part when there is one.
std::vector<int> cpu_ids_of(std::string_view list);
/// The reverse, for ascending ids.
std::string cpu_list_of(const std::vector<int>& ids);

}  // namespace mpmt
