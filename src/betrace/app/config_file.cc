// The YAML side of app/config_sources.h, so that yaml-cpp is met by one file of it only.
#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include <fstream>
#include <set>
#include <sstream>

#include "betrace/app/config_sources.h"
#include "betrace/base/utf8.h"

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
  Result<void> add(const std::string& key, const YAML::Node& node, int depth = 0) {
    if (depth > kDepthMax) return problem(key, "is nested too deep");
    if (node.IsMap()) return add_map(key, node, depth);
    if (node.IsSequence()) return add_sequence(key, node);
    return add_text(key, node.IsNull() ? "" : node.Scalar());
  }

  [[nodiscard]] NamedTexts finish() { return std::move(texts_); }

 private:
  static tl::unexpected<Error> problem(const std::string& key, std::string_view what) {
    return fail(ErrorCode::InvalidArgument, fmt::format("{} {}", quote_excerpt(key, 80), what));
  }

  Result<void> add_map(const std::string& prefix, const YAML::Node& map, int depth) {
    for (const auto& item : map) {
      if (!item.first.IsScalar()) return problem(prefix, "has a key that is no text");
      const std::string& name = item.first.Scalar();
      const std::string key = prefix.empty() ? name : prefix + "." + name;
      if (auto added = add(key, item.second, depth + 1); !added) return added;
    }
    return {};
  }

  Result<void> add_sequence(const std::string& key, const YAML::Node& sequence) {
    std::string joined;
    for (const YAML::Node& item : sequence) {
      if (!item.IsScalar()) return problem(key, "has an item that is no text");
      if (item.Scalar().find(',') != std::string::npos) {
        return problem(key, "has an item with a comma");
      }
      joined += (joined.empty() ? "" : ",") + item.Scalar();
    }
    return add_text(key, joined);
  }

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
  try {
    const YAML::Node root = YAML::Load(*text);
    if (!root.IsMap() && !root.IsNull()) {
      return fail(ErrorCode::InvalidArgument, "is not a map of settings");
    }
    Flattener flattener;
    if (root.IsMap()) {
      if (auto added = flattener.add("", root); !added) return fail(added.error());
    }
    return flattener.finish();
  } catch (const YAML::Exception& error) {
    return fail(ErrorCode::InvalidArgument,
                fmt::format("is not YAML: line {}: {}", error.mark.line + 1, error.msg));
  }
}

}  // namespace betrace::app
