// Decides span by span whether it is taken, hands it on, and keeps the count of all losses.
//
// The common end of trace_reader and json_trace_reader, so that the same message in either form has
// the same result.
#pragma once

#include <functional>
#include <string_view>

#include "betrace/model/span_view.h"
#include "betrace/otlp/read_summary.h"
#include "betrace/otlp/span_builder.h"

namespace betrace::otlp {

/// Takes one span. The view is valid during the call only.
using SpanCallback = std::function<void(const model::SpanView&)>;

/// The state of one request while it is read. Owned by one reader.
class SpanDelivery {
 public:
  explicit SpanDelivery(const SpanCallback& on_span) : on_span_(on_span) {}

  /// All spans until the next call belong to this resource. The views must live as long.
  void begin_resource(model::AttributesView attributes, const Losses& losses);
  /// All spans until the next call belong to this scope.
  void begin_scope(std::string_view name, std::string_view version, const Losses& losses);
  /// Completes `span` with resource and scope and hands it on, or counts why not. `invalid_id`
  /// names an id that cannot be right, or is null.
  void deliver(model::SpanView& span, const Losses& losses, const char* invalid_id);

  [[nodiscard]] const ReadSummary& summary() const noexcept { return summary_; }

 private:
  struct Context {
    RejectCause reject_cause;
    TruncatedCounts uncounted{};  // counted with the first span that is taken
    bool cut = false;

    static Context of(const Losses& losses);
  };

  [[nodiscard]] RejectCause reject_cause_of(const model::SpanView& span, const Losses& losses,
                                            const char* invalid_id) const noexcept;
  void count(TruncatedCounts& counts);

  const SpanCallback& on_span_;
  model::AttributesView resource_;
  std::uint64_t resource_number_ = 0;
  std::string_view scope_name_;
  std::string_view scope_version_;
  Context resource_context_;
  Context scope_context_;
  ReadSummary summary_;
};

}  // namespace betrace::otlp
