#include "betrace/app/eval.h"

#include <algorithm>
#include <istream>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include "betrace/base/json.h"
#include "betrace/base/utf8.h"
#include "betrace/otlp/json_span_reader.h"
#include "betrace/rules/checked_rule.h"
#include "betrace/rules/naive_evaluator.h"

namespace betrace::app {
namespace {

using OrderedJson = nlohmann::ordered_json;

constexpr std::size_t kWitnessesMax = 32;

OrderedJson error_json(std::string_view code, std::uint32_t line, std::uint32_t column,
                       std::string_view message, std::string_view hint) {
  return {{"code", code}, {"line", line}, {"column", column}, {"message", message}, {"hint", hint}};
}

constexpr std::string_view kLineForm =
    "a line is one object: name, expr, and optionally spans, a list of the spans of one trace";

OrderedJson unreadable(const OrderedJson& name, std::string_view code, std::string_view message) {
  return {{"name", name},
          {"valid", false},
          {"error", error_json(code, 1, 1, message, kLineForm)},
          {"warnings", OrderedJson::array()}};
}

OrderedJson refused(const OrderedJson& name, const rules::Diagnostic& error) {
  return {{"name", name},
          {"valid", false},
          {"error", error_json(rules::name_of(error.code), error.line, error.column, error.message,
                               error.hint)},
          {"warnings", OrderedJson::array()}};
}

// Ids of what the violation cites: all violating spans in span scope, else the kept witnesses.
OrderedJson witness_ids(const rules::CheckedRule& rule, const rules::Evaluation& evaluation,
                        const rules::LinkedTrace& trace) {
  const bool is_span_scope = rule.scope == rules::Scope::Span;
  const auto& cited = is_span_scope ? evaluation.violating : evaluation.witnesses;
  const std::size_t count = is_span_scope ? cited.size() : std::min(cited.size(), kWitnessesMax);
  std::vector<std::string> ids;
  for (std::size_t i = 0; i < count; ++i) ids.push_back(trace.span(cited[i]).span_id.hex());
  std::ranges::sort(ids);
  return ids;
}

// Adds what the rule says of the spans, in order of arrival.
void judge(const rules::CheckedRule& rule, const std::vector<model::KeptSpan>& spans,
           OrderedJson* answer) {
  std::vector<const model::SpanView*> views;
  for (const model::KeptSpan& span : spans) views.push_back(&span.view());
  const rules::LinkedTrace trace(views);
  const rules::Evaluation evaluation = rules::evaluate(rule, trace);
  if (!evaluation.evaluated) {
    (*answer)["matched"] = nullptr;
    (*answer)["evaluation_error"] = "budget";
    (*answer)["witness_span_ids"] = OrderedJson::array();
    return;
  }
  (*answer)["matched"] = evaluation.matched;
  (*answer)["witness_span_ids"] = witness_ids(rule, evaluation, trace);
}

bool is_one_trace(const std::vector<model::KeptSpan>& spans) {
  return std::ranges::all_of(spans, [&spans](const model::KeptSpan& span) {
    return span.view().trace_id == spans.front().view().trace_id;
  });
}

// Reads the spans of a line; the message says which one is wrong and why.
Result<std::vector<model::KeptSpan>> read_spans(const Json& line) {
  if (!line.contains("spans")) return std::vector<model::KeptSpan>();
  otlp::JsonSpanOptions options;
  options.generate_ids = true;
  auto read = otlp::read_json_spans(line.at("spans"), options);
  if (!read) return fail(read.error());
  if (!read->rejections.empty()) {
    const auto& [index, rejection] = read->rejections.front();
    return fail(ErrorCode::InvalidArgument,
                "spans[" + std::to_string(index) + "]: " + rejection.message);
  }
  if (!is_one_trace(read->spans)) {
    return fail(ErrorCode::InvalidArgument, "spans: of more than one trace");
  }
  return std::move(read->spans);
}

OrderedJson answer_line(const std::string& text) {
  if (!is_utf8(text)) return unreadable(nullptr, "E_UTF8", "the line is not valid UTF-8");
  const auto line = parse_json(text);
  if (!line) return unreadable(nullptr, "E_INPUT", line.error().message);
  if (!line->is_object()) return unreadable(nullptr, "E_INPUT", "the line is not an object");
  const OrderedJson name = line->contains("name") ? OrderedJson(line->at("name")) : OrderedJson();
  if (!line->contains("expr") || !line->at("expr").is_string()) {
    return unreadable(name, "E_INPUT", "expr is missing or not a text");
  }
  const auto rule = rules::check_rule(line->at("expr").get_ref<const std::string&>());
  if (!rule) return refused(name, rule.error());
  const auto spans = read_spans(*line);
  if (!spans) return unreadable(name, "E_INPUT", spans.error().message);
  OrderedJson warnings = OrderedJson::array();
  for (const rules::Diagnostic& warning : rule->warnings) {
    warnings.push_back(rules::name_of(warning.code));
  }
  OrderedJson answer = {{"name", name},
                        {"valid", true},
                        {"warnings", std::move(warnings)},
                        {"scope", rules::name_of(rule->scope)},
                        {"monotone", rule->monotone}};
  judge(*rule, *spans, &answer);
  return answer;
}

// Reads one line of at most `bytes_max`; of a longer one the rest is skipped and `*is_cut` set.
bool read_line(std::istream& in, std::size_t bytes_max, std::string* line, bool* is_cut) {
  line->clear();
  *is_cut = false;
  std::streambuf& buffer = *in.rdbuf();
  constexpr int kEnd = std::char_traits<char>::eof();
  int c = buffer.sbumpc();
  if (c == kEnd) return false;
  for (; c != kEnd && c != '\n'; c = buffer.sbumpc()) {
    if (line->size() < bytes_max) {
      line->push_back(static_cast<char>(c));
    } else {
      *is_cut = true;
    }
  }
  return true;
}

}  // namespace

int run_eval(std::istream& in, std::ostream& out) {
  std::string line;
  bool is_cut = false;
  while (read_line(in, kEvalLineBytesMax, &line, &is_cut)) {
    if (line.find_first_not_of(" \t\r") == std::string::npos) continue;
    const OrderedJson answer =
        is_cut ? unreadable(nullptr, "E_INPUT", "the line is longer than 64 MiB")
               : answer_line(line);
    out << answer.dump(-1, ' ', false, OrderedJson::error_handler_t::replace) << '\n' << std::flush;
  }
  return 0;
}

}  // namespace betrace::app
