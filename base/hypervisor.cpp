#include "base/hypervisor.hpp"

#if defined(__x86_64__) || defined(__i386__)
#include <cpuid.h>
#endif

#include <algorithm>
#include <array>
#include <cctype>
#include <utility>

#include "base/proc_files.hpp"
#include "base/proc_text.hpp"

namespace mpmt {

namespace {

/// What a source's text contains, and the name that it stands for.
using Names = std::pair<std::string_view, std::string_view>;

// The signatures are those of arch/x86/kernel/cpu/hypervisor.c's detectors and of the hypervisors' manuals.
constexpr std::array<Names, 11> kCpuidNames = {{
    {"KVMKVMKVM", "kvm"},
    {"Linux KVM Hv", "kvm"},
    {"Microsoft Hv", "hyperv"},
    {"VMwareVMware", "vmware"},
    {"XenVMMXenVMM", "xen"},
    {"VBoxVBoxVBox", "virtualbox"},
    {"TCGTCGTCGTCG", "qemu"},
    {"bhyve", "bhyve"},
    {"prl hyperv", "parallels"},
    {"lrpepyh", "parallels"},
    {"ACRNACRNACRN", "acrn"},
}};

// For machines whose CPU does not tell: Arm.
constexpr std::array<Names, 12> kFirmwareNames = {{
    {"KVM", "kvm"},
    {"OpenStack", "kvm"},
    {"KubeVirt", "kvm"},
    {"Amazon EC2", "amazon"},
    {"Google Compute Engine", "google"},
    {"QEMU", "qemu"},
    {"VMware", "vmware"},
    {"VirtualBox", "virtualbox"},
    {"Xen", "xen"},
    {"Parallels", "parallels"},
    {"Apple Virtualization", "apple"},
    {"Virtual Machine", "hyperv"},
}};

template <std::size_t N>
std::string name_in(const std::array<Names, N>& names, std::string_view text) {
  const auto found = std::find_if(names.begin(), names.end(),
                                  [&](const Names& one) { return text.find(one.first) != std::string_view::npos; });
  return found == names.end() ? std::string() : std::string(found->second);
}

/// Lower case, digits and dashes only.
std::string as_name(std::string_view signature) {
  std::string name;
  for (const char c : signature) {
    const auto byte = static_cast<unsigned char>(c);
    if (std::isalnum(byte) != 0) name.push_back(static_cast<char>(std::tolower(byte)));
  }
  return name.empty() ? "unknown" : name;
}

std::string cpuid_signature() {
#if defined(__x86_64__) || defined(__i386__)
  unsigned eax = 0;
  std::array<unsigned, 3> words{};
  if (__get_cpuid(1, &eax, &words[0], &words[1], &words[2]) == 0 || (words[1] & (1U << 31)) == 0) return {};
  __cpuid(0x40000000U, eax, words[0], words[1], words[2]);
  std::string signature;
  for (const unsigned word : words) {
    for (int shift = 0; shift < 32; shift += 8) signature.push_back(static_cast<char>(word >> shift));
  }
  signature.erase(std::min(signature.find('\0'), signature.size()));
  return one_line(signature);
#else
  return {};
#endif
}

}  // namespace

std::string hypervisor_of(const HypervisorSigns& signs) {
  if (!signs.cpuid_signature.empty()) {
    const auto known = name_in(kCpuidNames, signs.cpuid_signature);
    return known.empty() ? as_name(signs.cpuid_signature) : known;
  }
  if (!signs.sys_hypervisor.empty()) return as_name(signs.sys_hypervisor);
  if (!signs.device_tree.empty()) return as_name(signs.device_tree.substr(signs.device_tree.find(',') + 1));
  const bool bare_cloud = signs.dmi_product.ends_with(".metal");
  auto by_firmware = bare_cloud ? "" : name_in(kFirmwareNames, signs.dmi_vendor + " " + signs.dmi_product);
  if (!by_firmware.empty()) return by_firmware;
  return signs.cpu_says_so ? "unknown" : "none";
}

HypervisorSigns hypervisor_signs() {
  HypervisorSigns signs;
  signs.cpuid_signature = cpuid_signature();
  signs.cpu_says_so = cpu_info_of(contents_of("/proc/cpuinfo")).hypervisor;
  signs.sys_hypervisor = line_of("/sys/hypervisor/type");
  signs.device_tree = line_of("/proc/device-tree/hypervisor/compatible");
  signs.dmi_vendor = line_of("/sys/class/dmi/id/sys_vendor");
  signs.dmi_product = line_of("/sys/class/dmi/id/product_name");
  return signs;
}

}  // namespace mpmt
