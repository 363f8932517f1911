// Enumerations in words, as on the command line and in the record.
#pragma once

#include <string_view>

#include "benchmarks/case/case.hpp"
#include "executors/executor.hpp"
#include "pairs/pair.hpp"

namespace mpmt::benchmarks {

std::string_view text_of(executors::Placement placement);
std::string_view text_of(executors::Wait wait);
std::string_view text_of(executors::Status status);
std::string_view text_of(workloads::Kind kind);
std::string_view text_of(ipc::Sides sides);
std::string_view text_of(pairs::Pattern pattern);
std::string_view text_of(FutexScope futex);
std::string_view text_of(Who who);

/// Throw std::invalid_argument naming what is allowed.
executors::Placement placement_from(std::string_view text);
executors::Wait wait_from(std::string_view text);
executors::Status status_from(std::string_view text);
ipc::Sides sides_from(std::string_view text);
pairs::Pattern pattern_from(std::string_view text);
FutexScope futex_from(std::string_view text);
Who who_from(std::string_view text);
workloads::Kind kind_from(std::string_view text);

}  // namespace mpmt::benchmarks
