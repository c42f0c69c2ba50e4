#include "betrace/app/reference_pages.h"

#include <fmt/format.h>

#include <string_view>

#include "betrace/app/config_catalog.h"
#include "betrace/app/setting_value.h"
#include "betrace/telemetry/metric_catalog.h"

namespace betrace::app {
namespace {

constexpr std::string_view kConfigurationIntroduction =
    R"(<!-- Made by tools/docs from src/betrace/app/config_catalog.cc; changes here are lost. -->
# Configuration

A setting can be given as a flag, in the environment and in a file; **a flag beats the environment
beats the file beats the default**. `betrace config show` prints the effective values with their
source, `betrace config check` finds mistakes without starting anything. A wrong value ends the
start with exit code 2 and one line for each problem:

```
config error: BETRACE_TRACE_QUIET (environment): "5 parsecs" is not a duration (examples: 5s, 5000)
```

- **File**: YAML, `--config PATH` or `BETRACE_CONFIG`. Keys may be nested or dotted: `trace:
  {quiet: 6s}` or `trace.quiet: 6s`.
- **Flag**: `--` and the key with `-` for `.` and `_`: `--trace-quiet 6s`. Also `--log-level` and
  `--otel-endpoint`.
- **Environment**: as listed. Where two are listed, the first that is set counts.
- **Durations**: `5s`, `250ms`, `1m30s`, `30d`; a plain number is milliseconds. **Sizes**: bytes,
  `64MiB`, `1GB`. **Rates**: `refill per second/bucket`, `0` = off. **Booleans**: `true`, `false`,
  `1`, `0`. **Lists**: separated by commas, or a sequence in the file.
- **Secrets** can be given as the name of a file: `BETRACE_API_KEY_FILE`. They are never shown.

)";

constexpr std::string_view kReloadSection = R"(
## Without a restart

SIGHUP reads the file of settings again and puts these in force: {}. Every other setting that has
changed is named in the log and waits for the next start; a file that has become wrong changes
nothing. Certificates, `api_keys_file` and rules are read again when their files change, without a
signal.
)";

constexpr std::string_view kRedactionSection = R"page(
## What violations hide

A violation shows the attributes that its rule reads, those of `redaction.allow` and `service.name`.
Of a key on `redaction.deny` it shows `hmac:<16 hex>` in place of the value, in its witnesses and
its message, in the log, the API and every export; fields within a value are hidden by their name
and by their path. Rules see the value itself. Equal values have equal hashes, so they can be
compared. Who has the key finds the hash of a known value, the first 16 digits of what this prints:

```bash
printf %s VALUE | openssl dgst -sha256 -hmac "$(cat redaction.key)"
```

The `redaction` of a record is the id of the lists and key by which it was made; `/v1/limits` shows
the one in force. A list of your own replaces the shipped one unless it contains `@shipped`:

{}
)page";

constexpr std::string_view kMetricsIntroduction =
    R"(<!-- Made from src/betrace/telemetry/metric_catalog.cc; changes here are lost. -->
# Metrics

`GET /metrics` on port 12011, Prometheus text 0.0.4. Series with enumerated labels exist at 0 from
the start; series of a rule exist from its load to its deletion. The first `metrics.rules_max`
rules have series of their own, the rest share `rule_id="other"`. Trace ids, attribute values and
service names are never labels.

Once the queues are empty: received = ingested + rejected + dropped.

)";

// A cell of a Markdown table must not hold the sign that ends it.
std::string cell(std::string_view text) {
  std::string escaped;
  for (const char c : text) escaped += c == '|' ? "\\|" : std::string(1, c);
  return escaped;
}

std::string code(std::string_view text) { return fmt::format("`{}`", text); }

std::string type_text(const Setting& setting) {
  if (setting.type == SettingType::Choice) {
    return fmt::format("{}", fmt::join(setting.choices, ", "));
  }
  return fmt::format("{}{}{}", setting.is_secret ? "secret " : "", name_of(setting.type),
                     range_text(setting));
}

std::string environment_text(const Setting& setting) {
  std::string names = code(environment_name(setting));
  if (!setting.environment_2.empty()) names += ", " + code(setting.environment_2);
  return names;
}

std::string default_text(const Setting& setting) {
  const bool is_literal = setting.fallback_note.empty() && !setting.fallback.empty();
  return is_literal ? code(setting.fallback) : fallback_text(setting);
}

std::string reloaded_list() {
  std::vector<std::string> keys;
  for (const Setting& setting : config_catalog()) {
    if (setting.is_reloaded) keys.push_back(code(setting.key));
  }
  return fmt::format("{}", fmt::join(keys, ", "));
}

std::string denied_list() {
  std::vector<std::string> keys = parse_list(find_setting("redaction.deny")->fallback);
  for (std::string& key : keys) key = code(key);
  return fmt::format("{}", fmt::join(keys, ", "));
}

std::string setting_table(bool is_later) {
  std::string table = "| Key | Environment | Type | Default | Meaning |\n|---|---|---|---|---|\n";
  for (const Setting& setting : config_catalog()) {
    if (setting.is_later != is_later) continue;
    table +=
        fmt::format("| {} | {} | {} | {} | {} |\n", code(setting.key), environment_text(setting),
                    type_text(setting), default_text(setting), cell(setting.text));
  }
  return table;
}

std::string label_text(const telemetry::MetricLabel& label) {
  std::string text = code(label.name);
  std::string_view separator = ": ";
  for (const std::string_view value : label.values) {
    text += fmt::format("{}{}", separator, code(value));
    separator = ", ";
  }
  return text;
}

std::string labels_text(const telemetry::MetricInfo& info) {
  std::string text;
  for (const telemetry::MetricLabel& label : info.labels) {
    text += (text.empty() ? "" : "; ") + label_text(label);
  }
  return text.empty() ? "-" : text;
}

}  // namespace

std::string configuration_page() {
  std::string page(kConfigurationIntroduction);
  page += "## Settings\n\n" + setting_table(false);
  page += fmt::format(kReloadSection, reloaded_list());
  page += fmt::format(kRedactionSection, denied_list());
  page +=
      "\n## Settings of later versions\n\nKnown and checked; giving one draws a warning, because "
      "it has no effect yet.\n\n" +
      setting_table(true);
  return page;
}

std::string metrics_page() {
  std::string page(kMetricsIntroduction);
  page += "| Name | Type | Labels | Meaning |\n|---|---|---|---|\n";
  for (const telemetry::MetricInfo& info : telemetry::metric_catalog()) {
    page += fmt::format("| {} | {} | {} | {} |\n", code(info.name), name_of(info.type),
                        labels_text(info), cell(info.help));
  }
  return page;
}

}  // namespace betrace::app
