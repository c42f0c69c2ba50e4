// The members of a payload object, read with one check at the end.
//
// Used by the readers of payloads. A member that is absent or of another type makes the whole
// object wrong; the first such name is kept. Not for input of clients, whose mistakes need better
// words.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "betrace/base/json.h"
#include "betrace/base/time.h"
#include "betrace/model/ids.h"

namespace betrace::evidence {

/// Borrows the object. One thread.
class PayloadMembers {
 public:
  explicit PayloadMembers(const Json& object) : object_(object) {}

  [[nodiscard]] bool has(const char* member) const;
  /// An empty value, and the object is wrong, if the member is absent.
  [[nodiscard]] const Json& get(const char* member);
  /// Of a member that may be null: empty.
  [[nodiscard]] std::string text(const char* member);
  [[nodiscard]] bool boolean(const char* member);
  [[nodiscard]] std::uint64_t integer(const char* member);
  [[nodiscard]] UnixNanos time(const char* member);
  [[nodiscard]] std::vector<std::string> texts(const char* member);
  /// Of a member that may be null: all zero.
  template <std::size_t N>
  [[nodiscard]] model::Id<N> id(const char* member) {
    model::Id<N> value;
    const std::string digits = text(member);
    if (!digits.empty() && !model::Id<N>::parse(digits, &value)) reject(member);
    return value;
  }
  /// What `read` makes of the word; a word that it does not know is wrong.
  template <typename Read>
  [[nodiscard]] auto word(const char* member, Read read) {
    auto value = read(std::string_view(text(member)));
    if (!value) reject(member);
    return value;
  }

  void reject(const char* member);
  [[nodiscard]] bool is_good() const noexcept { return wrong_ == nullptr; }
  /// Requires: not is_good().
  [[nodiscard]] std::string wrong_member() const { return wrong_; }

 private:
  const Json& object_;
  const char* wrong_ = nullptr;
};

}  // namespace betrace::evidence
