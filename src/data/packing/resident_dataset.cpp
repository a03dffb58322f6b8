#include "data/packing/resident_dataset.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>

#include <optional>

#include "base/environment.h"
#include "base/errors.h"
#include "base/logging.h"
#include "base/sha256.h"
#include "data/packing/pack.h"

namespace headway {
namespace {

namespace fs = std::filesystem;

class MappedDataset : public Dataset {
 public:
  MappedDataset(Pack pack, std::vector<std::string> class_names)
      : pack_(std::move(pack)), class_names_(std::move(class_names)) {}
  const ImageSet& train() const override { return pack_.train(); }
  const ImageSet& test() const override { return pack_.test(); }
  std::int64_t classes() const override { return pack_.classes(); }
  const std::vector<std::string>& class_names() const override { return class_names_; }

 private:
  Pack pack_;
  std::vector<std::string> class_names_;
};

std::string source_hash(const DatasetSource& source) {
  Sha256 hash;
  hash.add(source.name + "\n");
  if (!source.variant.empty()) hash.add(source.variant + "\n");
  for (const fs::path& file : source.files) {
    hash.add(fmt::format("{} {} {}\n",
                         fs::weakly_canonical(file).string(),
                         fs::file_size(file),
                         fs::last_write_time(file).time_since_epoch().count()));
  }
  return hash.hex_digest();
}

fs::path pack_path(const DatasetSource& source, const std::string& hash) {
  return cache_directory() / "datasets" /
         fmt::format("{}-{}.pack", source.name, hash.substr(0, 16));
}

// The pack if it is there and intact; else why not, or nothing when there is none.
struct OpenedPack {
  std::optional<Pack> pack;
  std::string damage;
};

OpenedPack open_pack(const fs::path& path, const std::string& hash) {
  std::error_code ignored;
  if (!fs::exists(path, ignored)) return {};
  try {
    return {Pack(path, hash, PackCheck::kQuick), ""};
  } catch (const EnvironmentError& error) {
    return {std::nullopt, error.what()};
  }
}

// Lets one process decode while the others of a node wait for its pack. Without the lock (a file
// system that has none) each decodes for itself, which costs time and nothing else.
FileDescriptor lock_pack(const fs::path& path) {
  try {
    fs::create_directories(path.parent_path());
    FileDescriptor lock = open_file(path.string() + ".lock", O_RDWR | O_CREAT);
    ::flock(lock.native(), LOCK_EX);
    return lock;
  } catch (const std::runtime_error&) {  // store_pack says why the folder cannot be written
    return {};
  }
}

std::optional<Pack> store_pack(const fs::path& path, const PackContent& content) {
  try {
    fs::create_directories(path.parent_path());
    write_pack(path, content);
    return Pack(path, content.source_hash, PackCheck::kFull);
  } catch (const ConfigError&) {  // about the source files
    throw;
  } catch (const std::runtime_error& error) {
    log_warning("data set kept in private memory, as the cache cannot be written: {}",
                error.what());
    return std::nullopt;
  }
}

}  // namespace

fs::path pack_path(const DatasetSource& source) {
  return pack_path(source, source_hash(source));
}

std::unique_ptr<Dataset> make_resident_dataset(const DatasetSource& source) {
  const std::string hash = source_hash(source);
  const fs::path path = pack_path(source, hash);
  const auto mapped = [&](Pack& pack) {
    return std::make_unique<MappedDataset>(std::move(pack), source.class_names);
  };
  if (OpenedPack opened = open_pack(path, hash); opened.pack) return mapped(*opened.pack);

  const FileDescriptor lock = lock_pack(path);
  OpenedPack opened = open_pack(path, hash);  // another process may have made it meanwhile
  if (opened.pack) return mapped(*opened.pack);
  if (!opened.damage.empty()) log_warning("rebuilding a data set's pack: {}", opened.damage);

  const PackContent content{.source_hash = hash,
                            .classes = static_cast<std::int64_t>(source.class_names.size()),
                            .image = source.image,
                            .decode = source.decode};
  std::optional<Pack> pack = store_pack(path, content);
  if (!pack) pack.emplace(content);
  return mapped(*pack);
}

}  // namespace headway
