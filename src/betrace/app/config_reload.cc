#include "betrace/app/config_reload.h"

#include <utility>

#include "betrace/app/redaction_settings.h"
#include "betrace/app/serve.h"

namespace betrace::app {

void ConfigReload::run() {
  service_.reload();
  auto next = read_();
  if (next) {
    use(*std::move(next));
    return;
  }
  for (const std::string& problem : next.error()) {
    log_.error("the settings were not read again; those of before stay in force",
               {{"reason", problem}});
  }
}

// The key of redaction may be another one though no setting differs.
void ConfigReload::use(Config next) {
  if (const auto used = service_.use(redaction_settings(next)); !used) {
    log_.error("the settings were not read again; those of before stay in force",
               {{"reason", used.error().message}});
    return;
  }
  log_.set_level(log_options(next).level);
  for (const Setting* setting : next.differences(told_)) {
    if (setting->is_reloaded) {
      log_.info("a setting was read again", {{"setting", setting->key}});
    } else {
      log_.warn("a setting has changed and takes effect at the next start",
                {{"setting", setting->key}});
    }
  }
  told_ = std::move(next);
}

}  // namespace betrace::app
