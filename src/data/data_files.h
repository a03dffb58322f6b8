#pragma once

#include "base/errors.h"
#include "config/schema/trial_config.h"

namespace headway {

/// No folder that is looked at holds any file of a data set.
class DataNotFound : public ConfigError {
 public:
  using ConfigError::ConfigError;
};

/// Looks for the files of a data set and reads none. DataNotFound when there are none, ConfigError
/// when some are missing; either says where they were looked for.
void expect_data_files(const DatasetConfig& config);

}  // namespace headway
