#include "commands/words.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>

namespace mpmt::commands {
namespace {

constexpr std::string_view kBlanks = " \t\n";
/// Outside quotes; a newline ends a command. Braces and '!' are of some shells only.
constexpr std::string_view kSpecial = "|&;<>()$`*?[]{}!\n";
constexpr std::string_view kSpecialAtStart = "#~";
constexpr std::string_view kSpecialInDoubleQuotes = "$`";
/// What a backslash takes its meaning from inside double quotes.
constexpr std::string_view kEscapable = "$`\"\\\n";

bool is_in(std::string_view set, char c) {
  return set.find(c) != std::string_view::npos;
}

/// Reads a text once from its beginning.
class Splitter {
 public:
  Splitter(std::string_view text, Words how) : text_(text), plain_(how == Words::words_only) {}

  std::optional<std::vector<std::string>> split() {
    while (at_ < text_.size()) {
      if (!step(text_[at_++])) return std::nullopt;
    }
    end_word();
    return words_;
  }

 private:
  bool step(char c) {
    const bool starts = !in_word_;
    if (c == '\\') return escape();
    if (c == '\'') return single_quotes();
    if (c == '"') return double_quotes();
    if (!plain_ && (is_in(kSpecial, c) || (starts && is_in(kSpecialAtStart, c)))) return false;
    // An assignment: before there is a first word that has none.
    if (!plain_ && c == '=' && words_.empty()) return false;
    if (is_in(kBlanks, c)) {
      end_word();
    } else {
      take(c);
    }
    return true;
  }

  bool escape() {
    if (at_ == text_.size()) {
      take('\\');
    } else if (const char c = text_[at_++]; c != '\n') {
      take(c);
    }
    return true;
  }

  bool single_quotes() {
    in_word_ = true;
    const auto end = text_.find('\'', at_);
    if (end == std::string_view::npos) return false;
    word_.append(text_.substr(at_, end - at_));
    at_ = end + 1;
    return true;
  }

  bool double_quotes() {
    in_word_ = true;
    while (at_ < text_.size()) {
      const char c = text_[at_++];
      if (c == '"') return true;
      if (!plain_ && is_in(kSpecialInDoubleQuotes, c)) return false;
      if (c == '\\' && at_ < text_.size() && is_in(kEscapable, text_[at_])) {
        if (const char escaped = text_[at_++]; escaped != '\n') word_.push_back(escaped);
      } else {
        word_.push_back(c);
      }
    }
    return false;
  }

  void take(char c) {
    in_word_ = true;
    word_.push_back(c);
  }
  void end_word() {
    if (in_word_) words_.push_back(std::move(word_));
    word_.clear();
    in_word_ = false;
  }

  std::string_view text_;
  bool plain_;
  std::size_t at_ = 0;
  bool in_word_ = false;
  std::string word_;
  std::vector<std::string> words_;
};

bool is_program(const std::string& path) {
  struct stat found {};
  return ::stat(path.c_str(), &found) == 0 && S_ISREG(found.st_mode) && ::access(path.c_str(), X_OK) == 0;
}

}  // namespace

std::optional<std::vector<std::string>> words_of(std::string_view text, Words how) {
  // As a shell has it, blanks and line ends around a command are nothing.
  while (!text.empty() && is_in(kBlanks, text.front())) text.remove_prefix(1);
  while (!text.empty() && is_in(kBlanks, text.back()) && !(text.size() > 1 && text[text.size() - 2] == '\\')) {
    text.remove_suffix(1);
  }
  return Splitter(text, how).split();
}

bool is_of_shell(std::string_view word) {
  static constexpr std::array<std::string_view, 47> kWords{
      ".",        ":",       "alias",   "bg",    "bind",  "break",  "builtin", "case",  "cd",   "command",
      "continue", "declare", "eval",    "exec",  "exit",  "export", "fc",      "fg",    "for",  "function",
      "getopts",  "hash",    "if",      "jobs",  "let",   "local",  "popd",    "pushd", "read", "readonly",
      "return",   "select",  "set",     "shift", "shopt", "source", "times",   "trap",  "type", "typeset",
      "ulimit",   "umask",   "unalias", "unset", "until", "wait",   "while"};
  return std::find(kWords.begin(), kWords.end(), word) != kWords.end();
}

std::optional<std::string> program_on_path(const std::string& name) {
  if (name.find('/') != std::string::npos) return name;
  if (name.empty()) return std::nullopt;
  const char* const set = std::getenv("PATH");
  std::string_view folders = set != nullptr ? set : "/usr/local/bin:/usr/bin:/bin";
  for (;;) {
    const auto end = std::min(folders.find(':'), folders.size());
    // An empty one is the working folder.
    auto path = end == 0 ? "./" + name : std::string(folders.substr(0, end)) + "/" + name;
    if (is_program(path)) return path;
    if (end == folders.size()) return std::nullopt;
    folders.remove_prefix(end + 1);
  }
}

}  // namespace mpmt::commands
