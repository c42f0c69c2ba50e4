#include "betrace/evidence/canonical_json.h"

#include <fmt/format.h>

#include <algorithm>

#include "betrace/base/check.h"
#include "betrace/base/utf8.h"

namespace betrace::evidence {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

bool is_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

// The escape of `c`, empty if it stands for itself. Source: RFC 8785 section 3.2.2.2.
std::string_view short_escape(char c) noexcept {
  switch (c) {
    case '"':
      return "\\\"";
    case '\\':
      return "\\\\";
    case '\b':
      return "\\b";
    case '\t':
      return "\\t";
    case '\n':
      return "\\n";
    case '\f':
      return "\\f";
    case '\r':
      return "\\r";
    default:
      return {};
  }
}

bool needs_escape(char c) noexcept {
  return static_cast<unsigned char>(c) < 0x20 || c == '"' || c == '\\';
}

void append_escaped(std::string* out, std::string_view text) {
  std::size_t begin = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (!needs_escape(text[i])) continue;
    out->append(text, begin, i - begin);
    const std::string_view escape = short_escape(text[i]);
    out->append(escape.empty() ? fmt::format("\\u{:04x}", text[i]) : escape);
    begin = i + 1;
  }
  out->append(text, begin);
}

// Every byte that is not part of a character becomes one U+FFFD.
std::string with_replacements(std::string_view text) {
  std::string valid;
  while (!text.empty()) {
    std::size_t size = 1;
    while (size < 4 && size < text.size() && !is_utf8(text.substr(0, size))) ++size;
    const bool is_character = is_utf8(text.substr(0, size));
    valid.append(is_character ? text.substr(0, size) : kReplacement);
    text.remove_prefix(is_character ? size : 1);
  }
  return valid;
}

/// Walks a tree; its depth is bounded, so recursion is.
class TreeWriter {
 public:
  Result<std::string> write(const Json& value) {
    if (auto done = append(value, 0); !done) return fail(done.error());
    return writer_.take();
  }

 private:
  Result<void> append(const Json& value, int depth) {
    if (depth > kCanonicalDepthMax) return invalid("value is nested too deep");
    switch (value.type()) {
      case Json::value_t::object:
        return append_object(value, depth);
      case Json::value_t::array:
        return append_array(value, depth);
      case Json::value_t::string:
        return append_text(value.get_ref<const std::string&>());
      default:
        return append_scalar(value);
    }
  }

  Result<void> append_scalar(const Json& value) {
    switch (value.type()) {
      case Json::value_t::null:
        writer_.null();
        return {};
      case Json::value_t::boolean:
        writer_.boolean(value.get<bool>());
        return {};
      case Json::value_t::number_integer:
        writer_.integer(value.get<std::int64_t>());
        return {};
      case Json::value_t::number_unsigned:
        writer_.integer(value.get<std::uint64_t>());
        return {};
      default:
        return invalid("value is a floating-point number");
    }
  }

  Result<void> append_text(const std::string& text) {
    if (!is_utf8(text)) return invalid("a text is not valid UTF-8");
    writer_.text(text);
    return {};
  }

  Result<void> append_array(const Json& value, int depth) {
    writer_.begin_array();
    for (const Json& item : value) {
      if (auto done = append(item, depth + 1); !done) return done;
    }
    writer_.end_array();
    return {};
  }

  Result<void> append_object(const Json& value, int depth) {
    writer_.begin_object();
    for (const auto& member : value.items()) {  // sorted by byte, for ASCII as RFC 8785 wants it
      if (!is_ascii(member.key())) return invalid("a key is not ASCII");
      writer_.key(member.key());
      if (auto done = append(member.value(), depth + 1); !done) return done;
    }
    writer_.end_object();
    return {};
  }

  static Result<void> invalid(const char* message) {
    return fail(ErrorCode::InvalidArgument, message);
  }

  CanonicalWriter writer_;
};

}  // namespace

Result<std::string> canonical_json(const Json& value) { return TreeWriter().write(value); }

Result<Json> read_canonical_json(std::string_view text) {
  if (text.size() > kCanonicalBytesMax) {
    return fail(ErrorCode::Corrupt, "payload is longer than 128 KiB");
  }
  auto value = parse_json(text, kCanonicalDepthMax);
  if (!value) return fail(ErrorCode::Corrupt, "payload: " + value.error().message);
  const auto again = canonical_json(*value);
  if (!again || *again != text) {
    return fail(ErrorCode::Corrupt, "payload is not in canonical form");
  }
  return value;
}

std::size_t escaped_size(std::string_view text) noexcept {
  std::size_t size = text.size();
  for (const char c : text) {
    if (needs_escape(c)) size += short_escape(c).empty() ? 5 : 1;
  }
  return size;
}

CanonicalWriter& CanonicalWriter::begin_object() { return open('{'); }
CanonicalWriter& CanonicalWriter::end_object() { return close('}'); }
CanonicalWriter& CanonicalWriter::begin_array() { return open('['); }
CanonicalWriter& CanonicalWriter::end_array() { return close(']'); }

CanonicalWriter& CanonicalWriter::key(std::string_view name) {
  BETRACE_CHECK(!levels_.empty() && levels_.back().is_object && !has_key_);
  Level& level = levels_.back();
  BETRACE_CHECK(is_ascii(name) && (level.is_empty || level.last_key < name));
  if (!level.is_empty) out_.push_back(',');
  level.is_empty = false;
  level.last_key = name;
  out_.push_back('"');
  append_escaped(&out_, name);
  out_.append("\":");
  has_key_ = true;
  return *this;
}

CanonicalWriter& CanonicalWriter::text(std::string_view value) {
  before_value();
  out_.push_back('"');
  append_escaped(&out_, is_utf8(value) ? value : std::string_view(with_replacements(value)));
  out_.push_back('"');
  return *this;
}

CanonicalWriter& CanonicalWriter::boolean(bool value) { return raw(value ? "true" : "false"); }

CanonicalWriter& CanonicalWriter::null() { return raw("null"); }

CanonicalWriter& CanonicalWriter::integer(std::uint64_t value) {
  const fmt::format_int digits(value);
  const std::string_view text_of(digits.data(), digits.size());
  return value > kCanonicalIntegerMax ? text(text_of) : raw(text_of);
}

CanonicalWriter& CanonicalWriter::integer(std::int64_t value) {
  const fmt::format_int digits(value);
  const std::string_view text_of(digits.data(), digits.size());
  const bool is_beyond = value > kCanonicalIntegerMax || value < -kCanonicalIntegerMax;
  return is_beyond ? text(text_of) : raw(text_of);
}

CanonicalWriter& CanonicalWriter::raw(std::string_view canonical) {
  before_value();
  out_.append(canonical);
  return *this;
}

std::string CanonicalWriter::take() {
  BETRACE_CHECK(levels_.empty() && !out_.empty());
  return std::move(out_);
}

void CanonicalWriter::before_value() {
  if (levels_.empty()) {
    BETRACE_CHECK(out_.empty());
    return;
  }
  Level& level = levels_.back();
  BETRACE_CHECK(level.is_object == has_key_);
  if (!level.is_object && !level.is_empty) out_.push_back(',');
  level.is_empty = false;
  has_key_ = false;
}

CanonicalWriter& CanonicalWriter::open(char bracket) {
  before_value();
  out_.push_back(bracket);
  levels_.push_back({bracket == '{', true, {}});
  return *this;
}

CanonicalWriter& CanonicalWriter::close(char bracket) {
  BETRACE_CHECK(!levels_.empty() && levels_.back().is_object == (bracket == '}') && !has_key_);
  levels_.pop_back();
  out_.push_back(bracket);
  return *this;
}

}  // namespace betrace::evidence
