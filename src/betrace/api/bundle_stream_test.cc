// Goal: a bundle of any size is made in bounded memory, is what a verifier wants, and is never
// taken for whole when it is not. Method: records straight into a log, pieces asked for by hand.
#include "betrace/api/bundle_stream.h"

#include <random>
#include <sstream>

#include "betrace/api/test_api.h"
#include "betrace/base/tar.h"
#include "betrace/evidence/bundle.h"
#include "betrace/http/gzip.h"
#include "betrace/storage/sqlite.h"
#include "betrace/storage/test_violations.h"

namespace betrace::api {
namespace {

constexpr std::size_t kMebibyte = 1024 * 1024;
constexpr std::size_t kOldBound = 64 * kMebibyte;

struct Archive {
  std::string bytes;
  std::size_t largest_piece = 0;
  bool is_broken = false;
};

class BundleStreamTest : public ApiTest {
 protected:
  // Attributes that hardly compress, nearly as many as a payload may have.
  void record(std::uint64_t first, std::uint64_t end) {
    std::mt19937_64 random(first);
    std::string noise(40'000, ' ');
    for (char& each : noise) each = static_cast<char>('a' + random() % 26);
    for (std::uint64_t i = first; i < end; ++i) {
      const model::AttributeView attribute{"noise", model::ValueView::string(noise)};
      model::SpanView span;
      span.name = "POST /pay";
      span.attributes = {&attribute, 1};
      model::Violation violation = storage::test_violation(i);
      violation.witnesses.clear();
      violation.witnesses.push_back({"span.duration > 1s", model::KeptSpan::copy(span)});
      log_->record(storage::first_record(std::move(violation)));
    }
    ASSERT_TRUE(log_->flush(std::chrono::seconds(60)).has_value());
  }

  BundleStream stream(std::size_t bytes_max = 256 * 1024) {
    storage::EvidenceQuery range;
    range.last_seq = log_->status().last_sequence;
    range.bytes_max = bytes_max;
    return {*log_, range, ""};
  }

  // `archive` has what was read of it before.
  static Archive read(BundleStream&& stream, Archive archive = {}) {
    for (bool has_more = true; has_more;) {
      const http::BodyStream::Piece piece = stream.next({});
      archive.bytes += piece.bytes;
      archive.largest_piece = std::max(archive.largest_piece, piece.bytes.size());
      archive.is_broken = piece.is_broken;
      has_more = !piece.is_last && !piece.is_broken;
    }
    return archive;
  }

  static TarFiles unpack(const Archive& archive) {
    http::BodyBufferPool pool(512 * kMebibyte);
    http::BodyBuffer tar = pool.take();
    const auto inflated = http::inflate_gzip(archive.bytes, {.bytes_max = 256 * kMebibyte}, tar);
    EXPECT_TRUE(inflated.has_value()) << inflated.error().message;
    auto files = read_tar(tar.text());
    EXPECT_TRUE(files.has_value());
    return files.value_or(TarFiles());
  }

  evidence::Verification verify(const TarFiles& files) {
    EXPECT_EQ(files.size(), 3U);
    std::istringstream records(files.at(0).second);
    std::istringstream commits(files.at(1).second);
    evidence::VerifyOptions options;
    options.trusted = {evidence::fingerprint_of(log_->key_ring().keys.back().key)};
    return evidence::verify_bundle(records, commits, files.at(2).second, {}, options);
  }
};

TEST_F(BundleStreamTest, OneOfMoreThanSixtyFourMebibytesIsMadeInSmallPieces) {
  record(0, 1'300);
  const Archive archive = read(stream());
  EXPECT_FALSE(archive.is_broken);
  EXPECT_LT(archive.largest_piece, 3 * kMebibyte);
  const TarFiles files = unpack(archive);
  ASSERT_GT(files.at(0).second.size(), kOldBound);
  const auto verified = verify(files);
  EXPECT_EQ(name_of(verified.verdict), "valid");
  EXPECT_EQ(verified.types.at("violation"), 1'300U);
}

TEST_F(BundleStreamTest, WhatIsCommittedMeanwhileIsNotInIt) {
  record(0, 3);
  BundleStream running = stream(1);
  const std::uint64_t last = log_->status().last_sequence;
  Archive begun;
  begun.bytes = running.next({}).bytes;
  record(3, 5);
  const auto verified = verify(unpack(read(std::move(running), std::move(begun))));
  EXPECT_EQ(name_of(verified.verdict), "valid");
  EXPECT_EQ(verified.last_seq, last);
}

TEST_F(BundleStreamTest, ItBreaksOffWhenTheLogIsNotWhatItWasWhenItBegan) {
  record(0, 3);
  BundleStream running = stream();
  Archive begun;
  begun.bytes = running.next({}).bytes;  // it is measured
  auto log = storage::Database::open(directory_.path() + "/.betrace/log-000001.db",
                                     storage::Database::Mode::ReadWrite);
  ASSERT_TRUE(log.has_value());
  ASSERT_TRUE(
      log->exec("DROP TRIGGER record_kept; UPDATE record SET payload = x'7b7d' WHERE type = 1")
          .has_value());
  const Archive archive = read(std::move(running), std::move(begun));
  EXPECT_TRUE(archive.is_broken);
  http::BodyBufferPool pool(kMebibyte);
  http::BodyBuffer tar = pool.take();
  EXPECT_FALSE(http::inflate_gzip(archive.bytes, {.bytes_max = kMebibyte}, tar).has_value());
}

}  // namespace
}  // namespace betrace::api
