#include "betrace/rules/testing/trace_sketch.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <optional>
#include <string>

#include "betrace/base/check.h"
#include "betrace/rules/testing/conformance_spans.h"

namespace betrace::rules {
namespace {

// Takes words and JSON values off the front of a line.
class LineReader {
 public:
  explicit LineReader(std::string_view line) : rest_(line) { skip_spaces(); }

  [[nodiscard]] bool at_end() const noexcept { return rest_.empty(); }
  [[nodiscard]] bool at_object() const noexcept { return rest_.starts_with('{'); }

  std::string word() {
    if (rest_.starts_with('"')) return json().get<std::string>();
    return std::string(take(std::min(rest_.find(' '), rest_.size())));
  }

  // The JSON text or object in front; nil if it is malformed.
  Json json() {
    const auto value = parse_json(take(json_size()));
    return value ? *value : Json();
  }

 private:
  void skip_spaces() {
    while (rest_.starts_with(' ')) rest_.remove_prefix(1);
  }

  std::string_view take(std::size_t size) {
    const std::string_view taken = rest_.substr(0, size);
    rest_.remove_prefix(size);
    skip_spaces();
    return taken;
  }

  // Up to where all brackets and quotes are closed.
  [[nodiscard]] std::size_t json_size() const {
    int depth = 0;
    bool quoted = false;
    for (std::size_t i = 0; i < rest_.size(); ++i) {
      const char c = rest_[i];
      if (quoted && c == '\\') {
        ++i;
      } else if (c == '"') {
        quoted = !quoted;
      } else if (!quoted && (c == '{' || c == '[')) {
        ++depth;
      } else if (!quoted && (c == '}' || c == ']')) {
        --depth;
      }
      if (depth == 0 && !quoted) return i + 1;
    }
    return rest_.size();
  }

  std::string_view rest_;
};

std::string padded(const std::string& digits, std::size_t size) {
  return digits.size() < size ? std::string(size - digits.size(), '0') + digits : digits;
}

std::string span_id(const std::string& digits) { return padded(digits, 16); }

std::uint64_t number(std::string_view digits) {
  std::uint64_t value = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), value);
  return value;
}

template <std::size_t N>
std::optional<int> place_in(const std::array<std::string_view, N>& names, const std::string& name) {
  for (std::size_t i = 0; i < N; ++i) {
    if (names[i] == name) return static_cast<int>(i);
  }
  return std::nullopt;
}

std::optional<int> kind_number(const std::string& name) {
  return place_in<6>({"unspecified", "internal", "server", "client", "producer", "consumer"}, name);
}

std::optional<int> status_number(const std::string& name) {
  return place_in<3>({"unset", "ok", "error"}, name);
}

bool read_times(const std::string& word, Json* span) {
  const std::size_t dots = word.find("..");
  if (dots == std::string::npos || std::isdigit(static_cast<unsigned char>(word[0])) == 0) {
    return false;
  }
  (*span)["start_time_unix_nano"] = number(std::string_view(word).substr(0, dots));
  (*span)["end_time_unix_nano"] = number(std::string_view(word).substr(dots + 2));
  return true;
}

Json optional_object(LineReader* reader) {
  return reader->at_object() ? reader->json() : Json::object();
}

Json read_event(LineReader* reader) {
  Json event;
  event["name"] = reader->word();
  event["time_unix_nano"] = number(reader->word());
  event["attributes"] = optional_object(reader);
  return event;
}

Json read_link(LineReader* reader) {
  Json link;
  link["trace_id"] = padded(reader->word(), 32);
  link["span_id"] = span_id(reader->word());
  link["attributes"] = optional_object(reader);
  return link;
}

// Reads what `word` begins; false if there is no such word.
bool read_part(const std::string& word, LineReader* reader, Json* span) {
  Json& target = *span;
  if (word == "parent") {
    target["parent_span_id"] = span_id(reader->word());
  } else if (word == "kind") {
    const auto kind = kind_number(reader->word());
    target["kind"] = kind.value_or(0);
    return kind.has_value();
  } else if (word == "status") {
    const auto code = status_number(reader->word());
    target["status"]["code"] = code.value_or(0);
    return code.has_value();
  } else if (word == "message") {
    target["status"]["message"] = reader->word();
  } else if (word == "resource") {
    target["resource"] = reader->json();
  } else if (word == "scope") {
    target["scope"]["name"] = reader->word();
    target["scope"]["version"] = reader->word();
  } else if (word == "event") {
    target["events"].push_back(read_event(reader));
  } else if (word == "link") {
    target["links"].push_back(read_link(reader));
  } else {
    return read_times(word, span);
  }
  return true;
}

}  // namespace

Result<Json> span_of_sketch(std::string_view line) {
  LineReader reader(line);
  Json span;
  span["span_id"] = span_id(reader.word());
  span["name"] = reader.word();
  span["start_time_unix_nano"] = 0;
  span["end_time_unix_nano"] = 10;
  while (!reader.at_end()) {
    if (reader.at_object()) {
      span["attributes"] = reader.json();
      if (span["attributes"].is_null()) {
        return fail(ErrorCode::InvalidArgument, "attributes are not JSON");
      }
      continue;
    }
    const std::string word = reader.word();
    if (!read_part(word, &reader, &span)) {
      return fail(ErrorCode::InvalidArgument, "'" + word + "' is not understood");
    }
  }
  return span;
}

std::vector<model::KeptSpan> spans_of_sketch(std::string_view lines) {
  Json spans = Json::array();
  while (!lines.empty()) {
    const std::string_view line = lines.substr(0, lines.find('\n'));
    lines.remove_prefix(std::min(lines.size(), line.size() + 1));
    if (line.find_first_not_of(' ') == std::string_view::npos) continue;
    auto span = span_of_sketch(line);
    BETRACE_CHECK(span.has_value());
    spans.push_back(std::move(*span));
  }
  return spans_of_json(spans);
}

}  // namespace betrace::rules
