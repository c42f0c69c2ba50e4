// Goal: one error shape, with the codes and statuses of docs/guide/api.md.

#include "betrace/api/error_body.h"

#include <gtest/gtest.h>

#include "betrace/base/json.h"

namespace betrace::api {
namespace {

http::RequestHead head_with_id(const std::string& id) {
  http::RequestHead head;
  head.request_id = id;
  return head;
}

TEST(ErrorBodyTest, HasTheDocumentedMembers) {
  ApiError error;
  error.kind = ErrorKind::RuleExists;
  error.message = "rule a exists";
  error.details["id"] = "a";
  const http::Response response = error_response(error, head_with_id("r-1"));
  EXPECT_EQ(response.status, 409);
  EXPECT_EQ(parse_json(response.body).value(),
            parse_json(R"({"error":{"code":"rule_exists","message":"rule a exists",)"
                       R"("details":{"id":"a"},"request_id":"r-1","retry_after":null},)"
                       R"("message":"rule a exists"})")
                .value());
}

TEST(ErrorBodyTest, SaysWhenToComeBackOnOverload) {
  const ApiError error = refuse(ErrorKind::StorageUnavailable, "disk is full").value();
  const http::Response response = error_response(error, head_with_id(""));
  EXPECT_EQ(response.headers.find("Retry-After"), "1");
  EXPECT_EQ(parse_json(response.body)->at("error").at("retry_after"), 1);
  EXPECT_EQ(parse_json(response.body)->at("error").at("details"), Json::object());
}

TEST(ErrorBodyTest, SurvivesInvalidUtf8) {
  const ApiError error = refuse(ErrorKind::InvalidField, "a\xFF").value();
  EXPECT_TRUE(parse_json(error_response(error, head_with_id("r")).body));
}

TEST(ErrorBodyTest, NeverTurnsStorageTroubleOrOverloadInto500) {
  EXPECT_EQ(status_of(to_api_error({ErrorCode::StorageFailed, "x"}).kind), 503);
  EXPECT_EQ(status_of(to_api_error({ErrorCode::StorageUncertain, "x"}).kind), 503);
  EXPECT_EQ(status_of(to_api_error({ErrorCode::Unavailable, "x"}).kind), 503);
  EXPECT_EQ(status_of(to_api_error({ErrorCode::Corrupt, "x"}).kind), 503);
}

}  // namespace
}  // namespace betrace::api
