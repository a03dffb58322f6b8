#include "base/output_file.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <future>

#include "base/errors.h"
#include "base/files.h"
#include "support/temporary_directory.h"

namespace headway {
namespace {

namespace fs = std::filesystem;

void write_text(const fs::path& path, const std::string& text) {
  write_output(path, [&](int fd) { write_all(fd, text, path); });
}

class OutputFile : public testing::Test {
 protected:
  fs::path path(const char* name) const { return directory_.path() / name; }
  static mode_t mode(const fs::path& file) {
    struct stat info {};
    EXPECT_EQ(::lstat(file.c_str(), &info), 0);
    return info.st_mode;
  }

 private:
  TemporaryDirectory directory_;
};

TEST_F(OutputFile, what_was_there_is_replaced_and_its_mode_kept) {
  EXPECT_EQ(output_place(path("file")), OutputPlace::kNothing);
  write_text(path("file"), "first");
  EXPECT_EQ(output_place(path("file")), OutputPlace::kFile);
  ASSERT_EQ(::chmod(path("file").c_str(), 0600), 0);
  write_text(path("file"), "second");
  EXPECT_EQ(read_text(path("file"), 100), "second");
  EXPECT_EQ(mode(path("file")) & 07777, 0600u);
}

TEST_F(OutputFile, a_folder_that_is_missing_is_named_instead_of_a_temporary_file) {
  write_text(path("file"), "text");
  for (const char* name : {"missing/file", "file/below"}) {
    try {
      write_text(path(name), "text");
      FAIL() << name;
    } catch (const ConfigError& error) {
      EXPECT_EQ(std::string(error.what()).find(".tmp"), std::string::npos) << error.what();
    }
  }
}

TEST_F(OutputFile, what_a_link_leads_to_is_replaced_and_the_link_stays) {
  write_text(path("target"), "old");
  fs::create_symlink("target", path("link"));
  fs::create_symlink("link", path("second_link"));
  EXPECT_EQ(output_place(path("second_link")), OutputPlace::kFile);
  write_text(path("second_link"), "new");
  EXPECT_TRUE(fs::is_symlink(path("second_link")));
  EXPECT_TRUE(fs::is_symlink(path("link")));
  EXPECT_EQ(read_text(path("target"), 100), "new");
}

TEST_F(OutputFile, a_link_to_nothing_makes_what_it_leads_to) {
  fs::create_symlink("target", path("link"));
  EXPECT_EQ(output_place(path("link")), OutputPlace::kNothing);
  write_text(path("link"), "new");
  EXPECT_TRUE(fs::is_symlink(path("link")));
  EXPECT_EQ(read_text(path("target"), 100), "new");
}

TEST_F(OutputFile, a_pipe_is_written_into_and_stays_one) {
  ASSERT_EQ(::mkfifo(path("pipe").c_str(), 0600), 0);
  EXPECT_EQ(output_place(path("pipe")), OutputPlace::kStream);
  auto reader = std::async(std::launch::async, [&] {
    const FileDescriptor pipe = open_file(path("pipe"), O_RDONLY);
    std::string text(16, '\0');
    text.resize(static_cast<std::size_t>(::read(pipe.native(), text.data(), text.size())));
    return text;
  });
  write_text(path("pipe"), "through");
  EXPECT_EQ(reader.get(), "through");
  EXPECT_TRUE(S_ISFIFO(mode(path("pipe"))));
}

TEST_F(OutputFile, a_device_is_written_into_and_its_errors_are_told) {
  EXPECT_EQ(output_place("/dev/null"), OutputPlace::kStream);
  write_text("/dev/null", "gone");
  EXPECT_TRUE(S_ISCHR(mode("/dev/null")));
  EXPECT_THROW(write_text("/dev/full", "text"), DiskFullError);
}

TEST_F(OutputFile, a_directory_is_refused) {
  EXPECT_THROW(output_place(path(".")), ConfigError);
  fs::create_symlink("loop", path("loop"));
  EXPECT_THROW(write_text(path("loop"), "text"), std::runtime_error);
}

TEST_F(OutputFile, a_minus_is_standard_output) {
  EXPECT_EQ(output_place("-"), OutputPlace::kStandardOutput);
  testing::internal::CaptureStdout();
  write_text("-", "shown");
  EXPECT_EQ(testing::internal::GetCapturedStdout(), "shown");
}

}  // namespace
}  // namespace headway
