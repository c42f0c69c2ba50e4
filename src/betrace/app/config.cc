#include "betrace/app/config.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cmath>

#include "betrace/app/config_checks.h"
#include "betrace/base/ascii.h"
#include "betrace/base/check.h"
#include "betrace/base/utf8.h"

namespace betrace::app {
namespace {

using Value = Config::Value;

Result<std::uint64_t> in_range(const Setting& setting, Result<std::uint64_t> number) {
  if (!number && setting.type == SettingType::Number) {
    return fail(ErrorCode::InvalidArgument, number.error().message + range_text(setting));
  }
  if (!number || (*number >= setting.minimum && *number <= setting.maximum)) return number;
  const std::string least = number_text(setting, setting.minimum);
  if (setting.maximum == Setting().maximum) {
    return fail(ErrorCode::InvalidArgument, fmt::format("is below {}", least));
  }
  return fail(ErrorCode::InvalidArgument,
              fmt::format("is not from {} to {}", least, number_text(setting, setting.maximum)));
}

Result<Value> read_choice(const Setting& setting, std::string text) {
  text = lower_case(text);
  const auto choices = setting.choices;
  if (std::find(choices.begin(), choices.end(), text) != choices.end()) return Value(text);
  return fail(ErrorCode::InvalidArgument,
              fmt::format("is not one of {}", fmt::join(choices, ", ")));
}

// Returns the value that `text` means, nothing if it is empty.
Result<Value> read_value(const Setting& setting, const std::string& text) {
  const auto as_value = [](auto value) { return Value(std::move(value)); };
  if (text.empty()) return Value();
  switch (setting.type) {
    case SettingType::Text:
      return Value(text);
    case SettingType::Choice:
      return read_choice(setting, text);
    case SettingType::List:
      return Value(parse_list(text));
    case SettingType::Boolean:
      return parse_boolean(text).map(as_value);
    case SettingType::Number:
      return in_range(setting, parse_whole_number(text)).map(as_value);
    case SettingType::Size:
      return in_range(setting, parse_size(text)).map(as_value);
    case SettingType::Duration:
      return in_range(setting, parse_duration(text).map([](auto time) {
               return static_cast<std::uint64_t>(time.count());
             }))
          .map([](std::uint64_t count) { return Value(std::chrono::milliseconds(count)); });
    case SettingType::Rate:
      break;
  }
  return parse_rate(text).map(as_value);
}

std::string shown_value(const Setting& setting, const Value& value) {
  if (std::holds_alternative<std::monostate>(value)) return "";
  if (setting.is_secret) return "set";
  if (const auto* text = std::get_if<std::string>(&value)) return *text;
  if (const auto* items = std::get_if<std::vector<std::string>>(&value)) {
    return fmt::format("{}", fmt::join(*items, ","));
  }
  if (const auto* is_on = std::get_if<bool>(&value)) return *is_on ? "true" : "false";
  if (const auto* time = std::get_if<std::chrono::milliseconds>(&value)) {
    return format_duration(*time);
  }
  if (const auto* rate = std::get_if<Rate>(&value)) return format_rate(*rate);
  return number_text(setting, std::get<std::uint64_t>(value));
}

std::string config_path(const ConfigInputs& inputs) {
  if (!inputs.file_path.empty()) return inputs.file_path;
  for (const auto& [name, text] : inputs.environment) {
    if (name == "BETRACE_CONFIG") return text;
  }
  return "";
}

}  // namespace

// Fills one Config, collecting problems on the way.
class ConfigLoader {
 public:
  explicit ConfigLoader(const ConfigInputs& inputs) : inputs_(inputs) {}

  tl::expected<Config, Config::Problems> load() {
    const GivenTexts given = read_sources();
    for (const Setting& setting : config_catalog()) {
      const auto at = given.by_key.find(setting.key);
      if (at == given.by_key.end() || !take(setting, at->second)) set_default(setting);
    }
    set_computed_defaults();
    check_config(config_, [this](std::string_view key, const std::string& what) {
      report(config_.entry(key), key, what);
    });
    if (!problems_.empty()) return tl::unexpected(std::move(problems_));
    return std::move(config_);
  }

 private:
  GivenTexts read_sources() {
    NamedTexts file;
    if (const std::string path = config_path(inputs_); !path.empty()) {
      auto texts = read_config_file(path);
      if (texts) {
        file = std::move(*texts);
      } else {
        problems_.push_back(fmt::format("{} (file): {}", path, texts.error().message));
      }
    }
    GivenTexts given = merge_sources(inputs_.flags, inputs_.environment, file);
    problems_.insert(problems_.end(), given.problems.begin(), given.problems.end());
    for (std::string& text : given.warnings) {
      const std::string name = text.substr(0, text.find(' '));
      config_.warnings_.push_back({name, std::move(text)});
    }
    return given;
  }

  // Returns false, with the problem reported, if the text cannot be read.
  bool take(const Setting& setting, const GivenText& given) {
    auto value = read_value(setting, given.text);
    if (!value) {
      const std::string quoted =
          setting.is_secret ? "" : fmt::format("\"{}\" ", quote_excerpt(given.text));
      problems_.push_back(fmt::format("{} ({}): {}{}", given.name, name_of(given.source), quoted,
                                      value.error().message));
      return false;
    }
    // An empty number is as good as none; an empty text or list may be meant.
    if (std::holds_alternative<std::monostate>(*value) && !may_be_empty(setting)) return false;
    config_.entries_[std::string(setting.key)] = {std::move(*value), given.source, given.name};
    if (setting.is_later) {
      config_.warnings_.push_back({given.name, fmt::format("{} ({}): has no effect in this version",
                                                           given.name, name_of(given.source))});
    }
    return true;
  }

  static bool may_be_empty(const Setting& setting) {
    return setting.type == SettingType::Text || setting.type == SettingType::List;
  }

  void set_default(const Setting& setting) {
    auto value = read_value(setting, std::string(setting.fallback));
    BETRACE_CHECK(value.has_value());
    config_.entries_[std::string(setting.key)].value = std::move(*value);
  }

  void set_computed_defaults() {
    const auto workers = static_cast<std::uint64_t>(std::ceil(inputs_.machine.cores));
    set_if_missing("workers", std::clamp<std::uint64_t>(workers, 1, 1024));
    set_if_missing("limits.memory", std::max(inputs_.machine.memory_bytes / 5 * 4,
                                             find_setting("limits.memory")->minimum));
    const std::uint64_t memory = config_.size("limits.memory");
    set_if_missing("limits.traces_bytes", memory / 2);
    set_if_missing("limits.ingest_queue", std::min<std::uint64_t>(memory / 8, 64 << 20));
    set_if_missing("state.path", config_.text("storage.path") + "/.betrace");
    set_if_missing("replica_id", inputs_.host_name);
    set_if_missing("otlp.insecure", true);
  }

  void set_if_missing(std::string_view key, Value value) {
    Config::Entry& entry = config_.entries_.find(key)->second;
    if (std::holds_alternative<std::monostate>(entry.value)) entry.value = std::move(value);
  }

  void report(const Config::Entry& entry, std::string_view key, const std::string& what) {
    problems_.push_back(fmt::format("{} ({}): {}", entry.name.empty() ? key : entry.name,
                                    name_of(entry.source), what));
  }

  const ConfigInputs& inputs_;
  Config config_;
  Config::Problems problems_;
};

tl::expected<Config, Config::Problems> Config::load(const ConfigInputs& inputs) {
  return ConfigLoader(inputs).load();
}

const Config::Entry& Config::entry(std::string_view key) const {
  const auto at = entries_.find(key);
  BETRACE_CHECK(at != entries_.end());
  return at->second;
}

template <typename T>
const T& Config::get(std::string_view key) const {
  const T* value = std::get_if<T>(&entry(key).value);
  BETRACE_CHECK(value != nullptr);
  return *value;
}

const std::string& Config::text(std::string_view key) const {
  static const std::string kNone;
  return has(key) ? get<std::string>(key) : kNone;
}

const std::vector<std::string>& Config::list(std::string_view key) const {
  static const std::vector<std::string> kNone;
  return has(key) ? get<std::vector<std::string>>(key) : kNone;
}

bool Config::boolean(std::string_view key) const { return get<bool>(key); }

std::uint64_t Config::number(std::string_view key) const { return get<std::uint64_t>(key); }

std::uint64_t Config::size(std::string_view key) const { return get<std::uint64_t>(key); }

std::chrono::milliseconds Config::duration(std::string_view key) const {
  return get<std::chrono::milliseconds>(key);
}

Rate Config::rate(std::string_view key) const { return get<Rate>(key); }

bool Config::has(std::string_view key) const {
  return !std::holds_alternative<std::monostate>(entry(key).value);
}

ConfigSource Config::source(std::string_view key) const { return entry(key).source; }
const std::string& Config::given_name(std::string_view key) const { return entry(key).name; }

std::vector<const Setting*> Config::differences(const Config& other) const {
  std::vector<const Setting*> differing;
  for (const Setting& setting : config_catalog()) {
    if (entry(setting.key).value != other.entry(setting.key).value) differing.push_back(&setting);
  }
  return differing;
}

std::vector<ConfigRow> Config::rows() const {
  std::vector<ConfigRow> rows;
  for (const Setting& setting : config_catalog()) {
    const Entry& found = entry(setting.key);
    std::string source(name_of(found.source));
    if (!found.name.empty()) source += " " + found.name;
    rows.push_back({&setting, shown_value(setting, found.value), std::move(source)});
  }
  return rows;
}

}  // namespace betrace::app
