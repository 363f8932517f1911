#include "base/proc_text.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <functional>

namespace mpmt {

namespace {

bool is_blank(char c) {
  return c == ' ' || (c >= '\t' && c <= '\r');
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

/// Calls `visit` with every part of `text` between separators.
void for_each_part(std::string_view text, char separator, const std::function<void(std::string_view)>& visit) {
  while (!text.empty()) {
    const auto end = std::min(text.find(separator), text.size());
    visit(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

template <class Number>
std::optional<Number> number_of(std::string_view text) {
  Number number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

/// "key: value" lines of one processor's block.
using Block = std::map<std::string, std::string, std::less<>>;

std::string value_in(const Block& block, std::string_view key) {
  const auto found = block.find(key);
  return found == block.end() ? std::string() : found->second;
}

/// The blocks of /proc/cpuinfo, which blank lines separate; those that are not about a processor included.
std::vector<Block> blocks_of(std::string_view cpuinfo) {
  std::vector<Block> blocks(1);
  for_each_part(cpuinfo, '\n', [&](std::string_view line) {
    const auto colon = line.find(':');
    if (trimmed(line).empty()) {
      if (!blocks.back().empty()) blocks.emplace_back();
    } else if (colon != std::string_view::npos) {
      blocks.back().emplace(one_line(line.substr(0, colon)), one_line(line.substr(colon + 1)));
    }
  });
  return blocks;
}

/// The different non-empty values that `value` gives for the blocks, in order of appearance, joined with '+'.
std::string distinct(const std::vector<Block>& blocks, const std::function<std::string(const Block&)>& value) {
  std::vector<std::string> seen;
  for (const auto& block : blocks) {
    auto found = value(block);
    if (!found.empty() && std::find(seen.begin(), seen.end(), found) == seen.end()) seen.push_back(std::move(found));
  }
  std::string joined;
  for (const auto& one : seen) joined.append(joined.empty() ? "" : "+").append(one);
  return joined;
}

bool is_arm(const Block& block) {
  return block.contains("CPU implementer");
}

/// A field that x86 and Arm call by different names.
auto field(std::string_view x86, std::string_view arm) {
  return [=](const Block& block) { return value_in(block, is_arm(block) ? arm : x86); };
}

std::string stepping_of(const Block& block) {
  if (!is_arm(block)) return value_in(block, "stepping");
  std::string variant = value_in(block, "CPU variant");
  if (variant.starts_with("0x")) variant.erase(0, 2);
  return "r" + variant + "p" + value_in(block, "CPU revision");
}

std::optional<int> threads_per_core_of(const Block& block) {
  const auto siblings = number_of<int>(value_in(block, "siblings"));
  const auto cores = number_of<int>(value_in(block, "cpu cores"));
  if (!siblings || !cores || *cores < 1) return std::nullopt;
  return *siblings / *cores;
}

bool has_word(std::string_view text, std::string_view wanted) {
  bool found = false;
  for_each_part(text, ' ', [&](std::string_view word) { found = found || word == wanted; });
  return found;
}

/// The value of NAME=value or NAME="value".
std::string os_release_value(std::string_view os_release, std::string_view name) {
  std::string found;
  for_each_part(os_release, '\n', [&](std::string_view line) {
    const auto equals = line.find('=');
    if (equals == std::string_view::npos || trimmed(line.substr(0, equals)) != name) return;
    auto value = trimmed(line.substr(equals + 1));
    if (value.size() >= 2 && value.front() == value.back() && (value.front() == '"' || value.front() == '\'')) {
      value = value.substr(1, value.size() - 2);
    }
    found = one_line(value);
  });
  return found;
}

/// Kernel parameters that name boot files, devices and addresses, and families of such ("rd.luks.uuid=...").
constexpr std::array<std::string_view, 22> kBootParameters = {
    "BOOT_IMAGE", "BOOTIF", "boot",   "cloud-init", "console",    "cryptdevice", "dm-mod",  "ds",
    "hostname",   "init",   "initrd", "ip",         "nameserver", "netroot",     "nfsroot", "rd",
    "rdinit",     "resume", "root",   "rootflags",  "rootfstype", "systemd"};

bool is_boot_parameter(std::string_view word) {
  const auto name = word.substr(0, word.find('='));
  return std::any_of(kBootParameters.begin(), kBootParameters.end(), [&](std::string_view left_out) {
    return name == left_out || (name.starts_with(left_out) && name[left_out.size()] == '.');
  });
}

}  // namespace

std::string one_line(std::string_view text) {
  std::string line;
  for (const char c : trimmed(text)) {
    if (!is_blank(c)) {
      line.push_back(c >= ' ' && c <= '~' ? c : '?');
    } else if (line.back() != ' ') {
      line.push_back(' ');
    }
  }
  return line;
}

CpuInfo cpu_info_of(std::string_view cpuinfo) {
  const auto blocks = blocks_of(cpuinfo);
  CpuInfo info;
  info.vendor = distinct(blocks, field("vendor_id", "CPU implementer"));
  info.family = distinct(blocks, field("cpu family", "CPU architecture"));
  info.model = distinct(blocks, field("model", "CPU part"));
  info.stepping = distinct(blocks, stepping_of);
  info.microcode = distinct(blocks, field("microcode", "microcode"));
  info.name = distinct(blocks, field("model name", "model name"));
  info.hypervisor = has_word(value_in(blocks.front(), "flags"), "hypervisor");
  info.threads_per_core = threads_per_core_of(blocks.front());
  return info;
}

std::map<std::string, std::uint64_t> meminfo_bytes_of(std::string_view meminfo) {
  std::map<std::string, std::uint64_t> bytes;
  for_each_part(meminfo, '\n', [&](std::string_view line) {
    const auto colon = line.find(':');
    if (colon == std::string_view::npos || !line.ends_with(" kB")) return;
    line.remove_suffix(3);
    if (const auto kib = number_of<std::uint64_t>(trimmed(line.substr(colon + 1)))) {
      bytes.emplace(line.substr(0, colon), *kib * 1024);
    }
  });
  return bytes;
}

std::uint64_t rounded_gib(std::uint64_t bytes) {
  constexpr std::uint64_t gib = 1ULL << 30;
  return std::bit_ceil(bytes / gib + (bytes % gib == 0 ? 0 : 1));
}

std::string kernel_series_of(std::string_view release) {
  const auto digits = [&](std::size_t from) {
    return std::min(release.find_first_not_of("0123456789", from), release.size()) - from;
  };
  const auto major = digits(0);
  if (major == 0 || major >= release.size() || release[major] != '.') return {};
  const auto minor = digits(major + 1);
  return minor == 0 ? std::string() : std::string(release.substr(0, major + 1 + minor));
}

std::string os_of(std::string_view os_release) {
  const auto id = os_release_value(os_release, "ID");
  const auto version = os_release_value(os_release, "VERSION_ID");
  return one_line(id + " " + version);
}

std::string chosen_of(std::string_view options) {
  const auto open = options.find('[');
  const auto close = options.find(']');
  if (open == std::string_view::npos || close == std::string_view::npos || close < open) return {};
  return one_line(options.substr(open + 1, close - open - 1));
}

std::string kernel_parameters_of(std::string_view cmdline) {
  std::string kept;
  bool for_init = false;
  for_each_part(one_line(cmdline), ' ', [&](std::string_view word) {
    for_init = for_init || word == "--";
    if (for_init || is_boot_parameter(word)) return;
    kept.append(kept.empty() ? "" : " ").append(word);
  });
  return kept;
}

std::vector<int> cpu_ids_of(std::string_view list) {
  std::vector<int> ids;
  bool well_formed = true;
  for_each_part(trimmed(list), ',', [&](std::string_view part) {
    const auto dash = part.find('-');
    const auto first = number_of<int>(part.substr(0, dash));
    const auto last = dash == std::string_view::npos ? first : number_of<int>(part.substr(dash + 1));
    well_formed = well_formed && first && last;
    if (!well_formed) return;
    for (int id = *first; id <= *last; ++id) ids.push_back(id);
  });
  return ids;
}

std::string cpu_list_of(const std::vector<int>& ids) {
  std::string list;
  for (std::size_t first = 0; first < ids.size();) {
    std::size_t last = first;
    while (last + 1 < ids.size() && ids[last + 1] == ids[last] + 1) ++last;
    list.append(list.empty() ? "" : ",").append(std::to_string(ids[first]));
    if (last > first) list.append("-").append(std::to_string(ids[last]));
    first = last + 1;
  }
  return list;
}

}  // namespace mpmt
