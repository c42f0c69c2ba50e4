#include "betrace/app/command_line.h"

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>
#include <istream>
#include <ostream>
#include <utility>

#include "betrace/app/access_settings.h"
#include "betrace/app/command_line_load.h"
#include "betrace/app/completion.h"
#include "betrace/app/config_command.h"
#include "betrace/app/demo.h"
#include "betrace/app/demo_serve.h"
#include "betrace/app/eval.h"
#include "betrace/app/evidence_command.h"
#include "betrace/app/evidence_handover.h"
#include "betrace/app/exit_code.h"
#include "betrace/app/healthcheck.h"
#include "betrace/app/key_command.h"
#include "betrace/app/log_command.h"
#include "betrace/app/own_server.h"
#include "betrace/app/redaction_settings.h"
#include "betrace/app/reference_pages.h"
#include "betrace/app/replay.h"
#include "betrace/app/resend.h"
#include "betrace/app/rules_check.h"
#include "betrace/app/rules_transfer.h"
#include "betrace/app/run_tests.h"
#include "betrace/app/serve.h"
#include "betrace/app/usage_check.h"
#include "betrace/base/version.h"
#include "betrace/telemetry/machine.h"

namespace betrace::app {
namespace {

constexpr std::string_view kBackendName = "betrace-backend";

bool is_terminal(int file) { return isatty(file) == 1; }

// The flags of all settings, for the commands that read the configuration.
class SettingFlags {
 public:
  /// `file` is how the file of settings is named.
  void add_to(CLI::App& command, std::string_view group, const std::string& file = "--config") {
    command.add_option(file, file_path_, "YAML file with settings (BETRACE_CONFIG)");
    texts_.reserve(config_catalog().size() * 2);
    for (const Setting& setting : config_catalog()) {
      add_one(command, setting, flag_name(setting), group);
    }
  }

  [[nodiscard]] ConfigInputs inputs(const ConfigInputs& base) const {
    ConfigInputs inputs = base;
    inputs.file_path = file_path_;
    for (const auto& [flag, text] : texts_) {
      if (!text.empty()) inputs.flags.emplace_back(flag, text.front());
    }
    return inputs;
  }

 private:
  void add_one(CLI::App& command, const Setting& setting, const std::string& flag,
               std::string_view group) {
    texts_.emplace_back(flag, std::vector<std::string>());
    std::string names = flag;
    if (!setting.flag_alias.empty()) names += "," + std::string(setting.flag_alias);
    CLI::Option* option = command.add_option(names, texts_.back().second, help_of(setting));
    option->expected(setting.type == SettingType::Boolean ? 0 : 1, 1)->type_name("");
    if (setting.type == SettingType::Boolean) option->default_str("true");
    option->group(setting.is_common ? std::string(group) : "");
  }

  static std::string help_of(const Setting& setting) {
    const std::string fallback = fallback_text(setting);
    return std::string(setting.text) + (fallback.empty() ? "" : " [" + fallback + "]");
  }

  std::string file_path_;
  std::vector<std::pair<std::string, std::vector<std::string>>> texts_;
};

// Everything that flags are read into, and the commands that they belong to.
class CommandLine {
 public:
  explicit CommandLine(const Process& process);

  int run(std::vector<std::string> arguments);

 private:
  void add_serve();
  void add_demo();
  void add_eval();
  void add_rules();
  void add_rules_transfer(CLI::App& rules);
  void add_test();
  void add_replay();
  void add_bench();
  void add_healthcheck();
  void add_violations();
  void add_evidence();
  void add_handover(CLI::App& evidence);
  void add_log();
  void add_config();
  void add_key();
  void add_completion();

  int serve();
  int demo();
  int replay();
  int bench();
  int complete();
  int config_show();
  int config_check();
  int key_new();
  tl::expected<Config, int> load(const SettingFlags& flags);
  [[nodiscard]] std::vector<CommandWords> words() const;
  [[nodiscard]] const CLI::App* incomplete(const std::vector<std::string>& arguments) const;

  CLI::App* command(CLI::App& parent, const char* name, const char* text, const char* footer,
                    int (CommandLine::*act)()) {
    CLI::App* made = parent.add_subcommand(name, text);
    made->footer(footer);
    made->callback([this, act] { exit_code_ = (this->*act)(); });
    return made;
  }

  const Process& process_;
  CLI::App root_;
  int exit_code_ = 0;
  SettingFlags serve_flags_;
  bool discards_spans_ = false;
  SettingFlags demo_flags_;
  ResendRange resend_;
  SettingFlags resend_flags_;
  EvidenceReportOptions report_;
  SettingFlags report_flags_;
  EvidenceExportOptions evidence_export_;
  SettingFlags evidence_export_flags_;
  EvidenceVerifyOptions evidence_verify_;
  SettingFlags evidence_verify_flags_;
  EvidenceKeysOptions evidence_keys_;
  SettingFlags evidence_keys_flags_;
  std::string backup_dir_;
  SettingFlags backup_flags_;
  storage::SequenceRange dump_;
  bool dump_is_json_ = false;
  SettingFlags dump_flags_;
  SettingFlags health_flags_;
  SettingFlags show_flags_;
  SettingFlags check_flags_;
  DemoOptions demo_;
  NewKeyOptions new_key_;
  bool demo_serves_ = false;
  RulesCheckOptions rules_;
  std::string rules_format_ = "text";
  RulesImportOptions rules_import_;
  SettingFlags rules_import_flags_;
  RulesExportOptions rules_export_;
  SettingFlags rules_export_flags_;
  TestOptions test_;
  ReplayOptions replay_;
  std::string replay_format_ = "text";
  std::string rule_group_ = "1/1";
  std::string fail_on_;
  std::uint64_t quiet_ms_ = 6'000;
  std::uint64_t idle_ms_ = 30'000;
  std::uint64_t age_max_ms_ = 300'000;
  BenchFlags bench_;
  std::string shell_;
  bool given_only_ = false;
};

CommandLine::CommandLine(const Process& process)
    : process_(process),
      root_(
          "Real-time rules over OpenTelemetry traces.\n"
          "A rule says what must not happen; every violation is durable and proven by spans.",
          "betrace") {
  root_.set_version_flag("--version", "betrace " + std::string(version()));
  root_.require_subcommand(1);
  root_.failure_message(CLI::FailureMessage::simple);
  root_.footer("Try: betrace demo --serve");
  add_serve();
  add_demo();
  add_eval();
  add_rules();
  add_test();
  add_replay();
  add_bench();
  add_healthcheck();
  add_violations();
  add_evidence();
  add_log();
  add_config();
  add_key();
  add_completion();
}

void CommandLine::add_serve() {
  CLI::App* serve = command(root_, "serve", "Run the server until SIGTERM or Ctrl-C",
                            "Example: betrace serve --storage-path ./data/rules\n"
                            "All settings: betrace config show",
                            &CommandLine::serve);
  // No setting: nobody should find a server that judges nothing in a configuration file.
  serve->add_flag("--discard", discards_spans_, "For benchmarks: drop all spans unread")->group("");
  serve_flags_.add_to(*serve, "Settings");
}

void CommandLine::add_demo() {
  CLI::App* demo = command(root_, "demo", "Send a small shop's traffic and print its violations",
                           "Example: betrace demo --serve --traces 100", &CommandLine::demo);
  demo->add_flag("--serve", demo_serves_, "Start a server with the starter rules in this process");
  demo->add_option("--host", demo_.server.host, "Server to send to")->capture_default_str();
  demo->add_option("--rate", demo_.rate, "Traces a second; 0 = as fast as possible")
      ->check(CLI::Range(0.0, 1e6))
      ->capture_default_str();
  demo->add_option("--fault-rate", demo_.fault_rate, "Share of traces with a fault")
      ->check(CLI::Range(0.0, 1.0))
      ->capture_default_str();
  demo->add_option("--traces", demo_.traces, "End after so many, and compare; 0 = go on");
  demo->add_option("--seed", demo_.seed, "Of the traffic; 0 = a new one");
  demo_flags_.add_to(*demo, "Settings of the server");
}

void CommandLine::add_eval() {
  CLI::App* eval =
      root_.add_subcommand("eval", "Judge rules on traces: JSON lines in, JSON lines out");
  eval->footer("Example: echo '{\"name\":\"a\",\"expr\":\"span.duration > 1s\"}' | betrace eval");
  eval->callback([this] { exit_code_ = run_eval(process_.in, process_.out); });
}

void CommandLine::add_rules() {
  CLI::App* rules = root_.add_subcommand("rules", "Check, explain, import and export rules");
  rules->require_subcommand(1);
  const auto add = [this, rules](const char* name, const char* text, auto act) {
    CLI::App* made = rules->add_subcommand(name, text);
    made->add_option("PATH", rules_.paths, "Files or folders, JSON or YAML")->required();
    made->footer("Example: betrace rules " + std::string(name) + " rules/starter");
    made->callback([this, act] {
      rules_.is_json = rules_format_ == "json";
      rules_.colour = is_terminal(STDOUT_FILENO);
      exit_code_ = act(rules_, process_.out, process_.err);
    });
    return made;
  };
  add("check", "Say what is wrong with rules, and where", run_rules_check)
      ->add_option("--format", rules_format_, "text or json")
      ->check(CLI::IsMember({"text", "json"}));
  add("explain", "Say when rules are decided and what they read", run_rules_explain);
  add_rules_transfer(*rules);
}

void CommandLine::add_rules_transfer(CLI::App& rules) {
  const auto forms = CLI::IsMember({"json", "yaml", "ndjson"});
  CLI::App* import = rules.add_subcommand("import", "Store the rules of a document");
  import->footer(
      "Example: betrace rules import --on-conflict replace rules-backup.json\n"
      "Asks the server here; with --storage-path it writes that folder, server or not.");
  import->add_option("FILE", rules_import_.path, "JSON, YAML or JSON lines; - is stdin")
      ->required();
  import->add_option("--format", rules_import_.format, "json, yaml or ndjson [by the name]")
      ->check(forms);
  import->add_option("--on-conflict", rules_import_.on_conflict, "fail, replace or skip")
      ->check(CLI::IsMember({"fail", "replace", "skip"}))
      ->capture_default_str();
  CLI::Option* partial = import->add_flag("--partial", rules_import_.is_partial,
                                          "Store what can be stored, not all or nothing");
  import->add_flag("--prune", rules_import_.prune, "Delete the rules that FILE does not have")
      ->excludes(partial);
  import->add_flag("--dry-run", rules_import_.dry_run, "Only say what would happen");
  rules_import_flags_.add_to(*import, "Settings");
  import->callback([this] {
    const auto config = load(rules_import_flags_);
  exit_code_ = config ? run_rules_import(*config, rules_import_, process_.out, process_.err)
                      : config.error();
});
CLI::App* give = rules.add_subcommand("export", "Write all rules as a document");
give->footer(
    "Example: betrace rules export -o rules-backup.json\n"
    "Asks the server here; with --storage-path it reads that folder, server or not.");
give->add_option("-o,--output", rules_export_.output, "File [standard output]");
give->add_option("--format", rules_export_.format, "json, yaml or ndjson [by the name]")
    ->check(forms);
rules_export_flags_.add_to(*give, "Settings");
give->callback([this] {
  const auto config = load(rules_export_flags_);
  exit_code_ = config ? run_rules_export(*config, rules_export_, process_.out, process_.err)
                      : config.error();
});
}  // namespace

void CommandLine::add_test() {
  CLI::App* test = root_.add_subcommand("test", "Run rule tests: spans with the expected verdict");
  test->add_option("PATH", test_.paths, "Files or folders")->required();
  test->add_flag("-q,--quiet", test_.is_quiet, "Name only the cases that fail");
  test->footer("Example: betrace test rules/starter");
  test->callback([this] { exit_code_ = run_test(test_, process_.out, process_.err); });
}

void CommandLine::add_replay() {
  CLI::App* replay = command(root_, "replay", "Judge recorded OTLP by rules",
                             "Example: betrace replay --rule 'span.duration > 1s' traces.jsonl.gz",
                             &CommandLine::replay);
  replay->add_option("--rules", replay_.rules.paths, "Rule files or folders");
  replay->add_option("--rule", replay_.rules.expressions, "A rule; may be repeated");
  replay->add_option("--rule-group", rule_group_, "i/n: only the rules of group i of n [1/1]");
  replay
      ->add_option("FILE", replay_.files, "OTLP/JSON lines or protobuf, plain or gzip; - is stdin")
      ->required();
  replay->add_option("--format", replay_format_, "text or json (one violation a line)")
      ->check(CLI::IsMember({"text", "json"}));
  replay->add_option("--fail-on", fail_on_, "Exit 3 from this severity up")
      ->check(CLI::IsMember({"LOW", "MEDIUM", "HIGH", "CRITICAL"}, CLI::ignore_case));
  const auto add_time = [replay](const char* name, std::uint64_t& value, const char* text) {
    replay->add_option(name, value, text)
        ->transform(CLI::AsNumberWithUnit(
            std::map<std::string, std::uint64_t>{{"ms", 1}, {"s", 1'000}, {"m", 60'000}}));
  };
  add_time("--trace-quiet", quiet_ms_, "A whole trace closes after this quiet time [6s]");
  add_time("--trace-idle", idle_ms_, "Any trace closes after this quiet time [30s]");
  add_time("--trace-age-max", age_max_ms_, "Any trace closes this long after its first span [5m]");
}

void CommandLine::add_bench() {
  CLI::App* bench = command(root_, "bench", "Load a server, measure it and check its verdicts",
                            "Examples: betrace bench --duration 5s --repeat 1\n"
                            "          betrace bench --shape 3a --open 20000/s --json bench.json\n"
                            "          betrace bench --rules-count 10 --print-rules >rules.json",
                            &CommandLine::bench);
  bench_.add_to(*bench);
}

void CommandLine::add_violations() {
  CLI::App* violations = root_.add_subcommand("violations", "Export stored violations once more");
  violations->require_subcommand(1);
  CLI::App* resend = violations->add_subcommand("resend", "Send them to the sink again");
  resend->footer("Example: betrace violations resend --from 184467 --to 184500");
  resend->add_option("--from", resend_.first, "Sequence of the first record")
      ->required()
      ->check(CLI::PositiveNumber);
  resend->add_option("--to", resend_.last, "Of the last [the newest]")->check(CLI::PositiveNumber);
  resend_flags_.add_to(*resend, "Settings");
  resend->callback([this] {
    const auto config = load(resend_flags_);
    exit_code_ = config ? run_resend(*config, resend_, process_.out, process_.err) : config.error();
  });
}

void CommandLine::add_evidence() {
  CLI::App* evidence = root_.add_subcommand("evidence", "What the log proves, for auditors");
  evidence->require_subcommand(1);
  CLI::App* report = evidence->add_subcommand("report", "Report on one control from the log");
  report->footer(
      "Example: betrace evidence report --control soc2:CC6.1 --from 2026-01-01 --to 2026-02-01 "
      "-o report.html");
  report->add_option("--control", report_.control, "framework:control, as rules are tagged")
      ->required();
  report->add_option("--from", report_.from, "A date or RFC 3339")->required();
  report->add_option("--to", report_.to, "The same, exclusive [now]");
  report->add_option("--format", report_.format, "html or json [html]")
      ->check(CLI::IsMember({"html", "json"}));
  report->add_option("-o,--output", report_.output, "File [standard output]");
  report_flags_.add_to(*report, "Settings");
  report->callback([this] {
    const auto config = load(report_flags_);
    exit_code_ = config ? run_evidence_report(*config, report_, read_clocks().wall, process_.out,
                                              process_.err)
                        : config.error();
  });
  add_handover(*evidence);
}

void CommandLine::add_handover(CLI::App& evidence) {
  const auto with_config = [this](SettingFlags& flags, auto act) {
    return [this, &flags, act] {
      const auto config = load(flags);
      exit_code_ = config ? act(*config) : config.error();
    };
  };
  CLI::App* give = evidence.add_subcommand("export", "Write a bundle that others can verify");
  give->footer("Example: betrace evidence export --from 2026-01-01T00:00:00Z --out january");
  give->add_option("--from", evidence_export_.from, "Sequence or time of the first record");
  give->add_option("--to", evidence_export_.to, "Sequence of the last record, or time before it");
  give->add_option("--out", evidence_export_.out, "Folder that is made")->capture_default_str();
  evidence_export_flags_.add_to(*give, "Settings");
  give->callback(with_config(evidence_export_flags_, [this](const Config& config) {
    return run_evidence_export(config, evidence_export_, process_.out, process_.err);
  }));
  CLI::App* verify = evidence.add_subcommand(
      "verify", "Say whether a bundle, a backup or a state directory is what was signed");
  verify->footer("Example: betrace evidence verify january --trust <64 hex digits>");
  verify->add_option("PATH", evidence_verify_.path, "Bundle (folder or .tar.gz), or log directory")
      ->required();
  verify->add_option("--trust", evidence_verify_.trusted, "Fingerprint of a key; may be repeated");
  verify->add_option("--checkpoint", evidence_verify_.checkpoints,
                     "Checkpoints that you hold: files or folders");
  verify->add_flag("--require-anchor", evidence_verify_.requires_anchor,
                   "Fail unless a checkpoint names the last commit");
  evidence_verify_flags_.add_to(*verify, "Settings");
  verify->callback(with_config(evidence_verify_flags_, [this](const Config& config) {
    return run_evidence_verify(config, evidence_verify_, process_.out, process_.err);
  }));
  CLI::App* keys = evidence.add_subcommand("keys", "Print the keys that seal the log");
  keys->footer("Example: betrace evidence keys --rotate");
  CLI::Option* rotate =
      keys->add_flag("--rotate", evidence_keys_.rotates, "Have the server seal with a new key");
  keys->add_flag("--compromised", evidence_keys_.is_compromised, "Somebody else has the old key")
      ->needs(rotate);
  evidence_keys_flags_.add_to(*keys, "Settings");
  keys->callback(with_config(evidence_keys_flags_, [this](const Config& config) {
    return run_evidence_keys(config, evidence_keys_, process_.out, process_.err);
  }));
}

void CommandLine::add_log() {
  CLI::App* log = root_.add_subcommand("log", "Copy the violation log, or print its records");
  log->require_subcommand(1);
  CLI::App* backup = log->add_subcommand("backup", "Copy it to a new folder and verify the copy");
  backup->footer(
      "Example: betrace log backup /backups/2026-01-31\n"
      "A server that is running copies it itself, below its log.backup_dir.");
  backup->add_option("DIR", backup_dir_, "A folder that does not exist yet")->required();
  backup_flags_.add_to(*backup, "Settings");
  backup->callback([this] {
    const auto config = load(backup_flags_);
    exit_code_ =
        config ? run_log_backup(*config, backup_dir_, process_.out, process_.err) : config.error();
  });
  CLI::App* dump = log->add_subcommand("dump", "Print its records, one a line");
  dump->footer("Example: betrace log dump --json --from 1 --to 100");
  dump->add_flag("--json", dump_is_json_, "Whole, as JSON");
  dump->add_option("--from", dump_.first, "Sequence of the first record [the oldest]")
      ->check(CLI::PositiveNumber);
  dump->add_option("--to", dump_.last, "Of the last [the newest]")->check(CLI::PositiveNumber);
  dump_flags_.add_to(*dump, "Settings");
  dump->callback([this] {
    const auto config = load(dump_flags_);
    exit_code_ = config ? run_log_dump(*config, dump_, dump_is_json_, process_.out, process_.err)
                        : config.error();
  });
}

void CommandLine::add_healthcheck() {
  CLI::App* health = root_.add_subcommand("healthcheck", "Exit 0 if the server here is alive");
  health->footer("Example: betrace healthcheck --http-port 12011");
  health_flags_.add_to(*health, "Settings");
  health->callback([this] {
    const auto config = load(health_flags_);
    exit_code_ = config ? run_healthcheck(*config, process_.err) : config.error();
  });
}

void CommandLine::add_config() {
  CLI::App* config = root_.add_subcommand("config", "Show and check settings");
  config->require_subcommand(1);
  CLI::App* show = command(*config, "show", "Print every setting with its source",
                           "Example: betrace config show --given", &CommandLine::config_show);
  show->add_flag("--given", given_only_, "Leave the defaults out");
  show_flags_.add_to(*show, "Settings");
  CLI::App* check =
      command(*config, "check", "Say whether the settings are valid",
              "Example: betrace config check betrace.yaml", &CommandLine::config_check);
  check_flags_.add_to(*check, "Settings", "FILE,--config");
  CLI::App* pages = root_.add_subcommand("docs", "Print a page that is made from a table");
  pages->group("");
  pages->require_subcommand(1);
  pages->add_subcommand("configuration", "")->callback([this] {
    process_.out << configuration_page();
  });
  pages->add_subcommand("metrics", "")->callback([this] { process_.out << metrics_page(); });
}

void CommandLine::add_key() {
  CLI::App* key = root_.add_subcommand("key", "Make API keys");
  key->require_subcommand(1);
  CLI::App* made = command(*key, "new", "Print a random key once, and keep its hash",
                           "Example: betrace key new --roles ingest --id shop --file keys.yaml",
                           &CommandLine::key_new);
  made->add_option("--roles", new_key_.roles, "ingest, read, write, admin; several with commas")
      ->delimiter(',')
      ->required();
  made->add_option("--id", new_key_.id, "Name of the key in logs and records [key-...]");
  made->add_option("--file", new_key_.file,
                   "The key file that gets the entry [the entry is printed]");
}

void CommandLine::add_completion() {
  CLI::App* completion = command(root_, "completion", "Print completion for a shell",
                                 "Example: betrace completion bash", &CommandLine::complete);
  completion->add_option("SHELL", shell_, "bash, zsh or fish")->required();
}

tl::expected<Config, int> CommandLine::load(const SettingFlags& flags) {
  auto config = Config::load(flags.inputs(process_.inputs));
  if (config) return std::move(*config);
  for (const std::string& problem : config.error()) {
    process_.err << "config error: " << problem << "\n";
  }
  return tl::unexpected<int>(kExitUsage);
}

int CommandLine::serve() {
  StopSignal stop;
  const auto config = load(serve_flags_);
  if (!config) return config.error();
  const auto read = [this] { return Config::load(serve_flags_.inputs(process_.inputs)); };
  return run_serve(*config, read, discards_spans_, stop, process_.err);
}

int CommandLine::demo() {
  StopSignal stop;
  const auto config = load(demo_flags_);
  if (!config) return config.error();
  const std::string host = demo_.server.host;
  demo_.server = own_server(*config);
  demo_.server.host = host;
  demo_.otlp_port = static_cast<std::uint16_t>(config->number("otlp.http_port"));
  demo_.colour = is_terminal(STDOUT_FILENO);
  return demo_serves_ ? run_demo_with_server(demo_, *config, stop, process_.out, process_.err)
                      : run_demo(demo_, stop, process_.out, process_.err);
}

int CommandLine::replay() {
  replay_.format = replay_format_ == "json" ? ReplayFormat::Json : ReplayFormat::Text;
  if (!fail_on_.empty()) replay_.fail_on = model::parse_severity(fail_on_);
  const auto group = control::parse_rule_group(rule_group_);
  if (!group) {
    process_.err << "betrace replay: --rule-group: " << group.error().message << '\n';
    return kExitUsage;
  }
  replay_.rule_group = *group;
  replay_.show_progress = is_terminal(STDERR_FILENO);
  traces::ClosureLimits& closure = replay_.engine.table.closure;
  closure.quiet = std::chrono::milliseconds(quiet_ms_);
  closure.idle_max = std::chrono::milliseconds(idle_ms_);
  closure.age_max = std::chrono::milliseconds(age_max_ms_);
  return run_replay(replay_, process_.out, process_.err);
}

int CommandLine::bench() {
  bench::LoadRunOptions options = bench_.options();
  StopSignal stop;
  options.show_progress = is_terminal(STDERR_FILENO);
  options.is_interrupted = [&stop] {
    return stop.wait_for(std::chrono::milliseconds(0)) == SignalSeen::Stop;
  };
  return bench::run_load(options, process_.out, process_.err);
}

int CommandLine::key_new() { return run_key_new(new_key_, process_.out, process_.err); }

int CommandLine::config_show() {
  const auto config = load(show_flags_);
  if (!config) return config.error();
  print_config(*config, given_only_, process_.out);
  return 0;
}

int CommandLine::config_check() {
  const auto config = load(check_flags_);
  if (!config) return config.error();
  for (const auto& files : {check_access_files(*config), check_redaction_file(*config)}) {
    if (files) continue;
    process_.err << "config error: " << files.error().message << "\n";
    return kExitUsage;
  }
  print_config_check(*config, process_.out, process_.err);
  return 0;
}

// Commands and their long flags, for completion.
std::vector<CommandWords> CommandLine::words() const {
  std::vector<CommandWords> all;
  const auto visit = [&all](const CLI::App& app, const std::string& path,
                            const auto& self) -> void {
    CommandWords words;
    words.path = path;
    for (const CLI::App* below : app.get_subcommands(nullptr)) {
      if (!below->get_group().empty()) words.commands.push_back(below->get_name());
      self(*below, path.empty() ? below->get_name() : path + " " + below->get_name(), self);
    }
    for (const CLI::Option* option : app.get_options()) {
      for (const std::string& name : option->get_lnames()) words.flags.push_back("--" + name);
    }
    all.push_back(std::move(words));
  };
  visit(root_, "", visit);
  return all;
}

int CommandLine::complete() {
  const auto script = completion_script(shell_, words());
  if (!script) {
    process_.err << "completion: unknown shell \"" << shell_ << "\" (known: bash, zsh, fish)\n";
    return kExitUsage;
  }
  process_.out << *script;
  return 0;
}

// The command that the arguments name if it needs another word; else null.
const CLI::App* CommandLine::incomplete(const std::vector<std::string>& arguments) const {
  const CLI::App* app = &root_;
  for (const std::string& argument : arguments) {
    if (argument.starts_with("-")) return nullptr;
    const auto below = app->get_subcommands(
        [&argument](const CLI::App* each) { return each->get_name() == argument; });
    if (below.empty()) return nullptr;
    app = below.front();
  }
  return app->get_require_subcommand_min() > 0 ? app : nullptr;
}

int CommandLine::run(std::vector<std::string> arguments) {
  if (const auto problem = wrong_usage(arguments, words())) {
    process_.err << *problem;
    return kExitUsage;
  }
  if (const CLI::App* command = incomplete(arguments)) {
    process_.err << command->help();
    return kExitUsage;
  }
  try {
    std::ranges::reverse(arguments);
    root_.parse(std::move(arguments));
    return exit_code_;
  } catch (const CLI::ParseError& error) {
    const int code = root_.exit(error, process_.out, process_.err);
    return code == 0 ? 0 : kExitUsage;
  }
}

}  // namespace betrace::app

int run_command_line(std::vector<std::string> arguments, const Process& process) {
  return CommandLine(process).run(std::move(arguments));
}

std::vector<std::string> program_arguments(int count, const char* const* texts) {
  std::vector<std::string> arguments(texts + 1, texts + count);
  if (std::filesystem::path(texts[0]).filename() != kBackendName) return arguments;
  const bool is_version = !arguments.empty() && arguments.front() == "--version";
  if (is_version) return arguments;
  const auto health = std::ranges::find(arguments, "--health-check");
  if (health == arguments.end()) {
    arguments.insert(arguments.begin(), "serve");
  } else {
    arguments.erase(health);
    arguments.insert(arguments.begin(), "healthcheck");
  }
  return arguments;
}

}  // namespace betrace::app
