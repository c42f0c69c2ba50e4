// Bytes that must not be seen: keys and passwords.
//
// Has no stream and no format operator, so it cannot end in a log by mistake; reveal() is what a
// review looks for. Its memory is overwritten when it goes.
#pragma once

#include <openssl/crypto.h>

#include <string>
#include <string_view>
#include <utility>

namespace betrace {

/// Movable and copyable; every copy is overwritten for itself.
class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string bytes) : bytes_(std::move(bytes)) {}
  Secret(const Secret& other) = default;
  Secret(Secret&& other) noexcept : bytes_(other.bytes_) { other.wipe(); }
  Secret& operator=(Secret other) noexcept {
    std::swap(bytes_, other.bytes_);
    return *this;
  }
  ~Secret() { wipe(); }

  [[nodiscard]] bool empty() const noexcept { return bytes_.empty(); }
  /// Valid while this lives. Never to be printed, logged or put into an error.
  [[nodiscard]] std::string_view reveal() const noexcept { return bytes_; }

 private:
  // The move of a short text leaves a copy behind, which is why moving copies and wipes.
  void wipe() noexcept {
    OPENSSL_cleanse(bytes_.data(), bytes_.size());
    bytes_.clear();
  }

  std::string bytes_;
};

}  // namespace betrace
