#include "betrace/api/evidence_handler.h"

#include <fmt/format.h>

#include <algorithm>

#include "betrace/api/bundle_stream.h"
#include "betrace/api/object_reader.h"
#include "betrace/api/query.h"
#include "betrace/base/base64.h"
#include "betrace/base/hex.h"
#include "betrace/base/utf8.h"
#include "betrace/evidence/commit_payload.h"

namespace betrace::api {
namespace {

constexpr std::chrono::hours kGapWindow{24};
constexpr std::uint32_t kCheckpointsDefault = 100;
constexpr std::uint64_t kCheckpointOffsetMax = 10'000;
constexpr std::size_t kBundlePieceBytesMax = 256 * 1024;

// What is canonical JSON already, with its members as they are.
OrderedJson as_json(const std::string& text) { return OrderedJson::parse(text); }

OrderedJson proof_json(const storage::EvidenceProof& proof) {
  OrderedJson path = OrderedJson::array();
  for (const Sha256& node : proof.merkle_path) path.push_back(to_hex(node));
  OrderedJson json = {{"payload", to_base64(proof.record.payload)},
                      {"sequence", std::to_string(proof.record.sequence)}};
  if (proof.record.mac.empty()) {
    json["signature"] = nullptr;
    json["unsigned"] = true;
  } else {
    json["signature"] = proof.record.mac;
  }
  json["leaf_index"] = proof.leaf_index;
  json["merkle_path"] = std::move(path);
  json["commit"] = as_json(evidence::write_envelope(proof.envelope));
  return json;
}

OrderedJson checkpoint_json(const evidence::CommitEnvelope& envelope) {
  const auto commit = evidence::read_commit_payload(envelope.payload);
  if (!commit) return nullptr;
  return {
      {"log", commit->log},           {"size", std::to_string(commit->last_seq())},
      {"root", to_hex(commit->root)}, {"ts", format_rfc3339(commit->time)},
      {"kid", commit->kid},           {"envelope", as_json(evidence::write_envelope(envelope))}};
}

Reply<storage::EvidenceQuery> read_bundle_query(const http::RequestHead& head,
                                                const storage::ViolationLog& log) {
  QueryReader query(head);
  storage::EvidenceQuery wanted;
  wanted.first_seq = query.integer("from_seq", 1, 1, storage::kSequenceMax);
  wanted.last_seq = query.integer("to_seq", storage::kSequenceMax, 1, storage::kSequenceMax);
  const auto start = query.time("start_time");
  const auto end = query.time("end_time");
  const bool is_by_number = head.parameter("from_seq") || head.parameter("to_seq");
  if (is_by_number && (start || end)) {
    query.reject("start_time", "and from_seq exclude each other");
  }
  if (wanted.last_seq < wanted.first_seq) query.reject("to_seq", "is below from_seq");
  if (auto mistake = query.finish()) return refuse(std::move(*mistake));
  if (!start && !end) return wanted;
  auto range = log.evidence_range(start.value_or(0), end.value_or(INT64_MAX));
  if (!range && range.error().code == ErrorCode::NotFound) {
    return refuse(ErrorKind::NotFound, range.error().message);
  }
  if (!range) return refuse(to_api_error(range.error()));
  return *range;
}

}  // namespace

Reply<http::Response> EvidenceHandler::summary(const http::Request& request,
                                               const http::PathParameters&) const {
  QueryReader query(request.head);
  if (auto mistake = query.finish()) return refuse(std::move(*mistake));
  const storage::ViolationLogStatus log = services_.violations.status();
  const auto& key = services_.record_keys.active;
  const auto checkpoint = services_.checkpoints(0, 1).checkpoints;
  const auto coverage = services_.last_coverage();
  const account::GapCount gaps = services_.gaps_since(services_.clock(), kGapWindow);
  return json_reply(
      200, {{"signing", options_.signing},
            {"key_id", key ? OrderedJson(key->kid()) : OrderedJson()},
            {"log", log.log_id},
            {"size", std::to_string(log.last_sequence)},
            {"commit_key", services_.violations.key_ring().keys.back().kid()},
            {"last_checkpoint",
             checkpoint.empty() ? OrderedJson() : checkpoint_json(checkpoint.front())},
            {"last_coverage",
             coverage ? OrderedJson(evidence::coverage_members(*coverage)) : OrderedJson()},
            {"gaps_24h", gaps.records},
            {"gaps_since", format_rfc3339(gaps.since)}});
}

Reply<http::Response> EvidenceHandler::keys(const http::Request& request,
                                            const http::PathParameters&) const {
  QueryReader query(request.head);
  if (auto mistake = query.finish()) return refuse(std::move(*mistake));
  return http::json_response(200, evidence::write_key_ring(services_.violations.key_ring()));
}

Reply<http::Response> EvidenceHandler::rotate(const http::Request& request,
                                              const http::PathParameters&) const {
  bool is_compromised = false;
  if (!request.body.empty()) {
    const auto body = read_json_object(request.body, options_.json_depth_max);
    if (!body) return refuse(body.error());
    const auto member = body->find("compromised");
    is_compromised = member != body->end() && *member == true;
  }
  const auto key = services_.rotate_key(is_compromised ? evidence::KeyStatus::Compromised
                                                       : evidence::KeyStatus::Retired);
  if (key) return http::json_response(200, evidence::write_ring_key(*key));
  if (key.error().code == ErrorCode::FailedPrecondition) {
    return refuse(ErrorKind::PreconditionFailed, key.error().message);
  }
  return refuse(to_api_error(key.error()));
}

Reply<http::Response> EvidenceHandler::checkpoints(const http::Request& request,
                                                   const http::PathParameters&) const {
  QueryReader query(request.head);
  const Page wanted =
      query.page(kCheckpointsDefault, options_.query_results_max, kCheckpointOffsetMax);
  if (auto mistake = query.finish()) return refuse(std::move(*mistake));
  const evidence::CheckpointPage page = services_.checkpoints(wanted.offset, wanted.limit);
  OrderedJson list = OrderedJson::array();
  for (const evidence::CommitEnvelope& each : page.checkpoints) {
    list.push_back(checkpoint_json(each));
  }
  return json_reply(200, {{"checkpoints", std::move(list)},
                          {"total", page.total},
                          {"limit", wanted.limit},
                          {"offset", wanted.offset}});
}

Reply<http::Response> EvidenceHandler::latest_checkpoint(const http::Request& request,
                                                         const http::PathParameters&) const {
  QueryReader query(request.head);
  if (auto mistake = query.finish()) return refuse(std::move(*mistake));
  const auto latest = services_.checkpoints(0, 1).checkpoints;
  if (latest.empty()) return refuse(ErrorKind::NotFound, "there is no checkpoint yet");
  return http::json_response(200, evidence::write_envelope(latest.front()) + "\n");
}

Reply<http::Response> EvidenceHandler::of_violation(const http::Request& request,
                                                    const http::PathParameters& path) const {
  QueryReader query(request.head);
  if (auto mistake = query.finish()) return refuse(std::move(*mistake));
  const std::string& id = path.at("id");
  const auto proofs = services_.violations.evidence_of(id);
  if (!proofs) {
    if (proofs.error().code != ErrorCode::NotFound) return refuse(to_api_error(proofs.error()));
    return refuse(ErrorKind::ViolationNotFound,
                  fmt::format("there is no violation {}", quote_excerpt(id)));
  }
  OrderedJson json = proof_json(proofs->front());
  json["further"] = OrderedJson::array();
  for (std::size_t i = 1; i < proofs->size(); ++i)
    json["further"].push_back(proof_json((*proofs)[i]));
  return json_reply(200, json);
}

Reply<http::Response> EvidenceHandler::bundle(const http::Request& request,
                                              const http::PathParameters&) const {
  auto wanted = read_bundle_query(request.head, services_.violations);
  if (!wanted) return refuse(wanted.error());
  // What is committed while the bundle is made is not in it.
  const std::uint64_t committed = services_.violations.status().last_sequence;
  wanted->last_seq = std::min(wanted->last_seq, committed);
  wanted->bytes_max = 1;
  const auto first = services_.violations.evidence(*wanted);
  if (!first) return refuse(to_api_error(first.error()));
  if (first->empty()) return refuse(ErrorKind::NotFound, "no record of that range");
  wanted->bytes_max = kBundlePieceBytesMax;
  http::Response response = http::make_response(200, "application/gzip", "");
  response.stream =
      std::make_unique<BundleStream>(services_.violations, *wanted, options_.witness_path);
  response.headers.add("Content-Encoding", "identity");  // it is compressed already
  response.headers.add("Content-Disposition", "attachment; filename=\"evidence.tar.gz\"");
  return response;
}

}  // namespace betrace::api
