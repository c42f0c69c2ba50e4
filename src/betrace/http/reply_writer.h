// Turns a Response into the bytes of an HTTP/1.1 reply, with the fields that every reply has.
//
// Pure functions, used by the connection.
#pragma once

#include <ctime>
#include <string>
#include <string_view>

#include "betrace/http/message.h"

namespace betrace::http {

/// Bodies up to this size are not worth compressing.
inline constexpr std::size_t kCompressBytesMin = 1024;

/// Compresses the body if it is over kCompressBytesMin, has no Content-Encoding yet, and the client
/// asked for gzip.
void compress(Response* response, const Headers& request_headers);

/// Sets `reply` to the head of the reply, with the empty line that ends it. Adds Date,
/// Content-Length (of a stream, Transfer-Encoding), Connection, X-Request-Id,
/// X-Content-Type-Options, Cache-Control (unless set) and the fields in `head.reply_headers`;
/// fields of the response that would contradict these are left out.
void write_reply_head(const Response& response, const RequestHead& head, bool keep_alive,
                      std::time_t now, std::string* reply);

/// Returns the bytes as a chunk; none if there are none. Source: RFC 9112 7.1.
[[nodiscard]] std::string to_chunk(std::string_view bytes);
/// Ends a body of chunks.
inline constexpr std::string_view kLastChunk = "0\r\n\r\n";

/// True if a reply of that status to that method has a body.
[[nodiscard]] bool has_body(int status, std::string_view method) noexcept;

}  // namespace betrace::http
