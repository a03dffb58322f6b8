#pragma once

#include <filesystem>
#include <string>

namespace headway {

/// EnvironmentError naming what stands in the place of a folder that groups will write into, those
/// of trials included, for each trial would fail by it; or in the place of the results store. What
/// is missing is made when it is needed.
void expect_places_of_sweep(const std::filesystem::path& sweep_directory);
/// The same of an evaluation.
void expect_places_of_evaluation(const std::filesystem::path& sweep_directory,
                                 const std::string& suite);

}  // namespace headway
