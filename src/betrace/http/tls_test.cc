// Goal: both ends of a connection understand each other whatever the pieces in which bytes come;
// files that change are taken up, and files that are wrong are not.
// Method: two sessions in memory. What real peers make of it is tests/e2e/tls.test.mjs.

#include "betrace/http/tls.h"

#include <gtest/gtest.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <string>

#include "betrace/http/test_certificates.h"

namespace betrace::http {
namespace {

using Progress = TlsSession::Progress;

/// Moves what both want sent, `step` bytes at a time.
void pump(TlsSession& left, TlsSession& right, std::size_t step) {
  for (const auto& [from, to] : {std::pair(&left, &right), std::pair(&right, &left)}) {
    std::string bytes;
    from->take_output(&bytes);
    for (std::size_t at = 0; at < bytes.size(); at += step) {
      to->receive(std::string_view(bytes).substr(at, step));
    }
  }
}

/// True if both say that they are done.
bool shake_hands(TlsSession& client, TlsSession& server, std::size_t step = 1'000) {
  Progress at_client = Progress::NeedMore;
  Progress at_server = Progress::NeedMore;
  for (int round = 0; round < 10; ++round) {
    if (at_client == Progress::NeedMore) at_client = client.handshake();
    pump(client, server, step);
    if (at_server == Progress::NeedMore) at_server = server.handshake();
    pump(client, server, step);
  }
  return at_client == Progress::Done && at_server == Progress::Done;
}

std::string read_all(TlsSession& session) {
  std::string all;
  std::array<char, 777> room{};
  std::size_t count = 0;
  while (session.read(room, &count) == Progress::Done) all.append(room.data(), count);
  return all;
}

class TlsTest : public ::testing::Test {
 protected:
  TlsTest() {
    files_.make("one");
    files_.make("two");
  }
  [[nodiscard]] TlsPaths paths(const std::string& certificate, const std::string& key) const {
    return {files_.file(certificate + ".pem"), files_.file(key + ".key"), ""};
  }
  [[nodiscard]] std::string error_of(const TlsPaths& paths) const {
    const auto loaded = TlsFiles::load(paths);
    return loaded ? "" : loaded.error().message;
  }

  TestCertificates files_;
};

TEST_F(TlsTest, BytesArriveAsTheyWereSentInPiecesOfAnySize) {
  const auto server_files = TlsFiles::load(paths("one", "one")).value();
  for (const std::size_t step : {std::size_t{1}, std::size_t{5}, std::size_t{100'000}}) {
    const auto server = server_files->accept(TlsProtocol::Http1);
    const auto client = connect_tls(files_.file("one.pem")).value();
    ASSERT_TRUE(shake_hands(*client, *server, step));
    const std::string text(50'000, 'x');
    ASSERT_TRUE(client->write(text));
    ASSERT_TRUE(server->write("short"));
    pump(*client, *server, step);
    EXPECT_EQ(read_all(*server), text);
    EXPECT_EQ(read_all(*client), "short");
    client->end();
    pump(*client, *server, step);
    std::array<char, 10> room{};
    std::size_t count = 0;
    EXPECT_EQ(server->read(room, &count), Progress::Ended);
  }
}

TEST_F(TlsTest, OurClientTrustsTheCertificateInTheFileAlone) {
  const auto server_files = TlsFiles::load(paths("one", "one")).value();
  const auto server = server_files->accept(TlsProtocol::Http1);
  const auto client = connect_tls(files_.file("two.pem")).value();
  EXPECT_FALSE(shake_hands(*client, *server));
  EXPECT_FALSE(connect_tls(files_.file("none.pem")).has_value());
}

TEST_F(TlsTest, WhatIsNoTlsIsBrokenAndNeverMore) {
  const auto server_files = TlsFiles::load(paths("one", "one")).value();
  const auto server = server_files->accept(TlsProtocol::Http1);
  server->receive("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_EQ(server->handshake(), Progress::Broken);
}

TEST_F(TlsTest, AChangeOfTheFilesIsForConnectionsToCome) {
  const auto server_files = TlsFiles::load(paths("one", "one")).value();
  const auto before = server_files->accept(TlsProtocol::Http1);
  EXPECT_EQ(server_files->reload().value(), false) << "nothing has changed";
  for (const char* kind : {".pem", ".key"}) {
    std::filesystem::copy_file(files_.file(std::string("two") + kind),
                               files_.file(std::string("one") + kind),
                               std::filesystem::copy_options::overwrite_existing);
  }
  const auto old_client = connect_tls(files_.file("two.pem")).value();
  EXPECT_EQ(server_files->reload().value(), true);
  EXPECT_FALSE(shake_hands(*old_client, *before)) << "it has the certificate of before";
  const auto after = server_files->accept(TlsProtocol::Http1);
  const auto client = connect_tls(files_.file("two.pem")).value();
  EXPECT_TRUE(shake_hands(*client, *after));
}

TEST_F(TlsTest, FilesThatAreWrongAreToldOnceAndChangeNothing) {
  const auto server_files = TlsFiles::load(paths("one", "one")).value();
  std::ofstream(files_.file("one.pem")) << "nothing";
  EXPECT_FALSE(server_files->reload().has_value());
  EXPECT_EQ(server_files->reload().value(), false);
  const auto server = server_files->accept(TlsProtocol::Http1);
  server->receive("");
  EXPECT_EQ(server->handshake(), Progress::NeedMore) << "it still serves";
}

TEST_F(TlsTest, ErrorsNameTheSetting) {
  EXPECT_EQ(error_of(paths("none", "one")).substr(0, 10), "tls.cert: ");
  EXPECT_EQ(error_of(paths("one", "none")).substr(0, 9), "tls.key: ");
  EXPECT_NE(error_of(paths("one", "two")).find("key values mismatch"), std::string::npos);
  TlsPaths with_ca = paths("one", "one");
  with_ca.client_ca = files_.file("one.key");
  EXPECT_EQ(error_of(with_ca).substr(0, 15), "tls.client_ca: ");
}

}  // namespace
}  // namespace betrace::http
