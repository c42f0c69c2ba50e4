#include "betrace/app/demo.h"

#include <fmt/format.h>
#include <fmt/ostream.h>

#include <algorithm>
#include <chrono>
#include <ostream>
#include <random>
#include <thread>

#include "betrace/app/counted.h"
#include "betrace/app/demo_shop.h"
#include "betrace/app/demo_watch.h"
#include "betrace/http/client.h"
#include "betrace/otlp/trace_writer.h"

namespace betrace::app {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kTick{200};
constexpr milliseconds kBackOff{1'000};
constexpr std::size_t kTracesPerTickMax = 200;
// After the last trace the server may take this long to close and judge it.
constexpr milliseconds kSettleMax{90'000};

std::uint64_t random_run() {
  std::random_device device;
  return std::uint64_t{device()} << 32 | device();
}

http::ClientOptions otlp_door(const DemoOptions& options) {
  http::ClientOptions door = options.server;
  door.port = options.otlp_port;
  return door;
}

// Sends the shop's traces and keeps account of the faults in them.
class Traffic {
 public:
  Traffic(const DemoOptions& options, std::uint64_t seed)
      : options_(options),
        shop_(seed, random_run(), options.fault_rate),
        client_(otlp_door(options)),
        started_(read_clocks().monotonic) {}

  [[nodiscard]] bool is_done() const {
    return options_.traces != 0 && traces_sent_ == options_.traces;
  }

  // Sends the traces that are due by now in one request.
  Result<void> send_due() {
    std::vector<ShopTrace> due;
    for (std::size_t count = due_count(); count > 0; --count) {
      due.push_back(shop_.next(read_clocks().wall));
    }
    if (due.empty()) return {};
    std::vector<model::SpanView> views;
    for (const ShopTrace& trace : due) {
      for (const model::KeptSpan& span : trace.spans) views.push_back(span.view());
    }
    const std::string body = otlp::write_protobuf(views);
    const auto reply = client_.post("/v1/traces", "application/x-protobuf", body);
    if (!reply) return fail(reply.error());
    if (reply->status != 200) {
      return fail(ErrorCode::Unavailable,
                  fmt::format("POST /v1/traces answered {}", reply->status));
    }
    for (const ShopTrace& trace : due) account(trace);
    return {};
  }

  [[nodiscard]] std::uint64_t traces_sent() const { return traces_sent_; }
  [[nodiscard]] std::uint64_t spans_sent() const { return spans_sent_; }
  // Trace id (hex) -> the rule that it breaks.
  [[nodiscard]] const std::map<std::string, std::string>& faults() const { return faults_; }

 private:
  [[nodiscard]] std::size_t due_count() const {
    std::uint64_t due = traces_sent_ + kTracesPerTickMax;
    if (options_.rate > 0) {
      const std::chrono::duration<double> passed = read_clocks().monotonic - started_;
      due = std::min(due, static_cast<std::uint64_t>(passed.count() * options_.rate) + 1);
    }
    if (options_.traces != 0) due = std::min(due, options_.traces);
    return due > traces_sent_ ? static_cast<std::size_t>(due - traces_sent_) : 0;
  }

  void account(const ShopTrace& trace) {
    ++traces_sent_;
    spans_sent_ += trace.spans.size();
    if (!trace.broken_rule.empty()) {
      faults_[trace.spans.front().view().trace_id.hex()] = trace.broken_rule;
    }
  }

  const DemoOptions& options_;
  Shop shop_;
  http::Client client_;
  MonotonicTime started_;
  std::uint64_t traces_sent_ = 0;
  std::uint64_t spans_sent_ = 0;
  std::map<std::string, std::string> faults_;
};

// True if every fault was seen under its rule; counts what was seen and not sent.
bool is_settled(const Traffic& traffic, const ViolationWatch& watch) {
  for (const auto& [trace, rule] : traffic.faults()) {
    const auto found = watch.seen().find(trace);
    if (found == watch.seen().end() || !found->second.contains(rule)) return false;
  }
  return true;
}

int summarize(const Traffic& traffic, const ViolationWatch& watch, std::ostream& out) {
  std::size_t found = 0;
  std::size_t unexpected = 0;
  for (const auto& [trace, rules] : watch.seen()) {
    const auto fault = traffic.faults().find(trace);
    for (const std::string& rule : rules) {
      const bool is_expected = fault != traffic.faults().end() && fault->second == rule;
      (is_expected ? found : unexpected) += 1;
    }
  }
  fmt::print(out, "\nsent {} ({}), {} of them with a fault; found {}, unexpected {}\n",
             counted(traffic.traces_sent(), "trace"), counted(traffic.spans_sent(), "span"),
             traffic.faults().size(), found, unexpected);
  return found == traffic.faults().size() && unexpected == 0 ? 0 : 1;
}

// Sends and prints until all traces are sent or it is stopped; false if it was stopped.
bool send_all(Traffic& traffic, ViolationWatch& watch, StopSignal& stop, std::ostream& out,
              std::ostream& err) {
  while (!traffic.is_done()) {
    auto step = traffic.send_due();
    if (step) step = watch.print_new(out);
    if (!step) fmt::print(err, "demo: {}; trying again\n", step.error().message);
    if (stop.wait_for(step ? kTick : kBackOff) == SignalSeen::Stop) return false;
  }
  return true;
}

}  // namespace

int run_demo(const DemoOptions& options, StopSignal& stop, std::ostream& out, std::ostream& err) {
  const std::uint64_t seed = options.seed != 0 ? options.seed : std::random_device()();
  Traffic traffic(options, seed);
  const http::ClientOptions& server = options.server;
  const std::string url = fmt::format(
      "{}://{}:{}", server.tls_certificate.empty() ? "http" : "https", server.host, server.port);
  ViolationWatch watch(http::Client(server), url, options.colour);
  if (const auto ready = watch.skip_present(); !ready) {
    fmt::print(err, "demo: no server at {}: {}; start one with `betrace serve`, or use --serve\n",
               url, ready.error().message);
    return 1;
  }
  fmt::print(out, "sending {} traces a second, {:.0f} % with a fault (seed {}); Ctrl-C ends it\n\n",
             options.rate > 0 ? fmt::format("{}", options.rate) : "as many as possible",
             options.fault_rate * 100, seed);
  out.flush();
  const bool sent_all = send_all(traffic, watch, stop, out, err);
  const auto deadline = read_clocks().monotonic + kSettleMax;
  while (sent_all && !is_settled(traffic, watch) && read_clocks().monotonic < deadline) {
    if (stop.wait_for(kTick) == SignalSeen::Stop || !watch.print_new(out)) break;
  }
  const int code = summarize(traffic, watch, out);
  return sent_all ? code : 0;
}

}  // namespace betrace::app
