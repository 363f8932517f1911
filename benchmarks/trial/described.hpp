// What other programs say that they have.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/interrupt.hpp"
#include "benchmarks/case/offer.hpp"

namespace mpmt::benchmarks {

/// A program's answer to `describe`.
struct Described {
  bool ok = false;
  bool late = false;  ///< it has not answered in time
  std::string error;  ///< why there is no answer, in one line
  std::string name;   ///< what it calls itself
  Offer offer;
  std::map<std::string, std::string> versions;
};

/// Starts the command, kept (keeper.hpp), asks it, and ends it; at most some ten seconds, or until interrupted.
Described described_by(const std::vector<std::string>& command, Interrupt& interrupt);

/// What a Google Benchmark program lists.
struct Listed {
  bool ok = false;
  bool deaf = false;  ///< there is no use in asking it something else: see commands::GoogleDeaf
  std::string error;  ///< why there is no list, in one line
  std::vector<std::string> names;
  bool fixed_iterations = false;  ///< its library takes a number of iterations
  std::vector<std::string> notes;
};

/// Has a kept trial of this program list the benchmarks of another one (commands/google_listing.hpp); as above.
Listed listed_by(const std::vector<std::string>& command, Interrupt& interrupt);

}  // namespace mpmt::benchmarks
