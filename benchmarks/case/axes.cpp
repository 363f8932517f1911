#include "benchmarks/case/axes.hpp"

#include "benchmarks/case/names.hpp"

namespace mpmt::benchmarks {

std::vector<Axis> common_axes() {
  return {list_axis<std::string>("--channel", "how messages travel: see mpmt list channels; or all", &Axes::channels,
                                 as_it_is),
          list_axis<std::size_t>("--window", "messages in flight per worker, or one way", &Axes::windows,
                                 integer<std::size_t>(1, 1 << 20)),
          list_axis<executors::Placement>("--placement", "same (one CPU), spread, free (not pinned)", &Axes::placements,
                                          placement_from),
          list_axis<executors::Wait>("--wait", "how a side waits: block, yield, spin", &Axes::waits, wait_from)};
}

}  // namespace mpmt::benchmarks
