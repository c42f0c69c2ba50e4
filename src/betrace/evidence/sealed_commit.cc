#include "betrace/evidence/sealed_commit.h"

namespace betrace::evidence {

CommitEnvelope seal_commit(Commit commit, const SigningKey& key) {
  commit.kid = kid_of(key.public_key());
  CommitEnvelope envelope{commit_payload(commit), commit.kid, ""};
  const Signature signature = key.sign(pre_authentication_encoding(kCommitType, envelope.payload));
  envelope.signature.assign(signature.begin(), signature.end());
  return envelope;
}

}  // namespace betrace::evidence
