// What each contender takes, for a run of few.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "benchmarks/plan/plan.hpp"
#include "benchmarks/record/entry.hpp"

namespace mpmt::benchmarks {

/// Takes down what the rounds of each contender gave, and says it as a table: time, speed-up over the baseline of its
/// program, CPU time, context switches and memory, as far as they are known; of tasks that take a given time also what
/// came on top of it.
class Contenders {
 public:
  /// More are told by the record.
  static constexpr std::size_t kMost = 12;

  /// The plan outlives it.
  explicit Contenders(const Plan& plan) : plan_(plan) {}

  void add(const Measured& measured);
  /// Lines of a table, in the order of the plan; empty when there are too many contenders, or nothing is known.
  std::string text() const;

 private:
  struct Series {
    std::vector<double> costs_ns;
    std::vector<double> blocks_ns;  ///< on average, of each round
    double cpu_ns = 0;              ///< of all blocks together, and so below
    double switches = 0;
    double operations = 0;
    std::uint64_t tasks = 0;  ///< of a block
    std::optional<executors::Memory> memory;
  };
  struct Column {
    std::string title;
    std::function<std::string(std::size_t planned)> cell;
  };

  std::vector<Column> columns() const;
  std::vector<Column> columns_of_parts() const;
  bool is_uniform(const Column& column) const;
  double speed_up(std::size_t planned) const;
  double least_block_ns(std::size_t planned) const;

  const Plan& plan_;
  std::map<std::size_t, Series> series_;  ///< by place in the plan
};

}  // namespace mpmt::benchmarks
