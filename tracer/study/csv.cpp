#include "tracer/study/csv.h"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <set>
#include <stdexcept>
#include <utility>

#include "transcoders/weights/printable_name.h"

namespace circuit {
namespace {

class Parser {
 public:
  Parser(const std::filesystem::path& path, std::string text)
      : path_(path), text_(std::move(text)) {}

  CsvTable parse() {
    CsvTable table;
    while (at_ < text_.size()) {
      const std::size_t line = line_;
      std::vector<std::string> row = next_row();
      if (row.size() == 1 && row[0].empty()) continue;
      if (table.columns.empty()) {
        check_columns(row, line);
        table.columns = std::move(row);
        continue;
      }
      if (row.size() != table.columns.size()) {
        fail(line, "has " + std::to_string(row.size()) + " fields, expected " +
                       std::to_string(table.columns.size()));
      }
      table.rows.push_back(std::move(row));
      table.lines.push_back(line);
    }
    if (table.rows.empty()) fail(line_, "holds no row, expected names of columns and rows");
    return table;
  }

 private:
  [[noreturn]] void fail(std::size_t line, const std::string& what) const {
    throw std::runtime_error("[read_table] " + path_.string() + ":" + std::to_string(line) + ": " +
                             what);
  }

  void check_columns(const std::vector<std::string>& names, std::size_t line) const {
    std::set<std::string> seen;
    for (const std::string& name : names) {
      if (name.empty()) fail(line, "a column has no name, expected one");
      if (!seen.insert(name).second) fail(line, "two columns are " + printable_name(name));
    }
  }

  std::vector<std::string> next_row() {
    std::vector<std::string> row;
    do {
      row.push_back(next_field());
    } while (take(','));
    take('\r');
    if (at_ < text_.size() && !take('\n')) fail(line_, "something behind a quoted field");
    ++line_;
    return row;
  }

  bool take(char c) {
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }

  std::string next_field() {
    if (take('"')) return quoted_rest();
    const std::size_t end = std::min(text_.find_first_of(",\r\n", at_), text_.size());
    const std::size_t begin = std::exchange(at_, end);
    return text_.substr(begin, end - begin);
  }

  std::string quoted_rest() {
    const std::size_t begins = line_;
    std::string field;
    while (at_ < text_.size()) {
      const char c = text_[at_++];
      if (c == '"' && !take('"')) return field;
      line_ += c == '\n';
      field += c;
    }
    fail(begins, "a quote is never closed");
  }

  const std::filesystem::path& path_;
  std::string text_;
  std::size_t at_ = 0, line_ = 1;
};

}  // namespace

CsvTable read_csv(const std::filesystem::path& path) {
  std::ifstream stream;
  if (!std::filesystem::is_directory(path)) stream.open(path, std::ios::binary);
  if (!stream.is_open()) {
    throw std::runtime_error("[read_table] " + path.string() +
                             ": cannot be read, expected a table with a row of names");
  }
  return Parser(path, std::string(std::istreambuf_iterator<char>(stream), {})).parse();
}

std::string csv_line(const std::vector<std::string>& fields) {
  std::string line;
  for (const std::string& field : fields) {
    if (&field != &fields.front()) line += ',';
    if (field.find_first_of(",\"\r\n") == std::string::npos) {
      line += field;
      continue;
    }
    line += '"';
    for (const char c : field) line += c == '"' ? std::string("\"\"") : std::string(1, c);
    line += '"';
  }
  return line + "\n";
}

}  // namespace circuit
