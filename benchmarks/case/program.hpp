// Whose cases are measured.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "benchmarks/case/offer.hpp"

namespace mpmt::benchmarks {

/// A contender is a program's case. Values; made once, when all about a program has been found out.
struct Program {
  std::string name;                ///< in the names of its cases; empty: this program, alone
  std::vector<std::string> trial;  ///< the command that speaks the trial protocol; empty: this program
  Offer offer;
  std::map<std::string, std::string> versions;  ///< what a reader of the record must know of it
  ForeignParameters foreign = {};               ///< what a trial of it runs, where it is somebody else's
  std::vector<std::string> benchmarks = {};     ///< of a Google Benchmark program
  std::vector<std::string> notes = {};          ///< what has to be said of it, a line each
  int port = 0;                                 ///< of a server: what {port} stands for

  /// As answers call it.
  std::string called() const { return name.empty() ? "mpmt" : name; }
};

/// This program itself.
inline Program own_program(const std::string& name = {}) {
  return {name, {}, own_offer(), {}};
}

}  // namespace mpmt::benchmarks
