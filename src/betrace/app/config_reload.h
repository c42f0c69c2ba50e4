// SIGHUP: what a running service takes over from settings and files that are read again.
//
// Keys and certificates, what violations show and hide, the level of the log. Every other setting
// that has changed is named in the log, and waits for the next start.
#pragma once

#include <functional>
#include <utility>

#include "betrace/app/config.h"
#include "betrace/app/service.h"
#include "betrace/telemetry/log.h"

namespace betrace::app {

/// Not thread-safe.
class ConfigReload {
 public:
  using Read = std::function<tl::expected<Config, Config::Problems>()>;

  /// `read` gives the settings as a start would find them now. Requires: all outlive it.
  ConfigReload(const Config& config, Read read, Service& service, telemetry::Logger& log)
      : told_(config), read_(std::move(read)), service_(service), log_(log) {}

  /// A file that has become wrong is told and changes nothing.
  void run();

 private:
  void use(Config next);

  Config told_;  // as it was read last
  Read read_;
  Service& service_;
  telemetry::Logger& log_;
};

}  // namespace betrace::app
