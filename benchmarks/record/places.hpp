// Where a run writes.
#pragma once

#include <filesystem>
#include <string>

namespace mpmt::benchmarks {

/// results/<machine-key>/<commit>-<utc>.json, below the current folder.
std::filesystem::path default_record(const std::string& machine_key, const std::string& commit);

/// Whether `--out` asks for standard output, as - or /dev/stdout.
bool is_standard_output(const std::string& out);

/// Finds out now what would be found out after minutes of measuring, as far as looking tells: before the lock is held
/// nothing is made and nothing written. The folder of a place that was `named` must be there. Throws UsageError.
void check_record(const std::filesystem::path& record, bool named);

/// The same by trying, with the lock held: makes the folder of a default place, and a file that nobody sees. Throws
/// UsageError.
void prepare_record(const std::filesystem::path& record, bool named);

/// What is against a place of a record that a journal names, since no run of this user's writes there: it is not
/// absolute or not plain, or it has no folder though it is not the default one. Empty when nothing is.
std::string why_not_recovered_to(const std::filesystem::path& record);

/// The folder for workloads' files: `asked`, or /var/tmp (seldom a memory file system), or $TMPDIR. Absolute. Throws
/// UsageError when files cannot be made there.
std::string data_dir_of(const std::string& asked);

}  // namespace mpmt::benchmarks
