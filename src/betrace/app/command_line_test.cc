// Goal: the command line answers every argument with help, an exit code and a sentence that helps.

#include "betrace/app/command_line.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "betrace/app/completion.h"
#include "betrace/app/reference_pages.h"
#include "betrace/base/version.h"

namespace betrace::app {
namespace {

using ::testing::AllOf;
using ::testing::ContainsRegex;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using ::testing::Not;

struct Outcome {
  int code = -1;
  std::string out;
  std::string err;
};

Outcome run(std::vector<std::string> arguments, const std::string& input = "",
            NamedTexts environment = {}) {
  std::istringstream in(input);
  std::ostringstream out;
  std::ostringstream err;
  ConfigInputs inputs;
  inputs.environment = std::move(environment);
  inputs.machine = {1, 1'000'000'000};
  const Process process{in, out, err, inputs};
  const int code = run_command_line(std::move(arguments), process);
  return {code, out.str(), err.str()};
}

TEST(CommandLineTest, PrintsItsVersion) {
  const Outcome outcome = run({"--version"});
  EXPECT_EQ(outcome.code, 0);
  EXPECT_EQ(outcome.out, "betrace " + std::string(version()) + "\n");
}

TEST(CommandLineTest, HelpNamesTheCommandsThatExist) {
  const Outcome outcome = run({"--help"});
  EXPECT_EQ(outcome.code, 0);
  for (const char* name : {"serve", "demo", "rules", "test", "replay", "bench", "eval",
                           "healthcheck", "violations", "config", "completion"}) {
    EXPECT_THAT(outcome.out, HasSubstr(name));
  }
  EXPECT_THAT(outcome.out, Not(HasSubstr("docs")));
}

TEST(CommandLineTest, HelpOfServeShowsCommonSettingsOnly) {
  const Outcome outcome = run({"serve", "--help"});
  EXPECT_EQ(outcome.code, 0);
  EXPECT_THAT(outcome.out, AllOf(HasSubstr("--http-port"), HasSubstr("[12011]"),
                                 HasSubstr("--config"), HasSubstr("betrace serve --storage-path")));
  EXPECT_THAT(outcome.out, Not(HasSubstr("--limits-line-bytes")));
}

TEST(CommandLineTest, WithoutACommandItShowsHelpAndFails) {
  EXPECT_EQ(run({}).code, 2);
  EXPECT_THAT(run({}).err, HasSubstr("serve"));
  EXPECT_EQ(run({"rules"}).code, 2);
  EXPECT_THAT(run({"rules"}).err, HasSubstr("explain"));
}

TEST(CommandLineTest, AnUnknownCommandNamesTheNearest) {
  EXPECT_EQ(run({"sevre"}).code, 2);
  EXPECT_EQ(run({"sevre"}).err,
            "betrace: unknown command sevre; did you mean serve?\nsee: betrace --help\n");
  EXPECT_EQ(run({"rules", "chekc"}).err,
            "betrace rules: unknown command chekc; did you mean check?\n"
            "see: betrace rules --help\n");
  EXPECT_EQ(run({"zzzzzz"}).err, "betrace: unknown command zzzzzz\nsee: betrace --help\n");
}

TEST(CommandLineTest, AnUnknownFlagNamesTheNearest) {
  for (const char* flag : {"--http-prot", "--http-prot=1"}) {
    const Outcome outcome = run({"config", "check", flag});
    EXPECT_EQ(outcome.code, 2);
    EXPECT_EQ(outcome.err,
              "betrace config check: unknown flag --http-prot; did you mean --http-port?\n"
              "see: betrace config check --help\n");
  }
}

TEST(CommandLineTest, WrongUseIsExplainedWithExitCodeTwo) {
  EXPECT_EQ(run({"demo", "--rate", "fast"}).code, 2);
  EXPECT_THAT(run({"demo", "--rate", "fast"}).err, HasSubstr("--rate"));
  EXPECT_EQ(run({"rules", "check"}).code, 2);
  EXPECT_EQ(run({"completion", "tcsh"}).code, 2);
  EXPECT_EQ(run({"eval", "surplus"}).code, 2);
  EXPECT_EQ(run({"replay"}).code, 2);
}

TEST(CommandLineTest, ConfigErrorsAreReportedTogether) {
  const Outcome outcome =
      run({"config", "check", "--http-port", "0"}, "", {{"OTEL_BSP_EXPORT_TIMEOUT", "5 parsecs"}});
  EXPECT_EQ(outcome.code, 2);
  EXPECT_EQ(outcome.out, "");
  EXPECT_THAT(outcome.err,
              AllOf(HasSubstr("config error: OTEL_BSP_EXPORT_TIMEOUT (environment): \"5 parsecs\" "
                              "is not a duration (examples: 5s, 5000)\n"),
                    HasSubstr("config error: --http-port (flag): \"0\" is not from 1 to 65535\n")));
}

TEST(CommandLineTest, ConfigShowPrintsSourcesAndNeverSecrets) {
  const std::string secret = "a-long-and-secret-key-for-this-test-only";
  const Outcome outcome = run({"config", "show", "--trace-quiet", "2s", "--insecure"}, "",
                              {{"BETRACE_SIGNATURE_KEY", secret}});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_THAT(outcome.out, ContainsRegex("trace.quiet: 2s +# flag --trace-quiet\n"));
  EXPECT_THAT(outcome.out, ContainsRegex("trace.idle: 30s +# default\n"));
  EXPECT_THAT(outcome.out, ContainsRegex("\ninsecure: true +# flag --insecure\n"));
  EXPECT_THAT(outcome.out, HasSubstr("# signature_key: set"));
  EXPECT_THAT(outcome.out + outcome.err, Not(HasSubstr(secret)));
}

TEST(CommandLineTest, WhatConfigShowPrintsIsAConfigFile) {
  const std::string path = ::testing::TempDir() + "/shown.yaml";
  std::ofstream(path) << run({"config", "show", "--http-hosts", "a.example,b.example"}).out;
  const Outcome second = run({"config", "show", "--config", path});
  EXPECT_EQ(second.code, 0) << second.err;
  EXPECT_THAT(second.out, HasSubstr("http.hosts: 'a.example,b.example'"));
  std::remove(path.c_str());
}

TEST(CommandLineTest, ConfigShowGivenLeavesTheDefaultsOut) {
  const Outcome outcome = run({"config", "show", "--given", "--trace-quiet", "2s"});
  EXPECT_THAT(outcome.out, MatchesRegex("trace.quiet: 2s +# flag --trace-quiet\n"));
}

TEST(CommandLineTest, ConfigCheckTakesTheFileByNameOrAsAnArgument) {
  const std::string path = ::testing::TempDir() + "/checked.yaml";
  std::ofstream(path) << "limits: {rules: 0}\n";
  for (const std::vector<std::string>& file :
       {std::vector<std::string>{path}, std::vector<std::string>{"--config", path}}) {
    std::vector<std::string> arguments = {"config", "check"};
    arguments.insert(arguments.end(), file.begin(), file.end());
    const Outcome outcome = run(arguments);
    EXPECT_EQ(outcome.code, 2);
    EXPECT_EQ(outcome.err, "config error: limits.rules (file): \"0\" is not from 1 to 100000\n");
  }
  std::remove(path.c_str());
  EXPECT_EQ(run({"config", "show", path}).code, 2) << "there the argument has no meaning";
}

TEST(CommandLineTest, ConfigCheckWarnsOfSettingsWithoutEffect) {
  const Outcome outcome = run({"config", "check", "--peers", "a:1"});
  EXPECT_EQ(outcome.code, 0);
  EXPECT_EQ(outcome.err, "config warning: --peers (flag): has no effect in this version\n");
}

TEST(CommandLineTest, HealthcheckOfNobodyFails) {
  const Outcome outcome = run({"healthcheck", "--http-port", "1"});
  EXPECT_EQ(outcome.code, 1);
  EXPECT_THAT(outcome.err, HasSubstr("127.0.0.1 port 1 is not healthy"));
}

TEST(CommandLineTest, ResendWantsAPlaceAndAServer) {
  EXPECT_EQ(run({"violations", "resend"}).code, 2);
  EXPECT_EQ(run({"violations", "resend", "--from", "0"}).code, 2);
  const Outcome outcome = run({"violations", "resend", "--from", "1", "--http-port", "1"});
  EXPECT_EQ(outcome.code, 1);
  EXPECT_THAT(outcome.err, HasSubstr("127.0.0.1:1"));
}

TEST(CommandLineTest, LogCommandsWantALog) {
  EXPECT_EQ(run({"log"}).code, 2);
  EXPECT_EQ(run({"log", "backup"}).code, 2);
  for (const auto& words : {std::vector<std::string>{"log", "backup", "/nonexistent/copy"},
                            std::vector<std::string>{"log", "dump", "--json"}}) {
    std::vector<std::string> arguments = words;
    arguments.insert(arguments.end(), {"--state-path", "/nonexistent/state"});
    const Outcome outcome = run(arguments);
    EXPECT_EQ(outcome.code, 1);
    EXPECT_THAT(outcome.err, HasSubstr("/nonexistent/state: no such file or directory"));
  }
}

TEST(CommandLineTest, EvalReadsLines) {
  const Outcome outcome =
      run({"eval"}, "{\"name\":\"a\",\"expr\":\"span.duration > 1s\",\"spans\":[]}\n");
  EXPECT_EQ(outcome.code, 0);
  EXPECT_THAT(outcome.out, HasSubstr("\"valid\":true"));
}

TEST(ProgramArgumentsTest, BetraceBackendIsServe) {
  const auto arguments = [](std::vector<const char*> texts) {
    return program_arguments(static_cast<int>(texts.size()), texts.data());
  };
  EXPECT_THAT(arguments({"betrace", "serve"}), ElementsAre("serve"));
  EXPECT_THAT(arguments({"/usr/bin/betrace-backend", "--http-port", "1"}),
              ElementsAre("serve", "--http-port", "1"));
  EXPECT_THAT(arguments({"betrace-backend", "--health-check"}), ElementsAre("healthcheck"));
  EXPECT_THAT(arguments({"betrace-backend", "--version"}), ElementsAre("--version"));
}

// What bash offers for the word at `position`.
std::string bash_offers(const std::string& words, int position) {
  const std::string path = ::testing::TempDir() + "/completion.bash";
  std::ofstream(path) << run({"completion", "bash"}).out;
  const std::string command = "bash -c 'source " + path + "; COMP_WORDS=(" + words +
                              "); COMP_CWORD=" + std::to_string(position) +
                              "; _betrace; echo -n \"${COMPREPLY[@]}\"' 2>&1";
  std::string offered;
  std::FILE* shell = ::popen(command.c_str(), "r");
  std::array<char, 4096> buffer{};
  while (const std::size_t size = std::fread(buffer.data(), 1, buffer.size(), shell)) {
    offered.append(buffer.data(), size);
  }
  ::pclose(shell);
  std::remove(path.c_str());
  return offered;
}

TEST(CompletionTest, BashOffersCommandsAndFlagsOfTheCommand) {
  EXPECT_EQ(bash_offers("betrace ser", 1), "serve");
  EXPECT_EQ(bash_offers("betrace rules \"\"", 2).substr(0, 13), "check explain");
  EXPECT_EQ(bash_offers("betrace rules check --for", 3), "--format");
  EXPECT_EQ(bash_offers("betrace serve --trace-qui", 2), "--trace-quiet");
  EXPECT_EQ(bash_offers("betrace doc", 1), "");
}

TEST(CompletionTest, KnowsThreeShells) {
  EXPECT_THAT(run({"completion", "zsh"}).out,
              AllOf(HasSubstr("#compdef betrace"), HasSubstr("\"rules check\"")));
  EXPECT_THAT(run({"completion", "fish"}).out,
              HasSubstr("-n '__fish_seen_subcommand_from rules; and "
                        "__fish_seen_subcommand_from check' -l format\n"));
  EXPECT_EQ(completion_script("tcsh", {}), std::nullopt);
}

std::string page_of_the_guide(const std::string& name) {
  std::ifstream file(std::string(BETRACE_SOURCE_DIR) + "/docs/guide/" + name, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

TEST(ReferencePagesTest, TheGuideIsNotStale) {  // run tools/docs if it is
  EXPECT_EQ(page_of_the_guide("configuration.md"), configuration_page());
  EXPECT_EQ(page_of_the_guide("metrics.md"), metrics_page());
}

TEST(ReferencePagesTest, TheCommandsPrintThem) {
  EXPECT_EQ(run({"docs", "configuration"}).out, configuration_page());
  EXPECT_EQ(run({"docs", "metrics"}).out, metrics_page());
}

}  // namespace
}  // namespace betrace::app
