#include "commands/google_listing.hpp"

#include <algorithm>
#include <cctype>
#include <map>
#include <optional>
#include <stdexcept>

#include "base/duration_text.hpp"
#include "base/shown.hpp"
#include "base/text.hpp"
#include "commands/google_command.hpp"

namespace mpmt::commands {
namespace {

using Lines = std::vector<std::string>;

constexpr const char* kList = "--benchmark_list_tests=true";
constexpr const char* kMatchesNothing = "--benchmark_filter=^mpmt: no benchmark is called this$";

std::string_view line_at(std::string_view said, std::size_t at) {
  return said.substr(at, said.find('\n', at) - at);
}

/// What the library prints before it runs benchmarks: the machine, on standard error, and a table's head.
bool begins_a_report(const Captured& heard) {
  const std::string_view error = heard.error.text();
  const std::string_view output = heard.output.text();
  for (std::size_t at = error.find("Run on ("); at != std::string_view::npos; at = error.find("Run on (", at + 1)) {
    if (line_at(error, at).find(" CPU") != std::string_view::npos) return true;
  }
  for (std::size_t at = output.find("Benchmark  "); at != std::string_view::npos;
       at = output.find("Benchmark  ", at + 1)) {
    const auto line = line_at(output, at);
    if (line.find(" Time ") != std::string_view::npos && line.find(" Iterations") != std::string_view::npos)
      return true;
  }
  return false;
}

class Asked {
 public:
  Asked(const std::vector<std::string>& command, Deadline deadline)
      : command_(command), environment_(environment_for_google()), deadline_(deadline) {}

  Captured list(const std::vector<std::string>& more) const {
    // Newer libraries list in the format of the report, older ones do not care.
    auto options = more;
    options.insert(options.begin(), {kList, "--benchmark_format=console"});
    auto heard = capture({with_options(command_, options), environment_, {}, -1}, deadline_, begins_a_report);
    if (heard.stopped) {
      throw GoogleDeaf(text(program(),
                            " runs its benchmarks when it is told to list them: does its main() give argc and argv to "
                            "benchmark::Initialize?"));
    }
    if (!heard.end) {
      throw GoogleDeaf(text(program(), " has not listed its benchmarks within ",
                            duration_text(static_cast<double>(heard.took.count()))));
    }
    return heard;
  }

  std::string program() const { return shown(command_.front()); }

 private:
  const std::vector<std::string>& command_;
  const std::vector<std::string> environment_;
  const Deadline deadline_;
};

bool ended_well(const Captured& heard) {
  return !heard.end->killed && heard.end->code == 0;
}

Lines lines_of(std::string_view said) {
  Lines lines;
  for (std::size_t at = 0; at < said.size();) {
    lines.emplace_back(line_at(said, at));
    at += lines.back().size() + 1;
  }
  return lines;
}

/// A line with what may differ from one process to the next, words with a digit in them, all alike: "took # ms".
std::string shape_of(std::string_view line) {
  const auto is_of_word = [](char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0; };
  const auto is_digit = [](char c) { return std::isdigit(static_cast<unsigned char>(c)) != 0; };
  std::string shape;
  while (!line.empty()) {
    const auto end = std::find_if_not(line.begin(), line.end(), is_of_word);
    const auto word = line.substr(0, std::max<std::size_t>(1, static_cast<std::size_t>(end - line.begin())));
    shape += std::any_of(word.begin(), word.end(), is_digit) ? std::string_view("#") : word;
    line.remove_prefix(word.size());
  }
  return shape;
}

/// What stands in `all` and not in `none`, when that is one piece of whole lines: the program says the same every time,
/// before its list and after it, be it without an end of line.
std::optional<Lines> inserted_lines(std::string_view all, std::string_view none) {
  if (all.size() < none.size()) return std::nullopt;
  const auto before = std::mismatch(none.begin(), none.end(), all.begin()).first - none.begin();
  const auto after = std::mismatch(none.rbegin(), none.rend(), all.rbegin()).first - none.rbegin();
  const auto added = all.size() - none.size();
  const auto first = std::max<std::ptrdiff_t>(0, static_cast<std::ptrdiff_t>(none.size()) - after);
  for (auto at = first; at <= before; ++at) {
    const auto piece = all.substr(static_cast<std::size_t>(at), added);
    if (piece.empty() || piece.back() == '\n') return lines_of(piece);
  }
  return std::nullopt;
}

/// Takes one line out of `lines` for each of `own`: the same one, or else the first of the same shape.
void take_out(Lines& lines, Lines own) {
  std::erase_if(own, [&](const std::string& line) {
    const auto same = std::find(lines.begin(), lines.end(), line);
    if (same == lines.end()) return false;
    lines.erase(same);
    return true;
  });
  for (const auto& line : own) {
    const auto shape = shape_of(line);
    const auto like =
        std::find_if(lines.begin(), lines.end(), [&](const auto& other) { return shape_of(other) == shape; });
    if (like != lines.end()) lines.erase(like);
  }
}

Lines lines_besides(const std::string& all, const std::string& none) {
  if (auto lines = inserted_lines(all, none)) return *lines;
  Lines lines = lines_of(all);
  take_out(lines, lines_of(none));
  return lines;
}

/// Names in the order of the list; those of several benchmarks become a note.
void sort_out(const Lines& lines, GoogleListing& listing) {
  std::map<std::string, int> times;
  for (const auto& line : lines) ++times[line];
  for (const auto& line : lines) {
    int& count = times[line];
    if (count == 1) listing.names.push_back(line);
    if (count > 1) {
      listing.notes.push_back(
          text("left out: ", count, " benchmarks are called ", shown(line), ": which of them is meant cannot be said"));
    }
    if (count > 1) count = 0;  // said once
  }
}

}  // namespace

GoogleListing list_benchmarks(const std::vector<std::string>& command, Deadline deadline) {
  const Asked asked(command, deadline);
  const auto all = asked.list({});
  if (!ended_well(all)) throw std::runtime_error(text(asked.program(), ": --benchmark_list_tests ", ending(all)));
  if (all.output.cut()) throw std::runtime_error(text(asked.program(), " lists more than can be read"));
  // Programs may fail when nothing matches: how this one ends is no matter.
  const auto none = asked.list({kMatchesNothing});
  const auto iterations = asked.list({"--benchmark_min_time=1x"});

  GoogleListing listing;
  listing.fixed_iterations = ended_well(iterations) && !refuses_iterations(iterations);
  Lines lines = lines_besides(all.output.text(), none.output.text());
  std::erase_if(lines, [](const auto& line) {
    const bool blank = line.find_first_not_of(" \t\r") == std::string::npos;
    return blank || line.find(kList) != std::string::npos;  // a program that shows how it was called
  });
  if (lines.empty()) {
    const bool same = !none.output.text().empty() && none.output.text() == all.output.text();
    throw std::runtime_error(
        text(asked.program(), " lists no benchmark", same ? ": it prints the same whichever it is asked for" : ""));
  }
  sort_out(lines, listing);
  return listing;
}

}  // namespace mpmt::commands
