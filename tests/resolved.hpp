// Made-up cases with what a plan knows of them.
#pragma once

#include <nlohmann/json.hpp>

#include "benchmarks/case/family.hpp"
#include "benchmarks/case/offer.hpp"

namespace mpmt::benchmarks {

/// Of this program's parts.
inline Case resolved(Case c) {
  if (c.family == "pool") {
    c.facts = facts_in(own_offer(), c);
    return c;
  }
  return case_from(to_json(c));
}

}  // namespace mpmt::benchmarks
