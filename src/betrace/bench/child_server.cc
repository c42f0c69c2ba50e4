#include "betrace/bench/child_server.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <thread>
#include <utility>

#include "betrace/base/time.h"
#include "betrace/bench/free_port.h"
#include "betrace/http/client.h"

extern char** environ;

namespace betrace::bench {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr seconds kReadyMax{60};
constexpr seconds kEndMax{30};
constexpr milliseconds kPoll{20};

// As of the instance that is promised: 2 cores, 2 GB.
constexpr const char* kMemory = "1800MB";

std::string text_of(milliseconds duration) { return fmt::format("{}ms", duration.count()); }

// The settings that make verdicts come soon and leave none out, unless the options say otherwise.
std::vector<std::string> serve_arguments(const ChildServerOptions& options,
                                         const std::string& folder) {
  const auto rules = std::to_string(std::max<std::size_t>(options.rule_count, 1));
  const std::pair<std::string, std::string> settings[] = {
      {"--storage-path", folder + "/rules"},
      {"--rules-bootstrap-file", folder + "/rules.json"},
      {"--limits-memory", kMemory},
      {"--limits-rules", rules},
      {"--metrics-rules-max", rules},
      {"--violations-rule-rate", "0"},
      {"--violations-total-rate", "0"},
      {"--limits-rest-rate", "0"},
      {"--limits-rest-write-rate", "0"},
      {"--trace-quiet", text_of(options.quiet)},
      {"--trace-idle", text_of(options.idle)},
      {"--trace-late", text_of(options.quiet)},
      {"--logging-level", "warn"}};
  std::vector<std::string> arguments = {"betrace", "serve"};
  for (const auto& [name, value] : settings) {
    const std::string begin = name + "=";
    const bool is_given = std::ranges::any_of(
        options.flags, [&begin](const std::string& flag) { return flag.starts_with(begin); });
    if (!is_given) arguments.push_back(begin + value);
  }
  arguments.insert(arguments.end(), options.flags.begin(), options.flags.end());
  return arguments;
}

}  // namespace

Result<std::unique_ptr<ChildServer>> ChildServer::start(const ChildServerOptions& options) {
  std::unique_ptr<ChildServer> server(new ChildServer());
  auto done = server->prepare(options);
  if (done) done = server->spawn(options);
  if (done) done = server->wait_until_ready();
  if (!done) return fail(done.error());
  return server;
}

Result<void> ChildServer::prepare(const ChildServerOptions& options) {
  std::string name = std::filesystem::temp_directory_path() / "betrace-bench-XXXXXX";
  if (::mkdtemp(name.data()) == nullptr) {
    return fail(ErrorCode::StorageFailed, "cannot make a temporary folder");
  }
  folder_ = name;
  std::ofstream rules(folder_ + "/rules.json");
  rules << options.rules_document;
  if (!rules.flush()) return fail(ErrorCode::StorageFailed, "cannot write to " + folder_);
  return {};
}

Result<void> ChildServer::spawn(const ChildServerOptions& options) {
  const auto ports = free_ports<3>();
  http_port_ = ports[0];
  grpc_port_ = ports[1];
  api_port_ = ports[2];
  std::vector<std::string> arguments = serve_arguments(options, folder_);
  for (const auto& [flag, port] :
       {std::pair{"--http-port", api_port_}, std::pair{"--otlp-http-port", http_port_},
        std::pair{"--otlp-grpc-port", grpc_port_}}) {
    arguments.insert(arguments.end(), {flag, std::to_string(port)});
  }
  std::vector<char*> pointers;
  for (std::string& argument : arguments) pointers.push_back(argument.data());
  pointers.push_back(nullptr);

  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  const std::string log = folder_ + "/log";
  posix_spawn_file_actions_addopen(&files, 1, log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
  posix_spawn_file_actions_adddup2(&files, 1, 2);
  // The signals that this process takes itself are open again in the child, which leads its own
  // group: Ctrl-C ends the load first, and then the server.
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t none;
  sigemptyset(&none);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setpgroup(&attributes, 0);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP);
  const std::string program = options.program.empty() ? "/proc/self/exe" : options.program;
  const int error =
      ::posix_spawn(&process_, program.c_str(), &files, &attributes, pointers.data(), environ);
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&files);
  if (error == 0) return {};
  process_ = -1;
  return fail(ErrorCode::Unavailable,
              fmt::format("cannot start {}: {}", program, std::strerror(error)));
}

Result<void> ChildServer::wait_until_ready() {
  http::ClientOptions options;
  options.port = api_port_;
  http::Client client(options);
  const MonotonicTime deadline = read_clocks().monotonic + kReadyMax;
  while (read_clocks().monotonic < deadline) {
    const auto reply = client.get("/ready");
    if (reply && reply->status == 200) return {};
    if (::waitpid(process_, nullptr, WNOHANG) == process_) {
      process_ = -1;
      return fail(ErrorCode::Unavailable, "the server ended: " + logged());
    }
    std::this_thread::sleep_for(kPoll);
  }
  return fail(ErrorCode::Unavailable, "the server did not become ready: " + logged());
}

std::string ChildServer::logged() const {
  std::ifstream log(folder_ + "/log");
  return {std::istreambuf_iterator<char>(log), std::istreambuf_iterator<char>()};
}

ChildServer::~ChildServer() {
  if (process_ > 0) {
    ::kill(process_, SIGTERM);
    const MonotonicTime deadline = read_clocks().monotonic + kEndMax;
    while (::waitpid(process_, nullptr, WNOHANG) == 0) {
      if (read_clocks().monotonic > deadline) {
        ::kill(process_, SIGKILL);
        ::waitpid(process_, nullptr, 0);
        break;
      }
      std::this_thread::sleep_for(kPoll);
    }
  }
  std::error_code ignored;
  if (!folder_.empty()) std::filesystem::remove_all(folder_, ignored);
}

}  // namespace betrace::bench
