// For tests only: a client of HTTP/2 that makes calls, and can make them badly. Knows no socket:
// bytes in, bytes out, like the session of the server that it is tested against.
#pragma once

#include <nghttp2/nghttp2.h>

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "betrace/http/message_frame.h"

namespace betrace::http {

/// What came back on one stream.
struct CallAnswer {
  std::map<std::string, std::string> fields;  // head and trailers together
  std::string body;
  int heads = 0;  // 1: trailers only
  bool is_closed = false;
  std::uint32_t error = 0;  // of the close

  [[nodiscard]] std::string field(const std::string& name) const {
    const auto found = fields.find(name);
    return found == fields.end() ? "" : found->second;
  }
  [[nodiscard]] std::string status() const { return field("grpc-status"); }
  /// The only message, without its prefix.
  [[nodiscard]] std::string message() const {
    return body.size() < kMessagePrefixBytes ? "none" : body.substr(kMessagePrefixBytes);
  }
};

using CallFields = std::vector<std::pair<std::string, std::string>>;

inline CallFields call_fields(std::string path, CallFields more = {}) {
  CallFields fields = {{":method", "POST"},        {":scheme", "http"},
                       {":path", std::move(path)}, {":authority", "test"},
                       {"te", "trailers"},         {"content-type", "application/grpc"}};
  for (auto& field : more) {
    bool is_replaced = false;
    for (auto& known : fields) {
      if (known.first != field.first) continue;
      known.second = field.second;
      is_replaced = true;
    }
    if (!is_replaced) fields.push_back(std::move(field));
  }
  return fields;
}

/// A frame of any kind, legal or not.
inline std::string raw_frame(int type, int flags, std::uint32_t stream, std::string_view payload) {
  std::string frame;
  for (const int shift : {16, 8, 0}) frame += static_cast<char>(payload.size() >> shift & 0xff);
  frame += static_cast<char>(type);
  frame += static_cast<char>(flags);
  for (const int shift : {24, 16, 8, 0}) frame += static_cast<char>(stream >> shift & 0xff);
  return frame.append(payload);
}

class CallClient {
 public:
  /// `window` is what the server may send on each stream before we ask for more.
  explicit CallClient(std::uint32_t window = 65'535, bool sends_settings = true) {
    nghttp2_session_callbacks* callbacks = nullptr;
    nghttp2_session_callbacks_new(&callbacks);
    nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks, on_head);
    nghttp2_session_callbacks_set_on_header_callback(callbacks, on_field);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_data);
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_close);
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, on_frame);
    nghttp2_session_client_new(&session_, callbacks, this);
    nghttp2_session_callbacks_del(callbacks);
    const nghttp2_settings_entry entry{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, window};
    if (sends_settings) nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, &entry, 1);
  }
  ~CallClient() { nghttp2_session_del(session_); }
  CallClient(const CallClient&) = delete;
  CallClient& operator=(const CallClient&) = delete;

  /// Begins a call whose body is `body`; it goes on with more() unless `is_whole`.
  std::int32_t begin(const CallFields& fields, std::string body, bool is_whole = true) {
    std::vector<nghttp2_nv> list;
    for (const auto& [name, value] : fields) {
      list.push_back({bytes_of(name), bytes_of(value), name.size(), value.size(), 0});
    }
    nghttp2_data_provider provider{};
    provider.read_callback = read_body;
    const std::int32_t stream =
        nghttp2_submit_request(session_, nullptr, list.data(), list.size(), &provider, nullptr);
    bodies_[stream] = {std::move(body), is_whole};
    return stream;
  }
  std::int32_t call(std::string path, std::string_view message, CallFields more = {}) {
    return begin(call_fields(std::move(path), std::move(more)), message_frame(message));
  }
  void more(std::int32_t stream, std::string_view bytes, bool is_last) {
    bodies_[stream].first.append(bytes);
    bodies_[stream].second = is_last;
    nghttp2_session_resume_data(session_, stream);
  }
  void reset(std::int32_t stream, std::uint32_t error = NGHTTP2_CANCEL) {
    nghttp2_submit_rst_stream(session_, NGHTTP2_FLAG_NONE, stream, error);
  }
  void ping() { nghttp2_submit_ping(session_, NGHTTP2_FLAG_NONE, nullptr); }
  void widen(std::int32_t stream, std::int32_t bytes) {
    nghttp2_submit_window_update(session_, NGHTTP2_FLAG_NONE, stream, bytes);
  }

  std::string output() {
    std::string out;
    const std::uint8_t* bytes = nullptr;
    for (ssize_t count = 0; (count = nghttp2_session_mem_send(session_, &bytes)) > 0;) {
      out.append(reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(count));
    }
    return out;
  }
  void receive(std::string_view bytes) {
    received_bytes += bytes.size();
    nghttp2_session_mem_recv(session_, bytes_of(bytes), bytes.size());
  }

  /// The body that has not been sent yet, for want of credit.
  [[nodiscard]] std::size_t unsent(std::int32_t stream) { return bodies_[stream].first.size(); }
  [[nodiscard]] const CallAnswer& answer(std::int32_t stream) { return answers_[stream]; }
  [[nodiscard]] std::uint32_t setting(nghttp2_settings_id id) const {
    return nghttp2_session_get_remote_settings(session_, id);
  }
  [[nodiscard]] std::int32_t connection_credit() const {
    return nghttp2_session_get_remote_window_size(session_);
  }

  std::optional<std::uint32_t> goaway;     // error of the last one
  std::vector<std::int32_t> last_streams;  // of all
  std::size_t pings_acknowledged = 0;
  std::size_t received_bytes = 0;

 private:
  static std::uint8_t* bytes_of(std::string_view text) {
    return reinterpret_cast<std::uint8_t*>(const_cast<char*>(text.data()));
  }
  static CallClient& of(void* user) { return *static_cast<CallClient*>(user); }

  static int on_head(nghttp2_session*, const nghttp2_frame* frame, void* user) {
    ++of(user).answers_[frame->hd.stream_id].heads;
    return 0;
  }
  static int on_field(nghttp2_session*, const nghttp2_frame* frame, const std::uint8_t* name,
                      std::size_t name_size, const std::uint8_t* value, std::size_t value_size,
                      std::uint8_t, void* user) {
    of(user).answers_[frame->hd.stream_id].fields[{name, name + name_size}] =
        std::string(value, value + value_size);
    return 0;
  }
  static int on_data(nghttp2_session*, std::uint8_t, std::int32_t stream, const std::uint8_t* bytes,
                     std::size_t size, void* user) {
    of(user).answers_[stream].body.append(reinterpret_cast<const char*>(bytes), size);
    return 0;
  }
  static int on_close(nghttp2_session*, std::int32_t stream, std::uint32_t error, void* user) {
    of(user).answers_[stream].is_closed = true;
    of(user).answers_[stream].error = error;
    return 0;
  }
  static int on_frame(nghttp2_session*, const nghttp2_frame* frame, void* user) {
    CallClient& client = of(user);
    if (frame->hd.type == NGHTTP2_GOAWAY) {
      client.goaway = frame->goaway.error_code;
      client.last_streams.push_back(frame->goaway.last_stream_id);
    }
    const bool is_answer = (frame->hd.flags & NGHTTP2_FLAG_ACK) != 0;
    if (frame->hd.type == NGHTTP2_PING && is_answer) ++client.pings_acknowledged;
    return 0;
  }
  static ssize_t read_body(nghttp2_session*, std::int32_t stream, std::uint8_t* bytes,
                           std::size_t room, std::uint32_t* flags, nghttp2_data_source*,
                           void* user) {
    auto& [body, is_whole] = of(user).bodies_[stream];
    if (body.empty() && !is_whole) return NGHTTP2_ERR_DEFERRED;
    const std::size_t count = std::min(room, body.size());
    body.copy(reinterpret_cast<char*>(bytes), count);
    body.erase(0, count);
    if (body.empty() && is_whole) *flags |= NGHTTP2_DATA_FLAG_EOF;
    return static_cast<ssize_t>(count);
  }

  nghttp2_session* session_ = nullptr;
  std::map<std::int32_t, CallAnswer> answers_;
  std::map<std::int32_t, std::pair<std::string, bool>> bodies_;
};

}  // namespace betrace::http
