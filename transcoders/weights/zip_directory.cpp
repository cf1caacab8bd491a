#include "transcoders/weights/zip_directory.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>
#include <set>
#include <stdexcept>
#include <utility>

#include <zlib.h>

#include "transcoders/weights/printable_name.h"

namespace circuit {
namespace {

// Signatures and sizes of the records, as PKWARE's APPNOTE names them.
constexpr std::uint32_t kLocalHeader = 0x04034B50;
constexpr std::uint32_t kCentralHeader = 0x02014B50;
constexpr std::uint32_t kEnd = 0x06054B50;
constexpr std::uint32_t kEnd64 = 0x06064B50;
constexpr std::uint32_t kEnd64Locator = 0x07064B50;
constexpr std::size_t kEndSize = 22, kLocatorSize = 20, kEnd64Size = 56;
constexpr std::size_t kLongestComment = 65535;
constexpr std::uint32_t kInZip64 = 0xFFFF'FFFF;

[[noreturn]] void fail(const std::string& what) { throw std::runtime_error(what); }

/// Little-endian numbers one after the other; running past the end is an error.
class Cursor {
 public:
  Cursor(std::span<const std::byte> bytes, std::uint64_t offset, const char* what)
      : bytes_(bytes), what_(what) {
    if (offset > bytes.size()) fail_short();
    offset_ = static_cast<std::size_t>(offset);
  }

  template <typename Number>
  Number read() {
    Number number = 0;
    std::memcpy(&number, take(sizeof number).data(), sizeof number);
    return number;
  }
  std::span<const std::byte> take(std::size_t size) {
    if (size > bytes_.size() - offset_) fail_short();
    offset_ += size;
    return bytes_.subspan(offset_ - size, size);
  }
  std::size_t offset() const { return offset_; }
  bool at_end() const { return offset_ == bytes_.size(); }

 private:
  [[noreturn]] void fail_short() const {
    fail(std::string("the ") + what_ + " runs past the end of the file (truncated?)");
  }

  std::span<const std::byte> bytes_;
  const char* what_;
  std::size_t offset_ = 0;
};

/// Where the directory lies.
struct Directory {
  std::uint64_t offset = 0, size = 0, members = 0;
};

std::size_t find_end(std::span<const std::byte> file) {
  if (file.size() < kEndSize) fail("not a zip file: it is too short");
  const std::size_t last = file.size() - kEndSize;
  const std::size_t first = last - std::min(last, kLongestComment);
  for (std::size_t at = last + 1; at-- > first;) {
    if (Cursor(file, at, "end record").read<std::uint32_t>() == kEnd) return at;
  }
  fail("not a zip file: no end record (truncated?)");
}

Directory read_end(std::span<const std::byte> file) {
  const std::size_t end = find_end(file);
  Cursor cursor(file, end + 8, "end record");
  Directory directory;
  cursor.read<std::uint16_t>();  // members on this disk
  directory.members = cursor.read<std::uint16_t>();
  directory.size = cursor.read<std::uint32_t>();
  directory.offset = cursor.read<std::uint32_t>();
  if (end < kLocatorSize) return directory;
  Cursor locator(file, end - kLocatorSize, "zip64 locator");
  if (locator.read<std::uint32_t>() != kEnd64Locator) return directory;
  locator.read<std::uint32_t>();  // disk
  Cursor end64(file, locator.read<std::uint64_t>(), "zip64 end record");
  if (end64.read<std::uint32_t>() != kEnd64) fail("the zip64 locator does not point to its record");
  end64.take(kEnd64Size - 4 - 24);
  directory.members = end64.read<std::uint64_t>();
  directory.size = end64.read<std::uint64_t>();
  directory.offset = end64.read<std::uint64_t>();
  return directory;
}

/// One entry of the central directory.
struct Entry {
  ZipMember member;
  std::uint64_t stored_size = 0, local_header = 0;
};

/// Sizes that do not fit in 32 bits stand in an extra field, in a fixed order.
void read_zip64(std::span<const std::byte> extra, Entry& entry) {
  constexpr std::uint16_t kZip64Field = 1;
  Cursor cursor(extra, 0, "extra field of a member");
  while (!cursor.at_end()) {
    const auto kind = cursor.read<std::uint16_t>();
    const std::span<const std::byte> field = cursor.take(cursor.read<std::uint16_t>());
    if (kind != kZip64Field) continue;
    Cursor numbers(field, 0, "zip64 field of a member");
    for (std::uint64_t* value : {&entry.member.size, &entry.stored_size, &entry.local_header}) {
      if (*value == kInZip64) *value = numbers.read<std::uint64_t>();
    }
    return;
  }
}

Entry read_entry(Cursor& cursor) {
  if (cursor.read<std::uint32_t>() != kCentralHeader) {
    fail("the central directory is damaged: a member has another signature");
  }
  Entry entry;
  cursor.take(4);  // versions
  const auto flags = cursor.read<std::uint16_t>();
  const auto method = cursor.read<std::uint16_t>();
  cursor.take(4);  // time
  entry.member.crc = cursor.read<std::uint32_t>();
  entry.stored_size = cursor.read<std::uint32_t>();
  entry.member.size = cursor.read<std::uint32_t>();
  const auto name_size = cursor.read<std::uint16_t>();
  const auto extra_size = cursor.read<std::uint16_t>();
  const auto comment_size = cursor.read<std::uint16_t>();
  cursor.take(8);  // disk, attributes
  entry.local_header = cursor.read<std::uint32_t>();
  const std::span<const std::byte> name = cursor.take(name_size);
  entry.member.name.assign(reinterpret_cast<const char*>(name.data()), name.size());
  read_zip64(cursor.take(extra_size), entry);
  cursor.take(comment_size);
  const std::string start = "member " + printable_name(entry.member.name) + ": ";
  if ((flags & 1U) != 0) fail(start + "is encrypted");
  if (method != 0 && method != Z_DEFLATED) {
    fail(start + "packed with method " + std::to_string(method) +
         ", expected 0 (stored) or 8 (deflate)");
  }
  entry.member.deflated = method == Z_DEFLATED;
  if (!entry.member.deflated && entry.member.size != entry.stored_size) {
    fail(start + "is stored in " + std::to_string(entry.stored_size) + " bytes, but has " +
         std::to_string(entry.member.size));
  }
  return entry;
}

/// The local header repeats name and extra field, in lengths of its own.
void locate(std::span<const std::byte> file, Entry& entry) {
  Cursor cursor(file, entry.local_header, "local header of a member");
  if (cursor.read<std::uint32_t>() != kLocalHeader) {
    fail("member " + printable_name(entry.member.name) + ": no local header where it should be");
  }
  cursor.take(22);
  const auto name_size = cursor.read<std::uint16_t>();
  const auto extra_size = cursor.read<std::uint16_t>();
  cursor.take(name_size);
  cursor.take(extra_size);
  if (entry.stored_size > file.size() - cursor.offset()) {
    fail("member " + printable_name(entry.member.name) + " has " +
         std::to_string(entry.stored_size) + " bytes, the file only " +
         std::to_string(file.size() - cursor.offset()) + " from there (truncated?)");
  }
  entry.member.stored = cursor.take(static_cast<std::size_t>(entry.stored_size));
}

void check_members(const std::vector<ZipMember>& members) {
  std::set<std::string_view> names;
  for (const ZipMember& member : members) {
    if (!names.insert(member.name).second) fail(printable_name(member.name) + " stands twice");
  }
  std::vector<const ZipMember*> order;
  for (const ZipMember& member : members) {
    if (!member.stored.empty()) order.push_back(&member);
  }
  std::ranges::sort(order, {}, [](const ZipMember* member) { return member->stored.data(); });
  for (std::size_t i = 1; i < order.size(); ++i) {
    const std::span<const std::byte> before = order[i - 1]->stored;
    if (before.data() + before.size() > order[i]->stored.data()) {
      fail("the bytes of " + printable_name(order[i]->name) + " overlap those of " +
           printable_name(order[i - 1]->name));
    }
  }
}

}  // namespace

std::vector<ZipMember> read_zip_directory(std::span<const std::byte> file) {
  const Directory directory = read_end(file);
  Cursor cursor(file, directory.offset, "central directory");
  std::vector<ZipMember> members;  // not reserved: the count is only a claim
  for (std::uint64_t i = 0; i < directory.members; ++i) {
    Entry entry = read_entry(cursor);
    locate(file, entry);
    members.push_back(std::move(entry.member));
  }
  check_members(members);
  return members;
}

std::vector<std::byte> unpack(const ZipMember& member) {
  const std::string start = "member " + printable_name(member.name) + ": ";
  std::vector<std::byte> unpacked(static_cast<std::size_t>(member.size));
  z_stream stream{};
  if (inflateInit2(&stream, -MAX_WBITS) != Z_OK) fail(start + "zlib cannot start");
  // zlib counts in 32 bits.
  constexpr std::size_t kMost = std::numeric_limits<uInt>::max();
  std::span<const std::byte> input = member.stored;
  std::span<std::byte> output = unpacked;
  int state = Z_OK;
  while (state == Z_OK) {
    const std::size_t in = std::min(input.size(), kMost);
    const std::size_t out = std::min(output.size(), kMost);
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<std::byte*>(input.data()));
    stream.avail_in = static_cast<uInt>(in);
    stream.next_out = reinterpret_cast<Bytef*>(output.data());
    stream.avail_out = static_cast<uInt>(out);
    state = inflate(&stream, Z_NO_FLUSH);
    input = input.subspan(in - stream.avail_in);
    output = output.subspan(out - stream.avail_out);
  }
  inflateEnd(&stream);
  if (state != Z_STREAM_END || !input.empty() || !output.empty()) {
    fail(start + "its compressed bytes are damaged, or unpack to another size than " +
         std::to_string(member.size));
  }
  uLong crc = crc32(0, nullptr, 0);
  for (std::span<const std::byte> rest = unpacked; !rest.empty();) {
    const std::size_t part = std::min(rest.size(), kMost);
    crc = crc32(crc, reinterpret_cast<const Bytef*>(rest.data()), static_cast<uInt>(part));
    rest = rest.subspan(part);
  }
  if (crc != member.crc) fail(start + "its checksum is not the promised one");
  return unpacked;
}

}  // namespace circuit
