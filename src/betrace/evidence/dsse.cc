#include "betrace/evidence/dsse.h"

#include <fmt/format.h>

#include "betrace/base/base64.h"
#include "betrace/evidence/canonical_json.h"
#include "betrace/evidence/payload_members.h"

namespace betrace::evidence {
namespace {

tl::unexpected<Error> no_envelope(std::string_view what) {
  return fail(ErrorCode::Corrupt, fmt::format("envelope: {}", what));
}

// The one signature of the list; an empty object if there are more or none.
Json only_signature(const Json& list) {
  return list.is_array() && list.size() == 1 && list[0].is_object() ? list[0] : Json::object();
}

}  // namespace

std::string pre_authentication_encoding(std::string_view type, std::string_view payload) {
  return fmt::format("DSSEv1 {} {} {} {}", type.size(), type, payload.size(), payload);
}

std::string write_envelope(const CommitEnvelope& envelope) {
  CanonicalWriter writer;
  writer.begin_object();
  writer.key("payload").text(to_base64(envelope.payload)).key("payloadType").text(kCommitType);
  writer.key("signatures").begin_array().begin_object();
  writer.key("keyid").text(envelope.kid).key("sig").text(to_base64(envelope.signature));
  writer.end_object().end_array().end_object();
  return writer.take();
}

Result<CommitEnvelope> read_envelope(std::string_view text) {
  if (text.size() > kEnvelopeBytesMax) return no_envelope("too long");
  const auto json = parse_json(text, 4);
  if (!json || !json->is_object()) return no_envelope("not a JSON object");
  PayloadMembers members(*json);
  const Json signature = only_signature(members.get("signatures"));
  PayloadMembers signed_by(signature);
  if (members.text("payloadType") != kCommitType) {
    return fail(ErrorCode::Unsupported, "envelope: of an unknown payload type");
  }
  auto payload = from_base64(members.text("payload"));
  auto sig = from_base64(signed_by.text("sig"));
  CommitEnvelope envelope;
  envelope.kid = signed_by.text("keyid");
  if (!payload || !sig || !members.is_good() || !signed_by.is_good()) {
    return no_envelope("a member is missing or wrong");
  }
  envelope.payload = *std::move(payload);
  envelope.signature = *std::move(sig);
  if (write_envelope(envelope) != text) return no_envelope("not in its canonical form");
  return envelope;
}

}  // namespace betrace::evidence
