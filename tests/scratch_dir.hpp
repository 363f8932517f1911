// A directory of a test's own.
#pragma once

#include <stdlib.h>

#include <filesystem>
#include <string>

#include "base/checked.hpp"

namespace mpmt::tests {

/// Made in the build folder, or in `parent`; removed with all that is in it in the destructor.
class ScratchDir {
 public:
  explicit ScratchDir(const std::filesystem::path& parent = MPMT_SCRATCH_DIR) {
    std::string name = (parent / "scratch-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) throw_system_error(errno, "mkdtemp", name);
    path_ = name;
  }
  ~ScratchDir() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  ScratchDir(const ScratchDir&) = delete;
  ScratchDir& operator=(const ScratchDir&) = delete;

  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

}  // namespace mpmt::tests
