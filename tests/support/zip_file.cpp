#include "tests/support/zip_file.h"

#include <stdexcept>

#include <zlib.h>

namespace circuit::testing {
namespace {

std::string number(std::uint64_t value, int bytes) {
  std::string text;
  for (int i = 0; i < bytes; ++i) text += static_cast<char>((value >> (8 * i)) & 0xFFU);
  return text;
}

std::string deflated(const std::string& content) {
  z_stream stream{};
  if (deflateInit2(&stream, Z_BEST_COMPRESSION, Z_DEFLATED, -MAX_WBITS, 8, Z_DEFAULT_STRATEGY) !=
      Z_OK) {
    throw std::runtime_error("[zip_bytes] deflateInit2");
  }
  std::string packed(deflateBound(&stream, content.size()) + 16, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(content.data()));
  stream.avail_in = static_cast<uInt>(content.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  const int state = deflate(&stream, Z_FINISH);
  packed.resize(packed.size() - stream.avail_out);
  deflateEnd(&stream);
  if (state != Z_STREAM_END) throw std::runtime_error("[zip_bytes] deflate");
  return packed;
}

/// What local and central headers share, from flags to the length of the name.
std::string shared_fields(const ZipEntry& entry, const std::string& stored, bool zip64) {
  const std::uint64_t crc = crc32(0, reinterpret_cast<const Bytef*>(entry.content.data()),
                                  static_cast<uInt>(entry.content.size()));
  const std::uint64_t in_zip64 = 0xFFFF'FFFF;
  return number(0, 2) + number(entry.deflate ? 8 : 0, 2) + number(0, 4) + number(crc, 4) +
         number(zip64 ? in_zip64 : stored.size(), 4) +
         number(zip64 ? in_zip64 : entry.content.size(), 4) + number(entry.name.size(), 2);
}

}  // namespace

std::string zip_bytes(const std::vector<ZipEntry>& entries, bool zip64) {
  std::string file;
  std::string directory;
  for (const ZipEntry& entry : entries) {
    const std::string stored = entry.deflate ? deflated(entry.content) : entry.content;
    const std::string sizes = number(entry.content.size(), 8) + number(stored.size(), 8);
    const std::string local_extra = zip64 ? number(1, 2) + number(16, 2) + sizes : "";
    const std::string extra =
        zip64 ? number(1, 2) + number(24, 2) + sizes + number(file.size(), 8) : "";
    const std::string fields = shared_fields(entry, stored, zip64);
    directory += number(0x02014B50, 4) + number(45, 2) + number(45, 2) + fields +
                 number(extra.size(), 2) + number(0, 2) + number(0, 8) +
                 number(zip64 ? 0xFFFF'FFFF : file.size(), 4) + entry.name + extra;
    file += number(0x04034B50, 4) + number(45, 2) + fields + number(local_extra.size(), 2) +
            entry.name + local_extra + stored;
  }
  const std::size_t begin = file.size();
  file += directory;
  if (zip64) {
    const std::size_t record = file.size();
    file += number(0x06064B50, 4) + number(44, 8) + number(45, 2) + number(45, 2) + number(0, 8) +
            number(entries.size(), 8) + number(entries.size(), 8) + number(directory.size(), 8) +
            number(begin, 8);
    file += number(0x07064B50, 4) + number(0, 4) + number(record, 8) + number(1, 4);
  }
  const std::uint64_t count = zip64 ? 0xFFFF : entries.size();
  return file + number(0x06054B50, 4) + number(0, 4) + number(count, 2) + number(count, 2) +
         number(zip64 ? 0xFFFF'FFFF : directory.size(), 4) +
         number(zip64 ? 0xFFFF'FFFF : begin, 4) + number(0, 2);
}

std::string npy_bytes(std::string_view descr, bool fortran_order, std::string_view shape,
                      std::string_view numbers, int version) {
  std::string header = "{'descr': '" + std::string(descr) +
                       "', 'fortran_order': " + (fortran_order ? "True" : "False") +
                       ", 'shape': " + std::string(shape) + ", }";
  const int length_size = version == 1 ? 2 : 4;
  const std::size_t fixed = 8 + static_cast<std::size_t>(length_size);
  while ((fixed + header.size() + 1) % 64 != 0) header += ' ';
  header += '\n';
  return "\x93NUMPY" + number(static_cast<std::uint64_t>(version), 1) + number(0, 1) +
         number(header.size(), length_size) + header + std::string(numbers);
}

}  // namespace circuit::testing
