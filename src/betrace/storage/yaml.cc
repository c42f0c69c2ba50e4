#include "betrace/storage/yaml.h"

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <charconv>
#include <sstream>
#include <stdexcept>
#include <vector>

#include "betrace/base/utf8.h"

namespace betrace::storage {
namespace {

/// Thrown out of the parser's callbacks and caught in this file.
class Refusal : public std::runtime_error {
 public:
  Refusal(const YAML::Mark& mark, std::string_view what)
      : std::runtime_error(fmt::format("line {}: {}", mark.line + 1, what)) {}
};

bool is_one_of(std::string_view text, std::initializer_list<std::string_view> words) {
  for (const std::string_view word : words) {
    if (text == word) return true;
  }
  return false;
}

bool is_number_text(std::string_view text) {
  const std::size_t digits = text.find_first_of("0123456789");
  return digits <= 2 && text.find_first_not_of("0123456789+-.eE") == text.npos;
}

// Source: YAML 1.2.2 section 10.3.2, without octal and hexadecimal numbers, which stay texts.
Json plain_scalar(const std::string& text, YamlScalars scalars) {
  if (is_one_of(text, {"", "~", "null", "Null", "NULL"})) return nullptr;
  if (scalars == YamlScalars::Texts) return text;
  if (is_one_of(text, {"true", "True", "TRUE"})) return true;
  if (is_one_of(text, {"false", "False", "FALSE"})) return false;
  if (!is_number_text(text)) return text;
  const char* begin = text.data() + (text[0] == '+' ? 1 : 0);
  const char* end = text.data() + text.size();
  std::uint64_t natural = 0;
  if (const auto result = std::from_chars(begin, end, natural);
      result.ec == std::errc() && result.ptr == end) {
    return natural;
  }
  std::int64_t integer = 0;
  if (const auto result = std::from_chars(begin, end, integer);
      result.ec == std::errc() && result.ptr == end) {
    return integer;
  }
  double real = 0;
  const auto result = std::from_chars(begin, end, real);
  if (result.ec == std::errc() && result.ptr == end) return real;
  return text;
}

/// Builds the value from the parser's events; holds the path to the innermost open container.
class Builder : public YAML::EventHandler {
 public:
  explicit Builder(YamlScalars scalars) : scalars_(scalars) {}

  [[nodiscard]] Json take() { return std::move(root_); }

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    refuse_anchor(mark, anchor);
    add(mark, nullptr);
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
    throw Refusal(mark, "aliases are not allowed");
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    refuse_anchor(mark, anchor);
    const bool is_quoted = tag == "!";
    if (!is_quoted && tag != "?" && !tag.empty()) throw Refusal(mark, "tags are not allowed");
    if (expects_key()) {
      open_.back().key = value;
      open_.back().has_key = true;
      if (open_.back().value->contains(value)) {
        throw Refusal(mark, fmt::format("the key \"{}\" is there twice", quote_excerpt(value)));
      }
      return;
    }
    add(mark, is_quoted ? Json(value) : plain_scalar(value, scalars_));
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    begin(mark, tag, anchor, Json::array());
  }
  void OnSequenceEnd() override { open_.pop_back(); }

  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    begin(mark, tag, anchor, Json::object());
  }
  void OnMapEnd() override { open_.pop_back(); }

 private:
  struct Level {
    Json* value = nullptr;
    std::string key;
    bool has_key = false;
  };

  [[nodiscard]] bool expects_key() const {
    return !open_.empty() && open_.back().value->is_object() && !open_.back().has_key;
  }

  static void refuse_anchor(const YAML::Mark& mark, YAML::anchor_t anchor) {
    if (anchor != YAML::NullAnchor) throw Refusal(mark, "anchors are not allowed");
  }

  void begin(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor, Json value) {
    refuse_anchor(mark, anchor);
    if (tag != "?" && !tag.empty()) throw Refusal(mark, "tags are not allowed");
    if (open_.size() >= static_cast<std::size_t>(kJsonDepthMax)) {
      throw Refusal(mark, fmt::format("nested deeper than {}", kJsonDepthMax));
    }
    Json* added = add(mark, std::move(value));
    open_.push_back({added, {}, false});
  }

  Json* add(const YAML::Mark& mark, Json value) {
    if (open_.empty()) {
      root_ = std::move(value);
      return &root_;
    }
    Level& level = open_.back();
    if (level.value->is_array()) {
      level.value->push_back(std::move(value));
      return &level.value->back();
    }
    if (!level.has_key) throw Refusal(mark, "a key is not a text");
    level.has_key = false;
    Json& member = (*level.value)[level.key];
    member = std::move(value);
    return &member;
  }

  YamlScalars scalars_;
  Json root_;
  std::vector<Level> open_;
};

}  // namespace

Result<Json> yaml_to_json(std::string_view text, std::size_t bytes_max, YamlScalars scalars) {
  if (text.size() > bytes_max) return fail_invalid(fmt::format("longer than {} bytes", bytes_max));
  if (!is_utf8(text)) return fail_invalid("not valid UTF-8");
  if (text.find('\0') != text.npos) return fail_invalid("contains a zero byte");
  try {
    std::istringstream input{std::string(text)};
    YAML::Parser parser(input);
    Builder builder(scalars);
    if (!parser.HandleNextDocument(builder)) {
      if (scalars == YamlScalars::Texts) return Json();
      return fail_invalid("empty document");
    }
    Builder second(scalars);
    if (parser.HandleNextDocument(second)) return fail_invalid("more than one document");
    return builder.take();
  } catch (const YAML::Exception& error) {
    return fail_invalid(fmt::format("line {}: not YAML: {}", error.mark.line + 1, error.msg));
  } catch (const std::exception& error) {
    return fail_invalid(error.what());
  }
}

}  // namespace betrace::storage
