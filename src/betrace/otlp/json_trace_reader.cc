#include "betrace/otlp/json_trace_reader.h"

#include <fmt/format.h>

#include <optional>

#include "betrace/otlp/json_fields.h"
#include "betrace/otlp/json_span_decoder.h"
#include "betrace/otlp/json_tape.h"
#include "betrace/otlp/json_value_decoder.h"
#include "betrace/otlp/trace_reader.h"
#include "betrace/otlp/utf8_repair.h"

namespace betrace::otlp {
namespace {

namespace dom = simdjson::dom;

// A parser that grew beyond this is replaced after the request.
constexpr std::size_t kKeptBytesMax = 4u << 20;

}  // namespace

class JsonTraceReader::Core {
 public:
  explicit Core(const ReaderLimits& limits)
      : limits_(limits), resource_(limits), scope_(limits), span_(limits) {
    renew_parser();
  }

  Result<ReadSummary> read(std::string_view json, const SpanCallback& on_span,
                           const model::SpanInterest* interest) {
    resource_.set_interest(interest);
    span_.set_interest(interest);
    simdjson::error_code error = parse(json);
    std::optional<RepairedText> repaired;
    if (error == simdjson::UTF8_ERROR) {
      repaired = repair_utf8(json);
      if (repaired) error = parse(repaired->text);
    }
    set_marker(repaired ? std::string_view(repaired->marker) : std::string_view());
    auto result = error != simdjson::SUCCESS ? fail(malformed(simdjson::error_message(error)))
                                             : decode(JsonElement(parser_->doc), on_span);
    set_marker({});
    if (parser_->capacity() > kKeptBytesMax) renew_parser();
    return result;
  }

 private:
  simdjson::error_code parse(std::string_view json) {
    return parser_->parse(json.data(), json.size(), true).error();
  }

  void renew_parser() {
    parser_ = std::make_unique<dom::parser>();
    // The parser refuses the depth at which it stands, not the one below it.
    const auto error = parser_->allocate(0, limits_.json_depth_max + 1);
    static_cast<void>(error);  // out of memory shows again in parse()
  }

  void set_marker(std::string_view marker) {
    for (SpanBuilder* builder : {&resource_, &scope_, &span_}) builder->set_invalid_marker(marker);
  }

  static Error malformed(std::string_view what) {
    return Error{ErrorCode::InvalidArgument, fmt::format("malformed JSON: {}", what)};
  }

  Result<ReadSummary> decode(JsonElement request, const SpanCallback& on_span) {
    if (request.type() != JsonType::Object) return fail(malformed("the request is not an object"));
    const std::uint64_t span_count = count_spans(request);
    if (span_count > limits_.spans_max) return too_many_spans(span_count, limits_.spans_max);
    problem_ = JsonProblem();
    SpanDelivery delivery(on_span);
    for_each_object(member_of(request, "resourceSpans"), "resourceSpans", problem_,
                    [&](JsonElement one) { walk_resource_spans(one, delivery); });
    if (problem_.is_set()) return fail(malformed(problem_.message()));
    return delivery.summary();
  }

  // Of a request in which members may have a wrong type, which others find.
  static std::uint64_t count_spans(JsonElement request) {
    JsonProblem ignored;
    std::uint64_t count = 0;
    const auto for_each_in = [&ignored](JsonElement json, std::string_view name, auto on_item) {
      for_each_object(member_of(json, name), name, ignored, on_item);
    };
    for_each_in(request, "resourceSpans", [&](JsonElement resource_spans) {
      for_each_in(resource_spans, "scopeSpans", [&](JsonElement scope_spans) {
        for_each_in(scope_spans, "spans", [&count](JsonElement) { ++count; });
      });
    });
    return count;
  }

  // Of a repeated member the last one counts.
  static JsonElement member_of(JsonElement json, std::string_view wanted) {
    JsonElement member;
    for_each_member(json, [&](std::string_view name, JsonElement element) {
      if (name == wanted) member = element;
    });
    return member;
  }

  void walk_resource_spans(JsonElement json, SpanDelivery& delivery) {
    begin_resource(member_of(json, "resource"), delivery);
    for_each_object(member_of(json, "scopeSpans"), "scopeSpans", problem_,
                    [&](JsonElement one) { walk_scope_spans(one, delivery); });
  }

  void begin_resource(JsonElement resource, SpanDelivery& delivery) {
    resource_.begin();
    JsonElement attributes;
    if (is_object(resource, "resource", problem_)) attributes = member_of(resource, "attributes");
    const auto views = JsonValueDecoder(resource_, problem_).attributes(attributes);
    delivery.begin_resource(views, resource_.losses());
  }

  void walk_scope_spans(JsonElement json, SpanDelivery& delivery) {
    begin_scope(member_of(json, "scope"), delivery);
    for_each_object(member_of(json, "spans"), "spans", problem_, [&](JsonElement one) {
      problem_.enter_span(delivery.summary().spans_decoded);
      span_.begin();
      JsonSpanDecoder decoder(span_, problem_);
      model::SpanView& span = decoder.decode(one);
      delivery.deliver(span, span_.losses(), decoder.invalid_id());
    });
  }

  void begin_scope(JsonElement scope, SpanDelivery& delivery) {
    scope_.begin();
    JsonElement scope_name;
    JsonElement version;
    JsonElement attributes;
    if (is_object(scope, "scope", problem_)) {
      scope_name = member_of(scope, "name");
      version = member_of(scope, "version");
      attributes = member_of(scope, "attributes");
    }
    JsonValueDecoder values(scope_, problem_);
    const std::string_view kept_name = values.name(scope_name, "scope.name");
    const std::string_view kept_version = values.name(version, "scope.version");
    scope_.check_only();
    static_cast<void>(values.attributes(attributes));
    delivery.begin_scope(kept_name, kept_version, scope_.losses());
  }

  ReaderLimits limits_;
  std::unique_ptr<dom::parser> parser_;
  SpanBuilder resource_;
  SpanBuilder scope_;
  SpanBuilder span_;
  JsonProblem problem_;
};

JsonTraceReader::JsonTraceReader(const ReaderLimits& limits)
    : core_(std::make_unique<Core>(limits)) {}
JsonTraceReader::~JsonTraceReader() = default;
JsonTraceReader::JsonTraceReader(JsonTraceReader&&) noexcept = default;
JsonTraceReader& JsonTraceReader::operator=(JsonTraceReader&&) noexcept = default;

Result<ReadSummary> JsonTraceReader::read(std::string_view json, const SpanCallback& on_span,
                                          const model::SpanInterest* interest) {
  return core_->read(json, on_span, interest);
}

}  // namespace betrace::otlp
