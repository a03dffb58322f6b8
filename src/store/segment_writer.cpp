#include "store/segment_writer.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/build_info.h"
#include "base/errors.h"
#include "base/host.h"
#include "base/logging.h"
#include "base/time.h"
#include "store/record_framing.h"
#include "store/sweep_directory.h"

namespace headway {
namespace {

std::string segment_name(const ProcessIdentity& process) {
  std::string host = process.host;
  std::replace(host.begin(), host.end(), '/', '_');
  return fmt::format("{}-{}-{}.jsonl", host, process.pid, random_id());
}

}  // namespace

SegmentWriter::SegmentWriter(std::filesystem::path sweep_directory,
                             std::string role,
                             nlohmann::json writer_details)
    : path_(SweepDirectory(std::move(sweep_directory)).segments() / segment_name(this_process())),
      role_(std::move(role)),
      details_(std::move(writer_details)) {}

void SegmentWriter::append(nlohmann::json record, Flush flush) {
  const std::lock_guard lock(mutex_);
  if (!file_.is_open()) create();
  write_record(std::move(record));
  if (flush == Flush::kNow && ::fsync(file_.native()) != 0) throw_errno("fsync", path_.string());
}

void SegmentWriter::create() {
  make_directories(path_.parent_path());
  file_ = open_file(path_, O_WRONLY | O_APPEND | O_CREAT | O_EXCL);
  try {
    flush_directory(path_.parent_path());
    nlohmann::json writer = {{"kind", "writer"},
                             {"role", role_},
                             {"process", this_process()},
                             {"headway_version", build_info().version},
                             {"git_revision", build_info().git_revision}};
    writer.update(details_);
    write_record(std::move(writer));
  } catch (...) {
    // The next append begins afresh: a segment without its writer record says too little.
    file_.reset();
    ::unlink(path_.c_str());
    throw;
  }
}

void SegmentWriter::write_record(nlohmann::json record) {
  record["at"] = utc_timestamp();
  // Text from outside (a library's error message, say) need not be UTF-8.
  const auto replace = nlohmann::json::error_handler_t::replace;
  std::string frame = frame_record(record.dump(-1, ' ', false, replace));
  if (begins_new_line_) frame.insert(frame.begin(), '\n');
  ssize_t written = -1;
  do {
    written = ::write(file_.native(), frame.data(), frame.size());
  } while (written < 0 && errno == EINTR);
  if (written == static_cast<ssize_t>(frame.size())) {
    size_ += frame.size();
    begins_new_line_ = false;
    return;
  }
  const int reason = written < 0 ? errno : ENOSPC;  // a short write to a file means a full disk
  undo_partial_write();
  errno = reason;
  throw_errno("write", path_.string());
}

void SegmentWriter::undo_partial_write() {
  if (::ftruncate(file_.native(), static_cast<off_t>(size_)) == 0) return;
  begins_new_line_ = true;
  log_warning("{}: a partial record could not be cut off; readers will skip it", path_.string());
}

}  // namespace headway
