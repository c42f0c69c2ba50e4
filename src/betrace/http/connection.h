// One client's connection: receives heads and bodies within their time, lets an Exchange answer,
// sends, and starts over. Moves bytes only; what they mean is decided in head_reader.h,
// chunk_decoder.h and exchange.h. Internal: included by server.cc alone.
#pragma once

#include <algorithm>
#include <chrono>
#include <ctime>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "betrace/base/time.h"
#include "betrace/http/channel.h"
#include "betrace/http/chunk_decoder.h"
#include "betrace/http/exchange.h"
#include "betrace/http/head_reader.h"
#include "betrace/http/reply_writer.h"
#include "betrace/http/request_id.h"
#include "betrace/http/served_connection.h"

namespace betrace::http {

/// Lives on one thread of the server: every function is called there. Owned by serve().
class Connection : public ServedConnection, public std::enable_shared_from_this<Connection> {
 public:
  /// Requires: `service` and `pool` live longer.
  Connection(Channel channel, std::string address, const Service& service, asio::thread_pool& pool)
      : channel_(std::move(channel)),
        timer_(channel_.socket().get_executor()),
        service_(service),
        pool_(pool),
        address_(std::move(address)),
        reader_({service.limits.headers, service.limits.header_bytes, service.limits.line_bytes}) {}

  asio::awaitable<void> serve() override;
  void drain() override;
  void cut() override;

 private:
  using Clock = std::chrono::steady_clock;
  enum class Phase : std::uint8_t { Handshake, Idle, Header, Body, Answer, Write, Linger };
  enum class Received : std::uint8_t { Complete, Refused, Closed };

  static constexpr std::size_t kHeadStep = 4 * 1024;
  static constexpr std::size_t kBodyStep = 64 * 1024;
  /// A refused body up to this size is received and forgotten, so that the connection lives on.
  static constexpr std::size_t kSkippedBytesMax = 1024 * 1024;
  static constexpr std::chrono::milliseconds kLingerTime{2'000};
  /// How long a stream that has nothing to send is left alone.
  static constexpr std::chrono::milliseconds kStreamPause{25};
  /// What the system may hold of a stream for a reader who is slow.
  static constexpr int kStreamBufferBytes = 64 * 1024;

  asio::awaitable<bool> shake_hands();
  asio::awaitable<bool> serve_one();
  asio::awaitable<Received> receive_head();
  asio::awaitable<Received> receive_body(Exchange& exchange, BodyBuffer& body);
  asio::awaitable<Received> receive_length(BodyBuffer& body);
  asio::awaitable<Received> receive_chunks(std::size_t bytes_max, BodyBuffer& body);
  std::optional<Received> take_chunks(ChunkDecoder& decoder, std::size_t bytes_max,
                                      BodyBuffer& body);
  asio::awaitable<bool> skip_body();
  asio::awaitable<Response> answer(Exchange& exchange, BodyBuffer& body);
  asio::awaitable<bool> respond(const Response& response, bool keep_alive, std::string_view route);
  asio::awaitable<void> respond_with_stream(const Response& response, std::string_view route);
  asio::awaitable<BodyStream::Piece> next_piece(BodyStream& stream);
  asio::awaitable<bool> write(std::string_view head, std::string_view body);
  void tell_finished(const Response& response, std::uint64_t body_bytes, std::string_view route);
  [[nodiscard]] bool is_client_gone();
  asio::awaitable<void> linger();
  asio::awaitable<bool> receive_some(std::size_t step);

  void begin_request();
  void complete_head();
  Received refuse_body(Problem problem, std::string_view limit);
  Received broken(std::string_view phase, std::string_view message);
  void arm(Phase phase, Clock::time_point deadline);
  void arm_body(std::uint64_t received);
  void schedule();
  void wake();

  Channel channel_;
  asio::steady_timer timer_;
  const Service& service_;
  asio::thread_pool& pool_;
  const std::string address_;
  std::vector<std::string> certificate_names_;

  // The request that is being received or answered.
  HeadReader reader_;
  RequestHead head_;
  MessageForm form_;
  std::string input_;                // received and not yet used
  std::optional<Problem> problem_;   // why the request could not be received
  std::string_view problem_limit_;   // what the observer is told about it
  Clock::time_point started_;        // of the head, then of the body
  Clock::time_point first_byte_;     // of the request
  std::uint64_t body_received_ = 0;  // bytes of the body, as sent
  std::string reply_head_;           // kept for its memory

  // One deadline at a time; the timer is only moved when it would ring too late.
  Phase phase_ = Phase::Idle;
  Clock::time_point deadline_ = Clock::time_point::max();
  Clock::time_point wake_at_ = Clock::time_point::max();
  bool timed_out_ = false;
  bool draining_ = false;
  bool is_streaming_ = false;
};

inline asio::awaitable<void> Connection::serve() {
  const auto self = shared_from_this();
  boost::system::error_code ignored;
  channel_.socket().non_blocking(true, ignored);
  bool more = co_await shake_hands();
  while (more) more = co_await serve_one();
  channel_.end_sending();
  cut();
  timer_.cancel();
}

/// True at once without TLS.
inline asio::awaitable<bool> Connection::shake_hands() {
  if (!channel_.is_encrypted()) co_return true;
  arm(Phase::Handshake, Clock::now() + service_.limits.tls_time);
  const bool is_done = co_await channel_.handshake();
  if (timed_out_) service_.observer->timed_out("tls");
  if (is_done) certificate_names_ = channel_.certificate_names();
  co_return is_done;
}

inline void Connection::drain() {
  draining_ = true;
  if (phase_ == Phase::Idle || phase_ == Phase::Handshake) cut();
  // Who is slow at a stream gets no more time than it takes to end it.
  if (is_streaming_ && phase_ == Phase::Write) arm(Phase::Write, Clock::now() + kLingerTime);
}

inline void Connection::cut() {
  boost::system::error_code ignored;
  channel_.socket().close(ignored);
}

inline asio::awaitable<bool> Connection::serve_one() {
  begin_request();
  const Received head = co_await receive_head();
  if (head == Received::Closed) co_return false;
  Exchange exchange(service_, head_);
  Response response;
  bool keep_alive = head == Received::Complete;
  if (head == Received::Refused) {
    response = exchange.refuse(*problem_, problem_limit_);
  } else if (auto refusal = exchange.open(form_)) {
    response = std::move(*refusal);
    keep_alive = co_await skip_body();
  } else {
    BodyBuffer body = service_.bodies->take();
    const Received received = co_await receive_body(exchange, body);
    if (received == Received::Closed) co_return false;
    keep_alive = received == Received::Complete;
    if (keep_alive) {
      response = co_await answer(exchange, body);
    } else {
      response = exchange.refuse(*problem_, problem_limit_);
    }
  }
  const bool all_received = keep_alive;
  bool kept = false;
  if (response.stream != nullptr) {
    co_await respond_with_stream(response, exchange.route_label());
  } else {
    kept = co_await respond(response, keep_alive, exchange.route_label());
  }
  if (!kept && !(all_received && input_.empty())) co_await linger();
  co_return kept;
}

inline void Connection::begin_request() {
  reader_.reset();
  head_.method.clear();
  head_.target.clear();
  head_.path.clear();
  head_.query.clear();
  head_.version_minor = 1;
  head_.headers.clear();
  head_.remote_address = address_;
  head_.is_encrypted = channel_.is_encrypted();
  head_.certificate_names = certificate_names_;
  head_.request_id.clear();
  head_.body_bytes = 0;
  head_.actor.clear();
  head_.reply_headers.clear();
  form_ = MessageForm{};
  problem_.reset();
  problem_limit_ = {};
  body_received_ = 0;
}

inline asio::awaitable<Connection::Received> Connection::receive_head() {
  bool begun = false;
  while (true) {
    if (!begun && !input_.empty()) {
      begun = true;
      started_ = first_byte_ = Clock::now();
    }
    const HeadReader::Progress progress = reader_.advance(input_);
    if (progress == HeadReader::Progress::Complete) break;
    if (progress == HeadReader::Progress::Refused) {
      complete_head();
      co_return Received::Refused;
    }
    if (!begun && draining_) co_return Received::Closed;
    if (begun) {
      arm(Phase::Header, started_ + service_.limits.header_time);
    } else {
      arm(Phase::Idle, Clock::now() + service_.limits.idle_time);
    }
    const bool received = co_await receive_some(kHeadStep);
    if (received) continue;
    if (!begun) {
      if (timed_out_) service_.observer->timed_out("idle");
      co_return Received::Closed;
    }
    complete_head();
    co_return broken("header", "the head of the request took too long");
  }
  const bool legal = reader_.read(input_, &head_, &form_);
  input_.erase(0, reader_.head_bytes());
  complete_head();
  co_return legal ? Received::Complete : Received::Refused;
}

/// Sets what depends on the whole head, and the problem if it was refused.
inline void Connection::complete_head() {
  set_request_id(head_.headers, &head_.request_id);
  const HeadRefusal& refusal = reader_.refusal();
  if (refusal.message.empty()) return;
  problem_.emplace();
  problem_->status = refusal.status;
  problem_->code = refusal.status == 431 ? "headers_too_large" : "invalid_field";
  problem_->message = refusal.message;
  problem_limit_ = refusal.limit;
}

inline asio::awaitable<Connection::Received> Connection::receive_body(Exchange& exchange,
                                                                      BodyBuffer& body) {
  if (form_.framing == BodyFraming::None) co_return Received::Complete;
  started_ = Clock::now();
  arm_body(0);
  if (form_.expects_continue && input_.empty()) {
    static constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
    const auto [error, sent] = co_await channel_.write(kContinue);
    if (error) co_return Received::Closed;
  }
  Received received = Received::Closed;
  if (form_.framing == BodyFraming::Length) {
    received = co_await receive_length(body);
  } else {
    received = co_await receive_chunks(exchange.body_bytes_max(), body);
  }
  co_return received;
}

inline asio::awaitable<Connection::Received> Connection::receive_length(BodyBuffer& body) {
  const std::size_t length = head_.body_bytes;
  const std::size_t there = std::min(length, input_.size());
  if (!body.append(std::string_view(input_).substr(0, there))) {
    co_return refuse_body(no_room_for_body(), "bodies_bytes");
  }
  input_.erase(0, there);
  while (body.size() < length) {
    const std::size_t left = length - body.size();
    const std::span<char> room = body.room(std::min(left, kBodyStep));
    if (room.empty()) co_return refuse_body(no_room_for_body(), "bodies_bytes");
    arm_body(body.size());
    const auto free = asio::buffer(room.data(), std::min(room.size(), left));
    // A large body must leave turns to others.
    auto reading =
        body.size() < kPooledBytesMax ? channel_.read_at_once(free) : channel_.read_some(free);
    const auto [error, count] = co_await std::move(reading);
    if (error) co_return broken("body", "the body of the request took too long");
    body.commit(count);
  }
  body_received_ = length;
  co_return Received::Complete;
}

inline asio::awaitable<Connection::Received> Connection::receive_chunks(std::size_t bytes_max,
                                                                        BodyBuffer& body) {
  ChunkDecoder decoder;
  while (true) {
    const std::optional<Received> outcome = take_chunks(decoder, bytes_max, body);
    if (outcome) co_return *outcome;
    arm_body(body.size());
    const bool received = co_await receive_some(kBodyStep);
    if (!received) co_return broken("body", "the body of the request took too long");
  }
}

/// Takes all chunks that are there; nothing if the body goes on. The input is shortened once, not
/// once a chunk: a body of tiny chunks must not cost us more than its sender.
inline std::optional<Connection::Received> Connection::take_chunks(ChunkDecoder& decoder,
                                                                   std::size_t bytes_max,
                                                                   BodyBuffer& body) {
  const std::string_view input = input_;
  std::size_t used = 0;
  ChunkDecoder::Step step;
  do {
    step = decoder.next(input.substr(used));
    if (step.status == ChunkDecoder::Status::Malformed)
      return refuse_body(bad_chunks(), "malformed");
    if (step.data.size() > bytes_max - body.size())
      return refuse_body(too_large(bytes_max), "body");
    if (!body.append(step.data)) return refuse_body(no_room_for_body(), "bodies_bytes");
    used += step.used;
  } while (step.status == ChunkDecoder::Status::NeedMore && step.used > 0);
  input_.erase(0, used);
  body_received_ = body.size();
  if (step.status == ChunkDecoder::Status::Complete) return Received::Complete;
  return std::nullopt;
}

inline Connection::Received Connection::refuse_body(Problem problem, std::string_view limit) {
  problem_ = std::move(problem);
  problem_limit_ = limit;
  return Received::Refused;
}

/// What a failed receive means: too slow, which is answered, or gone, which is not.
inline Connection::Received Connection::broken(std::string_view phase, std::string_view message) {
  if (!timed_out_) return Received::Closed;
  service_.observer->timed_out(phase);
  return refuse_body(request_timeout(message), {});
}

/// Receives and forgets the body of a refused request; false if the connection must end instead.
inline asio::awaitable<bool> Connection::skip_body() {
  if (form_.framing == BodyFraming::None) co_return true;
  if (form_.framing == BodyFraming::Chunked || form_.expects_continue) co_return false;
  if (head_.body_bytes > kSkippedBytesMax || !form_.keep_alive) co_return false;
  started_ = Clock::now();
  std::size_t left = head_.body_bytes;
  const std::size_t there = std::min(left, input_.size());
  input_.erase(0, there);
  left -= there;
  BodyBuffer forgotten = service_.bodies->take();
  while (left > 0) {
    const std::span<char> room = forgotten.room(std::min(left, kBodyStep));
    if (room.empty()) co_return false;
    arm_body(head_.body_bytes - left);
    const auto [error, count] =
        co_await channel_.discard_some(asio::buffer(room.data(), std::min(room.size(), left)));
    if (error) co_return false;
    left -= count;
  }
  co_return true;
}

inline asio::awaitable<Response> Connection::answer(Exchange& exchange, BodyBuffer& body) {
  arm(Phase::Answer, Clock::time_point::max());
  if (exchange.runs_inline()) co_return exchange.answer(std::move(body));
  // What is captured is trivial: g++ 12 destroys some temporaries of a co_await twice.
  const auto job = [this, &exchange, &body]() -> asio::awaitable<Response> {
    if (Clock::now() < first_byte_ + service_.limits.request_time) {
      co_return exchange.answer(std::move(body));
    }
    service_.observer->timed_out("request");
    co_return exchange.refuse(request_timeout("the request waited too long for a thread"));
  };
  Response response = co_await asio::co_spawn(pool_, job, asio::use_awaitable);
  co_return response;
}

inline asio::awaitable<bool> Connection::respond(const Response& response, bool keep_alive,
                                                 std::string_view route) {
  keep_alive = keep_alive && form_.keep_alive && !draining_;
  write_reply_head(response, head_, keep_alive, std::time(nullptr), &reply_head_);
  const std::string_view body = has_body(response.status, head_.method)
                                    ? std::string_view(response.body)
                                    : std::string_view{};
  const bool is_sent = co_await write(reply_head_, body);
  tell_finished(response, body.size(), route);
  if (!is_sent) cut();
  co_return keep_alive&& is_sent;
}

/// Sends pieces as they come, until the stream, the client or the server ends.
inline asio::awaitable<void> Connection::respond_with_stream(const Response& response,
                                                             std::string_view route) {
  write_reply_head(response, head_, false, std::time(nullptr), &reply_head_);
  boost::system::error_code ignored;
  channel_.socket().set_option(asio::socket_base::send_buffer_size(kStreamBufferBytes), ignored);
  is_streaming_ = true;
  asio::steady_timer pause(channel_.socket().get_executor());
  BodyStream& stream = *response.stream;
  const bool is_endless = stream.kind() == BodyStream::Kind::Endless;
  const bool is_chunked = head_.version_minor > 0;
  std::uint64_t body_bytes = 0;
  bool has_more = has_body(response.status, head_.method);
  bool is_sent = co_await write(reply_head_, {});
  while (is_sent && has_more && !is_client_gone() && (is_endless || !draining_)) {
    const BodyStream::Piece piece = co_await next_piece(stream);
    if (piece.is_broken) break;
    has_more = !piece.is_last && !(is_endless && draining_);
    std::string bytes = is_chunked ? to_chunk(piece.bytes) : piece.bytes;
    if (is_chunked && !has_more) bytes += kLastChunk;
    if (!bytes.empty()) {
      body_bytes += piece.bytes.size();
      is_sent = co_await write(bytes, {});
    } else if (has_more && is_endless) {
      arm(Phase::Answer, Clock::time_point::max());
      pause.expires_after(kStreamPause);
      co_await pause.async_wait(kAwaitTuple);
    }
  }
  tell_finished(response, body_bytes, route);
  if (has_more) cut();
}

inline asio::awaitable<BodyStream::Piece> Connection::next_piece(BodyStream& stream) {
  arm(Phase::Answer, Clock::time_point::max());
  const MonotonicTime now = read_clocks().monotonic;
  if (stream.kind() == BodyStream::Kind::Endless) co_return stream.next(now);
  // As in answer(): what is captured is trivial.
  const auto job = [&stream, now]() -> asio::awaitable<BodyStream::Piece> {
    co_return stream.next(now);
  };
  BodyStream::Piece piece = co_await asio::co_spawn(pool_, job, asio::use_awaitable);
  co_return piece;
}

/// Sends both; false if the client is gone, or does not take them in time.
inline asio::awaitable<bool> Connection::write(std::string_view head, std::string_view body) {
  const std::size_t rate = std::max<std::size_t>(service_.limits.min_rate, 1);
  const std::size_t bytes = head.size() + body.size();
  const auto time = service_.limits.body_time + std::chrono::milliseconds(bytes * 1'000 / rate);
  arm(Phase::Write, Clock::now() + (is_streaming_ && draining_ ? kLingerTime : time));
  const auto [error, sent] = co_await channel_.write(head, body);
  if (error && timed_out_) service_.observer->timed_out("write");
  co_return !error;
}

inline void Connection::tell_finished(const Response& response, std::uint64_t body_bytes,
                                      std::string_view route) {
  const std::chrono::duration<double> taken = Clock::now() - first_byte_;
  service_.observer->request_finished({method_label(head_.method), route, response.status,
                                       taken.count(), body_received_, body_bytes,
                                       response.error_code, response.stream != nullptr, head_});
}

/// Asks without waiting, of a socket that does not block. What a client sends while it listens to a
/// stream is not read.
inline bool Connection::is_client_gone() {
  char byte = 0;
  boost::system::error_code error;
  channel_.socket().receive(asio::buffer(&byte, 1), tcp::socket::message_peek, error);
  return error && error != asio::error::would_block;
}

/// Says that nothing more comes and waits for the client to say so too: closing while it sends, or
/// has sent what we did not read, would destroy the response on its way.
inline asio::awaitable<void> Connection::linger() {
  boost::system::error_code ignored;
  channel_.end_sending();
  channel_.socket().shutdown(tcp::socket::shutdown_send, ignored);
  arm(Phase::Linger, Clock::now() + kLingerTime);
  bool more = channel_.socket().is_open();
  while (more) {
    input_.clear();
    more = co_await receive_some(kBodyStep);
  }
}

/// Appends what comes next to the input; false if nothing will, or not in time.
inline asio::awaitable<bool> Connection::receive_some(std::size_t step) {
  const std::size_t before = input_.size();
  input_.resize(before + step);
  const auto [error, count] =
      co_await channel_.read_some(asio::buffer(input_.data() + before, step));
  input_.resize(before + (error ? 0 : count));
  co_return !error;
}

inline void Connection::arm(Phase phase, Clock::time_point deadline) {
  phase_ = phase;
  deadline_ = deadline;
  timed_out_ = false;
  if (deadline_ < wake_at_) schedule();
}

/// A body may take `body_time` in all, and must come at `min_rate` once `rate_grace` is over.
inline void Connection::arm_body(std::uint64_t received) {
  const ServerLimits& limits = service_.limits;
  Clock::time_point deadline = started_ + limits.body_time;
  if (limits.min_rate > 0) {
    const std::chrono::milliseconds earned(received * 1'000 / limits.min_rate);
    deadline = std::min(deadline, started_ + limits.rate_grace + earned);
  }
  arm(Phase::Body, deadline);
}

inline void Connection::schedule() {
  wake_at_ = deadline_;
  timer_.expires_at(wake_at_);
  timer_.async_wait([self = shared_from_this()](const boost::system::error_code& error) {
    if (!error) self->wake();
  });
}

inline void Connection::wake() {
  wake_at_ = Clock::time_point::max();
  if (deadline_ == Clock::time_point::max()) return;
  if (Clock::now() < deadline_) {
    schedule();
    return;
  }
  deadline_ = Clock::time_point::max();
  timed_out_ = true;
  boost::system::error_code ignored;
  channel_.socket().cancel(ignored);
}

}  // namespace betrace::http
