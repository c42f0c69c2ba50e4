#include "betrace/http/reply_writer.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>

#include "betrace/http/gzip.h"
#include "betrace/http/negotiation.h"

namespace betrace::http {
namespace {

/// Fields that only the server knows how to set.
constexpr std::string_view kOwnFields[] = {"Content-Length",
                                           "Connection",
                                           "Date",
                                           "Transfer-Encoding",
                                           "Keep-Alive",
                                           "X-Request-Id",
                                           "X-Content-Type-Options",
                                           "Referrer-Policy",
                                           "Content-Security-Policy",
                                           "Cross-Origin-Opener-Policy"};

/// What browsers are told of every answer: nothing of it runs, is framed, guessed at or passed on.
constexpr std::string_view kBrowserFields =
    "X-Content-Type-Options: nosniff\r\n"
    "Content-Security-Policy: default-src 'none'; script-src 'self'; style-src 'self'; "
    "img-src 'self' data:; font-src 'self'; connect-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'\r\n"
    "Referrer-Policy: no-referrer\r\n"
    "Cross-Origin-Opener-Policy: same-origin\r\n";
/// Over TLS: do not come without it for a year.
constexpr std::string_view kStayEncrypted = "Strict-Transport-Security: max-age=31536000\r\n";

bool is_own_field(std::string_view name) noexcept {
  return std::any_of(std::begin(kOwnFields), std::end(kOwnFields),
                     [name](std::string_view own) { return equal_ignoring_case(own, name); });
}

bool is_control_character(char character) noexcept {
  return static_cast<unsigned char>(character) < 0x20 || character == 0x7f;
}

void add_field(std::string& out, std::string_view name, std::string_view value) {
  out.append(name).append(": ");
  const std::size_t begin = out.size();
  out.append(value).append("\r\n");
  // A handler may quote its input; a line break in it must not become a field of its own.
  const auto end = out.end() - 2;
  std::replace_if(out.begin() + static_cast<std::ptrdiff_t>(begin), end, is_control_character, ' ');
}

void add_fields(std::string& out, const Headers& headers) {
  for (std::size_t index = 0; index < headers.size(); ++index) {
    const HeaderView field = headers.at(index);
    if (!is_own_field(field.name)) add_field(out, field.name, field.value);
  }
}

/// Source: RFC 9110 5.6.7, IMF-fixdate.
std::string made_date(std::time_t now) {
  static constexpr const char* kDays[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  static constexpr const char* kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                            "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  std::tm time{};
  gmtime_r(&now, &time);
  char text[64];
  std::snprintf(text, sizeof text, "%s, %02d %s %04d %02d:%02d:%02d GMT", kDays[time.tm_wday],
                time.tm_mday, kMonths[time.tm_mon], time.tm_year + 1900, time.tm_hour, time.tm_min,
                time.tm_sec);
  return text;
}

/// Valid until the next call on this thread: the replies of a second have one date.
std::string_view date_text(std::time_t now) {
  struct Date {
    std::time_t of = -1;
    std::string text;
  };
  thread_local Date last;
  if (last.of != now) last = {now, made_date(now)};
  return last.text;
}

}  // namespace

void compress(Response* response, const Headers& request_headers) {
  if (response->body.size() <= kCompressBytesMin) return;
  if (response->headers.contains("Content-Encoding")) return;
  response->headers.add("Vary", "Accept-Encoding");
  if (!accepts_gzip(request_headers)) return;
  response->body = gzip(response->body);
  response->headers.add("Content-Encoding", "gzip");
}

void write_reply_head(const Response& response, const RequestHead& head, bool keep_alive,
                      std::time_t now, std::string* reply) {
  std::string& out = *reply;
  out.clear();
  out.append("HTTP/1.1 ").append(std::to_string(response.status)).append(" ");
  out.append(reason_phrase(response.status)).append("\r\n");
  add_field(out, "Date", date_text(now));
  add_fields(out, response.headers);
  add_fields(out, head.reply_headers);
  if (response.stream != nullptr) {
    if (head.version_minor > 0) add_field(out, "Transfer-Encoding", "chunked");
  } else if (has_body(response.status, "GET")) {
    add_field(out, "Content-Length", std::to_string(response.body.size()));
  }
  add_field(out, "X-Request-Id", head.request_id);
  out += kBrowserFields;
  if (head.is_encrypted) out += kStayEncrypted;
  if (!response.headers.contains("Cache-Control")) add_field(out, "Cache-Control", "no-store");
  if (!keep_alive) {
    add_field(out, "Connection", "close");
  } else if (head.version_minor == 0) {
    add_field(out, "Connection", "keep-alive");
  }
  out += "\r\n";
}

std::string to_chunk(std::string_view bytes) {
  return bytes.empty() ? "" : fmt::format("{:x}\r\n{}\r\n", bytes.size(), bytes);
}

bool has_body(int status, std::string_view method) noexcept {
  return status >= 200 && status != 204 && status != 304 && method != "HEAD";
}

}  // namespace betrace::http
