#pragma once

#include <gtest/gtest.h>

#include <fstream>
#include <string>
#include <vector>

#include "base/errors.h"
#include "config/sweep/sweep.h"
#include "support/temporary_directory.h"

namespace headway {

/// A sweep file of its own folder, so that messages start with a known name.
class SweepFile {
 public:
  explicit SweepFile(const std::string& text) : path_(directory_.path() / "sweep.yaml") {
    std::ofstream(path_) << text;
  }

  const std::filesystem::path& path() const { return path_; }
  Sweep load(const std::vector<std::string>& overrides = {}) const {
    return load_sweep(path_, overrides);
  }

  /// The messages of a refused file, with the folder cut off; empty when it loads.
  std::vector<std::string> errors(const std::vector<std::string>& overrides = {}) const {
    try {
      load(overrides);
    } catch (const ConfigErrors& refused) {
      return without_folder(refused.messages());
    }
    return {};
  }

  std::vector<std::string> without_folder(std::vector<std::string> messages) const {
    const std::string folder = directory_.path().string() + "/";
    for (std::string& message : messages) {
      for (std::size_t at = message.find(folder); at != std::string::npos;
           at = message.find(folder)) {
        message.erase(at, folder.size());
      }
    }
    return messages;
  }

 private:
  TemporaryDirectory directory_;
  std::filesystem::path path_;
};

}  // namespace headway
