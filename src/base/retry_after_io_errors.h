#pragma once

#include <chrono>
#include <functional>
#include <string>

namespace headway {

/// How a failing disk is borne with.
struct RetryAfterIoErrors {
  std::function<void(const std::string& what)> failed = [](const std::string&) {};  // each time
  std::function<bool()> give_up = [] { return false; };
  int tries = 20;  // in all: with the pauses below, a quarter of a minute
  std::chrono::milliseconds first_pause{50};  // each is twice the one before
  std::chrono::milliseconds longest_pause{1000};
};

/// Does `action`; when the disk or a file server fails at it (see InputOutputError), does it again
/// a little later. After the last try, or asked to give up, throws an InputOutputError that tells
/// the failure and how often it was tried.
void retry_after_io_errors(const std::function<void()>& action, const RetryAfterIoErrors& options);

}  // namespace headway
