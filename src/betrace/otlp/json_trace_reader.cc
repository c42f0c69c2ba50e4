#include "betrace/otlp/json_trace_reader.h"

#include <fmt/format.h>

#include <optional>

#include "betrace/otlp/json_fields.h"
#include "betrace/otlp/json_span_decoder.h"
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
    simdjson::simdjson_result<JsonElement> parsed = parser_->parse(json.data(), json.size(), true);
    std::optional<RepairedText> repaired;
    if (parsed.error() == simdjson::UTF8_ERROR) {
      repaired = repair_utf8(json);
      if (repaired) parsed = parser_->parse(repaired->text.data(), repaired->text.size(), true);
    }
    set_marker(repaired ? std::string_view(repaired->marker) : std::string_view());
    auto result = parsed.error() != simdjson::SUCCESS
                      ? fail(malformed(simdjson::error_message(parsed.error())))
                      : decode(parsed.value_unsafe(), on_span);
    set_marker({});
    if (parser_->capacity() > kKeptBytesMax) renew_parser();
    return result;
  }

 private:
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
    if (!request.is_object()) return fail(malformed("the request is not an object"));
    const dom::object json = request.get_object().value_unsafe();
    const std::uint64_t span_count = count_spans(json);
    if (span_count > limits_.spans_max) return too_many_spans(span_count, limits_.spans_max);
    problem_ = JsonProblem();
    SpanDelivery delivery(on_span);
    const JsonMember list = member_of(json, "resourceSpans");
    if (list.is_there()) {
      for_each_object(list.element(), "resourceSpans", problem_,
                      [&](dom::object one) { walk_resource_spans(one, delivery); });
    }
    if (problem_.is_set()) return fail(malformed(problem_.message()));
    return delivery.summary();
  }

  // Of a request in which members may have a wrong type, which others find.
  static std::uint64_t count_spans(dom::object request) {
    JsonProblem ignored;
    std::uint64_t count = 0;
    const auto for_each_in = [&ignored](dom::object json, std::string_view name, auto on_item) {
      const JsonMember list = member_of(json, name);
      if (list.is_there()) for_each_object(list.element(), name, ignored, on_item);
    };
    for_each_in(request, "resourceSpans", [&](dom::object resource_spans) {
      for_each_in(resource_spans, "scopeSpans", [&](dom::object scope_spans) {
        for_each_in(scope_spans, "spans", [&count](dom::object) { ++count; });
      });
    });
    return count;
  }

  // Of a repeated member the last one counts.
  static JsonMember member_of(dom::object json, std::string_view wanted) {
    JsonMember member;
    for (const auto& [name, element] : json) {
      if (name == wanted) member.set(element);
    }
    return member;
  }

  void walk_resource_spans(dom::object json, SpanDelivery& delivery) {
    JsonMember resource;
    JsonMember list;
    for (const auto& [name, element] : json) {
      if (name == "resource") resource.set(element);
      if (name == "scopeSpans") list.set(element);
    }
    begin_resource(resource, delivery);
    if (list.is_there()) {
      for_each_object(list.element(), "scopeSpans", problem_,
                      [&](dom::object one) { walk_scope_spans(one, delivery); });
    }
  }

  void begin_resource(const JsonMember& resource, SpanDelivery& delivery) {
    resource_.begin();
    JsonMember attributes;
    if (resource.is_there()) {
      if (!resource.element().is_object()) return problem_.set("resource", "is not an object");
      for (const auto& [name, element] :
           dom::object(resource.element().get_object().value_unsafe())) {
        if (name == "attributes") attributes.set(element);
      }
    }
    const auto views = JsonValueDecoder(resource_, problem_).attributes(attributes);
    delivery.begin_resource(views, resource_.losses());
  }

  void walk_scope_spans(dom::object json, SpanDelivery& delivery) {
    JsonMember scope;
    JsonMember list;
    for (const auto& [name, element] : json) {
      if (name == "scope") scope.set(element);
      if (name == "spans") list.set(element);
    }
    begin_scope(scope, delivery);
    if (!list.is_there()) return;
    for_each_object(list.element(), "spans", problem_, [&](dom::object one) {
      problem_.enter_span(delivery.summary().spans_decoded);
      span_.begin();
      JsonSpanDecoder decoder(span_, problem_);
      model::SpanView span = decoder.decode(one);
      delivery.deliver(span, span_.losses(), decoder.invalid_id());
    });
  }

  void begin_scope(const JsonMember& scope, SpanDelivery& delivery) {
    scope_.begin();
    JsonMember scope_name;
    JsonMember version;
    JsonMember attributes;
    if (scope.is_there()) {
      if (!scope.element().is_object()) return problem_.set("scope", "is not an object");
      for (const auto& [name, element] : dom::object(scope.element().get_object().value_unsafe())) {
        if (name == "name") scope_name.set(element);
        if (name == "version") version.set(element);
        if (name == "attributes") attributes.set(element);
      }
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
