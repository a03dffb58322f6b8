#include "data/packing/resident_dataset.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <optional>

#include "base/cache_folder.h"
#include "base/environment.h"
#include "base/errors.h"
#include "base/file_lock.h"
#include "base/logging.h"
#include "base/sha256.h"
#include "data/packing/pack.h"

namespace headway {
namespace {

namespace fs = std::filesystem;

constexpr const char* kFolder = "datasets";

std::string folder_of(const DatasetSource& source) {
  if (source.files.empty()) return "";
  return fs::weakly_canonical(source.files.front()).parent_path().string();
}

class MappedDataset : public Dataset {
 public:
  MappedDataset(Pack pack, const DatasetSource& source)
      : pack_(std::move(pack)),
        class_names_(source.class_names),
        identity_{pack_.data_sha256(), folder_of(source)} {}
  const ImageSet& train() const override { return pack_.train(); }
  const ImageSet& test() const override { return pack_.test(); }
  std::int64_t classes() const override { return pack_.classes(); }
  const std::vector<std::string>& class_names() const override { return class_names_; }
  const DataIdentity& identity() const override { return identity_; }

 private:
  Pack pack_;
  std::vector<std::string> class_names_;
  DataIdentity identity_;
};

// A file that was put in another's place may have its size and time of modification; inode and time
// of change are not set by hand.
std::string line_of(const fs::path& file) {
  const fs::path path = fs::weakly_canonical(file);
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) throw_errno("stat", path.string());
  const auto nanoseconds = [](const timespec& time) {
    return fmt::format("{}.{:09}", time.tv_sec, time.tv_nsec);
  };
  return fmt::format("{} {} {} {} {}\n",
                     path.string(),
                     info.st_ino,
                     info.st_size,
                     nanoseconds(info.st_mtim),
                     nanoseconds(info.st_ctim));
}

std::string source_hash(const DatasetSource& source) {
  Sha256 hash;
  hash.add(source.name + "\n");
  if (!source.variant.empty()) hash.add(source.variant + "\n");
  for (const fs::path& file : source.files) hash.add(line_of(file));
  return hash.hex_digest();
}

fs::path pack_path(const DatasetSource& source, const std::string& hash) {
  return cache_directory() / kFolder / fmt::format("{}-{}.pack", source.name, hash.substr(0, 16));
}

// The pack if it is there and intact; else why not, or nothing when there is none.
struct OpenedPack {
  std::optional<Pack> pack;
  std::string damage;
};

OpenedPack open_pack(const fs::path& path, const std::string& hash, PackCheck check) {
  std::error_code ignored;
  if (!fs::exists(fs::symlink_status(path, ignored))) return {};
  try {
    return {Pack(path, hash, check), ""};
  } catch (const EnvironmentError& error) {
    return {std::nullopt, error.what()};
  }
}

// Lets one process decode while the others of a node wait for its pack. Without the lock (a file
// system that has none) each decodes for itself, which costs time and nothing else.
FileDescriptor lock_pack(const fs::path& path, const std::function<bool()>& give_up) {
  try {
    FileDescriptor lock = open_file(path.string() + ".lock", O_RDWR | O_CREAT | O_NOFOLLOW);
    const auto outcome =
        lock_exclusively(lock.native(), path.string() + ".lock", {.give_up = give_up});
    if (outcome == LockOutcome::kGivenUp) throw LoadingGivenUp();
    return lock;
  } catch (const std::runtime_error&) {  // store_pack says why the folder cannot be written
    return {};
  }
}

Pack private_pack(const PackContent& content, const std::string& why) {
  log_warning("data set kept in private memory, as the cache cannot be used: {}", why);
  return Pack(content);
}

Pack store_pack(const fs::path& path, const PackContent& content) {
  try {
    write_pack(path, content);
    return {path, content.source_hash, PackCheck::kEveryByte};
  } catch (const ConfigError&) {  // about the source files
    throw;
  } catch (const std::runtime_error& error) {
    return private_pack(content, error.what());
  }
}

// Files that change while they are read are neither what they were nor what they will be. Both
// arguments must outlive it.
DecodePart decode_unchanged(const DatasetSource& source, const std::string& hash) {
  return [&source, &hash](DatasetPart part, ImageSink& sink) {
    source.decode(part, sink);
    if (source_hash(source) == hash) return;
    throw ConfigError(fmt::format(
        "the files of data set '{}' in '{}' changed while they were read; try again once they stay",
        source.name,
        folder_of(source)));
  };
}

Pack resident_pack(const DatasetSource& source,
                   PackCheck check,
                   const std::function<bool()>& give_up) {
  const std::string hash = source_hash(source);
  const PackContent content{.source_hash = hash,
                            .classes = static_cast<std::int64_t>(source.class_names.size()),
                            .image = source.image,
                            .decode = decode_unchanged(source, hash),
                            .most = source.most};
  try {
    cache_folder(kFolder);
  } catch (const std::runtime_error& error) {
    return private_pack(content, error.what());
  }
  const fs::path path = pack_path(source, hash);
  if (OpenedPack opened = open_pack(path, hash, check); opened.pack) {
    return std::move(*opened.pack);
  }
  const FileDescriptor lock = lock_pack(path, give_up);
  OpenedPack opened = open_pack(path, hash, check);  // another process may have made it meanwhile
  if (opened.pack) return std::move(*opened.pack);
  if (!opened.damage.empty()) log_warning("rebuilding a data set's pack: {}", opened.damage);
  return store_pack(path, content);
}

}  // namespace

fs::path pack_path(const DatasetSource& source) {
  return pack_path(source, source_hash(source));
}

std::unique_ptr<Dataset> make_resident_dataset(const DatasetSource& source,
                                               PackCheck check,
                                               const std::function<bool()>& give_up) {
  return std::make_unique<MappedDataset>(resident_pack(source, check, give_up), source);
}

}  // namespace headway
