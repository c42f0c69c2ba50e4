#include "betrace/app/refusal_watch.h"

#include <set>
#include <string>
#include <utility>

#include "betrace/base/time.h"

namespace betrace::app {
namespace {

constexpr int kUnauthorized = 401;
constexpr int kForbidden = 403;
constexpr int kTooManyRequests = 429;

bool is_refused_to_caller(int status) {
  return status == kUnauthorized || status == kForbidden || status == kTooManyRequests;
}

std::string actor_of(const std::string& actor) { return actor.empty() ? "anonymous" : actor; }

}  // namespace

std::function<void(const http::FinishedRequest&)> refusal_watch(
    const std::vector<http::Route>& routes, account::Refusals& refusals) {
  std::set<std::pair<std::string, std::string>> changing;  // method and path
  for (const http::Route& route : routes) {
    const http::Role role = route.role;
    if (role == http::Role::Write || role == http::Role::Admin) {
      changing.emplace(route.method, route.path);
    }
  }
  return [changing = std::move(changing), &refusals](const http::FinishedRequest& request) {
    const std::string method(request.method);
    const std::string route(request.route);
    if (!is_refused_to_caller(request.status) && !changing.contains({method, route})) return;
    evidence::Refusal refusal;
    refusal.actor = actor_of(request.head.actor);
    refusal.address = request.head.remote_address;
    refusal.method = method;
    refusal.route = route;
    refusal.code = request.error_code;
    refusal.request_id = request.head.request_id;
    refusal.status = request.status;
    refusal.first_time = read_clocks().wall;
    refusals.add(std::move(refusal));
  };
}

std::function<void(const http::DeniedCall&)> denial_watch(account::Refusals& refusals) {
  return [&refusals](const http::DeniedCall& call) {
    evidence::Refusal refusal;
    refusal.actor = actor_of(call.head.actor);
    refusal.address = call.head.remote_address;
    refusal.method = "GRPC";
    refusal.route = call.path;
    refusal.code = name_of(call.code);
    refusal.status = static_cast<int>(call.code);
    refusal.first_time = read_clocks().wall;
    refusals.add(std::move(refusal));
  };
}

}  // namespace betrace::app
