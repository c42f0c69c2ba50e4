// What a webhook is told: one event a request, as JSON or in the words of a template.
//
// Source: docs/guide/api.md, "What sinks receive".
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "betrace/base/json.h"
#include "betrace/base/result.h"
#include "betrace/exporter/sink_form.h"
#include "betrace/model/severity.h"

namespace betrace::exporter {

/// Text with places such as `{severity}` for members of a violation. A place is a name of small
/// letters and `_` in braces; any other brace stands for itself, so that JSON needs no escapes.
class WebhookTemplate {
 public:
  /// Error InvalidArgument: a place with a name that there is not.
  [[nodiscard]] static Result<WebhookTemplate> read(std::string_view text);

  /// Returns the text with the values in their places: texts as they stand within the quotes of a
  /// JSON string, null as `-`, a list as its items with commas, `{violation}` as a JSON object.
  [[nodiscard]] std::string fill(const OrderedJson& violation, std::string_view event) const;

 private:
  struct Piece {
    std::string text;   // before the place
    std::string place;  // empty at the end
  };
  std::vector<Piece> pieces_;
};

struct WebhookOptions {
  std::optional<WebhookTemplate> body;  ///< Nothing: `{"event":...,"violation":{...}}`.
  model::Severity least = model::Severity::Low;
};

/// Immutable.
class WebhookForm : public SinkForm {
 public:
  explicit WebhookForm(WebhookOptions options) : options_(std::move(options)) {}

  [[nodiscard]] std::optional<Telling> tell(const storage::TailRecord& record) const override;
  /// Requires: one item.
  [[nodiscard]] std::string write(const std::vector<OutboxItem>& items) const override;

 private:
  const WebhookOptions options_;
};

}  // namespace betrace::exporter
