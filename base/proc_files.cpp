#include "base/proc_files.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <system_error>
#include <vector>

#include "base/proc_text.hpp"

namespace mpmt {

std::string contents_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::string contents;
  // By hand: a read error (some files of /sys give EIO) ends the text instead of throwing.
  for (char buffer[4096]; file.read(buffer, sizeof buffer) || file.gcount() > 0;) {
    contents.append(buffer, static_cast<std::size_t>(file.gcount()));
  }
  return contents;
}

std::string line_of(const std::string& path) {
  const auto contents = contents_of(path);
  return one_line(std::string_view(contents).substr(0, contents.find('\0')));
}

std::string lines_in(const std::string& folder) {
  std::vector<std::string> lines;
  std::error_code failure;
  for (std::filesystem::directory_iterator entry(folder, failure), end; !failure && entry != end;
       entry.increment(failure)) {
    auto line = line_of(entry->path().string());
    std::replace(line.begin(), line.end(), ';', ',');
    lines.push_back(entry->path().filename().string() + "=" + line);
  }
  std::sort(lines.begin(), lines.end());
  std::string joined;
  for (const auto& line : lines) joined.append(joined.empty() ? "" : "; ").append(line);
  return joined;
}

}  // namespace mpmt
