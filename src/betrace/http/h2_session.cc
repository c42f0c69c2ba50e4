#include "betrace/http/h2_session.h"

#include <nghttp2/nghttp2.h>

#include <algorithm>
#include <cstring>
#include <iterator>
#include <optional>
#include <span>
#include <unordered_map>
#include <utility>
#include <vector>

#include "betrace/base/check.h"

namespace betrace::http {
namespace {

constexpr std::uint32_t kFrameBytesMax = 64 * 1024;
constexpr std::uint32_t kHpackTableBytes = 4096;
constexpr std::size_t kContinuationsMax = 32;
constexpr std::size_t kUnsentAcknowledgementsMax = 100;
constexpr std::int32_t kLastStreamId = 0x7fffffff;
/// A head this many times too large is no mistake.
constexpr std::size_t kHeadBytesFactor = 16;

struct FreeOption {
  void operator()(nghttp2_option* option) const noexcept { nghttp2_option_del(option); }
};
struct FreeCallbacks {
  void operator()(nghttp2_session_callbacks* callbacks) const noexcept {
    nghttp2_session_callbacks_del(callbacks);
  }
};
struct FreeSession {
  void operator()(nghttp2_session* session) const noexcept { nghttp2_session_del(session); }
};

std::unique_ptr<nghttp2_option, FreeOption> session_options() {
  nghttp2_option* option = nullptr;
  BETRACE_CHECK(nghttp2_option_new(&option) == 0);
  nghttp2_option_set_no_auto_window_update(option, 1);
  nghttp2_option_set_no_closed_streams(option, 1);
  nghttp2_option_set_max_continuations(option, kContinuationsMax);
  nghttp2_option_set_max_outbound_ack(option, kUnsentAcknowledgementsMax);
  nghttp2_option_set_stream_reset_rate_limit(option, 2'000, 200);  // ours is stricter
  return std::unique_ptr<nghttp2_option, FreeOption>(option);
}

// The library copies what these point to; its type does not say so.
std::uint8_t* field_bytes(std::string_view text) {
  return reinterpret_cast<std::uint8_t*>(const_cast<char*>(text.data()));
}

/// Valid until the next call on this thread: the library copies it.
const std::vector<nghttp2_nv>& field_list(const Headers& fields) {
  thread_local std::vector<nghttp2_nv> list;
  list.clear();
  for (std::size_t index = 0; index < fields.size(); ++index) {
    const HeaderView field = fields.at(index);
    list.push_back({field_bytes(field.name), field_bytes(field.value), field.name.size(),
                    field.value.size(), NGHTTP2_NV_FLAG_NONE});
  }
  return list;
}

std::string_view text_of(const std::uint8_t* bytes, std::size_t size) {
  return {reinterpret_cast<const char*>(bytes), size};
}

H2Abuse kind_of_failure(std::int64_t error) {
  switch (error) {
    case NGHTTP2_ERR_BAD_CLIENT_MAGIC:
      return H2Abuse::Preface;
    case NGHTTP2_ERR_FLOODED:
      return H2Abuse::Acknowledgement;
    case NGHTTP2_ERR_TOO_MANY_CONTINUATIONS:
      return H2Abuse::Continuation;
    case NGHTTP2_ERR_TOO_MANY_SETTINGS:
      return H2Abuse::Settings;
    default:
      return H2Abuse::Protocol;
  }
}

/// Returns a GOAWAY frame: the session cannot send one any more. Source: RFC 9113 section 6.8.
std::string goaway_frame(std::int32_t last_stream, std::uint32_t error) {
  std::string frame("\0\0\x08\x07\0\0\0\0\0", 9);
  for (const std::uint32_t word : {static_cast<std::uint32_t>(last_stream), error}) {
    for (const int shift : {24, 16, 8, 0}) frame += static_cast<char>(word >> shift & 0xff);
  }
  return frame;
}

/// What of a reply has not left yet.
struct OutgoingReply {
  std::string data;
  std::size_t sent = 0;
  Headers trailers;
  bool has_trailers = false;
  std::size_t head_bytes = 0;  // of the request

  [[nodiscard]] std::size_t left() const noexcept { return data.size() - sent; }
};

}  // namespace

/// The static functions are the callbacks of the library; `user` is the State.
struct H2Session::State {
  State(const H2Limits& session_limits, H2Events& listener)
      : limits(session_limits), events(listener) {}

  void start();
  int fail(H2Abuse kind);
  int break_off(std::optional<H2Abuse> why, std::uint32_t error);
  /// Runs what a callback does: nothing may be thrown through the library, which is C.
  template <typename Action>
  static int guarded(void* user, Action action) noexcept;
  void frame_received(const nghttp2_frame& frame);
  void frame_sent(const nghttp2_frame& frame);
  ssize_t read_reply(std::int32_t stream, std::span<std::uint8_t> room, std::uint32_t* flags);
  [[nodiscard]] nghttp2_data_provider provider();

  static State& of(void* user) { return *static_cast<State*>(user); }
  static int on_frame_begun(nghttp2_session*, const nghttp2_frame_hd* head, void* user);
  static int on_head_begun(nghttp2_session*, const nghttp2_frame* frame, void* user);
  static int on_field(nghttp2_session*, const nghttp2_frame* frame, const std::uint8_t* name,
                      std::size_t name_size, const std::uint8_t* value, std::size_t value_size,
                      std::uint8_t flags, void* user);
  static int on_data(nghttp2_session*, std::uint8_t flags, std::int32_t stream,
                     const std::uint8_t* bytes, std::size_t size, void* user);
  static int on_frame_received(nghttp2_session*, const nghttp2_frame* frame, void* user);
  static int on_frame_sent(nghttp2_session*, const nghttp2_frame* frame, void* user);
  static int on_closed(nghttp2_session*, std::int32_t stream, std::uint32_t error, void* user);

  const H2Limits limits;
  H2Events& events;
  std::unique_ptr<nghttp2_session, FreeSession> session;
  std::unordered_map<std::int32_t, OutgoingReply> replies;
  H2FrameBudget budget;
  MonotonicTime now;  // of the running receive()
  std::optional<H2Abuse> abuse;
  bool is_broken = false;
  std::string goodbye;  // of a broken session, until it is taken
};

void H2Session::State::start() {
  nghttp2_session_callbacks* made = nullptr;
  BETRACE_CHECK(nghttp2_session_callbacks_new(&made) == 0);
  const std::unique_ptr<nghttp2_session_callbacks, FreeCallbacks> callbacks(made);
  nghttp2_session_callbacks_set_on_begin_frame_callback(made, on_frame_begun);
  nghttp2_session_callbacks_set_on_begin_headers_callback(made, on_head_begun);
  nghttp2_session_callbacks_set_on_header_callback(made, on_field);
  nghttp2_session_callbacks_set_on_data_chunk_recv_callback(made, on_data);
  nghttp2_session_callbacks_set_on_frame_recv_callback(made, on_frame_received);
  nghttp2_session_callbacks_set_on_frame_send_callback(made, on_frame_sent);
  nghttp2_session_callbacks_set_on_stream_close_callback(made, on_closed);
  nghttp2_session* raw = nullptr;
  BETRACE_CHECK(nghttp2_session_server_new2(&raw, made, this, session_options().get()) == 0);
  session.reset(raw);
  const nghttp2_settings_entry settings[] = {
      {NGHTTP2_SETTINGS_HEADER_TABLE_SIZE, kHpackTableBytes},
      {NGHTTP2_SETTINGS_ENABLE_PUSH, 0},
      {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, limits.streams_max},
      {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, limits.stream_window_bytes},
      {NGHTTP2_SETTINGS_MAX_FRAME_SIZE, kFrameBytesMax},
      {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, limits.header_bytes}};
  BETRACE_CHECK(nghttp2_submit_settings(raw, NGHTTP2_FLAG_NONE, settings, std::size(settings)) ==
                0);
  nghttp2_session_set_local_window_size(raw, NGHTTP2_FLAG_NONE, 0,
                                        static_cast<std::int32_t>(limits.connection_window_bytes));
}

/// Ends the session at once. Returns what makes the library stop.
int H2Session::State::break_off(std::optional<H2Abuse> why, std::uint32_t error) {
  if (is_broken) return NGHTTP2_ERR_CALLBACK_FAILURE;
  is_broken = true;
  abuse = why;
  // Whoever does not speak HTTP/2 would not understand a frame.
  if (why != H2Abuse::Preface) {
    goodbye = goaway_frame(nghttp2_session_get_last_proc_stream_id(session.get()), error);
  }
  return NGHTTP2_ERR_CALLBACK_FAILURE;
}

int H2Session::State::fail(H2Abuse kind) {
  const bool is_mistake = kind == H2Abuse::Protocol;
  return break_off(kind, is_mistake ? NGHTTP2_PROTOCOL_ERROR : NGHTTP2_ENHANCE_YOUR_CALM);
}

template <typename Action>
int H2Session::State::guarded(void* user, Action action) noexcept {
  try {
    return action(of(user));
  } catch (...) {  // no memory: nobody's fault, and no abuse
    return of(user).break_off(std::nullopt, NGHTTP2_INTERNAL_ERROR);
  }
}

int H2Session::State::on_frame_begun(nghttp2_session*, const nghttp2_frame_hd* head, void* user) {
  State& state = of(user);
  const auto kind = state.budget.charge({head->type, head->flags, head->length}, state.now);
  return kind ? state.fail(*kind) : 0;
}

int H2Session::State::on_head_begun(nghttp2_session*, const nghttp2_frame* frame, void* user) {
  if (frame->headers.cat != NGHTTP2_HCAT_REQUEST) return 0;
  return guarded(user, [stream = frame->hd.stream_id](State& state) {
    state.replies.try_emplace(stream);
    state.events.head_begun(stream);
    return 0;
  });
}

int H2Session::State::on_field(nghttp2_session*, const nghttp2_frame* frame,
                               const std::uint8_t* name, std::size_t name_size,
                               const std::uint8_t* value, std::size_t value_size, std::uint8_t,
                               void* user) {
  return guarded(user, [&](State& state) {
    const auto reply = state.replies.find(frame->hd.stream_id);
    if (reply == state.replies.end()) return 0;
    reply->second.head_bytes += name_size + value_size;
    if (reply->second.head_bytes > kHeadBytesFactor * state.limits.header_bytes) {
      return state.fail(H2Abuse::HeadBytes);
    }
    state.events.field(frame->hd.stream_id, text_of(name, name_size), text_of(value, value_size));
    return 0;
  });
}

int H2Session::State::on_data(nghttp2_session*, std::uint8_t, std::int32_t stream,
                              const std::uint8_t* bytes, std::size_t size, void* user) {
  return guarded(user, [&](State& state) {
    state.events.data(stream, text_of(bytes, size));
    return 0;
  });
}

int H2Session::State::on_frame_received(nghttp2_session*, const nghttp2_frame* frame, void* user) {
  return guarded(user, [frame](State& state) {
    state.frame_received(*frame);
    return 0;
  });
}

void H2Session::State::frame_received(const nghttp2_frame& frame) {
  const std::int32_t stream = frame.hd.stream_id;
  const bool is_last = (frame.hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
  switch (frame.hd.type) {
    case NGHTTP2_HEADERS:
      if (frame.headers.cat == NGHTTP2_HCAT_REQUEST) events.head_ended(stream);
      if (is_last) events.request_ended(stream);
      break;
    case NGHTTP2_DATA:
      if (is_last) events.request_ended(stream);
      break;
    case NGHTTP2_SETTINGS:
      if ((frame.hd.flags & NGHTTP2_FLAG_ACK) == 0) events.settings_received();
      break;
    case NGHTTP2_PING:
      if ((frame.hd.flags & NGHTTP2_FLAG_ACK) != 0) events.ping_acknowledged();
      break;
    default:
      break;
  }
}

int H2Session::State::on_frame_sent(nghttp2_session*, const nghttp2_frame* frame, void* user) {
  of(user).frame_sent(*frame);
  return 0;
}

void H2Session::State::frame_sent(const nghttp2_frame& frame) {
  const std::int32_t stream = frame.hd.stream_id;
  if (frame.hd.type == NGHTTP2_HEADERS || frame.hd.type == NGHTTP2_DATA) budget.replied();
  if (frame.hd.type == NGHTTP2_GOAWAY && frame.goaway.error_code != NGHTTP2_NO_ERROR) {
    if (!abuse) abuse = H2Abuse::Protocol;
  }
  if (frame.hd.type == NGHTTP2_GOAWAY && frame.goaway.last_stream_id == kLastStreamId) {
    // Its answer says that the announcement was read, and that no stream is on its way any more.
    nghttp2_submit_ping(session.get(), NGHTTP2_FLAG_NONE, nullptr);
  }
  const bool is_last =
      frame.hd.type == NGHTTP2_HEADERS && (frame.hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
  if (is_last && nghttp2_session_get_stream_remote_close(session.get(), stream) == 0) {
    // Answered before all was sent; the rest is not wanted. Source: RFC 9113 section 8.1.
    nghttp2_submit_rst_stream(session.get(), NGHTTP2_FLAG_NONE, stream, NGHTTP2_NO_ERROR);
  }
}

int H2Session::State::on_closed(nghttp2_session*, std::int32_t stream, std::uint32_t, void* user) {
  return guarded(user, [stream](State& state) {
    if (state.replies.erase(stream) != 0) state.events.closed(stream);
    return 0;
  });
}

ssize_t H2Session::State::read_reply(std::int32_t stream, std::span<std::uint8_t> room,
                                     std::uint32_t* flags) {
  const auto found = replies.find(stream);
  if (found == replies.end()) return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
  OutgoingReply& reply = found->second;
  if (reply.left() == 0 && !reply.has_trailers) return NGHTTP2_ERR_DEFERRED;
  const std::size_t count = std::min(room.size(), reply.left());
  if (count > 0) std::memcpy(room.data(), reply.data.data() + reply.sent, count);
  reply.sent += count;
  if (reply.left() == 0) {
    reply.data.clear();
    reply.sent = 0;
    if (reply.has_trailers) {
      *flags |= NGHTTP2_DATA_FLAG_EOF | NGHTTP2_DATA_FLAG_NO_END_STREAM;
      const std::vector<nghttp2_nv>& list = field_list(reply.trailers);
      if (nghttp2_submit_trailer(session.get(), stream, list.data(), list.size()) != 0) {
        return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
      }
    }
  }
  return static_cast<ssize_t>(count);
}

nghttp2_data_provider H2Session::State::provider() {
  nghttp2_data_provider provider{};
  provider.read_callback = [](nghttp2_session*, std::int32_t stream, std::uint8_t* bytes,
                              std::size_t room, std::uint32_t* flags, nghttp2_data_source*,
                              void* user) -> ssize_t {
    ssize_t count = NGHTTP2_ERR_CALLBACK_FAILURE;
    guarded(user, [&](State& state) {
      count = state.read_reply(stream, {bytes, room}, flags);
      return 0;
    });
    return count;
  };
  return provider;
}

H2Session::H2Session(const H2Limits& limits, H2Events& events)
    : state_(std::make_unique<State>(limits, events)) {
  state_->start();
}

H2Session::~H2Session() = default;

void H2Session::receive(std::string_view bytes, MonotonicTime now) {
  State& state = *state_;
  state.now = now;
  if (state.is_broken) return;
  const ssize_t taken =
      nghttp2_session_mem_recv(state.session.get(), field_bytes(bytes), bytes.size());
  if (taken < 0 && !state.is_broken) state.fail(kind_of_failure(taken));
}

bool H2Session::take_output(std::string* out, std::size_t bytes_max) {
  State& state = *state_;
  // What was answered before a session broke is still sent, and our settings come first in any
  // case.
  while (state.abuse != H2Abuse::Preface && out->size() < bytes_max) {
    const std::uint8_t* bytes = nullptr;
    const ssize_t count = nghttp2_session_mem_send(state.session.get(), &bytes);
    if (count < 0) state.fail(kind_of_failure(count));
    if (count <= 0) break;
    out->append(text_of(bytes, static_cast<std::size_t>(count)));
  }
  if (out->size() < bytes_max) out->append(std::exchange(state.goodbye, {}));
  return !out->empty();
}

std::optional<H2Abuse> H2Session::abuse() const noexcept { return state_->abuse; }

bool H2Session::is_finished() const {
  if (state_->is_broken) return state_->goodbye.empty();
  return nghttp2_session_want_read(state_->session.get()) == 0 &&
         nghttp2_session_want_write(state_->session.get()) == 0;
}

void H2Session::send_head(std::int32_t stream, const Headers& fields) {
  const std::vector<nghttp2_nv>& list = field_list(fields);
  const nghttp2_data_provider provider = state_->provider();
  nghttp2_submit_response(state_->session.get(), stream, list.data(), list.size(), &provider);
}

void H2Session::send_data(std::int32_t stream, std::string_view bytes) {
  const auto reply = state_->replies.find(stream);
  if (reply == state_->replies.end()) return;
  reply->second.data.append(bytes);
  nghttp2_session_resume_data(state_->session.get(), stream);
}

void H2Session::send_trailers(std::int32_t stream, Headers fields) {
  const auto reply = state_->replies.find(stream);
  if (reply == state_->replies.end()) return;
  reply->second.trailers = std::move(fields);
  reply->second.has_trailers = true;
  nghttp2_session_resume_data(state_->session.get(), stream);
}

void H2Session::send_head_alone(std::int32_t stream, const Headers& fields) {
  const std::vector<nghttp2_nv>& list = field_list(fields);
  nghttp2_submit_response(state_->session.get(), stream, list.data(), list.size(), nullptr);
}

bool H2Session::has_unsent_data(std::int32_t stream) const {
  const auto reply = state_->replies.find(stream);
  return reply != state_->replies.end() && reply->second.left() > 0;
}

void H2Session::cancel(std::int32_t stream) {
  nghttp2_submit_rst_stream(state_->session.get(), NGHTTP2_FLAG_NONE, stream, NGHTTP2_CANCEL);
}

std::size_t H2Session::stream_credit(std::int32_t stream) const {
  const auto credit = nghttp2_session_get_stream_local_window_size(state_->session.get(), stream);
  return credit < 0 ? 0 : static_cast<std::size_t>(credit);
}

void H2Session::add_stream_credit(std::int32_t stream, std::size_t bytes) {
  nghttp2_session* session = state_->session.get();
  const std::int32_t whole =
      nghttp2_session_get_stream_effective_local_window_size(session, stream);
  if (whole < 0) return;
  const std::size_t wanted = static_cast<std::size_t>(whole) + bytes;
  nghttp2_session_set_local_window_size(
      session, NGHTTP2_FLAG_NONE, stream,
      static_cast<std::int32_t>(std::min<std::size_t>(wanted, NGHTTP2_MAX_WINDOW_SIZE)));
}

void H2Session::consume(std::size_t bytes) {
  nghttp2_session_consume_connection(state_->session.get(), bytes);
}

void H2Session::set_windows(std::uint32_t stream_bytes, std::uint32_t connection_bytes) {
  nghttp2_session* session = state_->session.get();
  const nghttp2_settings_entry entry{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, stream_bytes};
  nghttp2_submit_settings(session, NGHTTP2_FLAG_NONE, &entry, 1);
  nghttp2_session_set_local_window_size(session, NGHTTP2_FLAG_NONE, 0,
                                        static_cast<std::int32_t>(connection_bytes));
}

void H2Session::ping() { nghttp2_submit_ping(state_->session.get(), NGHTTP2_FLAG_NONE, nullptr); }

void H2Session::announce_end() { nghttp2_submit_shutdown_notice(state_->session.get()); }

void H2Session::end() {
  nghttp2_session* session = state_->session.get();
  nghttp2_submit_goaway(session, NGHTTP2_FLAG_NONE,
                        nghttp2_session_get_last_proc_stream_id(session), NGHTTP2_NO_ERROR, nullptr,
                        0);
}

}  // namespace betrace::http
