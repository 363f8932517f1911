#include "base/shown.hpp"

#include <gtest/gtest.h>

namespace mpmt {
namespace {

TEST(Shown, leaves_what_can_be_read) {
  for (const std::string text :
       {"", "a path/with blanks-and_more.json", "µs ÷ – 日本語 🧵", "C:\\x", "a::b", "# one", "%$'\""}) {
    EXPECT_EQ(shown(text), text);
  }
}

TEST(Shown, escapes_control_characters) {
  EXPECT_EQ(shown("a\nb\tc\rd"), "a\\nb\\tc\\rd");
  EXPECT_EQ(shown("\x1b[31mred\x07"), "\\x1b[31mred\\x07");
  EXPECT_EQ(shown(std::string_view("a\0b", 3)), "a\\x00b");
  EXPECT_EQ(shown("\x7f"), "\\x7f");
  EXPECT_EQ(shown("\u009b31m"), "\\x9b31m");
  EXPECT_EQ(shown("a\u2028b\u2029"), "a\\u2028b\\u2029");
}

TEST(Shown, escapes_what_turns_the_direction_of_writing) {
  EXPECT_EQ(shown("a\u202eb\u2066c\u200f\u061c"), "a\\u202eb\\u2066c\\u200f\\u061c");
}

TEST(Shown, escapes_bytes_that_are_no_utf_8) {
  EXPECT_EQ(shown("\xff"
                  "a"),
            "\\xffa");
  EXPECT_EQ(shown("\xc0\xaf"), "\\xc0\\xaf");                    // overlong
  EXPECT_EQ(shown("\xe0\x80\xaf"), "\\xe0\\x80\\xaf");           // overlong
  EXPECT_EQ(shown("\xed\xa0\x80"), "\\xed\\xa0\\x80");           // a surrogate
  EXPECT_EQ(shown("\xf4\x90\x80\x80"), "\\xf4\\x90\\x80\\x80");  // beyond U+10FFFF
  EXPECT_EQ(shown("\xe2\x82"), "\\xe2\\x82");                    // cut off
}

TEST(Shown, leaves_no_command_for_a_ci) {
  EXPECT_EQ(shown("::error file=x::y"), "\\x3a:error file=x::y");
  EXPECT_EQ(shown("  ::set-env"), "  \\x3a:set-env");
  EXPECT_EQ(shown("x ##[error]y"), "x #\\x23[error]y");
  EXPECT_EQ(shown("##vso[task"), "#\\x23vso[task");
  EXPECT_EQ(shown("###"), "#\\x23\\x23");
}

TEST(Shown, is_at_rest_after_one_time) {
  const std::string text = "::a\x1b##[\xff\u202e\n";
  EXPECT_EQ(shown(shown(text)), shown(text));
}

}  // namespace
}  // namespace mpmt
