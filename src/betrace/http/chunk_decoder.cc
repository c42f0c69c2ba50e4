#include "betrace/http/chunk_decoder.h"

#include <algorithm>
#include <optional>

namespace betrace::http {
namespace {

constexpr std::size_t kSizeDigitsMax = 8;

/// A line at the front of the input, without its end.
struct Line {
  ChunkDecoder::Status status = ChunkDecoder::Status::NeedMore;
  std::string_view text;
};

Line find_line(std::string_view input) noexcept {
  const auto end = input.substr(0, ChunkDecoder::kLineBytesMax + 1).find('\n');
  if (end == std::string_view::npos) {
    const bool too_long = input.size() > ChunkDecoder::kLineBytesMax;
    return {too_long ? ChunkDecoder::Status::Malformed : ChunkDecoder::Status::NeedMore, {}};
  }
  if (end == 0 || input[end - 1] != '\r') {
    return {ChunkDecoder::Status::Malformed, {}};
  }
  const std::string_view text = input.substr(0, end - 1);
  const bool clean = std::all_of(text.begin(), text.end(), [](char character) {
    const auto byte = static_cast<unsigned char>(character);
    return byte == '\t' || (byte >= 0x20 && byte != 0x7f);
  });
  return {clean ? ChunkDecoder::Status::Complete : ChunkDecoder::Status::Malformed, text};
}

std::optional<std::size_t> digit_value(char digit) noexcept {
  if (digit >= '0' && digit <= '9') return static_cast<std::size_t>(digit - '0');
  if (digit >= 'a' && digit <= 'f') return static_cast<std::size_t>(digit - 'a' + 10);
  if (digit >= 'A' && digit <= 'F') return static_cast<std::size_t>(digit - 'A' + 10);
  return std::nullopt;
}

}  // namespace

ChunkDecoder::Step ChunkDecoder::next(std::string_view input) noexcept {
  switch (state_) {
    case State::Size:
      return read_size(input);
    case State::Data:
      return read_data(input);
    case State::DataEnd:
      return read_data_end(input);
    case State::Trailer:
      return read_trailer(input);
    case State::Done:
      break;
  }
  return {Status::Complete, 0, {}};
}

ChunkDecoder::Step ChunkDecoder::read_size(std::string_view input) noexcept {
  const Line line = find_line(input);
  if (line.status != Status::Complete) return {line.status, 0, {}};
  std::size_t digits = 0;
  std::size_t size = 0;
  for (; digits < line.text.size() && line.text[digits] != ';'; ++digits) {
    const auto value = digit_value(line.text[digits]);
    if (!value || digits == kSizeDigitsMax) return {Status::Malformed, 0, {}};
    size = size * 16 + *value;
  }
  if (digits == 0 || overspent(line.text.size() - digits)) return {Status::Malformed, 0, {}};
  left_ = size;
  state_ = size == 0 ? State::Trailer : State::Data;
  return {Status::NeedMore, line.text.size() + 2, {}};
}

ChunkDecoder::Step ChunkDecoder::read_data(std::string_view input) noexcept {
  const std::string_view data = input.substr(0, left_);
  left_ -= data.size();
  if (left_ == 0) state_ = State::DataEnd;
  return {Status::NeedMore, data.size(), data};
}

ChunkDecoder::Step ChunkDecoder::read_data_end(std::string_view input) noexcept {
  constexpr std::string_view kEnd = "\r\n";
  if (!kEnd.starts_with(input.substr(0, kEnd.size()))) return {Status::Malformed, 0, {}};
  if (input.size() < kEnd.size()) return {Status::NeedMore, 0, {}};
  state_ = State::Size;
  return {Status::NeedMore, kEnd.size(), {}};
}

ChunkDecoder::Step ChunkDecoder::read_trailer(std::string_view input) noexcept {
  const Line line = find_line(input);
  if (line.status != Status::Complete) return {line.status, 0, {}};
  if (line.text.empty()) {
    state_ = State::Done;
    return {Status::Complete, 2, {}};
  }
  const bool is_field = line.text.find(':') != std::string_view::npos && line.text.front() != ' ' &&
                        line.text.front() != '\t';
  if (!is_field || overspent(line.text.size())) return {Status::Malformed, 0, {}};
  return {Status::NeedMore, line.text.size() + 2, {}};
}

bool ChunkDecoder::overspent(std::size_t bytes) noexcept {
  overhead_ += bytes;
  return overhead_ > kOverheadBytesMax;
}

}  // namespace betrace::http
