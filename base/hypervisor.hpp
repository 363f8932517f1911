// Which hypervisor this machine runs under, if any.
#pragma once

#include <string>
#include <string_view>

namespace mpmt {

/// What there is to go by. Empty where a source does not exist.
struct HypervisorSigns {
  bool cpu_says_so = false;     ///< x86: CPUID leaf 1, ECX bit 31, the `hypervisor` flag of /proc/cpuinfo
  std::string cpuid_signature;  ///< x86: the 12 bytes of CPUID leaf 0x40000000
  std::string sys_hypervisor;   ///< /sys/hypervisor/type
  std::string device_tree;      ///< /proc/device-tree/hypervisor/compatible
  std::string dmi_vendor;       ///< /sys/class/dmi/id/sys_vendor
  std::string dmi_product;      ///< /sys/class/dmi/id/product_name
};

/// "kvm", "xen", "hyperv", "vmware" and so on; "none" when nothing speaks for one. What the CPU says goes before what
/// files say, as these are not visible in every container. A hypervisor without a known name is given by its signature.
std::string hypervisor_of(const HypervisorSigns& signs);

/// This machine's signs.
HypervisorSigns hypervisor_signs();

}  // namespace mpmt
