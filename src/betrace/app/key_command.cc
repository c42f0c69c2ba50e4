#include "betrace/app/key_command.h"

#include <fmt/format.h>
#include <fmt/ostream.h>

#include <ostream>

#include "betrace/api/key_file.h"
#include "betrace/app/access_files.h"
#include "betrace/app/exit_code.h"
#include "betrace/app/secret_files.h"
#include "betrace/base/hex.h"
#include "betrace/base/unguessable_bytes.h"

namespace betrace::app {
namespace {

// YAML and JSON at once: a line can be added to a file without touching what people wrote there.
std::string key_entry(const NewKeyOptions& options, const std::string& id, const Secret& key) {
  return fmt::format("- {{id: {}, roles: [{}], sha256: {}}}\n", id, fmt::join(options.roles, ", "),
                     to_hex(sha256(key.reveal())));
}

}  // namespace

int run_key_new(const NewKeyOptions& options, std::ostream& out, std::ostream& err) {
  const std::string id = options.id.empty() ? "key-" + to_hex(unguessable_bytes(4)) : options.id;
  const Secret key = new_key();
  const std::string entry = key_entry(options, id, key);
  const auto before =
      options.file.empty() ? Result<std::string>(std::string()) : key_file_text(options.file);
  if (!before) {
    fmt::print(err, "betrace: {}\n", before.error().message);
    return kExitFailed;
  }
  std::string text = *before;
  if (!text.empty() && !text.ends_with('\n')) text += '\n';
  text += entry;
  if (const auto keys = api::read_key_file(text); !keys) {
    fmt::print(err, "betrace: {}{}\n", options.file.empty() ? "" : options.file + ": ",
               keys.error().message);
    return kExitUsage;
  }
  if (options.file.empty()) {
    fmt::print(out, "{}\n{}", key.reveal(), entry);
    return kExitDone;
  }
  if (const auto written = replace_path(options.file, text); !written) {
    fmt::print(err, "betrace: {}\n", written.error().message);
    return kExitFailed;
  }
  fmt::print(out, "{}\n", key.reveal());
  fmt::print(err, "its hash is in {} as {}; nobody can show the key again\n", options.file, id);
  return kExitDone;
}

}  // namespace betrace::app
