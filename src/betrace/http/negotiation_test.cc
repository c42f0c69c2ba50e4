// Goal: a client gets gzip and types only as it says.
#include "betrace/http/negotiation.h"

#include <gtest/gtest.h>

namespace betrace::http {
namespace {

Headers with(std::string_view name, std::string_view value) {
  Headers headers;
  headers.add(name, value);
  return headers;
}

TEST(NegotiationTest, GivesGzipOnlyWhenAsked) {
  const auto accepts = [](std::string_view value) {
    return accepts_gzip(with("Accept-Encoding", value));
  };
  EXPECT_FALSE(accepts_gzip(Headers{}));
  for (const char* value : {"gzip", "GZIP", "deflate, gzip", "gzip;q=0.5", "br, gzip ; q=1", "*"}) {
    EXPECT_TRUE(accepts(value)) << value;
  }
  for (const char* value :
       {"", "identity", "br", "gzip;q=0", "gzip; q=0.000", "*;q=0", "xgzip", "*, gzip;q=0"}) {
    EXPECT_FALSE(accepts(value)) << value;
  }
}

TEST(NegotiationTest, KnowsWhichTypesAClientExcludes) {
  const auto accepts = [](std::string_view value) {
    return accepts_type(with("Accept", value), "application/json");
  };
  EXPECT_TRUE(accepts_type(Headers{}, "application/json"));
  for (const char* value : {"", "*/*", "application/*", "application/json", "Application/JSON",
                            "text/html, application/json;q=0.1", "text/html, */*;q=0.8",
                            "application/json; charset=utf-8"}) {
    EXPECT_TRUE(accepts(value)) << value;
  }
  for (const char* value : {"text/html", "text/*", "application/yaml", "application/json;q=0",
                            "*/*, application/json;q=0", "application"}) {
    EXPECT_FALSE(accepts(value)) << value;
  }
}

}  // namespace
}  // namespace betrace::http
