#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <csignal>
#include <fstream>
#include <map>

#include "base/errors.h"
#include "base/host.h"
#include "base/sweep_layout.h"
#include "store/segments/record_framing.h"
#include "store/segments/segment_reader.h"
#include "store/segments/segment_writer.h"
#include "store/segments/trial_history.h"
#include "support/temporary_directory.h"
#include "support/text_of.h"

namespace headway {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

nlohmann::json numbered(int value) {
  return {{"kind", "number"}, {"value", value}};
}

// The values of all new records, writers left out.
std::vector<int> new_values(SegmentReader& reader) {
  std::vector<int> values;
  reader.poll([&](const SegmentRecord& record) {
    if (record.kind() == "number") values.push_back(record.json.at("value").get<int>());
  });
  return values;
}

void append_text(const std::filesystem::path& path, const std::string& text) {
  std::ofstream(path, std::ios::app | std::ios::binary) << text;
}

void overwrite(const std::filesystem::path& path, const std::string& text) {
  std::ofstream(path, std::ios::binary) << text;
}

class Segments : public ::testing::Test {
 protected:
  std::filesystem::path path() const { return directory_.path(); }
  TemporaryDirectory directory_;
};

TEST_F(Segments, appear_with_the_first_record_and_begin_with_their_writer) {
  SegmentWriter writer(path(), WriterRecord{.role = "worker", .torch_version = "2.11.0"});
  EXPECT_FALSE(std::filesystem::exists(SweepLayout(path()).segments()));
  writer.append(numbered(1), Flush::kNow);
  std::vector<nlohmann::json> records;
  SegmentReader reader(path());
  reader.poll([&](const SegmentRecord& record) { records.push_back(record.json); });
  ASSERT_EQ(records.size(), 2);
  EXPECT_EQ(records[0].at("kind"), "writer");
  EXPECT_EQ(records[0].at("role"), "worker");
  EXPECT_EQ(records[0].at("torch_version"), "2.11.0");
  EXPECT_EQ(records[0].at("process").get<ProcessIdentity>(), this_process());
  EXPECT_EQ(records[1].at("value"), 1);
  EXPECT_THAT(records[1].at("at").get<std::string>(), ::testing::EndsWith("Z"));
}

TEST_F(Segments, of_two_writers_are_read_each_record_once) {
  SegmentWriter one(path(), "worker");
  SegmentWriter two(path(), "supervisor");
  one.append(numbered(1), Flush::kLater);
  two.append(numbered(2), Flush::kLater);
  SegmentReader reader(path());
  EXPECT_THAT(new_values(reader), UnorderedElementsAre(1, 2));
  EXPECT_FALSE(reader.has_news());
  one.append(numbered(3), Flush::kLater);
  EXPECT_TRUE(reader.has_news());
  EXPECT_THAT(new_values(reader), ElementsAre(3));
  EXPECT_THAT(new_values(reader), IsEmpty());
}

TEST_F(Segments, tell_each_record_who_wrote_it_also_after_going_on) {
  SegmentWriter writer(path(), "supervisor");
  writer.append(numbered(1), Flush::kLater);
  SegmentReader first(path());
  EXPECT_THAT(new_values(first), ElementsAre(1));
  writer.append(numbered(2), Flush::kLater);
  SegmentReader second(path(), first.positions());
  second.poll([](const SegmentRecord& record) {
    EXPECT_EQ(record.json.at("value"), 2);
    EXPECT_EQ(record.writer->role, "supervisor");
  });
}

TEST_F(Segments, a_torn_tail_waits_until_the_rest_is_written) {
  SegmentWriter writer(path(), "worker");
  writer.append(numbered(1), Flush::kLater);
  const std::string next = frame_record(numbered(2).dump());
  append_text(writer.path(), next.substr(0, 25));
  SegmentReader reader(path());
  EXPECT_THAT(new_values(reader), ElementsAre(1));
  ASSERT_EQ(reader.damage().size(), 1);
  EXPECT_EQ(reader.damage()[0].kind, DamageKind::kTornTail);
  EXPECT_EQ(reader.damage()[0].bytes, 25);
  append_text(writer.path(), next.substr(25));
  EXPECT_THAT(new_values(reader), ElementsAre(2));
  EXPECT_THAT(reader.damage(), IsEmpty());
}

TEST_F(Segments, a_torn_record_is_damage_once_another_follows) {
  SegmentWriter writer(path(), "worker");
  writer.append(numbered(1), Flush::kLater);
  const auto offset = std::filesystem::file_size(writer.path());
  append_text(writer.path(), frame_record(numbered(2).dump()).substr(0, 25) + "\n");
  SegmentReader reader(path());
  EXPECT_THAT(new_values(reader), ElementsAre(1));
  append_text(writer.path(), frame_record(numbered(3).dump()));
  EXPECT_THAT(new_values(reader), ElementsAre(3));
  ASSERT_EQ(reader.damage().size(), 1);
  EXPECT_EQ(reader.damage()[0].kind, DamageKind::kDamaged);
  EXPECT_EQ(reader.damage()[0].offset, offset);
  EXPECT_EQ(reader.damage()[0].bytes, 26);
  EXPECT_EQ(reader.damage()[0].segment, writer.path().filename());
}

TEST_F(Segments, any_flipped_bit_costs_one_record_and_is_reported) {
  SegmentWriter writer(path(), "worker");
  for (int value = 1; value <= 3; ++value) writer.append(numbered(value), Flush::kLater);
  const std::string good = text_of(writer.path());
  const std::size_t begin = good.find('\n', good.find("\"value\":1")) + 1;
  const std::size_t end = good.find('\n', begin) + 1;
  for (std::size_t byte = begin; byte < end; ++byte) {
    for (const int mask : {0x01, 0x10, 0x80}) {
      std::string text = good;
      text[byte] = static_cast<char>(text[byte] ^ mask);
      overwrite(writer.path(), text);
      SegmentReader reader(path());
      EXPECT_THAT(new_values(reader), ElementsAre(1, 3)) << byte << " " << mask;
      ASSERT_EQ(reader.damage().size(), 1);
      EXPECT_EQ(reader.damage()[0].offset, begin);
      EXPECT_EQ(reader.damage()[0].bytes, end - begin);
      EXPECT_EQ(reader.damage()[0].kind, DamageKind::kDamaged);
    }
  }
}

TEST_F(Segments, a_flipped_bit_in_the_last_record_is_reported_too) {
  SegmentWriter writer(path(), "worker");
  writer.append(numbered(1), Flush::kLater);
  writer.append(numbered(2), Flush::kLater);
  std::string text = text_of(writer.path());
  text[text.rfind("value")] ^= 0x04;
  overwrite(writer.path(), text);
  SegmentReader reader(path());
  EXPECT_THAT(new_values(reader), ElementsAre(1));
  ASSERT_EQ(reader.damage().size(), 1);
  EXPECT_EQ(reader.damage()[0].reason, "the record's checksum is wrong");
}

TEST_F(Segments, a_tail_of_zeroes_is_reported_and_hides_nothing_behind_it) {
  SegmentWriter writer(path(), "worker");
  writer.append(numbered(1), Flush::kLater);
  append_text(writer.path(), std::string(4096, '\0'));
  SegmentReader reader(path());
  EXPECT_THAT(new_values(reader), ElementsAre(1));
  ASSERT_EQ(reader.damage().size(), 1);
  EXPECT_EQ(reader.damage()[0].bytes, 4096);
  append_text(writer.path(), "\n" + frame_record(numbered(2).dump()));
  EXPECT_THAT(new_values(reader), ElementsAre(2));
  EXPECT_EQ(reader.damage()[0].kind, DamageKind::kDamaged);
}

TEST_F(Segments, a_well_framed_text_that_is_no_record_is_damage) {
  SegmentWriter writer(path(), "worker");
  writer.append(numbered(1), Flush::kLater);
  append_text(writer.path(), frame_record("{]") + frame_record(numbered(2).dump()));
  SegmentReader reader(path());
  EXPECT_THAT(new_values(reader), ElementsAre(1, 2));
  ASSERT_EQ(reader.damage().size(), 1);
}

TEST_F(Segments, larger_than_one_reading_are_read_whole) {
  SegmentWriter writer(path(), "worker");
  nlohmann::json large = numbered(1);
  large["text"] = std::string(6 << 20, 'x');
  writer.append(large, Flush::kLater);
  writer.append(numbered(2), Flush::kLater);
  SegmentReader reader(path());
  EXPECT_THAT(new_values(reader), ElementsAre(1, 2));
  EXPECT_THAT(reader.damage(), IsEmpty());
}

TEST_F(Segments, text_that_is_not_utf8_is_recorded_all_the_same) {
  SegmentWriter writer(path(), "worker");
  writer.append({{"kind", "number"}, {"value", 1}, {"message", "\xff\xfe"}}, Flush::kLater);
  SegmentReader reader(path());
  EXPECT_THAT(new_values(reader), ElementsAre(1));
}

TEST_F(Segments, a_segment_that_lost_records_is_noticed) {
  SegmentWriter writer(path(), "worker");
  writer.append(numbered(1), Flush::kLater);
  SegmentReader reader(path());
  new_values(reader);
  EXPECT_THAT(reader.lost(), IsEmpty());
  const std::string name = writer.path().filename().string();
  const std::uint64_t read = reader.positions()[0].offset;
  std::filesystem::resize_file(writer.path(), 10);
  ASSERT_EQ(reader.lost().size(), 1);
  EXPECT_EQ(reader.lost()[0].position.segment, name);
  EXPECT_EQ(reader.lost()[0].position.offset, read);
  EXPECT_EQ(reader.lost()[0].size, 10);
  std::filesystem::remove(writer.path());
  ASSERT_EQ(reader.lost().size(), 1);
  EXPECT_EQ(reader.lost()[0].size, std::nullopt);
}

TEST_F(Segments, what_is_no_file_is_named_and_the_rest_is_read) {
  SegmentWriter writer(path(), "worker");
  writer.append(numbered(1), Flush::kLater);
  const auto folder = SweepLayout(path()).segments();
  ASSERT_EQ(::mkfifo((folder / "pipe.jsonl").c_str(), 0600), 0);
  std::filesystem::create_directory(folder / "folder.jsonl");
  std::filesystem::create_symlink("nowhere", folder / "dangling.jsonl");
  std::filesystem::create_symlink("/dev/zero", folder / "device.jsonl");
  std::filesystem::create_symlink(writer.path(), folder / "twin.jsonl");
  SegmentReader reader(path());
  EXPECT_THAT(new_values(reader), ElementsAre(1));
  EXPECT_FALSE(reader.has_news());
  std::map<std::string, std::string> named;
  for (const SegmentDamage& damage : reader.damage()) {
    EXPECT_EQ(damage.kind, DamageKind::kNoFile);
    named[damage.segment] = damage.reason;
  }
  const std::string wanted = ", expected a regular file";
  EXPECT_EQ(
      named,
      (std::map<std::string, std::string>{{"pipe.jsonl", "found a named pipe" + wanted},
                                          {"folder.jsonl", "found a directory" + wanted},
                                          {"dangling.jsonl", "found a symbolic link" + wanted},
                                          {"device.jsonl", "found a symbolic link" + wanted},
                                          {"twin.jsonl", "found a symbolic link" + wanted}}));
  std::filesystem::remove(folder / "pipe.jsonl");
  EXPECT_THAT(new_values(reader), IsEmpty());
  EXPECT_EQ(reader.damage().size(), 4) << "as of the last look";
  // In the place of one that was read.
  std::filesystem::remove(writer.path());
  std::filesystem::create_directory(writer.path());
  EXPECT_EQ(reader.lost().size(), 1);
}

TEST_F(Segments, numbers_that_no_record_can_have_are_damage) {
  SegmentWriter writer(path(), "worker");
  for (const char* attempt : {"4294967296", "-1", "0", "1e300", "1.5", "18446744073709551616"}) {
    const std::string json = R"({"kind":"attempt_started","trial_id":"a00000000000","attempt":)" +
                             std::string(attempt) + "}";
    writer.append(numbered(1), Flush::kLater);
    append_text(writer.path(), frame_record(json));
    SegmentReader reader(path());
    TrialHistory history;
    reader.poll([&](const SegmentRecord& record) { history.fold(record); });
    EXPECT_THAT(history.attempts, IsEmpty()) << attempt;
    EXPECT_EQ(reader.damage().size(), 1) << attempt;
    overwrite(writer.path(), "");
  }
}

TEST_F(Segments, a_record_nested_too_deep_is_damage) {
  SegmentWriter writer(path(), "worker");
  writer.append(numbered(1), Flush::kLater);
  append_text(writer.path(), frame_record(std::string(2'000'000, '[')));
  writer.append(numbered(2), Flush::kLater);
  SegmentReader reader(path());
  EXPECT_THAT(new_values(reader), ElementsAre(1, 2));
  ASSERT_EQ(reader.damage().size(), 1);
  EXPECT_THAT(reader.damage()[0].reason, ::testing::HasSubstr("nested deeper than 64"));
}

TEST_F(Segments, stay_readable_when_the_disk_takes_only_half_a_record) {
  SegmentWriter writer(path(), "worker");
  writer.append(numbered(1), Flush::kNow);
  // A limit on the size of files makes write(2) fall short just as a full disk does.
  const auto previous_handler = std::signal(SIGXFSZ, SIG_IGN);
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  rlimit limit = before;
  limit.rlim_cur = std::filesystem::file_size(writer.path()) + 30;
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &limit), 0);
  EXPECT_THROW(writer.append(numbered(2), Flush::kNow), EnvironmentError);
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
  std::signal(SIGXFSZ, previous_handler);
  SegmentReader reader(path());
  EXPECT_THAT(new_values(reader), ElementsAre(1));
  EXPECT_THAT(reader.damage(), IsEmpty());
  writer.append(numbered(3), Flush::kNow);
  EXPECT_THAT(new_values(reader), ElementsAre(3));
}

// 2300-01-01; the nanoseconds of an integer end in 2262.
TEST_F(Segments, of_a_far_future_are_read_once) {
  SegmentWriter writer(path(), "worker");
  writer.append(numbered(1), Flush::kLater);
  const timespec then{.tv_sec = 10'413'792'000, .tv_nsec = 5};
  const timespec times[] = {then, then};
  ASSERT_EQ(::utimensat(AT_FDCWD, writer.path().c_str(), times, 0), 0);
  SegmentReader reader(path());
  EXPECT_THAT(new_values(reader), ElementsAre(1));
  EXPECT_FALSE(reader.has_news());
  EXPECT_THAT(new_values(reader), IsEmpty());
}

TEST_F(Segments, none_at_all_are_no_error) {
  SegmentReader reader(path() / "absent");
  EXPECT_FALSE(reader.has_news());
  EXPECT_THAT(new_values(reader), IsEmpty());
}

}  // namespace
}  // namespace headway
