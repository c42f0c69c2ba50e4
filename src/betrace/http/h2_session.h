// One HTTP/2 connection of a server as bytes in, events out, replies in, bytes out.
//
// Wraps libnghttp2, which h2_session.cc alone includes. Owns framing, HPACK, flow control and abuse
// limits; knows no call, no socket and no clock. Used by call_session.h.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "betrace/base/time.h"
#include "betrace/http/h2_abuse.h"
#include "betrace/http/headers.h"

namespace betrace::http {

/// Is told what the peer does, inside of receive(). May call every function of the session but
/// receive() and take_output(). Must not throw.
class H2Events {
 public:
  virtual ~H2Events() = default;
  /// A head begins; a stream is known from here to closed().
  virtual void head_begun(std::int32_t stream) = 0;
  /// A field of the head, or of a trailer.
  virtual void field(std::int32_t stream, std::string_view name, std::string_view value) = 0;
  virtual void head_ended(std::int32_t stream) = 0;
  /// Data have come; their credit is returned by widen_*() or consume() only.
  virtual void data(std::int32_t stream, std::string_view bytes) = 0;
  /// The peer has sent all of its request.
  virtual void request_ended(std::int32_t stream) = 0;
  /// All of the reply has left, or either side gave the stream up.
  virtual void closed(std::int32_t stream) = 0;
  /// Our ping came back, or the first settings of the peer arrived.
  virtual void ping_acknowledged() = 0;
  virtual void settings_received() = 0;
};

struct H2Limits {
  std::uint32_t streams_max = 100;
  std::uint32_t stream_window_bytes = 64 * 1024;
  std::uint32_t connection_window_bytes = 1024 * 1024;
  std::uint32_t header_bytes = 16 * 1024;  ///< Told to the peer; 16 times that is abuse.
};

/// Owned by one connection, used on its thread.
class H2Session {
 public:
  /// Requires: `events` lives longer.
  H2Session(const H2Limits& limits, H2Events& events);
  ~H2Session();
  H2Session(const H2Session&) = delete;
  H2Session& operator=(const H2Session&) = delete;

  /// Takes what came. After an abuse the session is broken: the output holds a last GOAWAY.
  void receive(std::string_view bytes, MonotonicTime now);
  /// Appends what can be sent now to `out`, up to about `bytes_max`; false if there was nothing.
  bool take_output(std::string* out, std::size_t bytes_max);
  /// Why the session is broken.
  [[nodiscard]] std::optional<H2Abuse> abuse() const noexcept;
  /// True if nothing will be received or sent any more.
  [[nodiscard]] bool is_finished() const;

  /// Begins a reply, to which send_data() and at last send_trailers() add.
  void send_head(std::int32_t stream, const Headers& fields);
  void send_data(std::int32_t stream, std::string_view bytes);
  void send_trailers(std::int32_t stream, Headers fields);
  /// Replies with a head alone; what the peer still sends is not wanted.
  void send_head_alone(std::int32_t stream, const Headers& fields);
  /// True if data of the stream wait for credit of the peer.
  [[nodiscard]] bool has_unsent_data(std::int32_t stream) const;
  /// Gives the stream up: CANCEL.
  void cancel(std::int32_t stream);

  /// Returns how many bytes the peer may still send on the stream.
  [[nodiscard]] std::size_t stream_credit(std::int32_t stream) const;
  /// Lets the peer send that many bytes more on the stream.
  void add_stream_credit(std::int32_t stream, std::size_t bytes);
  /// Returns the connection's credit of received bytes.
  void consume(std::size_t bytes);
  /// Sets the windows of new streams and of the connection.
  void set_windows(std::uint32_t stream_bytes, std::uint32_t connection_bytes);

  void ping();
  /// Tells that no new stream should come, and pings; those that do are still served.
  void announce_end();
  /// Tells the last stream that is served; the session ends when all are closed.
  void end();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace betrace::http
