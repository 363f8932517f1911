// Where a run writes.
#pragma once

#include <filesystem>
#include <string>

namespace mpmt::benchmarks {

/// results/<machine-key>/<commit>-<utc>.json, below the current folder.
std::filesystem::path default_record(const std::string& machine_key, const std::string& commit);

/// Makes the folder of a default place; that of a place that was `named` must be there. Throws UsageError: finds out
/// now what would be found out after minutes of measuring.
void check_writable(const std::filesystem::path& record, bool named);

/// The folder for workloads' files: `asked`, or /var/tmp (seldom a memory file system), or $TMPDIR. Absolute. Throws
/// UsageError when files cannot be made there.
std::string data_dir_of(const std::string& asked);

}  // namespace mpmt::benchmarks
