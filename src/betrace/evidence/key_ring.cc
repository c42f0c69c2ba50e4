#include "betrace/evidence/key_ring.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "betrace/base/base64.h"
#include "betrace/evidence/canonical_json.h"
#include "betrace/evidence/payload_members.h"

namespace betrace::evidence {
namespace {

constexpr std::uint64_t kRingVersion = 1;
constexpr std::array<std::string_view, 3> kStatusWords = {"active", "retired", "compromised"};

tl::unexpected<Error> no_ring(std::string_view what) {
  return fail(ErrorCode::Corrupt, fmt::format("keys.json: {}", what));
}

std::string_view text_of(const PublicKey& key) {
  return {reinterpret_cast<const char*>(key.data()), key.size()};
}

std::optional<std::uint64_t> read_number(std::string_view digits) {
  std::uint64_t value = 0;
  const char* const end = digits.data() + digits.size();
  const auto [at, error] = std::from_chars(digits.data(), end, value);
  if (error != std::errc() || at != end || value == 0) return std::nullopt;
  return value;
}

void write_key(CanonicalWriter& writer, const RingKey& key) {
  writer.begin_object().key("algorithm").text(kEd25519);
  writer.key("from_seq").text(std::to_string(key.from_seq)).key("kid").text(key.kid());
  writer.key("public_key").text(to_base64(text_of(key.key)));
  writer.key("public_key_pem").text(public_key_pem(key.key));
  writer.key("status").text(name_of(key.status)).key("to_seq");
  key.to_seq ? writer.text(std::to_string(*key.to_seq)) : writer.null();
  writer.end_object();
}

Result<RingKey> read_key(const Json& object) {
  PayloadMembers members(object);
  const std::string algorithm = members.text("algorithm");
  if (members.is_good() && algorithm != kEd25519) {
    return fail(ErrorCode::Unsupported, "keys.json: a key of an unknown algorithm");
  }
  RingKey key;
  const auto bytes = from_base64(members.text("public_key"));
  if (!bytes || bytes->size() != key.key.size()) return no_ring("a public key is not one");
  std::ranges::copy(*bytes, reinterpret_cast<char*>(key.key.data()));
  const auto from = read_number(members.text("from_seq"));
  const auto status = std::ranges::find(kStatusWords, members.text("status"));
  if (!from || status == kStatusWords.end()) return no_ring("from_seq or status is wrong");
  key.from_seq = *from;
  key.status = static_cast<KeyStatus>(status - kStatusWords.begin());
  key.to_seq = read_number(members.text("to_seq"));
  return key;
}

}  // namespace

const RingKey* KeyRing::find(std::string_view kid) const noexcept {
  for (const RingKey& key : keys) {
    if (key.kid() == kid) return &key;
  }
  return nullptr;
}

RingKey* KeyRing::active() noexcept {
  for (RingKey& key : keys) {
    if (key.status == KeyStatus::Active) return &key;
  }
  return nullptr;
}

std::string_view name_of(KeyStatus status) noexcept {
  return kStatusWords[static_cast<std::size_t>(status)];
}

std::string write_ring_key(const RingKey& key) {
  CanonicalWriter writer;
  write_key(writer, key);
  return writer.take();
}

std::string write_key_ring(const KeyRing& ring) {
  CanonicalWriter writer;
  writer.begin_object().key("keys").begin_array();
  for (const RingKey& key : ring.keys) write_key(writer, key);
  writer.end_array().key("v").integer(kRingVersion).end_object();
  return writer.take() + "\n";
}

Result<KeyRing> read_key_ring(std::string_view text) {
  if (text.size() > kKeyRingBytesMax) return no_ring("longer than 1 MiB");
  const auto json = parse_json(text, 4);
  if (!json || !json->is_object()) return no_ring("not a JSON object");
  PayloadMembers members(*json);
  if (members.integer("v") > kRingVersion) {
    return fail(ErrorCode::Unsupported, "keys.json: of a newer version");
  }
  const Json& list = members.get("keys");
  if (!members.is_good() || !list.is_array()) return no_ring("a member is missing or wrong");
  KeyRing ring;
  for (const Json& object : list) {
    if (!object.is_object()) return no_ring("a key is no object");
    auto key = read_key(object);
    if (!key) return fail(key.error());
    if (ring.find(key->kid()) != nullptr) return no_ring("a kid stands there twice");
    ring.keys.push_back(*std::move(key));
  }
  if (write_key_ring(ring) != text) return no_ring("not in its canonical form");
  return ring;
}

KeyRing cut_key_ring(const KeyRing& ring, std::uint64_t first_seq, std::uint64_t last_seq) {
  KeyRing cut;
  for (RingKey key : ring.keys) {
    key.from_seq = std::max(key.from_seq, first_seq);
    key.to_seq = std::min(key.to_seq.value_or(last_seq), last_seq);
    if (key.from_seq <= *key.to_seq) cut.keys.push_back(key);
  }
  return cut;
}

}  // namespace betrace::evidence
