// A command's text, taken apart as a shell would where that takes no more than quotes.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mpmt::commands {

/// Who takes a text apart: `shell_unless_plain` leaves it to a shell as soon as there is more than words and quotes;
/// `words_only` has no shell, and takes what would be special to one as it stands.
enum class Words { shell_unless_plain, words_only };

/// The words, quotes and backslashes handled as in POSIX 2.2. Nothing when it takes a shell (variables, globbing,
/// pipes, redirections, assignments, comments and so on), or, with `words_only`, when a quote is not closed.
std::optional<std::vector<std::string>> words_of(std::string_view text, Words how);

/// Whether a shell does this itself, and no program of that name need be there: `cd`, `exit`, `while`.
bool is_of_shell(std::string_view word);

/// Where the program is: what PATH says now, or the name itself when it has a slash. Nothing when PATH has none.
std::optional<std::string> program_on_path(const std::string& name);

}  // namespace mpmt::commands
