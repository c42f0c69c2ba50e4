// TLS as bytes in, bytes out, and the files that it is made from.
//
// Wraps OpenSSL, which tls.cc alone includes. A session knows no socket: channel.h moves its bytes
// for the server, client.cc for the client. TLS 1.2 or newer, no compression, no renegotiation, no
// resumption: every connection proves itself.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "betrace/base/result.h"
#include "betrace/base/sha256.h"

namespace betrace::http {

/// What is spoken inside; told to the peer as ALPN.
enum class TlsProtocol : std::uint8_t { Http1, Http2 };

/// One connection. Used by one thread at a time.
class TlsSession {
 public:
  enum class Progress : std::uint8_t {
    Done,      ///< Bytes were decrypted, or the handshake is complete.
    NeedMore,  ///< The peer must send more first.
    Ended,     ///< The peer has said that nothing more comes.
    Broken,    ///< It cannot go on; the output may hold an alert.
  };

  ~TlsSession();
  TlsSession(const TlsSession&) = delete;
  TlsSession& operator=(const TlsSession&) = delete;

  /// Takes what came from the peer.
  void receive(std::string_view bytes);
  /// Goes on with the handshake.
  [[nodiscard]] Progress handshake();
  /// Decrypts as much as fits and sets `*count`, which is positive if Done.
  [[nodiscard]] Progress read(std::span<char> room, std::size_t* count);
  /// Encrypts all of `bytes`; false if the session is broken. Requires: the handshake is done.
  [[nodiscard]] bool write(std::string_view bytes);
  /// Says that nothing more will be written.
  void end();
  /// Moves what must be sent to the peer to the end of `out`.
  void take_output(std::string* out);

  /// The DNS, URI and e-mail names in the certificate of the peer, which was verified against the
  /// client CAs; empty if it showed none. Requires: the handshake is done.
  [[nodiscard]] std::vector<std::string> certificate_names() const;

 private:
  friend class TlsFiles;
  friend Result<std::unique_ptr<TlsSession>> connect_tls(const std::string& certificate_file);
  struct State;
  explicit TlsSession(std::unique_ptr<State> state);

  std::unique_ptr<State> state_;
};

/// PEM files. `client_ca` may be empty; else clients may show a certificate of these CAs, and a
/// certificate of another is refused. It may hold revocation lists too: then those are checked.
struct TlsPaths {
  std::string certificate;  ///< With the chain.
  std::string key;
  std::string client_ca;
};

/// What the files held when they were last read. Thread-safe.
class TlsFiles {
 public:
  /// Error InvalidArgument, naming the setting: a file cannot be read, or the key is not that of
  /// the certificate.
  [[nodiscard]] static Result<std::shared_ptr<TlsFiles>> load(TlsPaths paths);
  ~TlsFiles();
  TlsFiles(const TlsFiles&) = delete;
  TlsFiles& operator=(const TlsFiles&) = delete;

  /// Reads the files again if they have changed; returns whether they had. Sessions that exist go
  /// on as they are. Error as load(), once for each change: what was read before stays.
  [[nodiscard]] Result<bool> reload();

  /// Makes the server's side of a connection.
  [[nodiscard]] std::unique_ptr<TlsSession> accept(TlsProtocol protocol) const;

 private:
  struct Context;
  explicit TlsFiles(TlsPaths paths) : paths_(std::move(paths)) {}
  [[nodiscard]] static Result<std::shared_ptr<const Context>> make_context(const TlsPaths& paths);

  const TlsPaths paths_;
  mutable std::mutex mutex_;
  Sha256 seen_{};  // of all files as they were last tried
  std::shared_ptr<const Context> context_;
};

/// Makes the client's side of a connection to a server of this machine: the peer must show the very
/// certificate that is first in the file. Error InvalidArgument: it cannot be read.
[[nodiscard]] Result<std::unique_ptr<TlsSession>> connect_tls(const std::string& certificate_file);

}  // namespace betrace::http
