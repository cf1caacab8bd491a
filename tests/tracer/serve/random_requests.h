// Requests that nobody should send: valid ones changed at random, parts of them, several at once,
// and plain noise.
#pragma once

#include <random>
#include <string>
#include <vector>

namespace circuit::serve::testing {

class RandomRequests {
 public:
  /// `host` is what a valid request names; `secret` a file that must not be reached.
  RandomRequests(std::uint64_t seed, std::string host, std::string secret);

  /// The bytes of one connection: one request, or several.
  std::string next();
  /// With this chance in a hundred.
  bool chance(int percent);

 private:
  template <typename T>
  const T& any(const std::vector<T>& choices) {
    return choices[number(choices.size())];
  }
  std::size_t number(std::size_t below);
  std::string noise(std::size_t most);
  std::string encoded_at_random(const std::string& text);
  std::string target();
  std::string header();
  std::string request();
  void change(std::string& bytes);

  std::mt19937_64 random_;
  std::string host_;
  bool wild_ = false;
  std::vector<std::string> names_;
};

}  // namespace circuit::serve::testing
