#include "betrace/http/tls.h"

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <iterator>
#include <utility>

#include "betrace/base/ascii.h"
#include "betrace/base/check.h"

namespace betrace::http {
namespace {

template <auto Free>
struct Freed {
  template <typename T>
  void operator()(T* object) const noexcept {
    Free(object);
  }
};
using SslContext = std::unique_ptr<SSL_CTX, Freed<SSL_CTX_free>>;
using Certificate = std::unique_ptr<X509, Freed<X509_free>>;

// Forward secrecy and authenticated encryption only; TLS 1.3 has nothing else.
constexpr const char* kCiphers = "ECDHE+AESGCM:ECDHE+CHACHA20";

std::string tls_reason() {
  const unsigned long error = ERR_get_error();
  ERR_clear_error();
  const char* reason = error == 0 ? nullptr : ERR_reason_error_string(error);
  return reason == nullptr ? "is not legal PEM" : lower_case(reason);
}

tl::unexpected<Error> wrong_tls(std::string_view setting, const std::string& path) {
  return fail(ErrorCode::InvalidArgument, fmt::format("{}: {}: {}", setting, path, tls_reason()));
}

int select_protocol(std::string_view wanted, const unsigned char** out, unsigned char* size,
                    const unsigned char* offered, unsigned int offered_size) {
  unsigned char* chosen = nullptr;
  const int found =
      SSL_select_next_proto(&chosen, size, reinterpret_cast<const unsigned char*>(wanted.data()),
                            static_cast<unsigned int>(wanted.size()), offered, offered_size);
  *out = chosen;
  return found == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
}

// Each name with its length before it, as ALPN wants.
constexpr std::string_view kHttp1Name = "\x08http/1.1";
constexpr std::string_view kHttp2Name = "\x02h2";

int on_alpn(SSL* ssl, const unsigned char** out, unsigned char* size, const unsigned char* offered,
            unsigned int offered_size, void*) {
  const bool is_http2 = SSL_get_app_data(ssl) != nullptr;
  return select_protocol(is_http2 ? kHttp2Name : kHttp1Name, out, size, offered, offered_size);
}

// A key with a passphrase must not ask a terminal for it.
int no_passphrase(char*, int, int, void*) { return 0; }

SslContext new_context(const SSL_METHOD* method) {
  SslContext context(SSL_CTX_new(method));
  BETRACE_CHECK(context != nullptr);
  SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
  SSL_CTX_set_cipher_list(context.get(), kCiphers);
  SSL_CTX_set_options(context.get(), SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                         SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_NO_TICKET);
  SSL_CTX_set_num_tickets(context.get(), 0);
  SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF);
  SSL_CTX_set_mode(context.get(), SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_default_passwd_cb(context.get(), no_passphrase);
  return context;
}

Result<void> trust_clients(SSL_CTX* context, const std::string& path) {
  X509_STORE* store = SSL_CTX_get_cert_store(context);
  X509_LOOKUP* lookup = X509_STORE_add_lookup(store, X509_LOOKUP_file());
  if (lookup == nullptr || X509_load_cert_crl_file(lookup, path.c_str(), X509_FILETYPE_PEM) < 1) {
    return wrong_tls("tls.client_ca", path);
  }
  auto* names = SSL_load_client_CA_file(path.c_str());
  if (names == nullptr) return wrong_tls("tls.client_ca", path);
  SSL_CTX_set_client_CA_list(context, names);
  const STACK_OF(X509_OBJECT)* objects = X509_STORE_get0_objects(store);
  for (int index = 0; index < sk_X509_OBJECT_num(objects); ++index) {
    if (X509_OBJECT_get_type(sk_X509_OBJECT_value(objects, index)) == X509_LU_CRL) {
      X509_STORE_set_flags(store, X509_V_FLAG_CRL_CHECK);
    }
  }
  // Asked for and not required: probes have none, and a key proves a role too.
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
  ERR_clear_error();
  return {};
}

// Empty if it cannot be read; loading it says why.
std::string file_text(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

Sha256 digest_of(const TlsPaths& paths) {
  std::string all;
  for (const std::string* path : {&paths.certificate, &paths.key, &paths.client_ca}) {
    const Sha256 digest = sha256(path->empty() ? "" : file_text(*path));
    all.append(digest.begin(), digest.end());
  }
  return sha256(all);
}

}  // namespace

struct TlsSession::State {
  SslContext context;  // of a client; a server's session keeps that of its files alive by itself
  std::unique_ptr<SSL, Freed<SSL_free>> ssl;
  BIO* input = nullptr;   // owned by ssl
  BIO* output = nullptr;  // likewise
  Certificate pinned;     // what a server must show to our client
};

struct TlsFiles::Context {
  SslContext context;
};

namespace {

// Gives the session its two ends.
void attach(SSL* ssl, BIO** input, BIO** output) {
  *input = BIO_new(BIO_s_mem());
  *output = BIO_new(BIO_s_mem());
  BETRACE_CHECK(*input != nullptr && *output != nullptr);
  BIO_set_mem_eof_return(*input, -1);  // empty is not the end
  SSL_set_bio(ssl, *input, *output);
}

}  // namespace

TlsSession::TlsSession(std::unique_ptr<State> state) : state_(std::move(state)) {
  attach(state_->ssl.get(), &state_->input, &state_->output);
}
TlsSession::~TlsSession() = default;

void TlsSession::receive(std::string_view bytes) {
  const int taken = BIO_write(state_->input, bytes.data(), static_cast<int>(bytes.size()));
  BETRACE_CHECK(taken == static_cast<int>(bytes.size()));
}

TlsSession::Progress TlsSession::handshake() {
  ERR_clear_error();
  SSL* ssl = state_->ssl.get();
  const int done = SSL_do_handshake(ssl);
  if (done != 1) {
    return SSL_get_error(ssl, done) == SSL_ERROR_WANT_READ ? Progress::NeedMore : Progress::Broken;
  }
  if (state_->pinned == nullptr) return Progress::Done;
  const Certificate shown(SSL_get1_peer_certificate(ssl));
  const bool is_it = shown != nullptr && X509_cmp(shown.get(), state_->pinned.get()) == 0;
  return is_it ? Progress::Done : Progress::Broken;
}

TlsSession::Progress TlsSession::read(std::span<char> room, std::size_t* count) {
  ERR_clear_error();
  *count = 0;
  while (*count < room.size()) {
    std::size_t got = 0;
    const int done =
        SSL_read_ex(state_->ssl.get(), room.data() + *count, room.size() - *count, &got);
    *count += got;
    if (done == 1) continue;
    if (*count > 0) break;  // what comes after it is told the next time
    switch (SSL_get_error(state_->ssl.get(), done)) {
      case SSL_ERROR_WANT_READ:
        return Progress::NeedMore;
      case SSL_ERROR_ZERO_RETURN:
        return Progress::Ended;
      default:
        return Progress::Broken;
    }
  }
  return Progress::Done;
}

bool TlsSession::write(std::string_view bytes) {
  if (bytes.empty()) return true;
  ERR_clear_error();
  std::size_t written = 0;
  return SSL_write_ex(state_->ssl.get(), bytes.data(), bytes.size(), &written) == 1;
}

void TlsSession::end() {
  ERR_clear_error();
  SSL_shutdown(state_->ssl.get());
}

void TlsSession::take_output(std::string* out) {
  const auto waiting = static_cast<std::size_t>(BIO_ctrl_pending(state_->output));
  if (waiting == 0) return;
  const std::size_t before = out->size();
  out->resize(before + waiting);
  BIO_read(state_->output, out->data() + before, static_cast<int>(waiting));
}

std::vector<std::string> TlsSession::certificate_names() const {
  std::vector<std::string> found;
  const Certificate shown(SSL_get1_peer_certificate(state_->ssl.get()));
  if (shown == nullptr || SSL_get_verify_result(state_->ssl.get()) != X509_V_OK) return found;
  const std::unique_ptr<GENERAL_NAMES, Freed<GENERAL_NAMES_free>> names(static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(shown.get(), NID_subject_alt_name, nullptr, nullptr)));
  for (int index = 0; index < sk_GENERAL_NAME_num(names.get()); ++index) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(names.get(), index);
    if (name->type != GEN_DNS && name->type != GEN_URI && name->type != GEN_EMAIL) continue;
    const ASN1_IA5STRING* text = name->d.ia5;
    std::string value(reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
                      static_cast<std::size_t>(ASN1_STRING_length(text)));
    if (value.find('\0') == std::string::npos) found.push_back(std::move(value));
  }
  return found;
}

Result<std::shared_ptr<const TlsFiles::Context>> TlsFiles::make_context(const TlsPaths& paths) {
  auto made = std::make_shared<Context>(Context{new_context(TLS_server_method())});
  SSL_CTX* context = made->context.get();
  ERR_clear_error();
  if (SSL_CTX_use_certificate_chain_file(context, paths.certificate.c_str()) != 1) {
    return wrong_tls("tls.cert", paths.certificate);
  }
  if (SSL_CTX_use_PrivateKey_file(context, paths.key.c_str(), SSL_FILETYPE_PEM) != 1 ||
      SSL_CTX_check_private_key(context) != 1) {
    return wrong_tls("tls.key", paths.key);
  }
  if (!paths.client_ca.empty()) {
    if (auto trusted = trust_clients(context, paths.client_ca); !trusted) {
      return fail(trusted.error());
    }
  }
  SSL_CTX_set_alpn_select_cb(context, on_alpn, nullptr);
  return made;
}

Result<std::shared_ptr<TlsFiles>> TlsFiles::load(TlsPaths paths) {
  const std::shared_ptr<TlsFiles> files(new TlsFiles(std::move(paths)));
  if (auto read = files->reload(); !read) return fail(read.error());
  return files;
}

TlsFiles::~TlsFiles() = default;

Result<bool> TlsFiles::reload() {
  const Sha256 digest = digest_of(paths_);
  const std::lock_guard lock(mutex_);
  if (digest == seen_) return false;
  seen_ = digest;
  auto context = make_context(paths_);
  if (!context) return fail(context.error());
  context_ = std::move(*context);
  return true;
}

std::unique_ptr<TlsSession> TlsFiles::accept(TlsProtocol protocol) const {
  std::shared_ptr<const Context> context;
  {
    const std::lock_guard lock(mutex_);
    context = context_;
  }
  auto state = std::make_unique<TlsSession::State>();
  state->ssl.reset(SSL_new(context->context.get()));  // holds the context by itself
  BETRACE_CHECK(state->ssl != nullptr);
  static char is_http2;
  SSL_set_app_data(state->ssl.get(), protocol == TlsProtocol::Http2 ? &is_http2 : nullptr);
  SSL_set_accept_state(state->ssl.get());
  return std::unique_ptr<TlsSession>(new TlsSession(std::move(state)));
}

Result<std::unique_ptr<TlsSession>> connect_tls(const std::string& certificate_file) {
  ERR_clear_error();
  const std::unique_ptr<BIO, Freed<BIO_free>> file(BIO_new_file(certificate_file.c_str(), "r"));
  Certificate pinned(file == nullptr ? nullptr
                                     : PEM_read_bio_X509(file.get(), nullptr, nullptr, nullptr));
  if (pinned == nullptr) return wrong_tls("tls.cert", certificate_file);
  auto state = std::make_unique<TlsSession::State>();
  state->context = new_context(TLS_client_method());
  state->ssl.reset(SSL_new(state->context.get()));
  BETRACE_CHECK(state->ssl != nullptr);
  state->pinned = std::move(pinned);
  SSL_set_connect_state(state->ssl.get());
  return std::unique_ptr<TlsSession>(new TlsSession(std::move(state)));
}

}  // namespace betrace::http
