// Goal: a setting means the same wherever it is written, and a mistake names itself.

#include "betrace/app/config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>

#include "betrace/app/access_settings.h"
#include "betrace/app/config_checks.h"
#include "betrace/base/test_directory.h"

namespace betrace::app {
namespace {

using std::chrono::milliseconds;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

class ConfigTest : public ::testing::Test {
 protected:
  ConfigTest() {
    inputs.machine = {1.5, 1'000'000'000};
    inputs.host_name = "here";
  }
  std::string write(const std::string& name, const std::string& text) const {
    return directory_.write(name, text);
  }

  Config config() const {
    auto loaded = Config::load(inputs);
    EXPECT_TRUE(loaded.has_value()) << ::testing::PrintToString(loaded.error());
    return std::move(*loaded);
  }

  Config::Problems problems() const {
    const auto loaded = Config::load(inputs);
    return loaded ? Config::Problems() : loaded.error();
  }

  std::string shown(std::string_view key) const {
    for (const ConfigRow& row : config().rows()) {
      if (row.setting->key == key) return row.shown + " # " + row.source;
    }
    return "";
  }

  ConfigInputs inputs;
  TestDirectory directory_;
  const std::string folder_ = directory_.path();
};

TEST_F(ConfigTest, DefaultsAreThoseOfTheCatalogue) {
  const Config defaults = config();
  EXPECT_EQ(defaults.number("http.port"), 12011u);
  EXPECT_EQ(defaults.duration("trace.quiet"), milliseconds(6'000));
  EXPECT_EQ(defaults.size("limits.http_body"), 20u * 1024 * 1024);
  EXPECT_EQ(defaults.rate("violations.rule_rate"), (Rate{100, 5'000}));
  EXPECT_THAT(defaults.list("http.bind"), ElementsAre("127.0.0.1", "::1"));
  EXPECT_EQ(defaults.text("logging.format"), "json");
  EXPECT_TRUE(defaults.boolean("metrics.public"));
  EXPECT_FALSE(defaults.has("tls.cert"));
  EXPECT_EQ(defaults.text("tls.cert"), "");
  EXPECT_THAT(defaults.warnings(), IsEmpty());
}

TEST_F(ConfigTest, ComputedDefaultsFollowTheMachineAndOtherSettings) {
  inputs.flags = {{"--storage-path", "/x/rules"}};
  const Config computed = config();
  EXPECT_EQ(computed.number("workers"), 2u);
  EXPECT_EQ(computed.size("limits.memory"), 800'000'000u);
  EXPECT_EQ(computed.size("limits.traces_bytes"), 400'000'000u);
  EXPECT_EQ(computed.size("limits.ingest_queue"), 64u << 20u);
  EXPECT_EQ(computed.text("state.path"), "/x/rules/.betrace");
  EXPECT_EQ(computed.text("replica_id"), "here");
}

TEST_F(ConfigTest, TheQueueGetsAnEighthOfALittleMemory) {
  inputs.flags = {{"--limits-memory", "256MiB"}};
  EXPECT_EQ(config().size("limits.ingest_queue"), 32u << 20u);
}

TEST_F(ConfigTest, AFlagBeatsTheEnvironmentBeatsTheFileBeatsTheDefault) {
  inputs.file_path = write("c.yaml", "trace: {quiet: 1s, idle: 11s, late: 21s}\n");
  inputs.environment = {{"BETRACE_TRACE_QUIET", "2s"}, {"BETRACE_TRACE_IDLE", "12s"}};
  inputs.flags = {{"--trace-quiet", "3s"}};
  EXPECT_EQ(shown("trace.quiet"), "3s # flag --trace-quiet");
  EXPECT_EQ(shown("trace.idle"), "12s # environment BETRACE_TRACE_IDLE");
  EXPECT_EQ(shown("trace.late"), "21s # file trace.late");
  EXPECT_EQ(shown("trace.age_max"), "5m # default");
}

TEST_F(ConfigTest, TheFileTakesNestedAndDottedKeysAndSequences) {
  inputs.environment = {{"BETRACE_CONFIG", write("c.yaml",
                                                 "limits:\n  http_body: 1MiB\n"
                                                 "limits.rules: 7\n"
                                                 "http:\n  hosts: [a.example, b.example]\n")}};
  const Config from_file = config();
  EXPECT_EQ(from_file.size("limits.http_body"), 1u << 20);
  EXPECT_EQ(from_file.number("limits.rules"), 7u);
  EXPECT_THAT(from_file.list("http.hosts"), ElementsAre("a.example", "b.example"));
}

TEST_F(ConfigTest, AllProblemsAreReportedAtOnceWithNameAndSource) {
  inputs.file_path = write("c.yaml", "limits: {http_body: 5 apples}\n");
  inputs.environment = {{"OTEL_BSP_EXPORT_TIMEOUT", "5 parsecs"}};
  inputs.flags = {{"--http-port", "70000"}, {"--logging-format", "xml"}, {"--workers", "many"}};
  EXPECT_THAT(
      problems(),
      ::testing::UnorderedElementsAre(
          "OTEL_BSP_EXPORT_TIMEOUT (environment): \"5 parsecs\" is not a duration (examples: 5s, "
          "5000)",
          "--http-port (flag): \"70000\" is not from 1 to 65535",
          "--workers (flag): \"many\" is not a whole number from 1 to 1024",
          "--logging-format (flag): \"xml\" is not one of json, text",
          "limits.http_body (file): \"5 apples\" is not a size (examples: 65536, 64MiB, 1GB)"));
}

TEST_F(ConfigTest, UnknownFlagsAndFileKeysNameTheNearest) {
  inputs.file_path = write("c.yaml", "trace: {quite: 1s}\n");
  inputs.flags = {{"--http-prot", "1"}};
  EXPECT_THAT(problems(), ElementsAre("trace.quite (file): is not a setting; did you mean "
                                      "trace.quiet?",
                                      "--http-prot (flag): is not a setting; did you mean "
                                      "--http-port?"));
}

TEST_F(ConfigTest, UnknownVariablesAreOnlyDoubted) {
  inputs.environment = {{"BETRACE_TRACE_QUITE", "1s"},
                        {"BETRACE_BACKEND_SERVICE_HOST", "10.0.0.1"},
                        {"BETRACE_BACKEND_PORT", "tcp://10.0.0.1:12011"},
                        {"PATH", "/bin"}};
  const Config doubted = config();
  ASSERT_EQ(doubted.warnings().size(), 1u);
  EXPECT_EQ(doubted.warnings()[0].text,
            "BETRACE_TRACE_QUITE (environment): is not a setting; did you mean "
            "BETRACE_TRACE_QUIET?");
  EXPECT_EQ(doubted.warnings()[0].setting, "BETRACE_TRACE_QUITE");
}

TEST_F(ConfigTest, SettingsOfLaterFeaturesSayThatTheyHaveNoEffect) {
  inputs.environment = {{"BETRACE_PEERS", "a:1"}};
  ASSERT_EQ(config().warnings().size(), 1u);
  EXPECT_EQ(config().warnings()[0].text,
            "BETRACE_PEERS (environment): has no effect in this version");
}

TEST_F(ConfigTest, TheFirstOfTwoVariablesWinsAndOldNamesStillWork) {
  inputs.environment = {{"BETRACE_PORT_BACKEND", "1111"}, {"BETRACE_DATA_DIR", "/old"}};
  EXPECT_EQ(config().number("http.port"), 1'111u);
  EXPECT_EQ(config().text("storage.path"), "/old");
  inputs.environment.emplace_back("BETRACE_HTTP_PORT", "2222");
  EXPECT_EQ(config().number("http.port"), 2'222u);
}

TEST_F(ConfigTest, FlagAliasesAndAnyCaseOfChoices) {
  inputs.flags = {{"--log-level", "WARNING"}};
  EXPECT_EQ(config().text("logging.level"), "warning");
}

TEST_F(ConfigTest, SecretsComeFromFilesWithoutTheirLineFeed) {
  const std::string secret = "0123456789abcdef0123456789abcdef";
  inputs.environment = {{"BETRACE_API_KEY_FILE", write("key", secret + "\n")}};
  EXPECT_EQ(config().text("api_key"), secret);
  EXPECT_EQ(shown("api_key"), "set # environment BETRACE_API_KEY_FILE");
  inputs.environment.emplace_back("BETRACE_API_KEY", secret);
  EXPECT_THAT(problems(), ElementsAre(AllOf(HasSubstr("BETRACE_API_KEY"), HasSubstr("too"))));
}

TEST_F(ConfigTest, EmptySecretsAndUnreadableFilesAreProblems) {
  inputs.environment = {{"BETRACE_API_KEY", ""},
                        {"BETRACE_SIGNATURE_KEY_FILE", folder_ + "/none"},
                        {"BETRACE_API_KEYS_FILE", ""},
                        {"OTEL_EXPORTER_OTLP_HEADERS", ""}};
  EXPECT_THAT(problems(),
              ::testing::UnorderedElementsAre(
                  "BETRACE_API_KEY (environment): is set but empty",
                  "BETRACE_API_KEYS_FILE (environment): is set but empty",
                  "BETRACE_SIGNATURE_KEY_FILE (environment): cannot read " + folder_ + "/none"));
}

TEST_F(ConfigTest, WeakSecretsAreRefusedAndNeverShown) {
  for (const std::string secret : {"short-one", "change-me-in-production", "aaaaaaaaaaaaaaaaaaaaa",
                                   "test-key-that-is-long-enough-1234"}) {
    inputs.environment = {{"BETRACE_SIGNATURE_KEY", secret}};
    ASSERT_EQ(problems().size(), 1u) << secret;
    EXPECT_THAT(problems()[0], HasSubstr("openssl rand -base64 32"));
    EXPECT_THAT(problems()[0], Not(HasSubstr(secret)));
  }
}

TEST_F(ConfigTest, TimesThatCannotBeReachedBlameTheOneThatWasGiven) {
  inputs.flags = {{"--trace-idle", "1s"}};
  EXPECT_THAT(problems(), ElementsAre("--trace-idle (flag): 1s is below trace.quiet (6s)"));
  inputs.flags = {{"--trace-idle", "5m"}};
  EXPECT_THAT(problems(), ElementsAre("--trace-idle (flag): 5m is not below trace.age_max (5m)"));
  inputs.flags = {{"--trace-idle", "1s"}, {"--trace-quiet", "1s"}, {"--trace-age-max", "1001ms"}};
  EXPECT_THAT(problems(), IsEmpty());
}

TEST_F(ConfigTest, EachDoorHasAPortOfItsOwn) {
  inputs.flags = {{"--otlp-grpc-port", "4318"}};
  EXPECT_THAT(problems(), ElementsAre("--otlp-grpc-port (flag): is the same as otlp.http_port; "
                                      "0 turns it off"));
  inputs.flags = {{"--otlp-grpc-port", "12011"}};
  EXPECT_THAT(problems(),
              ElementsAre("--otlp-grpc-port (flag): is the same as http.port; 0 turns it off"));
  inputs.flags = {{"--otlp-grpc-port", "0"}, {"--otlp-http-port", "0"}};
  EXPECT_THAT(problems(), ElementsAre());
}

TEST_F(ConfigTest, TheModeOfAccessFollowsFromAddressesAndCredentials) {
  const auto mode = [this] { return access_settings(config()).rules.mode; };
  inputs.environment = {{"BETRACE_BIND", "127.0.0.5, ::1"}};
  EXPECT_EQ(mode(), api::AuthMode::Off);
  inputs.environment = {{"BETRACE_BIND", "127.0.0.5, 0.0.0.0"}};
  EXPECT_EQ(mode(), api::AuthMode::Bootstrap);
  inputs.environment.emplace_back("BETRACE_API_KEY", "correct-horse-battery");
  EXPECT_EQ(mode(), api::AuthMode::On);
  inputs.environment.emplace_back("BETRACE_INSECURE", "true");
  EXPECT_EQ(mode(), api::AuthMode::Insecure);
  inputs.environment = {{"BETRACE_API_KEYS_FILE", "keys.yaml"}};
  EXPECT_EQ(mode(), api::AuthMode::On) << "on loopback too";
}

TEST_F(ConfigTest, AccessThatCannotBeIsAProblem) {
  const auto problem = [this](NamedTexts environment) {
    inputs.environment = std::move(environment);
    return testing::PrintToString(problems());
  };
  EXPECT_THAT(problem({{"BETRACE_BIND", "localhost"}}), HasSubstr("is no IPv4 or IPv6 address"));
  EXPECT_THAT(problem({{"BETRACE_TLS_CERT", "a"}}), HasSubstr("BETRACE_TLS_CERT"));
  EXPECT_THAT(problem({{"BETRACE_TLS_KEY", "a"}}), HasSubstr("needs tls.cert"));
  EXPECT_THAT(problem({{"BETRACE_TLS_CLIENT_CA", "a"}}), HasSubstr("gives nobody a role"));
  for (const std::string origin : {"*", "https://*.example", "https://a.example/", "a.example",
                                   "null", "https://A.example", "https://u@a.example"}) {
    EXPECT_THAT(problem({{"BETRACE_CORS_ORIGINS", origin}}), HasSubstr("is not an origin"))
        << origin;
  }
  EXPECT_EQ(problem({{"BETRACE_CORS_ORIGINS", "https://a.example, http://[::1]:8080"}}), "{}");
  for (const std::string name : {"Cookie", "Host", "no token"}) {
    EXPECT_THAT(problem({{"BETRACE_API_KEY_HEADER", name}}), HasSubstr("BETRACE_API_KEY_HEADER"));
  }
}

TEST_F(ConfigTest, SigningCannotBeRequired) {
  inputs.environment = {{"BETRACE_REQUIRE_SIGNING", "true"}};
  EXPECT_THAT(problems(), ElementsAre(HasSubstr("BETRACE_REQUIRE_SIGNING")));
}

TEST_F(ConfigTest, BadFilesAreProblemsNotCrashes) {
  for (const std::string text : {"a: [", "- 1\n- 2\n", "trace: {quiet: {deep: {er: 1}}}",
                                 "trace.quiet: 1s\ntrace: {quiet: 2s}", "? [a, b]\n: c\n"}) {
    inputs.file_path = write("c.yaml", text);
    EXPECT_THAT(problems(), Not(IsEmpty())) << text;
  }
  inputs.file_path = folder_ + "/none.yaml";
  EXPECT_THAT(problems(), ElementsAre(HasSubstr("none.yaml (file): cannot be read")));
  inputs.file_path = folder_;
  EXPECT_THAT(problems(), Not(IsEmpty()));
  inputs.file_path = write("empty.yaml", "");
  EXPECT_THAT(problems(), IsEmpty());
}

TEST(ConfigCatalogTest, NamesAreUniqueInEverySource) {
  std::set<std::string> keys;
  std::set<std::string> flags;
  std::set<std::string> variables;
  for (const Setting& setting : config_catalog()) {
    EXPECT_TRUE(keys.insert(std::string(setting.key)).second) << setting.key;
    EXPECT_TRUE(flags.insert(flag_name(setting)).second) << setting.key;
    EXPECT_TRUE(variables.insert(environment_name(setting)).second) << setting.key;
    EXPECT_FALSE(setting.text.empty()) << setting.key;
    EXPECT_LE(setting.minimum, setting.maximum) << setting.key;
    EXPECT_EQ(setting.type == SettingType::Choice, !setting.choices.empty()) << setting.key;
  }
  EXPECT_THAT(variables, AllOf(Contains("BETRACE_LIMITS_HTTP_BODY"), Contains("BETRACE_HTTP_PORT"),
                               Contains("LOG_LEVEL")));
  EXPECT_THAT(flags, Contains("--limits-http-body"));
}

TEST_F(ConfigTest, GomaxprocsIsTakenAndAnsweredWithWhatToUseInstead) {
  inputs.environment = {{"GOMAXPROCS", "8"}};
  EXPECT_EQ(config().number("workers"), 8u);
  ASSERT_EQ(config().warnings().size(), 1u);
  EXPECT_EQ(config().warnings()[0].text,
            "GOMAXPROCS (environment): is read as BETRACE_WORKERS; set that instead");
}

TEST_F(ConfigTest, ARuleGroupIsOneOfSoMany) {
  for (const std::string good : {"1/1", "2/3"}) {
    inputs.environment = {{"BETRACE_RULE_GROUP", good}};
    EXPECT_THAT(problems(), IsEmpty()) << good;
    EXPECT_THAT(config().warnings(), IsEmpty()) << good;
  }
  for (const std::string wrong : {"4/3", "0/3", "3", "a/b", ""}) {
    inputs.environment = {{"BETRACE_RULE_GROUP", wrong}};
    EXPECT_THAT(problems(), ElementsAre(HasSubstr("is not i/n"))) << wrong;
  }
}

}  // namespace
}  // namespace betrace::app
