#include "betrace/base/json.h"

#include <fmt/format.h>

#include <set>
#include <vector>

#include "betrace/base/utf8.h"

namespace betrace {
namespace {

// Watches the events of the parser: it stops at too deep a value or a repeated key, before a tree
// of that shape exists.
class Guard {
 public:
  explicit Guard(int depth_max) : depth_max_(depth_max) {}

  bool operator()(int depth, Json::parse_event_t event, Json& parsed) {
    using Event = Json::parse_event_t;
    if (event == Event::object_start || event == Event::array_start) {
      if (depth >= depth_max_) throw std::length_error("too deep");
      if (event == Event::object_start) keys_.emplace_back();
    } else if (event == Event::object_end) {
      keys_.pop_back();
    } else if (event == Event::key) {
      const auto& key = parsed.get_ref<const std::string&>();
      if (!keys_.back().insert(key).second) throw std::invalid_argument(key);
    }
    return true;
  }

 private:
  int depth_max_;
  std::vector<std::set<std::string>> keys_;
};

}  // namespace

Result<Json> parse_json(std::string_view text, int depth_max) {
  try {
    return Json::parse(text, Guard(depth_max));
  } catch (const Json::parse_error& error) {
    const std::string what = error.what();
    const std::size_t colon = what.find("parse error");
    const std::string reason = colon == std::string::npos ? what : what.substr(colon);
    return fail(ErrorCode::InvalidArgument, fmt::format("not JSON: {}", reason));
  } catch (const std::length_error&) {
    return fail(ErrorCode::InvalidArgument, fmt::format("nested deeper than {}", depth_max));
  } catch (const std::invalid_argument& error) {
    return fail(ErrorCode::InvalidArgument,
                fmt::format("member \"{}\" occurs twice", quote_excerpt(error.what())));
  } catch (const std::exception& error) {
    return fail(ErrorCode::InvalidArgument, fmt::format("not JSON: {}", error.what()));
  }
}

std::string dump_json(const Json& value) {
  return value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string dump(const OrderedJson& value) {
  return value.dump(-1, ' ', false, OrderedJson::error_handler_t::replace);
}

}  // namespace betrace
