#include <unistd.h>

#include <array>
#include <exception>
#include <iostream>

#include "betrace/app/command_line.h"

namespace {

std::string host_name() {
  std::array<char, 256> name{};
  return gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "localhost";
}

}  // namespace

int main(int count, char** texts) {
  try {
    std::ios::sync_with_stdio(false);
    betrace::app::ConfigInputs inputs;
    inputs.environment = betrace::app::process_environment();
    inputs.machine = betrace::telemetry::read_machine();
    inputs.host_name = host_name();
    const betrace::app::Process process{std::cin, std::cout, std::cerr, std::move(inputs)};
    return betrace::app::run_command_line(betrace::app::program_arguments(count, texts), process);
  } catch (const std::exception& error) {
    std::cerr << "betrace: " << error.what() << "\n";
    return 1;
  }
}
