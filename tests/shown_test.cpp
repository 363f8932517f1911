#include "base/shown.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

namespace mpmt {
namespace {

using Json = nlohmann::json;

std::string bytes_of(const std::string& hex) {
  std::string bytes;
  for (std::size_t at = 0; at < hex.size(); at += 2) {
    bytes += static_cast<char>(std::stoi(hex.substr(at, 2), nullptr, 16));
  }
  return bytes;
}

/// What scripts are held to as well: {"text" or "bytes" (in hexadecimal), "shown"}.
Json examples() {
  std::ifstream in(MPMT_SOURCE_DIR "/tests/data/shown.json");
  return Json::parse(in);
}

TEST(Shown, is_as_the_examples_have_it) {
  const auto list = examples();
  ASSERT_GT(list.size(), 50u);
  for (const auto& example : list) {
    const auto text = example.contains("text") ? example["text"].get<std::string>() : bytes_of(example["bytes"]);
    EXPECT_EQ(shown(text), example["shown"].get<std::string>()) << example;
  }
}

TEST(Shown, is_at_rest_after_one_time) {
  for (const auto& example : examples()) {
    const auto once = example["shown"].get<std::string>();
    EXPECT_EQ(shown(once), once) << example;
  }
}

TEST(ShownJson, leaves_the_meaning_and_escapes_the_rest) {
  for (const auto& example : examples()) {
    if (!example.contains("text")) continue;
    const Json value{{"x", example["text"]}, {"y", {1, 2.5, nullptr}}};
    const auto text = shown_json(value.dump(2));
    EXPECT_EQ(Json::parse(text), value) << example;
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) EXPECT_EQ(shown(line), line) << example;
  }
}

TEST(ShownJson, replaces_bytes_that_are_no_utf_8) {
  EXPECT_EQ(shown_json("\"a\xff\"\n"), "\"a\uFFFD\"\n");
}

}  // namespace
}  // namespace mpmt
