#include "base/shared_region.hpp"

#include <sys/mman.h>

#include <cerrno>

#include "base/checked.hpp"
#include "base/text.hpp"

namespace mpmt {

SharedRegion::SharedRegion(std::size_t bytes)
    : bytes_(bytes),
      data_(::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0)) {
  if (data_ == MAP_FAILED) throw_system_error(errno, "mmap", text(bytes, " bytes of shared memory"));
}

SharedRegion::~SharedRegion() {
  ::munmap(data_, bytes_);
}

}  // namespace mpmt
