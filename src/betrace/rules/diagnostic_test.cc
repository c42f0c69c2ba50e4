// Goal: a diagnostic points at the right characters, also beside multi-byte characters and tabs.
// Method: places are written by hand; what a terminal shows is compared as text.

#include "betrace/rules/diagnostic.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace betrace::rules {
namespace {

Diagnostic at(std::uint32_t offset, std::uint32_t length, std::string_view text) {
  Diagnostic diagnostic{Code::E_NAME, "message", "", {offset, length}, 1, 1};
  locate(text, &diagnostic);
  return diagnostic;
}

std::string rendered(std::uint32_t offset, std::uint32_t length, std::string_view text) {
  return render(at(offset, length, text), text, "r", false);
}

TEST(CodeTest, NamesAreAllDifferentAndErrorsComeFirst) {
  std::set<std::string_view> names;
  for (int i = 0; i <= static_cast<int>(Code::W_HIDDEN); ++i) {
    const auto code = static_cast<Code>(i);
    names.insert(name_of(code));
    EXPECT_EQ(is_error(code), name_of(code).starts_with("E_")) << name_of(code);
  }
  EXPECT_EQ(names.size(), 36u);
  EXPECT_EQ(name_of(Code::E_EMPTY), "E_EMPTY");
  EXPECT_EQ(name_of(Code::E_REGEX), "E_REGEX");
  EXPECT_EQ(name_of(Code::W_POLARITY), "W_POLARITY");
  EXPECT_EQ(name_of(Code::W_HIDDEN), "W_HIDDEN");
}

TEST(LocateTest, CountsLinesAndCharactersFromOne) {
  const std::string_view text = "ab\ncd";
  EXPECT_EQ(at(0, 1, text).line, 1u);
  EXPECT_EQ(at(0, 1, text).column, 1u);
  EXPECT_EQ(at(1, 1, text).column, 2u);
  EXPECT_EQ(at(2, 1, text).column, 3u);  // the line break itself
  EXPECT_EQ(at(3, 1, text).line, 2u);
  EXPECT_EQ(at(3, 1, text).column, 1u);
}

TEST(LocateTest, TakesAnOffsetAtTheEnd) {
  EXPECT_EQ(at(5, 0, "ab\ncd").column, 3u);
  EXPECT_EQ(at(3, 0, "ab\n").line, 2u);
  EXPECT_EQ(at(0, 0, "").column, 1u);
}

TEST(LocateTest, CountsCharactersNotBytes) { EXPECT_EQ(at(6, 1, "支払a").column, 3u); }

TEST(RenderTest, ShowsTheLineAndACaret) {
  EXPECT_EQ(rendered(2, 3, "a bcd e"), "r:1:3: error: message [E_NAME]\na bcd e\n  ^~~\n");
}

TEST(RenderTest, ShowsTheHint) {
  Diagnostic diagnostic = at(0, 1, "a");
  diagnostic.hint = "write b";
  EXPECT_EQ(render(diagnostic, "a", "r", false),
            "r:1:1: error: message [E_NAME]\na\n^\nhint: write b\n");
}

TEST(RenderTest, SaysWarning) {
  Diagnostic diagnostic = at(0, 1, "a");
  diagnostic.code = Code::W_STATUS;
  EXPECT_EQ(render(diagnostic, "a", "r", false), "r:1:1: warning: message [W_STATUS]\na\n^\n");
}

TEST(RenderTest, ShowsOnlyTheLineOfTheMistake) {
  EXPECT_EQ(rendered(4, 2, "ab\ncdef\ngh"), "r:2:2: error: message [E_NAME]\ncdef\n ^~\n");
  EXPECT_EQ(rendered(4, 2, "ab\r\ncd\r\n"), "r:2:1: error: message [E_NAME]\ncd\n^~\n");
}

TEST(RenderTest, MarksTheFirstLineOfALongRange) {
  EXPECT_EQ(rendered(1, 9, "abc\ndef"), "r:1:2: error: message [E_NAME]\nabc\n ^~\n");
}

TEST(RenderTest, AlignsBesideMultiByteCharactersAndTabs) {
  EXPECT_EQ(rendered(4, 6, "\té\t払い"), "r:1:4: error: message [E_NAME]\n\té\t払い\n\t \t^~\n");
}

TEST(RenderTest, PutsTheCaretBehindTheTextAtItsEnd) {
  EXPECT_EQ(rendered(3, 0, "a ="), "r:1:4: error: message [E_NAME]\na =\n   ^\n");
  EXPECT_EQ(rendered(0, 0, ""), "r:1:1: error: message [E_NAME]\n\n^\n");
}

TEST(RenderTest, LeavesNoControlCharacterForTheTerminal) {
  EXPECT_EQ(rendered(0, 1, "a\x1b[31m"), "r:1:1: error: message [E_NAME]\na?[31m\n^\n");
}

TEST(RenderTest, ColoursOnlyOnDemand) {
  const std::string coloured = render(at(0, 1, "a"), "a", "r", true);
  EXPECT_NE(coloured.find("\x1b[1;31merror"), std::string::npos);
  EXPECT_EQ(rendered(0, 1, "a").find('\x1b'), std::string::npos);
}

}  // namespace
}  // namespace betrace::rules
