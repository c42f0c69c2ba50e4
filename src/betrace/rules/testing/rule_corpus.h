// Reads the rule corpus: rules with the verdicts that they must get, as text files.
//
// Used by rule_corpus_test.cc. The format is explained in tests/rules/README.md.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "betrace/base/result.h"

namespace betrace::rules {

struct CorpusRow {
  std::string title;
  std::string file;
  std::uint32_t line = 0;  ///< Of the title.
  std::string text;        ///< The rule.
  std::string verdict;     ///< `trace, monotone, early` or `E_NAME 1:1`
  std::string warnings;    ///< `W_STATUS W_POLARITY`, in the order of the text
  std::string meaning, normal, fields, says, hint;  ///< Empty: not stated.
};

/// Error InvalidArgument, naming file and line: not in the format.
[[nodiscard]] Result<std::vector<CorpusRow>> read_corpus(const std::string& file,
                                                         std::string_view content);

}  // namespace betrace::rules
