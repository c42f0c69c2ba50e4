#include "betrace/http/head_reader.h"

#include <algorithm>
#include <string>

#include "betrace/base/ascii.h"
#include "betrace/http/request_target.h"

namespace betrace::http {
namespace {

constexpr std::size_t kMethodBytesMax = 32;
/// More digits than that cannot be a length that any route takes.
constexpr std::size_t kLengthDigitsMax = 15;
/// Fields that decide what a message is or who may send it; two of them would be two answers.
constexpr std::string_view kOnceOnly[] = {"Host",         "Content-Length",   "Transfer-Encoding",
                                          "Content-Type", "Content-Encoding", "Authorization",
                                          "Expect"};

bool is_token(std::string_view text) noexcept {
  return !text.empty() && std::all_of(text.begin(), text.end(), is_token_character);
}

bool is_value_character(char character) noexcept {
  const auto byte = static_cast<unsigned char>(character);
  return byte == '\t' || (byte >= 0x20 && byte != 0x7f);
}

/// Takes the text before CR LF off the front.
std::string_view take_line(std::string_view& text) noexcept {
  const std::string_view line = text.substr(0, text.find("\r\n"));
  text.remove_prefix(line.size() + 2);
  return line;
}

/// Returns what is wrong with the request line, empty if nothing is.
std::string_view read_request_line(std::string_view line, RequestHead* head, MessageForm* form) {
  const auto first = line.find(' ');
  const auto last = line.rfind(' ');
  if (first == std::string_view::npos || first == last) return "the request line is incomplete";
  const std::string_view method = line.substr(0, first);
  if (!is_token(method) || method.size() > kMethodBytesMax) return "the method is not a token";
  head->method = method;
  const std::string_view version = line.substr(last + 1);
  if (version != "HTTP/1.1" && version != "HTTP/1.0") return "the version is not HTTP/1.1 or 1.0";
  head->version_minor = version.back() - '0';
  head->target = line.substr(first + 1, last - first - 1);
  const auto target = split_target(head->target);
  if (!target) return "the request target is not legal";
  const auto path = decode_path(target->path);
  form->path_is_legal = path.has_value();
  if (path) head->path = *path;
  form->query_is_legal = decode_query(target->query, &head->query);
  return {};
}

std::string_view read_field(std::string_view line, Headers* headers) {
  if (line.starts_with(' ') || line.starts_with('\t')) return "a header field is folded";
  const auto colon = line.find(':');
  if (colon == std::string_view::npos) return "a header field has no colon";
  const std::string_view name = line.substr(0, colon);
  const std::string_view value = trimmed(line.substr(colon + 1));
  if (!is_token(name)) return "the name of a header field is not a token";
  if (!std::all_of(value.begin(), value.end(), is_value_character)) {
    return "a header field holds a control character";
  }
  headers->add(name, value);
  return {};
}

std::string_view read_host(const RequestHead& head) {
  const auto host = head.headers.find("Host");
  if (!host) return head.version_minor == 0 ? std::string_view{} : "Host is missing";
  if (!is_host(*host)) return "Host is not legal";
  const auto target = split_target(head.target);
  if (!target->authority.empty() && !equal_ignoring_case(target->authority, *host)) {
    return "Host differs from the request target";
  }
  return {};
}

std::string_view read_framing(RequestHead* head, MessageForm* form) {
  const auto length = head->headers.find("Content-Length");
  const auto coding = head->headers.find("Transfer-Encoding");
  if (coding) {
    if (length) return "Content-Length comes with Transfer-Encoding";
    if (head->version_minor == 0) return "Transfer-Encoding comes with HTTP/1.0";
    if (!equal_ignoring_case(*coding, "chunked")) return "Transfer-Encoding is not chunked";
    form->framing = BodyFraming::Chunked;
    return {};
  }
  if (!length) return {};
  if (length->empty() || length->size() > kLengthDigitsMax ||
      !std::all_of(length->begin(), length->end(), is_digit)) {
    return "Content-Length is not a number";
  }
  head->body_bytes = std::stoull(std::string(*length));
  form->framing = head->body_bytes > 0 ? BodyFraming::Length : BodyFraming::None;
  return {};
}

std::string_view read_connection(const RequestHead& head, MessageForm* form) {
  form->keep_alive = head.version_minor == 1;
  for (std::size_t index = 0; index < head.headers.size(); ++index) {
    const HeaderView field = head.headers.at(index);
    if (!equal_ignoring_case(field.name, "Connection")) continue;
    if (list_contains(field.value, "keep-alive")) form->keep_alive = true;
    if (list_contains(field.value, "close")) {
      form->keep_alive = false;
      break;
    }
  }
  const auto expect = head.headers.find("Expect");
  if (!expect || head.version_minor == 0) return {};
  if (!equal_ignoring_case(*expect, "100-continue")) return "Expect is not 100-continue";
  form->expects_continue = true;
  return {};
}

}  // namespace

HeadReader::Progress HeadReader::advance(std::string_view received) noexcept {
  while (true) {
    const auto end = received.find('\n', scanned_);
    if (end == std::string_view::npos) {
      if (received.size() - scanned_ > limits_.line_bytes + 1) {  // one byte may be the CR
        return refuse(431, "line_bytes", "a line of the head is too long");
      }
      if (received.size() > limits_.header_bytes) {
        return refuse(431, "header_bytes", "the head is too long");
      }
      return Progress::NeedMore;
    }
    if (end == scanned_ || received[end - 1] != '\r') {
      return refuse(400, "malformed", "a line of the head does not end in CR LF");
    }
    const std::size_t size = end - 1 - scanned_;
    scanned_ = end + 1;
    if (size == 0 && lines_ == 0) {
      // One empty line before a request is legal: old clients send one after a body.
      if (lines_begin_ > 0) return refuse(400, "malformed", "the request line is empty");
      lines_begin_ = scanned_;
      continue;
    }
    if (scanned_ > limits_.header_bytes) {
      return refuse(431, "header_bytes", "the head is too long");
    }
    if (size == 0) return Progress::Complete;
    if (!end_line(size)) return Progress::Refused;
  }
}

bool HeadReader::end_line(std::size_t size) noexcept {
  ++lines_;
  if (size > limits_.line_bytes) {
    refuse(431, "line_bytes", "a line of the head is too long");
    return false;
  }
  if (lines_ > limits_.headers + 1) {
    refuse(431, "headers", "the head has too many fields");
    return false;
  }
  return true;
}

HeadReader::Progress HeadReader::refuse(int status, std::string_view limit,
                                        std::string_view message) noexcept {
  refusal_ = HeadRefusal{status, limit, message};
  return Progress::Refused;
}

bool HeadReader::read(std::string_view received, RequestHead* head, MessageForm* form) {
  std::string_view text = received.substr(lines_begin_, scanned_ - lines_begin_);
  *form = MessageForm{};
  std::string_view wrong = read_request_line(take_line(text), head, form);
  while (wrong.empty() && text.size() > 2) wrong = read_field(take_line(text), &head->headers);
  for (const std::string_view name : kOnceOnly) {
    if (wrong.empty() && head->headers.count(name) > 1) wrong = "a header field is repeated";
  }
  if (wrong.empty()) wrong = read_host(*head);
  if (wrong.empty()) wrong = read_framing(head, form);
  if (wrong.empty()) wrong = read_connection(*head, form);
  if (!wrong.empty()) refuse(400, "malformed", wrong);
  return wrong.empty();
}

void HeadReader::reset() noexcept {
  scanned_ = 0;
  lines_ = 0;
  lines_begin_ = 0;
  refusal_ = HeadRefusal{};
}

bool is_token_character(char character) noexcept {
  constexpr std::string_view kOthers = "!#$%&'*+-.^_`|~";
  return is_digit(character) || (character >= 'a' && character <= 'z') ||
         (character >= 'A' && character <= 'Z') ||
         kOthers.find(character) != std::string_view::npos;
}

bool is_host(std::string_view text) noexcept {
  const bool bracketed = text.starts_with('[');
  const auto end = bracketed ? text.find(']') : text.find(':');
  if (bracketed && end == std::string_view::npos) return false;
  const std::string_view name = text.substr(0, end);
  std::string_view port = end == std::string_view::npos ? std::string_view{} : text.substr(end);
  if (bracketed) port.remove_prefix(1);
  const auto legal = [bracketed](char character) {
    return is_digit(character) || (character >= 'a' && character <= 'z') ||
           (character >= 'A' && character <= 'Z') || character == '-' || character == '.' ||
           character == '_' || (bracketed && (character == ':' || character == '['));
  };
  if (!std::all_of(name.begin(), name.end(), legal)) return false;
  if (bracketed && name.rfind('[') != 0) return false;
  if (port.empty()) return true;
  return port.front() == ':' && port.size() <= 6 &&
         std::all_of(port.begin() + 1, port.end(), is_digit);
}

std::string host_name(std::string_view host) {
  if (host.starts_with('[')) return lower_case(host.substr(1, host.find(']') - 1));
  return lower_case(host.substr(0, host.find(':')));
}

bool list_contains(std::string_view list, std::string_view element) noexcept {
  while (!list.empty()) {
    const std::string_view item = list.substr(0, list.find(','));
    list.remove_prefix(std::min(item.size() + 1, list.size()));
    if (equal_ignoring_case(trimmed(item), element)) return true;
  }
  return false;
}

}  // namespace betrace::http
