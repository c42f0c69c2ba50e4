#include "betrace/storage/log_keys.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "betrace/storage/durable_file.h"

namespace betrace::storage {
namespace {

constexpr std::size_t kPemBytesMax = 16 * 1024;
constexpr mode_t kOthers = 077;  // what nobody but the owner may do
constexpr mode_t kGroupReads = 040;

// `ed25519-1f00aa12.pem`
std::string pem_name(std::string kid) {
  std::ranges::replace(kid, ':', '-');
  return kid + ".pem";
}

// A file that is mounted from a secret belongs to root, and a group of ours may read it.
bool is_private(const FileStamp& stamp) {
  const uid_t self = ::geteuid();
  if (stamp.owner == self) return (stamp.mode & kOthers) == 0;
  return stamp.owner == 0 && (stamp.mode & kOthers & ~kGroupReads) == 0;
}

Result<evidence::SigningKey> read_pem(FileSystem& files, int directory, const std::string& name,
                                      Links links) {
  FileStamp stamp;
  const int status = files.stamp(directory, name, &stamp);
  if (status == 0 && !is_private(stamp)) {
    return fail(ErrorCode::InvalidArgument,
                fmt::format("{} is a private key that belongs to another user or that others may "
                            "read; chmod 600, chown",
                            name));
  }
  auto text = read_file(files, directory, name, kPemBytesMax, links);
  if (!text) return fail(text.error());
  auto key = evidence::SigningKey::from_pem(Secret(*std::move(text)));
  if (!key) return fail(key.error().code, fmt::format("{}: {}", name, key.error().message));
  return key;
}

}  // namespace

Result<evidence::KeyRing> read_key_ring_in(const std::string& path, FileSystem& files) {
  const FileHandle directory(files, files.open_directory(path));
  if (!directory.is_open()) return fail(ErrorCode::NotFound, path + " cannot be opened");
  const auto text =
      read_file(files, directory.number(), kKeyRingName, evidence::kKeyRingBytesMax, Links::Refuse);
  if (!text) return fail(text.error());
  return evidence::read_key_ring(*text);
}

Result<LogKeys> LogKeys::open(FileSystem& files, const std::string& state_path,
                              const std::string& key_file) {
  LogKeys keys(files, state_path);
  keys.directory_ = FileHandle(files, files.open_directory(state_path));
  if (!keys.directory_.is_open()) {
    return fail(ErrorCode::StorageFailed, "state.path: cannot be opened");
  }
  auto opened = keys.read_ring().and_then(
      [&] { return key_file.empty() ? keys.read_or_make() : keys.read_given(key_file); });
  if (!opened) return fail(opened.error());
  return keys;
}

Result<void> LogKeys::read_ring() {
  const auto text = read_file(*files_, directory_.number(), kKeyRingName,
                              evidence::kKeyRingBytesMax, Links::Refuse);
  if (!text && text.error().code == ErrorCode::NotFound) return {};
  if (!text) return fail(text.error());
  auto ring = evidence::read_key_ring(*text);
  if (!ring) {
    const bool is_newer = ring.error().code == ErrorCode::Unsupported;
    return fail(
        ring.error().code,
        ring.error().message + (is_newer ? "" : "; put back the one of a backup, or move it away"));
  }
  ring_ = *std::move(ring);
  return {};
}

Result<void> LogKeys::write_ring(const evidence::KeyRing& ring) {
  auto done =
      durable_replace(*files_, directory_.number(), kKeyRingName, evidence::write_key_ring(ring));
  if (done) ring_ = ring;
  return done;
}

Result<void> LogKeys::read_given(const std::string& key_file) {
  is_given_ = true;
  const std::size_t slash = key_file.rfind('/');
  const std::string folder = slash == std::string::npos ? "." : key_file.substr(0, slash + 1);
  const FileHandle directory(*files_, files_->open_directory(folder));
  auto key = directory.is_open()
                 ? read_pem(*files_, directory.number(), key_file.substr(slash + 1), Links::Beneath)
                 : Result<evidence::SigningKey>(fail_invalid("its folder cannot be opened"));
  if (!key) return fail_invalid("evidence.key_file: " + key.error().message);
  const evidence::RingKey* known = ring_.find(evidence::kid_of(key->public_key()));
  if (known != nullptr && known->status != evidence::KeyStatus::Active) {
    return fail_invalid("evidence.key_file: this key was used and replaced before; give a new one");
  }
  active_ = *std::move(key);
  return {};
}

Result<void> LogKeys::read_or_make() {
  const std::string folder = path_ + "/keys";
  if (auto made = make_directories(*files_, folder); !made) return made;
  key_directory_ = FileHandle(*files_, files_->open_directory(folder));
  if (!key_directory_.is_open()) return fail(ErrorCode::StorageFailed, "keys: cannot be opened");
  if (const evidence::RingKey* known = ring_.active(); known != nullptr) {
    const std::string name = pem_name(known->kid());
    FileStamp stamp;
    const bool is_ours = files_->stamp(key_directory_.number(), name, &stamp) == 0 &&
                         stamp.owner == ::geteuid() && (stamp.mode & kOthers) != 0;
    // Volumes with a group get bits of it on every file when they are mounted.
    if (is_ours) static_cast<void>(files_->change_mode(key_directory_.number(), name, 0600));
    auto key = read_pem(*files_, key_directory_.number(), name, Links::Refuse);
    if (!key && key.error().code != ErrorCode::NotFound) return fail(key.error());
    if (key) {
      active_ = *std::move(key);
      return {};
    }
  }
  // The first start, or a state directory that was restored: backups hold no private key.
  auto key = make_key();
  if (!key) return fail(key.error());
  active_ = *std::move(key);
  is_new_ = true;
  return {};
}

Result<evidence::SigningKey> LogKeys::make_key() {
  evidence::SigningKey key = evidence::SigningKey::generate();
  const Secret pem = key.to_pem();
  auto written = durable_replace(*files_, key_directory_.number(),
                                 pem_name(evidence::kid_of(key.public_key())), pem.reveal());
  if (!written) return fail(written.error());
  return key;
}

Result<void> LogKeys::begin(std::uint64_t next_seq) {
  evidence::KeyRing ring = ring_;
  const std::string kid = evidence::kid_of(active_->public_key());
  if (const evidence::RingKey* known = ring.active(); known != nullptr && known->kid() == kid) {
    return {};
  }
  // A key that nothing of the log is sealed with: the log was lost, or never begun.
  std::erase_if(ring.keys, [next_seq](const auto& key) { return key.from_seq >= next_seq; });
  if (evidence::RingKey* old = ring.active(); old != nullptr) {
    old->status = evidence::KeyStatus::Retired;
    old->to_seq = next_seq - 1;
  }
  ring.keys.push_back({active_->public_key(), next_seq, {}, {}});
  return write_ring(ring);
}

bool LogKeys::has_begun_at(std::uint64_t next_seq) const noexcept {
  return next_seq > 1 && ring_.keys.back().from_seq == next_seq;
}

std::optional<evidence::PublicKey> LogKeys::previous() const {
  if (ring_.keys.size() < 2) return std::nullopt;
  return ring_.keys[ring_.keys.size() - 2].key;
}

Result<evidence::PublicKey> LogKeys::prepare_next() {
  if (is_given_) {
    return fail(ErrorCode::FailedPrecondition,
                "the key comes from evidence.key_file: put another there and start again");
  }
  if (!next_) {
    auto key = make_key();
    if (!key) return fail(key.error());
    next_ = *std::move(key);
  }
  return next_->public_key();
}

Result<void> LogKeys::use_next(std::uint64_t next_seq, evidence::KeyStatus old_status) {
  evidence::KeyRing ring = ring_;
  ring.keys.back().status = old_status;
  ring.keys.back().to_seq = next_seq - 1;
  ring.keys.push_back({next_->public_key(), next_seq, {}, {}});
  if (auto written = write_ring(ring); !written) return written;
  active_ = std::move(next_);
  next_.reset();
  return {};
}

void LogKeys::forget_previous() {
  const auto old = previous();
  if (is_given_ || !old) return;
  static_cast<void>(
      durable_remove(*files_, key_directory_.number(), pem_name(evidence::kid_of(*old))));
}

}  // namespace betrace::storage
