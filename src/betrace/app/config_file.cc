// The file side of app/config_sources.h: a tree of settings becomes dotted keys with texts.
#include <fmt/format.h>

#include <fstream>
#include <set>

#include "betrace/app/config_sources.h"
#include "betrace/base/json.h"
#include "betrace/base/utf8.h"
#include "betrace/storage/yaml.h"

namespace betrace::app {
namespace {

constexpr std::size_t kFileBytesMax = 1 << 20;
constexpr int kDepthMax = 8;

Result<std::string> read_text(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::string text(kFileBytesMax + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(file.gcount()));
  if (!file.is_open() || file.bad()) return fail(ErrorCode::NotFound, "cannot be read");
  if (text.size() > kFileBytesMax) {
    return fail(ErrorCode::LimitExceeded, "is longer than 1 MiB");
  }
  return text;
}

// Flattens a tree into dotted keys.
class Flattener {
 public:
  Result<void> add(const std::string& key, const Json& value, int depth = 0) {
    if (depth > kDepthMax) return problem(key, "is nested too deep");
    if (value.is_object()) return add_map(key, value, depth);
    if (value.is_array()) return add_list(key, value);
    return add_text(key, value.is_null() ? "" : value.get<std::string>());
  }

  [[nodiscard]] NamedTexts finish() { return std::move(texts_); }

 private:
  static tl::unexpected<Error> problem(const std::string& key, std::string_view what) {
    return fail(ErrorCode::InvalidArgument, fmt::format("{} {}", quote_excerpt(key, 80), what));
  }

  Result<void> add_map(const std::string& prefix, const Json& map, int depth) {
    for (const auto& [name, value] : map.items()) {
      const std::string key = prefix.empty() ? name : prefix + "." + name;
      if (auto added = add(key, value, depth + 1); !added) return added;
    }
    return {};
  }

  Result<void> add_list(const std::string& key, const Json& list) {
    std::string joined;
    for (const Json& item : list) {
      if (!item.is_string()) return problem(key, "has an item that is no text");
      const auto& text = item.get_ref<const std::string&>();
      if (text.find(',') != std::string::npos) return problem(key, "has an item with a comma");
      joined += (joined.empty() ? "" : ",") + text;
    }
    return add_text(key, joined);
  }

  // `a.b: 1` and `a: {b: 2}` are one key.
  Result<void> add_text(const std::string& key, const std::string& text) {
    if (!keys_.insert(key).second) return problem(key, "is given twice");
    texts_.emplace_back(key, text);
    return {};
  }

  NamedTexts texts_;
  std::set<std::string> keys_;
};

}  // namespace

Result<NamedTexts> read_config_file(const std::string& path) {
  const auto text = read_text(path);
  if (!text) return fail(text.error());
  const auto root = storage::yaml_to_json(*text, kFileBytesMax, storage::YamlScalars::Texts);
  if (!root) return fail(ErrorCode::InvalidArgument, root.error().message);
  if (!root->is_object() && !root->is_null()) {
    return fail(ErrorCode::InvalidArgument, "is not a map of settings");
  }
  Flattener flattener;
  if (root->is_object()) {
    if (auto added = flattener.add("", *root); !added) return fail(added.error());
  }
  return flattener.finish();
}

}  // namespace betrace::app
