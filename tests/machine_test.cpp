// The machine key and the facts it is made of.
#include "base/machine.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <string>
#include <vector>

#include "base/hypervisor.hpp"
#include "base/proc_text.hpp"

namespace mpmt {
namespace {

const std::string kXeon = R"(processor	: 0
vendor_id	: GenuineIntel
cpu family	: 6
model		: 85
model name	: Intel(R) Xeon(R) Platinum 8259CL CPU @ 2.50GHz
stepping	: 7
microcode	: 0x5003605
cpu MHz		: 2499.998
siblings	: 4
cpu cores	: 2
flags		: fpu vme de hypervisor lahf_lm
bogomips	: 4999.99

processor	: 1
vendor_id	: GenuineIntel
cpu family	: 6
model		: 85
model name	: Intel(R) Xeon(R) Platinum 8259CL CPU @ 2.50GHz
stepping	: 7
microcode	: 0x5003605
cpu MHz		: 3100.102
siblings	: 4
cpu cores	: 2
flags		: fpu vme de hypervisor lahf_lm
bogomips	: 4999.99
)";

const std::string kRaspberryPi = R"(processor	: 0
BogoMIPS	: 108.00
Features	: fp asimd evtstrm crc32 cpuid
CPU implementer	: 0x41
CPU architecture: 8
CPU variant	: 0x0
CPU part	: 0xd08
CPU revision	: 3

Hardware	: BCM2835
Serial		: 100000001234abcd
Model		: Raspberry Pi 4 Model B Rev 1.1
)";

const std::string kBigLittle = R"(processor	: 0
CPU implementer	: 0x41
CPU architecture: 8
CPU variant	: 0x2
CPU part	: 0xd05
CPU revision	: 0

processor	: 1
CPU implementer	: 0x41
CPU architecture: 8
CPU variant	: 0x2
CPU part	: 0xd05
CPU revision	: 0

processor	: 2
CPU implementer	: 0x41
CPU architecture: 8
CPU variant	: 0x1
CPU part	: 0xd44
CPU revision	: 1
)";

const std::vector<std::string> kIdentityNames = {
    "cpu_vendor", "cpu_family", "cpu_model", "cpu_stepping", "usable_cpus", "threads_per_core",
    "memory_gib", "hypervisor", "kernel",    "os",           "libc"};

/// An identity as describe_machine() would put it together from these texts.
Facts identity_from(const std::string& cpuinfo, const std::string& release = "6.1.0-37-amd64") {
  const auto cpu = cpu_info_of(cpuinfo);
  return {{"cpu_vendor", cpu.vendor},
          {"cpu_family", cpu.family},
          {"cpu_model", cpu.model},
          {"cpu_stepping", cpu.stepping},
          {"usable_cpus", "2"},
          {"threads_per_core", "2"},
          {"memory_gib", "16"},
          {"hypervisor", "kvm"},
          {"kernel", kernel_series_of(release)},
          {"os", "debian 12"},
          {"libc", "glibc 2.36"}};
}

std::string replaced(std::string where, const std::string& what, const std::string& by) {
  const auto found = where.find(what);
  EXPECT_NE(found, std::string::npos) << what;
  return found == std::string::npos ? where : where.replace(found, what.size(), by);
}

std::vector<std::string> names_of(const Facts& facts) {
  std::vector<std::string> names;
  for (const auto& fact : facts) names.push_back(fact.first);
  return names;
}

std::string value_of(const Facts& facts, const std::string& name) {
  const auto found = std::find_if(facts.begin(), facts.end(), [&](const auto& fact) { return fact.first == name; });
  return found == facts.end() ? "(no such fact)" : found->second;
}

TEST(MachineKey, is_pinned_for_a_fixed_identity) {
  // python3: u = uuid.uuid5(uuid.uuid5(uuid.NAMESPACE_DNS, "mpmt"), "cpu_vendor=GenuineIntel\n...libc=glibc 2.36\n");
  // u.hex[:12]. A change here splits every history that has been recorded.
  EXPECT_EQ(machine_key(identity_from(kXeon)), "e7c71e00fe56");
}

TEST(MachineKey, does_not_depend_on_clock_rates_microcode_and_host) {
  const auto key = machine_key(identity_from(kXeon));
  EXPECT_EQ(machine_key(identity_from(replaced(kXeon, "2499.998", "1200.000"))), key);
  EXPECT_EQ(machine_key(identity_from(replaced(kXeon, "4999.99", "5001.02"))), key);
  EXPECT_EQ(machine_key(identity_from(replaced(kXeon, "0x5003605", "0x5003707"))), key);
  EXPECT_EQ(machine_key(identity_from(kXeon, "6.1.0-40-amd64")), key);
  const auto pi = machine_key(identity_from(kRaspberryPi));
  EXPECT_EQ(machine_key(identity_from(replaced(kRaspberryPi, "108.00", "54.00"))), pi);
  EXPECT_EQ(machine_key(identity_from(replaced(kRaspberryPi, "1234abcd", "5678cdef"))), pi);
}

TEST(MachineKey, changes_with_every_part_of_the_identity) {
  const auto identity = identity_from(kXeon);
  const auto key = machine_key(identity);
  EXPECT_NE(machine_key(identity_from(kXeon, "6.2.0-37-amd64")), key);
  EXPECT_NE(machine_key(identity_from(kXeon, "5.1.0-37-amd64")), key);
  for (std::size_t i = 0; i < identity.size(); ++i) {
    auto other = identity;
    other[i].second += "0";
    EXPECT_NE(machine_key(other), key) << other[i].first;
  }
}

TEST(CpuInfo, is_read_from_x86) {
  const auto cpu = cpu_info_of(kXeon);
  EXPECT_EQ(cpu.vendor, "GenuineIntel");
  EXPECT_EQ(cpu.family, "6");
  EXPECT_EQ(cpu.model, "85");
  EXPECT_EQ(cpu.stepping, "7");
  EXPECT_EQ(cpu.microcode, "0x5003605");
  EXPECT_EQ(cpu.name, "Intel(R) Xeon(R) Platinum 8259CL CPU @ 2.50GHz");
  EXPECT_TRUE(cpu.hypervisor);
  EXPECT_EQ(cpu.threads_per_core, 2);
}

TEST(CpuInfo, is_read_from_arm) {
  const auto cpu = cpu_info_of(kRaspberryPi);
  EXPECT_EQ(cpu.vendor, "0x41");
  EXPECT_EQ(cpu.family, "8");
  EXPECT_EQ(cpu.model, "0xd08");
  EXPECT_EQ(cpu.stepping, "r0p3");
  EXPECT_EQ(cpu.microcode, "");
  EXPECT_FALSE(cpu.hypervisor);
  EXPECT_EQ(cpu.threads_per_core, std::nullopt);
}

TEST(CpuInfo, names_every_kind_of_core) {
  const auto cpu = cpu_info_of(kBigLittle);
  EXPECT_EQ(cpu.vendor, "0x41");
  EXPECT_EQ(cpu.model, "0xd05+0xd44");
  EXPECT_EQ(cpu.stepping, "r2p0+r1p1");
}

TEST(CpuInfo, of_an_unknown_text_is_empty) {
  for (const std::string text : {"", "\n\n", "no colon\n", ":\n", "processor\t: 0\nmystery\t: 1\n"}) {
    const auto cpu = cpu_info_of(text);
    EXPECT_EQ(cpu.vendor + cpu.family + cpu.model + cpu.stepping + cpu.microcode + cpu.name, "") << text;
  }
}

TEST(Memory, is_rounded_up_to_a_power_of_two) {
  struct Row {
    std::uint64_t mib, gib;
  };
  for (const auto& [mib, gib] : std::vector<Row>{{0, 1},
                                                 {426, 1},
                                                 {1024, 1},
                                                 {1025, 2},
                                                 {3911, 4},
                                                 {7862, 8},
                                                 {15360, 16},
                                                 {15990, 16},
                                                 {16384, 16},
                                                 {24105, 32},
                                                 {31900, 32},
                                                 {64100, 64},
                                                 {96000, 128},
                                                 {515000, 512},
                                                 {524288, 512}}) {
    EXPECT_EQ(rounded_gib(mib << 20), gib) << mib << " MiB";
  }
}

TEST(Memory, is_read_in_bytes) {
  const auto memory = meminfo_bytes_of("MemTotal:       24684092 kB\nHugePages_Total:       3\nSwapTotal: x kB\n");
  EXPECT_EQ(memory.size(), 1U);
  EXPECT_EQ(memory.at("MemTotal"), 24684092ULL * 1024);
}

TEST(Kernel, series_is_major_and_minor) {
  struct Row {
    const char *release, *series;
  };
  for (const auto& [release, series] : std::vector<Row>{{"6.18.44-fc", "6.18"},
                                                        {"5.15.0-1051-aws", "5.15"},
                                                        {"6.1.0-37-amd64", "6.1"},
                                                        {"6.12-rc3", "6.12"},
                                                        {"6.12+", "6.12"},
                                                        {"4.19", "4.19"},
                                                        {"6", ""},
                                                        {"6.", ""},
                                                        {"custom", ""},
                                                        {"", ""}}) {
    EXPECT_EQ(kernel_series_of(release), series) << release;
  }
}

TEST(Kernel, parameters_leave_out_what_only_names_a_host) {
  EXPECT_EQ(kernel_parameters_of("BOOT_IMAGE=/boot/vmlinuz-6.1.0-37-amd64 root=UUID=0a1b ro mitigations=off "
                                 "rd.luks.uuid=77 console=ttyS0,115200 isolcpus=1 rootdelay=3 -- single\n"),
            "ro mitigations=off isolcpus=1 rootdelay=3");
  EXPECT_EQ(kernel_parameters_of("quiet\n"), "quiet");
  EXPECT_EQ(kernel_parameters_of(""), "");
}

TEST(OperatingSystem, is_its_id_and_version) {
  EXPECT_EQ(os_of("PRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\nVERSION_ID=\"12\"\nID=debian\n"), "debian 12");
  EXPECT_EQ(os_of("ID='ubuntu'\nID_LIKE=debian\nVERSION_ID='24.04'"), "ubuntu 24.04");
  EXPECT_EQ(os_of("NAME=\"Arch Linux\"\nID=arch\n"), "arch");
  EXPECT_EQ(os_of(""), "");
}

TEST(ProcText, chosen_option_is_the_one_in_brackets) {
  EXPECT_EQ(chosen_of("always [madvise] never"), "madvise");
  EXPECT_EQ(chosen_of("[always] madvise never\n"), "always");
  EXPECT_EQ(chosen_of("always madvise never"), "");
  EXPECT_EQ(chosen_of("]["), "");
  EXPECT_EQ(chosen_of(""), "");
}

TEST(ProcText, one_line_is_printable_and_trimmed) {
  EXPECT_EQ(one_line("  a\t\tb\nc \n"), "a b c");
  EXPECT_EQ(one_line("caf\xc3\xa9\x01"), "caf???");
  EXPECT_EQ(one_line(" \n"), "");
}

TEST(ProcText, cpu_lists_are_read_and_written) {
  struct Row {
    const char* list;
    std::vector<int> ids;
  };
  for (const auto& [list, ids] :
       std::vector<Row>{{"", {}}, {"0", {0}}, {"0-3", {0, 1, 2, 3}}, {"0,2", {0, 2}}, {"0-1,4,6-7", {0, 1, 4, 6, 7}}}) {
    EXPECT_EQ(cpu_ids_of(list), ids) << list;
    EXPECT_EQ(cpu_list_of(ids), list);
  }
  EXPECT_EQ(cpu_ids_of("0-1\n"), (std::vector<int>{0, 1}));
  EXPECT_EQ(cpu_ids_of("0,x,2"), (std::vector<int>{0}));
}

TEST(Hypervisor, is_told_by_the_cpu_first_then_by_firmware) {
  struct Row {
    HypervisorSigns signs;
    const char* name;
  };
  const std::vector<Row> rows = {
      {{false, "", "", "", "", ""}, "none"},
      {{true, "", "", "", "", ""}, "unknown"},
      {{true, "KVMKVMKVM", "", "", "Amazon EC2", "m5.large"}, "kvm"},
      {{true, "Microsoft Hv", "", "", "", ""}, "hyperv"},
      {{true, "XenVMMXenVMM", "xen", "", "Amazon EC2", "t2.micro"}, "xen"},
      {{true, "bhyve bhyve", "", "", "", ""}, "bhyve"},
      {{true, "SomeThing 42", "", "", "", ""}, "something42"},
      {{false, "", "", "linux,kvm", "", ""}, "kvm"},
      {{false, "", "xen", "xen,xen-4.16", "", ""}, "xen"},
      {{false, "", "", "", "Amazon EC2", "m7g.large"}, "amazon"},
      {{false, "", "", "", "Amazon EC2", "m7g.metal"}, "none"},
      {{false, "", "", "", "QEMU", "KVM Virtual Machine"}, "kvm"},
      {{false, "", "", "", "Microsoft Corporation", "Virtual Machine"}, "hyperv"},
      {{false, "", "", "", "LENOVO", "20XW0055GE"}, "none"},
  };
  for (const auto& [signs, name] : rows) {
    EXPECT_EQ(hypervisor_of(signs), name) << signs.cpuid_signature << "/" << signs.dmi_product;
  }
}

TEST(ThisMachine, has_a_key_and_names_every_fact) {
  const auto machine = describe_machine();
  EXPECT_EQ(machine.key, machine_key(machine.identity));
  EXPECT_EQ(machine.key.size(), 12U);
  EXPECT_EQ(machine.key.find_first_not_of("0123456789abcdef"), std::string::npos) << machine.key;
  EXPECT_EQ(names_of(machine.identity), kIdentityNames);
  for (const char* name : {"usable_cpus", "memory_gib", "hypervisor", "kernel", "libc"}) {
    EXPECT_NE(value_of(machine.identity, name), "") << name;
  }
  EXPECT_NE(value_of(machine.epoch, "kernel_release"), "");
  EXPECT_NE(value_of(machine.state, "usable_cpu_list"), "");
}

TEST(ThisMachine, has_the_same_key_every_time_it_is_asked) {
  EXPECT_EQ(describe_machine().key, describe_machine().key);
}

TEST(ThisMachine, states_facts_that_are_single_printable_lines_with_names_of_their_own) {
  const auto machine = describe_machine();
  std::vector<std::string> names;
  for (const auto& facts : {machine.identity, machine.epoch, machine.state}) {
    for (const auto& [name, value] : facts) {
      names.push_back(name);
      EXPECT_TRUE(std::all_of(value.begin(), value.end(), [](char c) { return c >= ' ' && c <= '~'; })) << name;
    }
  }
  std::sort(names.begin(), names.end());
  EXPECT_EQ(std::adjacent_find(names.begin(), names.end()), names.end());
}

}  // namespace
}  // namespace mpmt
