#include "tracer/text/jinja/date_text.h"

#include <array>
#include <chrono>

namespace circuit::jinja {
namespace {

constexpr std::array<std::string_view, 12> kMonths = {
    "January", "February", "March",     "April",   "May",      "June",
    "July",    "August",   "September", "October", "November", "December"};
constexpr std::array<std::string_view, 7> kDays = {"Sunday",   "Monday", "Tuesday", "Wednesday",
                                                   "Thursday", "Friday", "Saturday"};

std::string padded(int number, std::size_t width) {
  const std::string digits = std::to_string(number);
  return std::string(width > digits.size() ? width - digits.size() : 0, '0') + digits;
}

std::chrono::year_month_day calendar(const Date& date) {
  return {std::chrono::year(date.year), std::chrono::month(static_cast<unsigned>(date.month)),
          std::chrono::day(static_cast<unsigned>(date.day))};
}

std::string_view day_name(const Date& date) {
  return kDays[std::chrono::weekday(std::chrono::sys_days(calendar(date))).c_encoding()];
}

int day_of_year(const Date& date) {
  const auto day = std::chrono::sys_days(calendar(date));
  const auto first = std::chrono::sys_days(calendar({.year = date.year, .month = 1, .day = 1}));
  return static_cast<int>((day - first).count()) + 1;
}

std::string code_text(Run& run, char code, const Date& date) {
  const std::string_view month = kMonths[static_cast<std::size_t>(date.month) - 1];
  switch (code) {
    case 'Y':
      return padded(date.year, 4);
    case 'y':
      return padded(date.year % 100, 2);
    case 'm':
      return padded(date.month, 2);
    case 'd':
      return padded(date.day, 2);
    case 'B':
      return std::string(month);
    case 'b':
    case 'h':
      return std::string(month.substr(0, 3));
    case 'A':
      return std::string(day_name(date));
    case 'a':
      return std::string(day_name(date).substr(0, 3));
    case 'j':
      return padded(day_of_year(date), 3);
    case 'F':
      return padded(date.year, 4) + "-" + padded(date.month, 2) + "-" + padded(date.day, 2);
    case 'H':
    case 'M':
    case 'S':
      return "00";
    case 'I':
      return "12";
    case 'p':
      return "AM";
    case '%':
      return "%";
    default:
      run.fail(std::string("strftime_now: %") + code +
               " is not supported, expected one of Y y m d B b h A a j F H I M S p %");
  }
}

std::string without_zeros(std::string text) {
  const std::size_t first = text.find_first_not_of('0');
  return text.substr(first == text.npos ? text.size() - 1 : first);
}

}  // namespace

std::string date_text(Run& run, std::string_view format) {
  run.spend(format.size() * 8);
  std::string text;
  for (std::size_t i = 0; i < format.size(); ++i) {
    if (format[i] != '%' || i + 1 == format.size()) {
      text += format[i];
      continue;
    }
    const bool is_short = format[i + 1] == '-' && i + 2 < format.size();
    i += is_short ? 2 : 1;
    const std::string part = code_text(run, format[i], *run.date());
    text += is_short ? without_zeros(part) : part;
  }
  return text;
}

}  // namespace circuit::jinja
