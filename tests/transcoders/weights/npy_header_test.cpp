#include "transcoders/weights/npy_header.h"

#include <stdexcept>
#include <string>

#include <gtest/gtest.h>

#include "tests/support/throws.h"
#include "tests/support/zip_file.h"

namespace circuit {
namespace {

using testing::message_of;
using testing::npy_bytes;

NpyHeader read(const std::string& file) { return read_npy_header(std::as_bytes(std::span(file))); }

std::string refusal(const std::string& file) {
  return message_of<std::runtime_error>([&] { read(file); });
}

/// A version 1 file with any text as its header.
std::string with_header(const std::string& text) {
  std::string file("\x93NUMPY\x01\x00", 8);
  file += static_cast<char>(text.size());
  return file + '\0' + text;
}

TEST(NpyHeader, ReadsTypesShapesAndOrder) {
  const NpyHeader header = read(npy_bytes("<f4", false, "(3, 2)", "data"));
  EXPECT_EQ(header.dtype, Dtype::kF32);
  EXPECT_EQ(header.shape, (std::vector<std::int64_t>{3, 2}));
  EXPECT_FALSE(header.column_major);
  EXPECT_EQ(header.size, 128U);
  EXPECT_TRUE(read(npy_bytes("<f2", true, "(3,)", "")).column_major);
  EXPECT_EQ(read(npy_bytes("|V2", false, "(7,)", "")).dtype, Dtype::kBF16);
  EXPECT_EQ(read(npy_bytes("<f8", false, "()", "")).shape.size(), 0U);
  EXPECT_EQ(read(npy_bytes("<i8", false, "(12L, 0)", "")).shape,
            (std::vector<std::int64_t>{12, 0}));
}

TEST(NpyHeader, ReadsAllVersions) {
  for (const int version : {1, 2, 3}) {
    const std::string file = npy_bytes("<f4", false, "(1,)", "1234", version);
    EXPECT_EQ(file.substr(read(file).size), "1234");
  }
  EXPECT_EQ(refusal(npy_bytes("<f4", false, "(1,)", "", 4)),
            "its version is 4, expected 1, 2 or 3");
}

TEST(NpyHeader, RefusesOtherTypes) {
  for (const std::string descr : {">f4", "|O", "<c8", "<U3", "<u4"}) {
    EXPECT_EQ(refusal(npy_bytes(descr, false, "(1,)", "")),
              "its type is \"" + descr +
                  "\", expected a little-endian f8, f4, f2, i8, i4, i2, i1, u1, b1 or V2 "
                  "(bfloat16)");
  }
}

TEST(NpyHeader, RefusesWhatIsNoHeader) {
  EXPECT_EQ(refusal("NUMPY"), "is no array: it does not begin with \\x93NUMPY");
  const std::string file = npy_bytes("<f4", false, "(1,)", "");
  EXPECT_EQ(refusal(file.substr(0, 40)), "its header runs past its end (truncated?)");
  EXPECT_EQ(refusal(with_header("{'descr': '<f4', 'fortran_order': False}")),
            "its header lacks one of descr, fortran_order, shape");
  EXPECT_EQ(refusal(with_header("{'other': 1}")), "its header has the key \"other\"");
  EXPECT_EQ(refusal(with_header("{'shape': (-1,)}")),
            "its header has \"-1,)}\", expected a whole number from 0 on");
  EXPECT_EQ(refusal(with_header("{'fortran_order': 1}")),
            "its header has \"1}\", expected True or False");
  EXPECT_EQ(refusal(with_header("[]")), "its header has \"[]\", expected '{'");
  EXPECT_EQ(refusal(with_header("{descr: 1}")), "its header has \"descr: 1}\", expected a string");
  EXPECT_EQ(refusal(with_header("{'descr: 1}")),
            "its header has \"'descr: 1}\", expected the end of a string");
  EXPECT_EQ(refusal(with_header("{} x")), "its header has \"x\", expected nothing more");
  EXPECT_EQ(refusal(with_header("{'shape': (1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1)}")),
            "its shape has more than 16 dimensions");
}

}  // namespace
}  // namespace circuit
