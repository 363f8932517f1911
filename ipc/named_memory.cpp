#include "ipc/named_memory.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <boost/interprocess/exceptions.hpp>

#include "base/checked.hpp"
#include "base/fd.hpp"

namespace mpmt::ipc {
namespace {

namespace bip = boost::interprocess;

/// Of the object that was made under the name just now, and in a folder like /dev/shm can be replaced by nobody else.
void allocate(const std::string& name, const std::string& object) {
  const auto path = "/" + name;
  const Fd memory(checked([&] { return ::shm_open(path.c_str(), O_RDWR | O_CLOEXEC, 0600); }, "shm_open", object));
  struct stat status {};
  checked([&] { return ::fstat(memory.get(), &status); }, "fstat", object);
  allocate_pages(memory.get(), static_cast<std::size_t>(status.st_size), object);
}

}  // namespace

void make_in_dev_shm(const std::string& object, std::size_t bytes, const std::function<void(const char* name)>& make,
                     const DrawName& draw) {
  const auto make_new = [&](const std::string& name) {
    try {
      make(name.c_str());
    } catch (const bip::interprocess_exception& failure) {
      if (failure.get_error_code() != bip::already_exists_error) throw;
      return false;
    }
    allocate(name, object);
    return true;
  };
  make_under_new_name({NewObject::Kind::memory, object, bytes}, make_new, draw);
}

}  // namespace mpmt::ipc
