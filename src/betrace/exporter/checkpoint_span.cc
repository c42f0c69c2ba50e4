#include "betrace/exporter/checkpoint_span.h"

#include <algorithm>
#include <vector>

#include "betrace/base/hex.h"
#include "betrace/base/sha256.h"
#include "betrace/base/version.h"
#include "betrace/evidence/commit_payload.h"
#include "betrace/otlp/trace_writer.h"

namespace betrace::exporter {

std::string write_checkpoint(const evidence::CommitEnvelope& envelope, const SpanOptions& options) {
  const auto commit = evidence::read_commit_payload(envelope.payload);
  if (!commit) return {};
  const Sha256 digest = sha256(envelope.payload);
  const std::string size = std::to_string(commit->last_seq());
  const std::string root = to_hex(commit->root);
  const std::string text = evidence::write_envelope(envelope);
  std::vector<model::AttributeView> resource;
  for (const auto& [key, value] : options.resource) {
    resource.push_back({key, model::ValueView::string(value)});
  }
  const model::AttributeView attributes[] = {
      {"betrace.checkpoint", model::ValueView::boolean(true)},
      {"betrace.checkpoint.log", model::ValueView::string(commit->log)},
      {"betrace.checkpoint.size", model::ValueView::string(size)},
      {"betrace.checkpoint.root", model::ValueView::string(root)},
      {"betrace.checkpoint.kid", model::ValueView::string(commit->kid)},
      {"betrace.checkpoint.envelope", model::ValueView::string(text)}};
  model::SpanView span;
  std::copy_n(digest.begin(), span.trace_id.bytes.size(), span.trace_id.bytes.begin());
  std::copy_n(digest.begin() + 16, span.span_id.bytes.size(), span.span_id.bytes.begin());
  span.name = "betrace.checkpoint";
  span.kind = model::SpanKind::Internal;
  span.start_time_unix_nano = commit->time;
  span.end_time_unix_nano = commit->time;
  span.attributes = attributes;
  span.resource = resource;
  span.scope_name = kOwnScope;
  span.scope_version = version();
  return otlp::write_protobuf({&span, 1});
}

}  // namespace betrace::exporter
