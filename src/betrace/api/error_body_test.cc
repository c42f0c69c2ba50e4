// Goal: one error shape, with the codes and statuses of the HTTP page.

#include "betrace/api/error_body.h"

#include <gtest/gtest.h>

#include "betrace/base/json.h"

namespace betrace::api {
namespace {

TEST(ErrorBodyTest, HasTheDocumentedMembers) {
  ApiError error;
  error.kind = ErrorKind::RuleExists;
  error.message = "rule a exists";
  error.details["id"] = "a";
  EXPECT_EQ(error_body(error, "r-1"),
            R"({"error":{"code":"rule_exists","message":"rule a exists","details":{"id":"a"},)"
            R"("request_id":"r-1","retry_after":null},"message":"rule a exists"})");
}

TEST(ErrorBodyTest, SaysWhenToComeBackOnOverload) {
  const ApiError error = refuse(ErrorKind::StorageUnavailable, "disk is full").value();
  const auto body = parse_json(error_body(error, ""));
  ASSERT_TRUE(body);
  EXPECT_EQ(body->at("error").at("retry_after"), 1);
  EXPECT_EQ(body->at("error").at("details"), Json::object());
}

TEST(ErrorBodyTest, SurvivesInvalidUtf8) {
  const ApiError error = refuse(ErrorKind::InvalidField, "a\xFF").value();
  EXPECT_TRUE(parse_json(error_body(error, "r")));
}

TEST(ErrorBodyTest, NeverTurnsStorageTroubleOrOverloadInto500) {
  EXPECT_EQ(status_of(to_api_error({ErrorCode::StorageFailed, "x"}).kind), 503);
  EXPECT_EQ(status_of(to_api_error({ErrorCode::StorageUncertain, "x"}).kind), 503);
  EXPECT_EQ(status_of(to_api_error({ErrorCode::Unavailable, "x"}).kind), 503);
  EXPECT_EQ(status_of(to_api_error({ErrorCode::Corrupt, "x"}).kind), 503);
}

}  // namespace
}  // namespace betrace::api
