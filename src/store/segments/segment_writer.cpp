#include "store/segments/segment_writer.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>

#include "base/build_info.h"
#include "base/errors.h"
#include "base/host.h"
#include "base/ids.h"
#include "base/logging.h"
#include "base/sweep_layout.h"
#include "base/time.h"
#include "base/watched_folder.h"
#include "store/segments/record_framing.h"

namespace headway {
namespace {

std::string segment_name(const ProcessIdentity& process) {
  return fmt::format("{}-{}-{}.jsonl", plain_name_from(process.host), process.pid, random_id());
}

}  // namespace

SegmentWriter::SegmentWriter(std::filesystem::path sweep_directory, WriterRecord writer)
    : folder_(SweepLayout(std::move(sweep_directory)).segments()),
      path_(folder_ / segment_name(this_process())),
      writer_(std::move(writer)) {
  if (!writer_.process) writer_.process = this_process();
  if (writer_.headway_version.empty()) writer_.headway_version = build_info().version;
  if (writer_.git_revision.empty()) writer_.git_revision = build_info().git_revision;
}

void SegmentWriter::append(nlohmann::json record, Flush flush) {
  const std::lock_guard lock(mutex_);
  if (!file_.is_open()) create();
  const std::uint64_t size_before = size_;
  write_record(std::move(record));
  if (flush == Flush::kLater || ::fsync(file_.native()) == 0) return;
  const int reason = errno;
  const std::string path = path_.string();
  take_back(size_before);
  begin_another();  // what a failed fsync leaves on the disk, nobody knows
  errno = reason;
  throw_errno("fsync", path);
}

void SegmentWriter::create() {
  make_last_directories(folder_, 1);
  const std::filesystem::path path = path_;
  file_ = open_file(path, O_WRONLY | O_APPEND | O_CREAT | O_EXCL);
  try {
    flush_directory(folder_);
    write_record(record_json(writer_));
  } catch (...) {
    ::unlink(path.c_str());  // a segment without its writer record says too little
    begin_another();
    throw;
  }
}

void SegmentWriter::write_record(nlohmann::json record) {
  record["at"] = utc_timestamp();
  // Text from outside (a library's error message, say) need not be UTF-8.
  const auto replace = nlohmann::json::error_handler_t::replace;
  const std::string frame = frame_record(record.dump(-1, ' ', false, replace));
  ssize_t written = -1;
  do {
    written = ::write(file_.native(), frame.data(), frame.size());
  } while (written < 0 && errno == EINTR);
  if (written == static_cast<ssize_t>(frame.size())) {
    size_ += frame.size();
    return;
  }
  const int reason = written < 0 ? errno : ENOSPC;  // a short write to a file means a full disk
  const std::string path = path_.string();
  if (written > 0) take_back(size_);
  errno = reason;
  throw_errno("write", path);
}

void SegmentWriter::take_back(std::uint64_t size) {
  if (::ftruncate(file_.native(), static_cast<off_t>(size)) == 0) {
    size_ = size;
    return;
  }
  log_warning("{}: what was not written well could not be cut off; going on in another segment",
              path_.string());
  begin_another();
}

void SegmentWriter::begin_another() {
  file_.reset();
  path_ = folder_ / segment_name(this_process());
  size_ = 0;
}

}  // namespace headway
