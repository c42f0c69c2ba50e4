#include "betrace/rules/testing/rule_corpus.h"

#include <fmt/format.h>

#include <charconv>
#include <optional>

#include "betrace/base/json.h"

namespace betrace::rules {
namespace {

constexpr std::size_t kExpandedBytesMax = 1'000'000;

bool take_prefix(std::string_view* text, std::string_view prefix) {
  if (!text->starts_with(prefix)) return false;
  text->remove_prefix(prefix.size());
  return true;
}

// The text that `N*"text"` stands for.
std::optional<std::string> repeated(std::string_view term) {
  std::size_t count = 0;
  const auto number = std::from_chars(term.data(), term.data() + term.size(), count);
  if (number.ec != std::errc{} || count > kExpandedBytesMax) return std::nullopt;
  term.remove_prefix(static_cast<std::size_t>(number.ptr - term.data()));
  if (!take_prefix(&term, "*")) return std::nullopt;
  const auto part = parse_json(term);
  if (!part || !part->is_string()) return std::nullopt;
  std::string result;
  for (std::size_t i = 0; i < count; ++i) result += part->get<std::string>();
  return result;
}

// Replaces each {{...}}; nothing if one is malformed.
std::optional<std::string> expand(std::string_view text) {
  std::string result;
  while (true) {
    const std::size_t begin = text.find("{{");
    result += text.substr(0, begin);
    if (begin == std::string_view::npos) return result;
    const std::size_t end = text.find("}}", begin);
    if (end == std::string_view::npos) return std::nullopt;
    const auto part = repeated(text.substr(begin + 2, end - begin - 2));
    if (!part) return std::nullopt;
    result += *part;
    text.remove_prefix(end + 2);
  }
}

// One `-> ...` line.
void add_statement(std::string_view statement, CorpusRow* row) {
  std::string* target = &row->verdict;
  if (take_prefix(&statement, "means ")) {
    target = &row->meaning;
  } else if (take_prefix(&statement, "normal ")) {
    target = &row->normal;
  } else if (take_prefix(&statement, "fields ")) {
    target = &row->fields;
  } else if (take_prefix(&statement, "says ")) {
    target = &row->says;
  } else if (take_prefix(&statement, "hint ")) {
    target = &row->hint;
  } else if (statement.starts_with("W_")) {
    target = &row->warnings;
  }
  *target = std::string(statement);
}

/// Takes the lines of one file.
class CorpusReader {
 public:
  explicit CorpusReader(std::string file) : file_(std::move(file)) {}

  void take(std::string_view line) {
    ++line_;
    if (take_prefix(&line, "## ")) {
      begin_row(line);
    } else if (rows_.empty()) {
      if (!line.empty() && !line.starts_with("#")) fail_here("text before the first row");
    } else if (take_prefix(&line, "-> ")) {
      in_text_ = false;
      add_statement(line, &rows_.back());
    } else if (in_text_) {
      std::string& text = rows_.back().text;
      if (!text.empty() || rows_.back().line + 1 < line_) text += '\n';
      text += line;
    } else if (!line.empty()) {
      fail_here("text behind the verdict");
    }
  }

  Result<std::vector<CorpusRow>> result() {
    for (CorpusRow& row : rows_) {
      auto text = expand(row.text);
      auto says = expand(row.says);
      if (!text || !says || row.verdict.empty()) {
        return fail(ErrorCode::InvalidArgument,
                    fmt::format("{}:{}: no verdict, or a malformed {{{{...}}}}", file_, row.line));
      }
      row.text = std::move(*text);
      row.says = std::move(*says);
    }
    if (!error_.empty()) return fail(ErrorCode::InvalidArgument, error_);
    return std::move(rows_);
  }

 private:
  void begin_row(std::string_view title) {
    CorpusRow row;
    row.title = std::string(title);
    row.file = file_;
    row.line = line_;
    rows_.push_back(std::move(row));
    in_text_ = true;
  }

  void fail_here(std::string_view what) {
    if (error_.empty()) error_ = fmt::format("{}:{}: {}", file_, line_, what);
  }

  std::string file_;
  std::string error_;
  std::uint32_t line_ = 0;
  bool in_text_ = false;
  std::vector<CorpusRow> rows_;
};

}  // namespace

Result<std::vector<CorpusRow>> read_corpus(const std::string& file, std::string_view content) {
  CorpusReader reader(file);
  while (!content.empty()) {
    const std::size_t end = content.find('\n');
    reader.take(content.substr(0, end));
    content.remove_prefix(end == std::string_view::npos ? content.size() : end + 1);
  }
  return reader.result();
}

}  // namespace betrace::rules
