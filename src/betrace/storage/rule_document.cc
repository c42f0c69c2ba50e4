#include "betrace/storage/rule_document.h"

#include <fmt/format.h>

#include <set>

#include "betrace/base/utf8.h"
#include "betrace/base/version.h"
#include "betrace/storage/yaml.h"

namespace betrace::storage {
namespace {

constexpr std::uint64_t kFormatVersion = 1;

/// Collects entries; the second of two with one id is a mistake of the second.
class EntryList {
 public:
  void add(const Json& object, std::string place) {
    RuleEntry entry{entries_.size(), std::move(place), {}, read_rule_object(object, kDialect)};
    entry.id = entry.input ? entry.input->rule.id : id_of(object);
    if (entry.input && !ids_.insert(entry.id).second) {
      entry.input = fail_invalid(fmt::format("id \"{}\" is there twice", entry.id));
    }
    entries_.push_back(std::move(entry));
  }

  void add_unreadable(Error error, std::string place) {
    entries_.push_back({entries_.size(), std::move(place), {}, fail(std::move(error))});
  }

  [[nodiscard]] std::size_t size() const { return entries_.size(); }
  [[nodiscard]] std::vector<RuleEntry> take() { return std::move(entries_); }

 private:
  static constexpr RuleDialect kDialect = RuleDialect::Document;

  static std::string id_of(const Json& object) {
    if (!object.is_object()) return {};
    for (const char* member : {"id", "name"}) {
      const auto found = object.find(member);
      if (found == object.end() || !found->is_string()) continue;
      const auto& text = found->get_ref<const std::string&>();
      return std::string_view(member) == "id" ? quote_excerpt(text, 128) : rule_id_of_name(text);
    }
    return {};
  }

  std::vector<RuleEntry> entries_;
  std::set<std::string> ids_;
};

Result<std::vector<RuleEntry>> read_list(const Json& list, std::string_view name) {
  if (list.size() > kRuleDocumentRulesMax) {
    return fail_invalid(fmt::format("more than {} rules", kRuleDocumentRulesMax));
  }
  EntryList entries;
  for (std::size_t i = 0; i < list.size(); ++i) {
    entries.add(list[i], fmt::format("{}[{}]", name, i));
  }
  return entries.take();
}

Result<std::vector<RuleEntry>> read_lines(std::string_view text, int depth_max) {
  EntryList entries;
  for (std::size_t line = 1; !text.empty(); ++line) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view one = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (one.find_first_not_of(" \t\r") == one.npos) continue;
    if (entries.size() == kRuleDocumentRulesMax) {
      return fail_invalid(fmt::format("more than {} rules", kRuleDocumentRulesMax));
    }
    const auto object = parse_json(one, depth_max);
    std::string place = fmt::format("line {}", line);
    if (object) {
      entries.add(*object, std::move(place));
    } else {
      entries.add_unreadable(object.error(), std::move(place));
    }
  }
  return entries.take();
}

std::string dump(const OrderedJson& value, int indent = -1) {
  return value.dump(indent, ' ', false, OrderedJson::error_handler_t::replace);
}

std::string yaml_rules(const std::vector<model::Rule>& rules) {
  std::string text = rules.empty() ? "rules: []\n" : "rules:\n";
  for (const model::Rule& rule : rules) {
    const OrderedJson object = rule_object(rule);
    std::string_view lead = "  - ";
    for (const auto& member : object.items()) {
      text += fmt::format("{}{}: {}\n", lead, member.key(), dump(member.value()));
      lead = "    ";
    }
  }
  return text;
}

}  // namespace

RuleFormat rule_format_of(std::string_view file_name) noexcept {
  if (file_name.ends_with(".yaml") || file_name.ends_with(".yml")) return RuleFormat::Yaml;
  const bool is_lines = file_name.ends_with(".ndjson") || file_name.ends_with(".jsonl");
  return is_lines ? RuleFormat::JsonLines : RuleFormat::Json;
}

Result<std::vector<RuleEntry>> read_rule_document(std::string_view text, RuleFormat format,
                                                  int depth_max) {
  if (text.size() > kRuleDocumentBytesMax) {
    return fail_invalid(fmt::format("document is longer than {} bytes", kRuleDocumentBytesMax));
  }
  if (format == RuleFormat::JsonLines) return read_lines(text, depth_max);
  const auto document = format == RuleFormat::Yaml ? yaml_to_json(text, kRuleDocumentBytesMax)
                                                   : parse_json(text, depth_max);
  if (!document) return fail(document.error());
  return read_rule_entries(*document);
}

Result<std::vector<RuleEntry>> read_rule_entries(const Json& document) {
  if (document.is_array()) return read_list(document, "");
  if (document.is_object() && document.contains("rules")) {
    if (!document["rules"].is_array()) return fail_invalid("rules is not a list");
    const auto version = document.find("format_version");
    if (version != document.end() && *version != kFormatVersion) {
      return fail(ErrorCode::Unsupported, "format_version is not 1");
    }
    return read_list(document["rules"], "rules");
  }
  EntryList entries;
  entries.add(document, "");
  return entries.take();
}

std::string write_rule_document(const std::vector<model::Rule>& rules, UnixNanos exported_at,
                                RuleFormat format) {
  if (format == RuleFormat::JsonLines) {
    std::string lines;
    for (const model::Rule& rule : rules) lines += dump(rule_object(rule)) + "\n";
    return lines;
  }
  OrderedJson document = {{"format_version", kFormatVersion},
                          {"backend_version", version()},
                          {"exported_at", format_rfc3339(exported_at)},
                          {"total_count", rules.size()}};
  if (format == RuleFormat::Yaml) {
    std::string text;
    for (const auto& member : document.items()) {
      text += fmt::format("{}: {}\n", member.key(), dump(member.value()));
    }
    return text + yaml_rules(rules);
  }
  document["rules"] = OrderedJson::array();
  for (const model::Rule& rule : rules) document["rules"].push_back(rule_object(rule));
  return dump(document, 2) + "\n";
}

}  // namespace betrace::storage
