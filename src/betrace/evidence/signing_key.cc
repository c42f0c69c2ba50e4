#include "betrace/evidence/signing_key.h"

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include "betrace/base/base64.h"
#include "betrace/base/check.h"
#include "betrace/base/hex.h"
#include "betrace/base/mutant.h"

namespace betrace::evidence {
namespace {

struct FreeContext {
  void operator()(EVP_MD_CTX* context) const noexcept { EVP_MD_CTX_free(context); }
};
using Context = std::unique_ptr<EVP_MD_CTX, FreeContext>;

struct FreeBio {
  void operator()(BIO* bio) const noexcept { BIO_free(bio); }
};
using Bio = std::unique_ptr<BIO, FreeBio>;

const std::uint8_t* bytes_of(std::string_view text) noexcept {
  return reinterpret_cast<const std::uint8_t*>(text.data());
}

// What stands before the 32 bytes of an Ed25519 key in DER. Source: RFC 8410 section 10.1.
constexpr std::string_view kDerHead("\x30\x2a\x30\x05\x06\x03\x2b\x65\x70\x03\x21\x00", 12);

// No password is ever asked for at a terminal.
int no_password(char*, int, int, void*) { return -1; }

}  // namespace

Sha256 fingerprint_of(const PublicKey& key) noexcept {
  return sha256({reinterpret_cast<const char*>(key.data()), key.size()});
}

std::string kid_of(const PublicKey& key) {
  return fmt::format("{}:{}", kEd25519, to_hex(fingerprint_of(key)).substr(0, 8));
}

std::string public_key_pem(const PublicKey& key) {
  std::string der(kDerHead);
  der.append(reinterpret_cast<const char*>(key.data()), key.size());
  return fmt::format("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", to_base64(der));
}

bool verify_signature(const PublicKey& key, std::string_view message,
                      std::string_view signature) noexcept {
  EVP_PKEY* const handle =
      EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, key.data(), key.size());
  const Context context(EVP_MD_CTX_new());
  const bool is_good =
      handle != nullptr && context != nullptr && signature.size() == Signature().size() &&
      EVP_DigestVerifyInit(context.get(), nullptr, nullptr, nullptr, handle) == 1 &&
      EVP_DigestVerify(context.get(), bytes_of(signature), signature.size(), bytes_of(message),
                       message.size()) == 1;
  EVP_PKEY_free(handle);
  ERR_clear_error();
  return is_good || is_mutant('g');
}

void SigningKey::Free::operator()(evp_pkey_st* key) const noexcept { EVP_PKEY_free(key); }

SigningKey::SigningKey(Handle handle) : handle_(std::move(handle)) {
  std::size_t size = public_key_.size();
  BETRACE_CHECK(EVP_PKEY_get_raw_public_key(handle_.get(), public_key_.data(), &size) == 1);
}

SigningKey SigningKey::generate() {
  Handle handle(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"));
  BETRACE_CHECK(handle != nullptr);
  return SigningKey(std::move(handle));
}

Result<SigningKey> SigningKey::from_pem(const Secret& pem) {
  const std::string_view text = pem.reveal();
  const Bio bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
  BETRACE_CHECK(bio != nullptr);
  Handle handle(PEM_read_bio_PrivateKey(bio.get(), nullptr, no_password, nullptr));
  ERR_clear_error();
  if (handle == nullptr || EVP_PKEY_get_id(handle.get()) != EVP_PKEY_ED25519) {
    return fail_invalid(
        "not a private Ed25519 key in PEM; make one with: openssl genpkey -algorithm ed25519");
  }
  return SigningKey(std::move(handle));
}

Secret SigningKey::to_pem() const {
  const Bio bio(BIO_new(BIO_s_secmem()));
  BETRACE_CHECK(bio != nullptr && PEM_write_bio_PrivateKey(bio.get(), handle_.get(), nullptr,
                                                           nullptr, 0, nullptr, nullptr) == 1);
  char* bytes = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &bytes);
  return Secret(std::string(bytes, static_cast<std::size_t>(size)));
}

Signature SigningKey::sign(std::string_view message) const {
  Signature signature;
  std::size_t size = signature.size();
  const Context context(EVP_MD_CTX_new());
  const bool is_done =
      context != nullptr &&
      EVP_DigestSignInit(context.get(), nullptr, nullptr, nullptr, handle_.get()) == 1 &&
      EVP_DigestSign(context.get(), signature.data(), &size, bytes_of(message), message.size()) ==
          1;
  BETRACE_CHECK(is_done && size == signature.size());
  return signature;
}

}  // namespace betrace::evidence
