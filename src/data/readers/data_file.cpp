#include "data/readers/data_file.h"

#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>
#include <cstring>

#include "base/errors.h"

namespace headway {
namespace {

constexpr std::uint64_t kLargestPiece = 1U << 30;  // zlib counts in 32 bits
// Deflate spends at least 2 bits on 258 bytes: zlib's documented limit of 1032 to 1.
constexpr std::uint64_t kLargestRatio = 1032;
constexpr std::uint64_t kHeldInside = 64;  // input that zlib may have taken but not yet turned over

bool starts_gzip(std::span<const std::byte> bytes) {
  return bytes.size() >= 2 && bytes[0] == std::byte{0x1f} && bytes[1] == std::byte{0x8b};
}

uInt piece(std::uint64_t size) {
  return static_cast<uInt>(std::min(size, kLargestPiece));
}

std::filesystem::path regular(std::filesystem::path path) {
  expect_regular_file(path);
  return path;
}

}  // namespace

void expect_regular_file(const std::filesystem::path& path) {
  std::error_code unknown;
  const auto status = std::filesystem::status(path, unknown);
  if (!std::filesystem::exists(status) || std::filesystem::is_regular_file(status)) return;
  const char* const found = std::filesystem::is_directory(status) ? "a folder"
                            : std::filesystem::is_fifo(status)    ? "a FIFO"
                                                                  : "a device or socket";
  throw ConfigError(fmt::format("{}: found {}, expected a file", path.string(), found));
}

struct DataFile::Inflater {
  Inflater() {
    constexpr int kGzipOnly = 16;
    if (::inflateInit2(&stream, kGzipOnly + MAX_WBITS) != Z_OK) {
      throw EnvironmentError("inflateInit2 failed: out of memory");
    }
  }
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;
  ~Inflater() { ::inflateEnd(&stream); }

  z_stream stream{};
};

DataFile::DataFile(std::filesystem::path path) : path_(regular(std::move(path))), file_(path_) {
  if (starts_gzip(file_.bytes())) inflater_ = std::make_unique<Inflater>();
}

DataFile::~DataFile() = default;

std::uint64_t DataFile::most_remaining() const {
  const std::uint64_t stored = file_.bytes().size() - consumed_;
  return is_compressed() ? (stored + kHeldInside) * kLargestRatio : stored;
}

void DataFile::read(std::span<std::uint8_t> out, std::string_view what) {
  const std::uint64_t start = offset_;
  const std::size_t count = read_up_to(out);
  if (count < out.size()) {
    refuse(offset_,
           "the end of the file",
           fmt::format("{} bytes of {} from byte {} on", out.size(), what, start));
  }
}

std::size_t DataFile::read_up_to(std::span<std::uint8_t> out) {
  return is_compressed() ? inflate(out) : copy(out);
}

void DataFile::expect_end() {
  if (is_compressed()) {
    std::uint8_t next = 0;
    if (inflate({&next, 1}) != 0) refuse(offset_ - 1, "further bytes", "the end of the file");
  } else if (consumed_ != file_.bytes().size()) {
    refuse(offset_, fmt::format("{} further bytes", most_remaining()), "the end of the file");
  }
}

void DataFile::refuse(std::uint64_t at_offset,
                      std::string_view found,
                      std::string_view expected) const {
  throw ConfigError(fmt::format("{}: byte {}{}: found {}, expected {}",
                                path_.string(),
                                at_offset,
                                is_compressed() ? " (decompressed)" : "",
                                found,
                                expected));
}

std::size_t DataFile::copy(std::span<std::uint8_t> out) {
  const auto rest = file_.bytes().subspan(consumed_);
  const std::size_t count = std::min(out.size(), rest.size());
  if (count > 0) std::memcpy(out.data(), rest.data(), count);
  consumed_ += count;
  offset_ += count;
  return count;
}

std::size_t DataFile::inflate(std::span<std::uint8_t> out) {
  z_stream& stream = inflater_->stream;
  std::size_t filled = 0;
  while (filled < out.size() && !ended_) {
    const auto input = file_.bytes().subspan(consumed_);
    const uInt input_size = piece(input.size());
    const uInt output_size = piece(out.size() - filled);
    // zlib's interface predates const; it does not write to its input.
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<std::byte*>(input.data()));
    stream.avail_in = input_size;
    stream.next_out = out.data() + filled;
    stream.avail_out = output_size;
    const int status = ::inflate(&stream, Z_NO_FLUSH);
    consumed_ += input_size - stream.avail_in;
    filled += output_size - stream.avail_out;
    offset_ += output_size - stream.avail_out;
    if (status == Z_STREAM_END) {
      start_next_member();
    } else if (status == Z_BUF_ERROR) {
      refuse(offset_, "a truncated gzip stream", "its end mark and checksum; fetch it again");
    } else if (status != Z_OK) {
      refuse(offset_,
             fmt::format("a damaged gzip stream ({})", stream.msg ? stream.msg : "zlib"),
             "intact deflate data; fetch it again");
    }
  }
  return filled;
}

// A gzip file may consist of several streams, one after the other.
void DataFile::start_next_member() {
  const auto rest = file_.bytes().subspan(consumed_);
  ended_ = rest.empty();
  if (ended_) return;
  if (!starts_gzip(rest)) {
    refuse(offset_,
           fmt::format("{} bytes after the end of the gzip stream", rest.size()),
           "the end of the file");
  }
  ::inflateReset(&inflater_->stream);
}

}  // namespace headway
