#include "transcoders/weights/zip_directory.h"

#include <stdexcept>
#include <string>

#include <gtest/gtest.h>

#include "tests/support/throws.h"
#include "tests/support/zip_file.h"

namespace circuit {
namespace {

using testing::message_of;
using testing::zip_bytes;
using testing::ZipEntry;

std::span<const std::byte> bytes_of(const std::string& text) {
  return std::as_bytes(std::span(text));
}

std::string text_of(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::string refusal(const std::string& file) {
  return message_of<std::runtime_error>([&] {
    for (const ZipMember& member : read_zip_directory(bytes_of(file))) {
      if (member.deflated) unpack(member);
    }
  });
}

const std::vector<ZipEntry> kTwo = {{"a.npy", "first", false},
                                    {"b.npy", std::string(1000, 'x') + "end", true}};

TEST(ZipDirectory, ReadsStoredAndDeflatedMembers) {
  for (const bool zip64 : {false, true}) {
    const std::string file = zip_bytes(kTwo, zip64);
    const std::vector<ZipMember> members = read_zip_directory(bytes_of(file));
    ASSERT_EQ(members.size(), 2U);
    EXPECT_EQ(members[0].name, "a.npy");
    EXPECT_FALSE(members[0].deflated);
    EXPECT_EQ(text_of(members[0].stored), "first");
    EXPECT_TRUE(members[1].deflated);
    EXPECT_EQ(members[1].size, 1003U);
    EXPECT_EQ(text_of(unpack(members[1])), kTwo[1].content);
  }
}

TEST(ZipDirectory, FindsTheEndBehindAComment) {
  std::string file = zip_bytes(kTwo);
  const std::string comment = "made by hand";
  file[file.size() - 2] = static_cast<char>(comment.size());
  EXPECT_EQ(read_zip_directory(bytes_of(file + comment)).size(), 2U);
}

TEST(ZipDirectory, SaysWhatIsNoZipFile) {
  EXPECT_EQ(refusal(""), "not a zip file: it is too short");
  EXPECT_EQ(refusal(std::string(100, 'x')), "not a zip file: no end record (truncated?)");
}

TEST(ZipDirectory, RefusesEveryTruncation) {
  for (const bool zip64 : {false, true}) {
    const std::string file = zip_bytes(kTwo, zip64);
    for (std::size_t size = 0; size < file.size(); ++size) {
      EXPECT_NE(refusal(file.substr(0, size)), "nothing was thrown") << size;
    }
  }
}

TEST(ZipDirectory, RefusesOrSurvivesEveryChangedByte) {
  for (const bool zip64 : {false, true}) {
    const std::string file = zip_bytes(kTwo, zip64);
    for (std::size_t at = 0; at < file.size(); ++at) {
      for (const int change : {1, 0x80, 0xFF}) {
        std::string damaged = file;
        damaged[at] = static_cast<char>(damaged[at] ^ change);
        try {
          for (const ZipMember& member : read_zip_directory(bytes_of(damaged))) {
            if (member.deflated && member.size < 10'000) unpack(member);
          }
        } catch (const std::runtime_error&) {
        }
      }
    }
  }
}

TEST(ZipDirectory, NamesDamagedMembers) {
  const std::string file = zip_bytes(kTwo);
  std::string packed = file;
  const std::size_t data = file.rfind("b.npy", file.find("\x50\x4B\x01\x02")) + 5;
  packed[data] = '\x07';  // a block type that does not exist
  EXPECT_EQ(refusal(packed),
            "member \"b.npy\": its compressed bytes are damaged, or unpack to another size than "
            "1003");
  const std::size_t central = file.rfind("b.npy") - 46;
  std::string crc = file;
  crc[central + 16] ^= 1;
  EXPECT_EQ(refusal(crc), "member \"b.npy\": its checksum is not the promised one");
  std::string size = file;
  size[central + 24] ^= 1;
  EXPECT_EQ(refusal(size),
            "member \"b.npy\": its compressed bytes are damaged, or unpack to another size than "
            "1002");
  std::string encrypted = file;
  encrypted[central + 8] = 1;
  EXPECT_EQ(refusal(encrypted), "member \"b.npy\": is encrypted");
  std::string method = file;
  method[central + 10] = 12;
  EXPECT_EQ(refusal(method),
            "member \"b.npy\": packed with method 12, expected 0 (stored) or 8 (deflate)");
  std::string place = file;
  place[central + 42] ^= 1;
  EXPECT_EQ(refusal(place), "member \"b.npy\": no local header where it should be");
  std::string signature = file;
  signature[central] = 'Q';
  EXPECT_EQ(refusal(signature), "the central directory is damaged: a member has another signature");
}

TEST(ZipDirectory, RefusesSizesThatDoNotFit) {
  const std::string file = zip_bytes({{"a", "first", false}});
  const std::size_t central = file.rfind('a') - 46;
  std::string unequal = file;
  unequal[central + 24] = 9;
  EXPECT_EQ(refusal(unequal), "member \"a\": is stored in 5 bytes, but has 9");
  std::string longer = file;
  for (const std::size_t field : {20U, 24U}) longer[central + field + 2] = 1;
  EXPECT_TRUE(refusal(longer).starts_with("member \"a\" has 65541 bytes, the file only "))
      << refusal(longer);
}

TEST(ZipDirectory, RefusesMembersThatShareBytesOrNames) {
  EXPECT_EQ(refusal(zip_bytes({{"a", "1", false}, {"a", "2", false}})), "\"a\" stands twice");
  std::string file = zip_bytes({{"a", "12345", false}, {"b", "12345", false}});
  // The second entry points at the first one's local header.
  const std::size_t central = file.rfind('b') - 46;
  for (int i = 0; i < 4; ++i) file[central + 42 + static_cast<std::size_t>(i)] = 0;
  EXPECT_EQ(refusal(file), "the bytes of \"b\" overlap those of \"a\"");
}

TEST(ZipDirectory, RefusesAZip64LocatorThatPointsNowhere) {
  std::string file = zip_bytes(kTwo, /*zip64=*/true);
  file[file.size() - 22 - 20 + 8] ^= 1;
  EXPECT_EQ(refusal(file), "the zip64 locator does not point to its record");
}

}  // namespace
}  // namespace circuit
