#include "betrace/app/config_sources.h"

#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <cctype>
#include <fstream>
#include <functional>
#include <iterator>
#include <optional>

#include "betrace/base/utf8.h"
#include "betrace/rules/nearest_word.h"

namespace betrace::app {
namespace {

constexpr std::size_t kSecretBytesMax = 64 * 1024;

// Variables that begin like ours and are no settings.
constexpr std::array<std::string_view, 3> kOtherVariables = {"BETRACE_CONFIG", "BETRACE_SEED",
                                                             "BETRACE_PROGRAM"};

// A way in which a setting can be named in one source.
struct Spelling {
  const Setting* setting;
  bool is_file = false;    // the value is the name of a file that holds the secret
  bool is_second = false;  // counts only if the first name is not there
};

using Spellings = std::map<std::string, Spelling, std::less<>>;

void add_spelling(Spellings* spellings, const Setting& setting, std::string name,
                  std::string_view file_suffix, bool is_second) {
  if (setting.is_secret) {
    spellings->emplace(name + std::string(file_suffix), Spelling{&setting, true, is_second});
  }
  spellings->emplace(std::move(name), Spelling{&setting, false, is_second});
}

Spellings spellings_of(ConfigSource source) {
  Spellings spellings;
  for (const Setting& setting : config_catalog()) {
    if (source == ConfigSource::Flag) {
      add_spelling(&spellings, setting, flag_name(setting), "-file", false);
      if (!setting.flag_alias.empty()) {
        add_spelling(&spellings, setting, std::string(setting.flag_alias), "-file", true);
      }
    } else if (source == ConfigSource::Environment) {
      add_spelling(&spellings, setting, environment_name(setting), "_FILE", false);
      if (!setting.environment_2.empty()) {
        add_spelling(&spellings, setting, std::string(setting.environment_2), "_FILE", true);
      }
    } else {
      add_spelling(&spellings, setting, std::string(setting.key), "_file", false);
    }
  }
  return spellings;
}

std::string did_you_mean(std::string_view name, const Spellings& spellings) {
  std::vector<std::string_view> known;
  for (const auto& [spelling, setting] : spellings) known.push_back(spelling);
  const std::string_view nearest = rules::nearest_word(name, known);
  return nearest.empty() ? "" : fmt::format("; did you mean {}?", nearest);
}

// Merges one source after the other; each overwrites what the ones before it gave.
class Merger {
 public:
  void merge(ConfigSource source, const NamedTexts& texts) {
    const Spellings spellings = spellings_of(source);
    std::map<std::string, GivenText, std::less<>> given;
    for (const bool is_second : {true, false}) {  // so that the first name wins
      for (const auto& [name, text] : texts) {
        const auto at = spellings.find(name);
        if (at == spellings.end()) {
          if (!is_second) report_unknown(source, name, spellings);
        } else if (at->second.is_second == is_second) {
          take(source, at->second, name, text, &given);
        }
      }
    }
    for (auto& [key, value] : given) result_.by_key[key] = std::move(value);
  }

  [[nodiscard]] GivenTexts finish() { return std::move(result_); }

 private:
  void problem(ConfigSource source, std::string_view name, std::string_view what) {
    result_.problems.push_back(fmt::format("{} ({}): {}", name, name_of(source), what));
  }

  void report_unknown(ConfigSource source, const std::string& name, const Spellings& spellings) {
    if (source != ConfigSource::Environment) {
      problem(source, quote_excerpt(name, 80), "is not a setting" + did_you_mean(name, spellings));
      return;
    }
    if (name == "GOGC") {
      result_.warnings.push_back(
          "GOGC (environment): has no effect here; BETRACE_LIMITS_MEMORY bounds the memory");
    }
    // Kubernetes injects BETRACE_BACKEND_* for a Service named betrace-backend.
    if (!name.starts_with("BETRACE_") || name.starts_with("BETRACE_BACKEND_")) return;
    for (const std::string_view other : kOtherVariables) {
      if (name == other) return;
    }
    result_.warnings.push_back(fmt::format("{} (environment): is not a setting{}",
                                           quote_excerpt(name, 80), did_you_mean(name, spellings)));
  }

  void take(ConfigSource source, const Spelling& spelling, const std::string& name,
            const std::string& text, std::map<std::string, GivenText, std::less<>>* given) {
    const Setting& setting = *spelling.setting;
    if (text.empty()) {
      if (name.starts_with("OTEL_")) return;
      if (setting.is_secret || setting.key.ends_with("_file")) {
        problem(source, name, "is set but empty");
        return;
      }
    }
    if (name == "GOMAXPROCS") {
      result_.warnings.push_back(
          "GOMAXPROCS (environment): is read as BETRACE_WORKERS; set that instead");
    }
    std::optional<std::string> value = text;
    if (spelling.is_file) value = read_secret(source, name, text);
    if (!value) return;
    const auto [at, is_new] = given->try_emplace(std::string(setting.key));
    if (!is_new && setting.is_secret && at->second.name != name && !spelling.is_second &&
        is_pair(at->second.name, name)) {
      problem(source, name, fmt::format("is set, and {} too", at->second.name));
    } else if (!is_new && source == ConfigSource::File) {
      problem(source, name, "is given twice");
    }
    at->second = GivenText{std::move(*value), source, name};
  }

  // True if one is the name of the secret and the other that of its file.
  static bool is_pair(const std::string& left, const std::string& right) {
    return left.size() != right.size() && (left.starts_with(right) || right.starts_with(left));
  }

  std::optional<std::string> read_secret(ConfigSource source, const std::string& name,
                                         const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    std::string secret(kSecretBytesMax + 1, '\0');
    file.read(secret.data(), static_cast<std::streamsize>(secret.size()));
    secret.resize(static_cast<std::size_t>(file.gcount()));
    if (!file.is_open() || file.bad()) {
      problem(source, name, fmt::format("cannot read {}", quote_excerpt(path, 128)));
      return std::nullopt;
    }
    if (secret.size() > kSecretBytesMax) {
      problem(source, name, "the file is longer than 64 KiB");
      return std::nullopt;
    }
    if (secret.ends_with('\n')) secret.pop_back();
    if (secret.empty()) {
      problem(source, name, "the file is empty");
      return std::nullopt;
    }
    return secret;
  }

  GivenTexts result_;
};

}  // namespace

std::string_view name_of(ConfigSource source) noexcept {
  constexpr std::array<std::string_view, 4> kNames = {"default", "file", "environment", "flag"};
  return kNames[static_cast<std::size_t>(source)];
}

GivenTexts merge_sources(const NamedTexts& flags, const NamedTexts& environment,
                         const NamedTexts& file) {
  Merger merger;
  merger.merge(ConfigSource::File, file);
  merger.merge(ConfigSource::Environment, environment);
  merger.merge(ConfigSource::Flag, flags);
  return merger.finish();
}

NamedTexts process_environment() {
  NamedTexts variables;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string_view text = *entry;
    const std::size_t equals = text.find('=');
    if (equals == std::string_view::npos) continue;
    variables.emplace_back(text.substr(0, equals), text.substr(equals + 1));
  }
  return variables;
}

}  // namespace betrace::app
