// For tests only: a key and a certificate that signs itself, as PEM files in a directory.
#pragma once

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <cstdio>
#include <string>

#include "betrace/base/check.h"
#include "betrace/base/test_directory.h"

namespace betrace::http {

/// `<name>.pem` and `<name>.key` in a directory that is removed at the end of the scope.
class TestCertificates {
 public:
  [[nodiscard]] std::string file(const std::string& name) const { return directory_.file(name); }

  /// Makes both files of `name`, valid for an hour, for any use.
  void make(const std::string& name) const {
    EVP_PKEY* key = EVP_EC_gen("P-256");
    X509* certificate = X509_new();
    BETRACE_CHECK(key != nullptr && certificate != nullptr);
    X509_set_version(certificate, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
    X509_gmtime_adj(X509_getm_notBefore(certificate), -60);
    X509_gmtime_adj(X509_getm_notAfter(certificate), 3'600);
    X509_set_pubkey(certificate, key);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_ASC,
                               reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0);
    X509_set_issuer_name(certificate, X509_get_subject_name(certificate));
    X509_sign(certificate, key, EVP_sha256());
    write(name + ".key", [key](std::FILE* file) {
      PEM_write_PrivateKey(file, key, nullptr, nullptr, 0, nullptr, nullptr);
    });
    write(name + ".pem", [certificate](std::FILE* file) { PEM_write_X509(file, certificate); });
    X509_free(certificate);
    EVP_PKEY_free(key);
  }

 private:
  template <typename Write>
  void write(const std::string& name, Write write) const {
    std::FILE* out = std::fopen(file(name).c_str(), "w");
    BETRACE_CHECK(out != nullptr);
    write(out);
    std::fclose(out);
  }

  TestDirectory directory_;
};

}  // namespace betrace::http
