#include <iomanip>
#include <iostream>

#include "base/output.hpp"
#include "base/text.hpp"
#include "benchmarks/cli/commands.hpp"
#include "benchmarks/record/stored.hpp"

namespace mpmt::benchmarks {

int show_verdict(const std::string& record, bool all, int relabelled, std::uint64_t seed) {
  const auto [observations, rules] = read_record(record);
  const auto rows = compare(observations, rules);
  if (rows.empty()) {
    print_line(text("no thread case and process case to compare in ", record));
    return kNothingMatched;
  }
  std::cout << (all ? table_of(rows, rules) : answer_of(rows, rules));
  if (relabelled == 0) return kOk;
  const double share = false_winner_share(observations, relabelled, seed, rules);
  if (share < 0)
    throw UsageError(
        "--relabel: no pinned case of this record has the 12 rounds that make 6 pairs; take more --rounds");
  std::cout << "\nOf " << relabelled << " tables in which both sides are the same executor, " << std::fixed
            << std::setprecision(2) << 100 * share << " % name a winner.\n";
  return kOk;
}

}  // namespace mpmt::benchmarks
