#include "betrace/http/call_session.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "betrace/base/check.h"

namespace betrace::http {
namespace {

using std::chrono::milliseconds;

constexpr MonotonicTime kNever = MonotonicTime::max();
/// How often calls that were held back ask for credit again: others may have returned theirs.
constexpr milliseconds kHeldInterval{20};

H2Limits h2_limits(const CallService& service) {
  H2Limits limits;
  limits.streams_max = service.options.limits.streams_max;
  limits.stream_window_bytes = service.options.limits.stream_window_bytes;
  limits.connection_window_bytes = service.options.limits.connection_window_bytes;
  limits.header_bytes = static_cast<std::uint32_t>(service.server.header_bytes);
  return limits;
}

Headers call_head_fields(int http_status) {
  Headers fields;
  fields.add(":status", fmt::format("{}", http_status));
  fields.add("content-type", "application/grpc");
  return fields;
}

void add_status(const CallStatus& status, Headers* fields) {
  fields->add("grpc-status", fmt::format("{}", static_cast<int>(status.code)));
  if (!status.message.empty()) fields->add("grpc-message", encode_call_message(status.message));
  if (!status.details.empty()) {
    fields->add("grpc-status-details-bin", encode_call_bytes(status.details));
  }
}

Headers status_trailers(const CallStatus& status) {
  Headers fields;
  add_status(status, &fields);
  return fields;
}

/// Up to a tenth more or less.
milliseconds with_jitter(milliseconds time, std::uint32_t jitter) {
  const auto share = static_cast<std::int64_t>(jitter % 201) - 100;  // of a thousandth
  return time + time * share / 1'000;
}

}  // namespace

struct CallSession::OpenCall {
  OpenCall(CallService& service, const std::string& remote_address,
           const std::vector<std::string>& certificate_names, MonotonicTime now)
      : exchange(service, remote_address, certificate_names), begun(now) {}

  CallExchange exchange;
  const MonotonicTime begun;
  Stage stage = Stage::Head;
  std::optional<MonotonicTime> timeout_at;
  std::size_t received = 0;  // bytes of the body
  std::size_t lent = 0;      // of the credit of the service
  MonotonicTime answered{};  // from Answered on
  std::string last_message;  // of a watch
  bool is_finished = false;  // and told to the observer
  bool is_watch = false;     // counted as one
};

CallSession::CallSession(CallService& service, std::string remote_address, MonotonicTime now,
                         std::uint32_t jitter)
    : service_(service),
      remote_address_(std::move(remote_address)),
      session_(h2_limits(service), *this),
      now_(now),
      begun_(now),
      last_call_(now),
      last_received_(now),
      next_look_(kNever),
      old_at_(kNever) {
  const milliseconds age_max = service.options.limits.age_max;
  if (age_max.count() > 0) old_at_ = now + with_jitter(age_max, jitter);
}

CallSession::~CallSession() {
  for (auto& [stream, call] : calls_) {
    if (!call.is_finished) finished(call, RpcCode::Cancelled);
    return_credit(call);
  }
}

void CallSession::receive(std::string_view bytes, MonotonicTime now) {
  now_ = now;
  last_received_ = now;
  pinged_.reset();
  session_.receive(bytes, now);
  grant_held();
  tell_abuse();
}

bool CallSession::take_output(std::string* out, std::size_t bytes_max) {
  const bool has_output = session_.take_output(out, bytes_max);
  tell_abuse();
  return has_output;
}

void CallSession::tell_abuse() {
  const auto abuse = session_.abuse();
  if (!abuse || abuse_is_told_) return;
  abuse_is_told_ = true;
  service_.observer->h2_abused(name_of(*abuse));
}

CallSession::OpenCall* CallSession::find(std::int32_t stream) {
  const auto found = calls_.find(stream);
  return found == calls_.end() ? nullptr : &found->second;
}

void CallSession::head_begun(std::int32_t stream) {
  calls_.try_emplace(stream, service_, remote_address_, certificate_names_, now_);
}

void CallSession::field(std::int32_t stream, std::string_view name, std::string_view value) {
  if (OpenCall* call = find(stream)) call->exchange.add_field(name, value);
}

void CallSession::head_ended(std::int32_t stream) {
  OpenCall* call = find(stream);
  if (call == nullptr || call->stage != Stage::Head) return;
  call->stage = Stage::Message;
  if (const auto refusal = call->exchange.open()) return refuse(stream, *call, *refusal);
  if (const auto timeout = call->exchange.timeout()) call->timeout_at = call->begun + *timeout;
  if (call->exchange.is_watch() && watches_ >= service_.options.limits.watches_max) {
    service_.observer->call_refused("grpc_watches");
    refuse(stream, *call,
           CallStatus{RpcCode::ResourceExhausted, "too many watches on a connection", ""});
  }
}

void CallSession::data(std::int32_t stream, std::string_view bytes) {
  // What has come is copied or dropped at once, so the connection's credit never waits; how much
  // may lie in memory is bounded by the credit of the streams.
  session_.consume(bytes.size());
  OpenCall* call = find(stream);
  if (call == nullptr || (call->stage != Stage::Message && call->stage != Stage::Held)) return;
  const bool was_known = call->exchange.declared_bytes().has_value();
  call->received += bytes.size();
  if (const auto refusal = call->exchange.take(bytes)) return refuse(stream, *call, *refusal);
  if (!was_known && call->exchange.declared_bytes()) grant(stream, *call);
}

/// Lets the whole message come if it does not fit in what the peer may send anyway.
void CallSession::grant(std::int32_t stream, OpenCall& call) {
  const std::size_t missing = *call.exchange.declared_bytes() - call.received;
  const std::size_t credit = session_.stream_credit(stream);
  const bool was_held = call.stage == Stage::Held;
  call.stage = Stage::Message;
  if (missing > credit) {
    if (service_.credit.lend(missing)) {
      call.lent = missing;
      session_.add_stream_credit(stream, missing - credit);
    } else {
      call.stage = Stage::Held;
    }
  }
  const bool is_held = call.stage == Stage::Held;
  held_ = held_ + (is_held ? 1 : 0) - (was_held ? 1 : 0);
}

/// The oldest call first; none overtakes it.
void CallSession::grant_held() {
  if (held_ == 0) return;
  for (auto& [stream, call] : calls_) {
    if (call.stage != Stage::Held) continue;
    grant(stream, call);
    if (call.stage == Stage::Held) return;
  }
}

void CallSession::return_credit(OpenCall& call) {
  if (call.lent > 0) service_.credit.give_back(std::exchange(call.lent, 0));
}

void CallSession::request_ended(std::int32_t stream) {
  OpenCall* call = find(stream);
  if (call == nullptr || (call->stage != Stage::Message && call->stage != Stage::Held)) return;
  if (call->timeout_at && now_ >= *call->timeout_at) {
    return refuse(stream, *call,
                  CallStatus{RpcCode::DeadlineExceeded, "the call came too late", ""});
  }
  reply(stream, *call, call->exchange.answer());
}

void CallSession::refuse(std::int32_t stream, OpenCall& call, CallStatus status) {
  CallRefusal refusal;
  refusal.status = std::move(status);
  refuse(stream, call, refusal);
}

void CallSession::refuse(std::int32_t stream, OpenCall& call, const CallRefusal& refusal) {
  Headers fields = call_head_fields(refusal.http_status);
  add_status(refusal.status, &fields);
  if (refusal.names_encodings) fields.add("grpc-accept-encoding", "identity,gzip");
  session_.send_head_alone(stream, fields);
  finished(call, refusal.status.code);
}

void CallSession::reply(std::int32_t stream, OpenCall& call, CallReply reply) {
  if (reply.status.code != RpcCode::Ok) return refuse(stream, call, std::move(reply.status));
  if (!is_proven_) {
    is_proven_ = true;
    fit_windows();
  }
  static const Headers kHead = call_head_fields(200);
  session_.send_head(stream, kHead);
  session_.send_data(stream, message_frame(reply.message));
  if (call.exchange.is_watch()) return begin_watch(stream, call, std::move(reply));
  session_.send_trailers(stream, status_trailers(reply.status));
  finished(call, RpcCode::Ok);
}

void CallSession::begin_watch(std::int32_t stream, OpenCall& call, CallReply reply) {
  call.stage = Stage::Watching;
  call.last_message = std::move(reply.message);
  call.is_watch = true;
  return_credit(call);
  if (++watches_ == 1) next_look_ = now_ + service_.options.limits.watch_interval;
  if (draining_) end_watch(stream, call, {});
}

void CallSession::end_watch(std::int32_t stream, OpenCall& call, const CallStatus& status) {
  session_.send_trailers(stream, status_trailers(status));
  finished(call, status.code);
}

/// Sends what a watch shows now, if that is new. A peer that does not take the last message gets
/// the state that holds when it does.
void CallSession::look_again(std::int32_t stream, OpenCall& call) {
  if (session_.has_unsent_data(stream)) return;
  CallReply reply = call.exchange.answer_again();
  if (reply.status.code != RpcCode::Ok) return end_watch(stream, call, reply.status);
  if (reply.message == call.last_message) return;
  call.last_message = std::move(reply.message);
  session_.send_data(stream, message_frame(call.last_message));
}

void CallSession::finished(OpenCall& call, RpcCode code) {
  BETRACE_CHECK(!call.is_finished);
  if (call.stage == Stage::Held) --held_;
  call.stage = Stage::Answered;
  call.answered = now_;
  call.is_finished = true;
  if (std::exchange(call.is_watch, false) && --watches_ == 0) next_look_ = kNever;
  return_credit(call);
  call.exchange.release();
  const std::chrono::duration<double> taken = now_ - call.begun;
  service_.observer->call_finished(
      {call.exchange.label(), name_of(code), taken.count(), call.exchange.head()});
  if (is_proven_) fit_windows();
}

void CallSession::closed(std::int32_t stream) {
  OpenCall* call = find(stream);
  if (call == nullptr) return;
  if (!call->is_finished) finished(*call, RpcCode::Cancelled);
  calls_.erase(stream);
  last_call_ = now_;
}

/// Once a peer has proven itself, its calls may begin with a whole message on their way, so that no
/// call waits for a round trip; not while memory for messages runs short.
void CallSession::fit_windows() {
  const CallLimits& limits = service_.options.limits;
  const std::size_t used = service_.bodies->bytes();
  const std::size_t all = service_.server.bodies_bytes;
  const bool is_wide = is_wide_ ? used <= all / 2 : used <= all / 4;
  if (is_wide == is_wide_) return;
  is_wide_ = is_wide;
  const std::size_t whole =
      std::min<std::size_t>(kMessagePrefixBytes + limits.message_bytes_max, std::size_t{1} << 30);
  const auto wide =
      static_cast<std::uint32_t>(std::max<std::size_t>(whole, limits.stream_window_bytes));
  session_.set_windows(is_wide ? wide : limits.stream_window_bytes,
                       std::max(wide, limits.connection_window_bytes));
}

void CallSession::on_time(MonotonicTime now) {
  now_ = now;
  grant_held();
  const bool is_look_due = now >= next_look_;
  if (is_look_due) next_look_ = now + service_.options.limits.watch_interval;
  for (auto& [stream, call] : calls_) {
    if (is_look_due && call.stage == Stage::Watching) look_again(stream, call);
    if (now >= deadline_of(call)) on_call_time(stream, call);
  }
  on_connection_time();
}

void CallSession::on_call_time(std::int32_t stream, OpenCall& call) {
  const bool is_expired = call.timeout_at && now_ >= *call.timeout_at;
  switch (call.stage) {
    case Stage::Head:
      service_.observer->timed_out("header");
      is_cut_ = true;  // the head is unfinished, so nothing else can come on this connection
      return;
    case Stage::Answered:
      service_.observer->timed_out("write");
      session_.cancel(stream);
      call.answered = kNever;
      return;
    case Stage::Watching:
      return end_watch(stream, call, {RpcCode::DeadlineExceeded, "the time is over", ""});
    case Stage::Held:
      if (is_expired) break;
      service_.observer->call_refused("bodies_bytes");
      return refuse(stream, call, service_.retry_later("no memory is free for messages"));
    case Stage::Message:
      if (!is_expired) service_.observer->timed_out("body");
      break;
  }
  refuse(stream, call, CallStatus{RpcCode::DeadlineExceeded, "the message took too long", ""});
}

MonotonicTime CallSession::deadline_of(const OpenCall& call) const {
  const ServerLimits& limits = service_.server;
  MonotonicTime deadline = kNever;
  switch (call.stage) {
    case Stage::Head:
      return call.begun + limits.header_time;
    case Stage::Answered:
      return call.answered == kNever ? kNever : call.answered + limits.body_time;
    case Stage::Message:
      deadline = call.begun + limits.body_time;
      if (limits.min_rate > 0) {
        const milliseconds earned(call.received * 1'000 / limits.min_rate);
        deadline = std::min<MonotonicTime>(deadline, call.begun + limits.rate_grace + earned);
      }
      break;
    case Stage::Held:
      deadline = call.begun + limits.body_time;
      break;
    case Stage::Watching:
      break;
  }
  return call.timeout_at ? std::min(deadline, *call.timeout_at) : deadline;
}

MonotonicTime CallSession::next_deadline() const {
  MonotonicTime next = std::min(next_look_, connection_deadline());
  for (const auto& [stream, call] : calls_) next = std::min(next, deadline_of(call));
  if (held_ > 0) next = std::min<MonotonicTime>(next, now_ + kHeldInterval);
  return next;
}

MonotonicTime CallSession::connection_deadline() const {
  const CallLimits& limits = service_.options.limits;
  if (!has_settings_) return begun_ + service_.server.header_time;
  MonotonicTime next =
      pinged_ ? *pinged_ + limits.keepalive_ack : last_received_ + limits.keepalive_time;
  if (draining_) {
    const milliseconds wait = is_ending_ ? service_.server.body_time : limits.drain_time;
    if (!is_ending_ || calls_.empty()) next = std::min<MonotonicTime>(next, *draining_ + wait);
    return next;
  }
  next = std::min(next, old_at_);
  if (calls_.empty()) {
    next = std::min<MonotonicTime>(next, last_call_ + service_.server.idle_time);
  }
  return next;
}

void CallSession::on_connection_time() {
  if (now_ < connection_deadline()) return;
  const CallLimits& limits = service_.options.limits;
  if (!has_settings_) {
    service_.observer->timed_out("header");
    is_cut_ = true;
  } else if (pinged_ && now_ >= *pinged_ + limits.keepalive_ack) {
    service_.observer->timed_out("idle");
    is_cut_ = true;
  } else if (!pinged_ && now_ >= last_received_ + limits.keepalive_time) {
    pinged_ = now_;
    session_.ping();
  } else if (is_ending_) {
    is_cut_ = true;
  } else if (draining_) {
    is_ending_ = true;
    session_.end();
  } else {
    if (now_ < old_at_) service_.observer->timed_out("idle");
    drain(now_);
  }
}

void CallSession::drain(MonotonicTime now) {
  if (draining_) return;
  now_ = now;
  draining_ = now;
  session_.announce_end();
  for (auto& [stream, call] : calls_) {
    if (call.stage != Stage::Watching) continue;
    look_again(stream, call);
    if (call.stage == Stage::Watching) end_watch(stream, call, {});
  }
}

/// The peer has seen the announcement: no call that it began before is lost now.
void CallSession::ping_acknowledged() {
  pinged_.reset();
  if (!draining_ || is_ending_) return;
  is_ending_ = true;
  session_.end();
}

}  // namespace betrace::http
