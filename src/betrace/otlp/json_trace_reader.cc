#include "betrace/otlp/json_trace_reader.h"

#include <fmt/format.h>

#include "betrace/base/base64.h"
#include "betrace/otlp/json_fields.h"
#include "betrace/otlp/trace_reader.h"
#include "betrace/otlp/utf8_repair.h"

namespace betrace::otlp {
namespace {

namespace dom = simdjson::dom;

// A parser that grew beyond this is replaced after the request.
constexpr std::size_t kKeptBytesMax = 4u << 20;

// Calls `on_item` with each object of an array; what is neither array nor object is a problem.
template <typename OnItem>
void for_each_object(JsonElement array, std::string_view member, JsonProblem& problem,
                     OnItem on_item) {
  if (array.is_null()) return;
  if (!array.is_array()) return problem.set(member, "is not a list");
  for (const JsonElement item : dom::array(array.get_array().value_unsafe())) {
    if (problem.is_set()) return;
    if (!item.is_object()) return problem.set(member, "has an item that is not an object");
    on_item(dom::object(item.get_object().value_unsafe()));
  }
}

// Returns an absent element as a null.
class Member {
 public:
  void set(JsonElement element) {
    element_ = element;
    is_there_ = !element.is_null();
  }
  [[nodiscard]] bool is_there() const { return is_there_; }
  [[nodiscard]] JsonElement element() const { return element_; }

 private:
  JsonElement element_;
  bool is_there_ = false;
};

// Values and attributes. The depth of the parser bounds how deep these functions call each other.
class JsonValueDecoder {
 public:
  JsonValueDecoder(SpanBuilder& builder, JsonProblem& problem)
      : builder_(builder), problem_(problem) {}

  model::AttributesView attributes(const Member& list) {
    SpanBuilder::Row row = builder_.begin_attributes();
    if (list.is_there()) {
      for_each_object(list.element(), "attributes", problem_, [&](dom::object key_value) {
        builder_.count_attribute(row);
        field(row, key_value);
      });
    }
    return builder_.end_attributes(row);
  }

  std::string_view name(const Member& member, std::string_view name) {
    return builder_.name(member.is_there() ? json_text(member.element(), name, problem_) : "");
  }

 private:
  void field(SpanBuilder::Row& row, dom::object key_value) {
    Member key;
    Member any_value;
    for (const auto& [name, element] : key_value) {
      if (name == "key") key.set(element);
      if (name == "value") any_value.set(element);
    }
    const std::string_view kept_key =
        builder_.key(key.is_there() ? json_text(key.element(), "key", problem_) : "");
    model::ValueView value;
    if (any_value.is_there()) value = this->value_of(any_value.element());
    builder_.add_field(row, kept_key, value);
  }

  model::ValueView value_of(JsonElement any_value) {
    if (any_value.is_object()) return value(any_value.get_object().value_unsafe());
    problem_.set("value", "is not an object");
    return {};
  }

  // Of the members of a oneof the last one counts.
  model::ValueView value(dom::object any_value) {
    std::string_view chosen;
    Member member;
    for (const auto& [name, element] : any_value) {
      if (!is_value_member(name) || element.is_null()) continue;
      chosen = name;
      member.set(element);
    }
    return member.is_there() ? make_value(chosen, member.element()) : model::ValueView();
  }

  static bool is_value_member(std::string_view name) {
    return name == "stringValue" || name == "intValue" || name == "boolValue" ||
           name == "doubleValue" || name == "arrayValue" || name == "kvlistValue" ||
           name == "bytesValue";
  }

  model::ValueView make_value(std::string_view member, JsonElement element) {
    if (member == "stringValue") return builder_.string_value(json_text(element, member, problem_));
    if (member == "intValue") {
      return model::ValueView::integer(json_int64(element, member, problem_));
    }
    if (member == "doubleValue") {
      return model::ValueView::real(json_double(element, member, problem_));
    }
    if (member == "bytesValue") return bytes(json_text(element, member, problem_));
    if (member == "boolValue") {
      if (!element.is_bool()) problem_.set(member, "is not true or false");
      return model::ValueView::boolean(element.is_bool() && element.get_bool().value_unsafe());
    }
    return member == "arrayValue" ? list(element) : map(element);
  }

  model::ValueView bytes(std::string_view base64) {
    const auto decoded = from_base64(base64);
    if (!decoded) problem_.set("bytesValue", "is not base64");
    // Decoded anew, so it must live as long as the views; what the limit cuts need not.
    return decoded ? builder_.owned_bytes_value(*decoded) : model::ValueView();
  }

  // Returns `values` of an ArrayValue or KeyValueList.
  Member values_of(JsonElement message, std::string_view member) {
    Member values;
    if (!message.is_object()) {
      problem_.set(member, "is not an object");
      return values;
    }
    for (const auto& [name, element] : dom::object(message.get_object().value_unsafe())) {
      if (name == "values") values.set(element);
    }
    return values;
  }

  model::ValueView list(JsonElement array_value) {
    SpanBuilder::Row row = builder_.begin_list();
    const Member values = values_of(array_value, "arrayValue");
    if (values.is_there()) {
      for_each_object(values.element(), "values", problem_, [&](dom::object item) {
        builder_.count_item(row);
        builder_.add_item(row, value(item));
      });
    }
    return builder_.end_list(row);
  }

  model::ValueView map(JsonElement key_value_list) {
    SpanBuilder::Row row = builder_.begin_map();
    const Member values = values_of(key_value_list, "kvlistValue");
    if (values.is_there()) {
      for_each_object(values.element(), "values", problem_, [&](dom::object key_value) {
        builder_.count_item(row);
        field(row, key_value);
      });
    }
    return builder_.end_map(row);
  }

  SpanBuilder& builder_;
  JsonProblem& problem_;
};

// One Span object.
class JsonSpanDecoder {
 public:
  JsonSpanDecoder(SpanBuilder& builder, JsonProblem& problem)
      : builder_(builder), problem_(problem), values_(builder, problem) {}

  // Returns the span without resource and scope.
  model::SpanView decode(dom::object json) {
    for (const auto& [name, element] : json) take(name, element);
    span_.name = values_.name(name_, "name");
    span_.trace_id = id<model::TraceId>(trace_id_, "trace_id");
    span_.span_id = id<model::SpanId>(span_id_, "span_id");
    span_.parent_span_id = id<model::SpanId>(parent_span_id_, "parent_span_id");
    if (kind_.is_there()) span_.kind = kind_of(json_enum(kind_.element(), "kind", problem_));
    span_.start_time_unix_nano = time(start_time_, "startTimeUnixNano");
    span_.end_time_unix_nano = time(end_time_, "endTimeUnixNano");
    span_.attributes = values_.attributes(attributes_);
    take_events();
    take_links();
    take_status();
    return span_;
  }

  [[nodiscard]] const char* invalid_id() const { return invalid_id_; }

 private:
  void take(std::string_view name, JsonElement element) {
    if (name == "traceId") trace_id_.set(element);
    if (name == "spanId") span_id_.set(element);
    if (name == "parentSpanId") parent_span_id_.set(element);
    if (name == "name") name_.set(element);
    if (name == "kind") kind_.set(element);
    if (name == "startTimeUnixNano") start_time_.set(element);
    if (name == "endTimeUnixNano") end_time_.set(element);
    if (name == "attributes") attributes_.set(element);
    if (name == "events") events_.set(element);
    if (name == "links") links_.set(element);
    if (name == "status") status_.set(element);
  }

  static model::SpanKind kind_of(std::int64_t number) {
    return number >= 0 && number <= 5 ? static_cast<model::SpanKind>(number)
                                      : model::SpanKind::Unspecified;
  }

  template <typename IdType>
  IdType id(const Member& member, const char* name) {
    IdType id;
    const std::string_view text =
        member.is_there() ? json_text(member.element(), name, problem_) : "";
    if (!text.empty() && !IdType::parse(text, &id)) {
      invalid_id_ = name;
      return IdType{};
    }
    return id;
  }

  std::uint64_t time(const Member& member, std::string_view name) {
    return member.is_there() ? json_uint64(member.element(), name, problem_) : 0;
  }

  void take_events() {
    SpanBuilder::Row row = builder_.begin_events();
    if (events_.is_there()) {
      for_each_object(events_.element(), "events", problem_, [&](dom::object json) {
        builder_.count_event(row);
        builder_.add_event(row, event(json));
      });
    }
    span_.events = builder_.end_events(row);
  }

  model::EventView event(dom::object json) {
    Member event_time;
    Member event_name;
    Member attributes;
    for (const auto& [name, element] : json) {
      if (name == "timeUnixNano") event_time.set(element);
      if (name == "name") event_name.set(element);
      if (name == "attributes") attributes.set(element);
    }
    model::EventView event;
    event.time_unix_nano = time(event_time, "timeUnixNano");
    event.name = values_.name(event_name, "name");
    event.attributes = values_.attributes(attributes);
    return event;
  }

  void take_links() {
    SpanBuilder::Row row = builder_.begin_links();
    if (links_.is_there()) {
      for_each_object(links_.element(), "links", problem_, [&](dom::object json) {
        builder_.count_link(row);
        builder_.add_link(row, link(json));
      });
    }
    span_.links = builder_.end_links(row);
  }

  model::LinkView link(dom::object json) {
    Member trace_id;
    Member span_id;
    Member attributes;
    for (const auto& [name, element] : json) {
      if (name == "traceId") trace_id.set(element);
      if (name == "spanId") span_id.set(element);
      if (name == "attributes") attributes.set(element);
    }
    model::LinkView link;
    link.trace_id = id<model::TraceId>(trace_id, "link trace_id");
    link.span_id = id<model::SpanId>(span_id, "link span_id");
    link.attributes = values_.attributes(attributes);
    return link;
  }

  void take_status() {
    if (!status_.is_there()) return;
    if (!status_.element().is_object()) return problem_.set("status", "is not an object");
    Member code;
    Member message;
    const dom::object json = status_.element().get_object().value_unsafe();
    for (const auto& [name, element] : json) {
      if (name == "code") code.set(element);
      if (name == "message") message.set(element);
    }
    span_.status_message = values_.name(message, "status.message");
    const std::int64_t number =
        code.is_there() ? json_enum(code.element(), "status.code", problem_) : 0;
    span_.status_code = number >= 0 && number <= 2 ? static_cast<model::StatusCode>(number)
                                                   : model::StatusCode::Unset;
  }

  SpanBuilder& builder_;
  JsonProblem& problem_;
  JsonValueDecoder values_;
  model::SpanView span_;
  Member trace_id_, span_id_, parent_span_id_, name_, kind_, start_time_, end_time_, attributes_,
      events_, links_, status_;
  const char* invalid_id_ = nullptr;
};

}  // namespace

class JsonTraceReader::Core {
 public:
  explicit Core(const ReaderLimits& limits)
      : limits_(limits), resource_(limits), scope_(limits), span_(limits) {
    renew_parser();
  }

  Result<ReadSummary> read(std::string_view json, const SpanCallback& on_span) {
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

  // Twice the same walk: the first finds what is wrong, so that the second delivers all or nothing.
  Result<ReadSummary> decode(JsonElement request, const SpanCallback& on_span) {
    if (!request.is_object()) return fail(malformed("the request is not an object"));
    const dom::object json = request.get_object().value_unsafe();
    const SpanCallback nothing = [](const model::SpanView&) {};
    const ReadSummary checked = walk(json, nothing);
    if (problem_.is_set()) return fail(malformed(problem_.message()));
    if (checked.spans_decoded > limits_.spans_max) {
      return too_many_spans(checked.spans_decoded, limits_.spans_max);
    }
    return walk(json, on_span);
  }

  ReadSummary walk(dom::object request, const SpanCallback& on_span) {
    problem_ = JsonProblem();
    SpanDelivery delivery(on_span);
    Member list;
    for (const auto& [name, element] : request) {
      if (name == "resourceSpans") list.set(element);
    }
    if (list.is_there()) {
      for_each_object(list.element(), "resourceSpans", problem_,
                      [&](dom::object json) { walk_resource_spans(json, delivery); });
    }
    return delivery.summary();
  }

  void walk_resource_spans(dom::object json, SpanDelivery& delivery) {
    Member resource;
    Member list;
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

  void begin_resource(const Member& resource, SpanDelivery& delivery) {
    resource_.begin();
    Member attributes;
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
    Member scope;
    Member list;
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

  void begin_scope(const Member& scope, SpanDelivery& delivery) {
    scope_.begin();
    Member scope_name;
    Member version;
    Member attributes;
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

Result<ReadSummary> JsonTraceReader::read(std::string_view json, const SpanCallback& on_span) {
  return core_->read(json, on_span);
}

}  // namespace betrace::otlp
