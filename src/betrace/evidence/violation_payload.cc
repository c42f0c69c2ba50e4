#include "betrace/evidence/violation_payload.h"

#include <algorithm>
#include <array>

#include "betrace/base/check.h"
#include "betrace/base/hex.h"
#include "betrace/base/utf8.h"
#include "betrace/base/version.h"
#include "betrace/evidence/attribute_payload.h"
#include "betrace/evidence/canonical_json.h"
#include "betrace/evidence/payload_words.h"

namespace betrace::evidence {
namespace {

using model::Violation;
using model::Witness;

constexpr std::size_t kSummaryBytesMax = 4 * 1024;
constexpr std::size_t kClauseTextBytesMax = 2 * 1024;
constexpr std::size_t kClauseSpansMax = 32;

// The longest prefix of `text` that takes at most `bytes_max` escaped.
std::string_view escaped_prefix(std::string_view text, std::size_t bytes_max) {
  std::size_t size = 0;
  std::size_t end = 0;
  while (end < text.size()) {
    const std::size_t next = size + escaped_size(text.substr(end, 1));
    if (next > bytes_max) break;
    size = next;
    ++end;
  }
  return utf8_prefix(text, end);
}

/// Builds one payload; parts that can be cut come first, since `cut` stands before them.
class PayloadBuilder {
 public:
  PayloadBuilder(const model::ViolationRecord& record, const PayloadContext& context)
      : record_(record), violation_(record.violation), context_(context) {}

  std::string build() {
    const std::string witnesses = write_witnesses();
    const std::string explanation = write_explanation();
    const std::string_view message = cut(violation_.message, kMessageBytesMax, "message");
    const std::string_view rule_name = cut(violation_.rule_name, kTextBytesMax, "rule_name");
    const std::string anchor = write_anchor();
    writer_.begin_object();
    writer_.key("anchor").raw(anchor);
    write_grade();
    write_cut();
    writer_.key("digest").text(to_hex(violation_.key.digest));
    writer_.key("early").boolean(violation_.early);
    writer_.key("engine").text("betrace/" + std::string(version()));
    writer_.key("explanation").raw(explanation);
    writer_.key("id").text(violation_.key.id()).key("ingest_key");
    text_or_null(violation_.ingest_key);
    if (!context_.key_id.empty()) writer_.key("key_id").text(context_.key_id);
    writer_.key("late").boolean(violation_.late).key("log").text(context_.log);
    writer_.key("message").text(message).key("redaction");
    text_or_null(violation_.redaction);
    write_rule(rule_name);
    write_trace();
    writer_.key("type").text(record_type_word(record_.type));
    if (context_.key_id.empty()) writer_.key("unsigned").boolean(true);
    writer_.key("v").integer(kPayloadVersion);
    writer_.key("witness_count").integer(violation_.witness_count);
    writer_.key("witnesses").raw(witnesses).end_object();
    BETRACE_CHECK(writer_.size() <= kCanonicalBytesMax);
    return writer_.take();
  }

 private:
  void note_cut(std::string_view what) {
    if (std::find(cut_.begin(), cut_.end(), what) == cut_.end()) cut_.push_back(what);
  }

  std::string_view cut(std::string_view text, std::size_t bytes_max, std::string_view what) {
    const std::string_view kept = escaped_prefix(text, bytes_max);
    if (kept.size() < text.size()) note_cut(what);
    return kept;
  }

  void write_cut() {
    if (cut_.empty()) return;
    std::sort(cut_.begin(), cut_.end());
    writer_.key("cut").begin_array();
    for (const std::string_view what : cut_) writer_.text(what);
    writer_.end_array();
  }

  std::string write_anchor() {
    CanonicalWriter anchor;
    anchor.begin_object().key("duration_ns").integer(violation_.anchor_duration_ns);
    anchor.key("name").text(cut(violation_.anchor_name, kTextBytesMax, "anchor.name"));
    anchor.key("service").text(cut(violation_.service, kTextBytesMax, "anchor.service"));
    anchor.end_object();
    return anchor.take();
  }

  void text_or_null(std::string_view text) {
    text.empty() ? writer_.null() : writer_.text(escaped_prefix(text, kTextBytesMax));
  }

  void write_grade() {
    writer_.key("close_reason");
    violation_.close_reason ? writer_.text(model::name_of(*violation_.close_reason))
                            : writer_.null();
    writer_.key("completeness");
    violation_.completeness ? writer_.text(model::name_of(*violation_.completeness))
                            : writer_.null();
  }

  void write_rule(std::string_view rule_name) {
    writer_.key("rule_id").text(escaped_prefix(violation_.rule_id, kTextBytesMax));
    writer_.key("rule_name").text(rule_name);
    writer_.key("rule_revision").integer(violation_.rule_revision).key("rule_sha256");
    context_.rule_sha256.empty() ? writer_.null() : writer_.text(context_.rule_sha256);
    writer_.key("severity").text(model::name_of(violation_.severity));
  }

  void write_trace() {
    writer_.key("span_id");
    write_id(&writer_, violation_.span_id);
    writer_.key("spans_seen").integer(violation_.spans_seen);
    writer_.key("status").text(model::name_of(violation_.status)).key("tags").begin_array();
    for (const std::string& tag : violation_.tags) writer_.text(escaped_prefix(tag, kTextBytesMax));
    writer_.end_array();
    writer_.key("timestamp").text(format_rfc3339(violation_.timestamp, 9));
    writer_.key("trace_end").text(format_rfc3339(violation_.trace_end, 9));
    writer_.key("trace_id").text(violation_.trace_id.hex());
    writer_.key("trace_start").text(format_rfc3339(violation_.trace_start, 9));
  }

  static void write_id(CanonicalWriter* writer, const model::SpanId& id) {
    id.is_zero() ? writer->null() : writer->text(id.hex());
  }

  std::string write_explanation() {
    const model::Explanation& explanation = violation_.explanation;
    const std::string_view summary = cut(explanation.summary, kSummaryBytesMax, "explanation");
    CanonicalWriter clauses;
    clauses.begin_array();
    for (const model::Clause& clause : explanation.clauses) {
      const std::string text = write_clause(clause);
      if (clauses.size() + text.size() + escaped_size(summary) > kExplanationBytesMax - 256) {
        note_cut("explanation");
        break;
      }
      clauses.raw(text);
    }
    clauses.end_array();
    CanonicalWriter writer;
    writer.begin_object().key("clauses").raw(clauses.take());
    writer.key("scope").text(escaped_prefix(explanation.scope, 64));
    writer.key("spans_examined").integer(explanation.spans_examined);
    writer.key("summary").text(summary).end_object();
    return writer.take();
  }

  std::string write_clause(const model::Clause& clause) {
    CanonicalWriter writer;
    writer.begin_object().key("spans").begin_array();
    const std::size_t count = std::min(clause.spans.size(), kClauseSpansMax);
    for (std::size_t i = 0; i < count; ++i) writer.text(clause.spans[i].hex());
    writer.end_array();
    writer.key("text").text(cut(clause.text, kClauseTextBytesMax, "explanation"));
    writer.key("value").boolean(clause.value).end_object();
    return writer.take();
  }

  std::string write_witnesses() {
    CanonicalWriter writer;
    writer.begin_array();
    const std::size_t count = std::min(violation_.witnesses.size(), kWitnessesMax);
    for (std::size_t i = 0; i < count; ++i) write_witness(&writer, violation_.witnesses[i]);
    writer.end_array();
    return writer.take();
  }

  void write_witness(CanonicalWriter* writer, const Witness& witness) {
    const model::SpanView& span = witness.span.view();
    writer->begin_object().key("attributes").raw(write_attributes(span.attributes, {}));
    writer->key("end_time").text(format_rfc3339(span.end_time_unix_nano, 9));
    writer->key("kind").text(span_kind_word(span.kind));
    writer->key("name").text(cut(span.name, kTextBytesMax, "witnesses.name"));
    writer->key("parent_span_id");
    write_id(writer, span.parent_span_id);
    const std::string resource = write_attributes(span.resource, kServiceKey);
    if (resource != "[]") writer->key("resource").raw(resource);
    writer->key("role").text(cut(witness.role, kTextBytesMax, "witnesses.role"));
    const std::string_view service = model::service_of(span);
    writer->key("service").text(cut(service, kTextBytesMax, "witnesses.service"));
    writer->key("span_id").text(span.span_id.hex());
    writer->key("start_time").text(format_rfc3339(span.start_time_unix_nano, 9));
    writer->key("status").text(status_code_word(span.status_code)).end_object();
  }

  // What does not fit is left out whole, so that no value is a lie; `omitted` stands elsewhere.
  std::string write_attributes(model::AttributesView attributes, std::string_view omitted) {
    CanonicalWriter writer;
    writer.begin_array();
    for (const model::AttributeView& attribute : attributes) {
      if (attribute.key == omitted && !omitted.empty()) continue;
      const std::string pair = attribute_pair(attribute);
      if (pair.empty() || attribute_bytes_ + pair.size() + 1 > kWitnessAttributesBytesMax) {
        note_cut("witnesses.attributes");
        continue;
      }
      attribute_bytes_ += pair.size() + 1;
      writer.raw(pair);
    }
    writer.end_array();
    return writer.take();
  }

  const model::ViolationRecord& record_;
  const Violation& violation_;
  const PayloadContext& context_;
  CanonicalWriter writer_;
  std::vector<std::string_view> cut_;
  std::size_t attribute_bytes_ = 0;
};

}  // namespace

std::string violation_payload(const model::ViolationRecord& record, const PayloadContext& context) {
  return PayloadBuilder(record, context).build();
}

}  // namespace betrace::evidence
