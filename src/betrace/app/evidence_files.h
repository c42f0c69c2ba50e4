// The texts of a bundle from wherever it lies: a folder, or an archive of one.
#pragma once

#include <istream>
#include <memory>
#include <string>
#include <vector>

#include "betrace/base/result.h"
#include "betrace/evidence/bundle.h"

namespace betrace::app {

struct OpenBundle {
  std::unique_ptr<std::istream> records;
  std::unique_ptr<std::istream> commits;
  std::string keys;
  std::vector<evidence::CheckpointText> checkpoints;
};

/// Opens a folder, or reads a `.tar` or `.tar.gz` of at most 1 GiB into memory. Error NotFound: it
/// is neither, or a file of it is missing; Corrupt: the archive is damaged or cut off.
[[nodiscard]] Result<OpenBundle> open_bundle(const std::string& path);

/// Reads checkpoints that lie apart from the bundle: files, or all `.json` files of folders. Error
/// NotFound, naming the path.
[[nodiscard]] Result<std::vector<evidence::CheckpointText>> read_checkpoints_held(
    const std::vector<std::string>& paths);

}  // namespace betrace::app
