// Small constructors of checked conditions and values.
//
// Used by the checker, so that it reads as what it says and not as how nodes are filled.
#pragma once

#include <memory>
#include <string>
#include <utility>

#include "betrace/rules/condition.h"

namespace betrace::rules {

using ConditionPointer = std::unique_ptr<Condition>;
using ValuePointer = std::unique_ptr<Value>;

[[nodiscard]] ConditionPointer make_condition(Condition::Kind kind, SourceRange range);
[[nodiscard]] ValuePointer make_value(Value::Kind kind, SourceRange range);
[[nodiscard]] ValuePointer make_text(std::string text, SourceRange range);
[[nodiscard]] ValuePointer make_nil(SourceRange range);

/// `not child`
[[nodiscard]] ConditionPointer make_not(ConditionPointer child);
/// `first kind second`; just `first` if there is no second.
[[nodiscard]] ConditionPointer join(Condition::Kind kind, ConditionPointer first,
                                    ConditionPointer second);
/// Some span of the trace fits `candidate`.
[[nodiscard]] ConditionPointer make_exists(ConditionPointer candidate, SourceRange range);
[[nodiscard]] ConditionPointer make_compare(ValuePointer left, CompareOp op, ValuePointer right,
                                            SourceRange range);
/// `span.name == name`
[[nodiscard]] ConditionPointer name_test(std::string name, SourceRange range);
/// `event.name == name`
[[nodiscard]] ConditionPointer event_name_test(std::string name, SourceRange range);
/// A value alone as a condition.
[[nodiscard]] ConditionPointer make_truthy(ValuePointer value);

/// A field or attribute of `span`, `anchor`, ... as `kind` says.
[[nodiscard]] ValuePointer make_span_field(SpanRef span, SpanField field, SourceRange range);
[[nodiscard]] ValuePointer make_keyed(Value::Kind kind, std::string key, SourceRange range,
                                      SpanRef span = {});

}  // namespace betrace::rules
