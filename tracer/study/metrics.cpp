#include "tracer/study/metrics.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>
#include <string>

namespace circuit {
namespace {

double log_sum_exp(std::span<const float> logits) {
  const auto most = static_cast<double>(*std::ranges::max_element(logits));
  double sum = 0;
  for (const float logit : logits) sum += std::exp(static_cast<double>(logit) - most);
  return most + std::log(sum);
}

double log_probability(std::span<const float> logits, std::size_t token) {
  return static_cast<double>(logits[token]) - log_sum_exp(logits);
}

double rank_of(std::span<const float> logits, std::size_t token) {
  double rank = 1;
  for (std::size_t i = 0; i < logits.size(); ++i) {
    rank += logits[i] > logits[token] || (logits[i] == logits[token] && i < token);
  }
  return rank;
}

double highest_other(std::span<const float> logits, std::size_t token) {
  double most = -std::numeric_limits<double>::infinity();
  for (std::size_t i = 0; i < logits.size(); ++i) {
    if (i != token) most = std::max(most, static_cast<double>(logits[i]));
  }
  return most;
}

// Of the changed from the unchanged distribution.
double divergence(std::span<const float> logits, std::span<const float> clean) {
  const double changed = log_sum_exp(logits), unchanged = log_sum_exp(clean);
  double sum = 0;
  for (std::size_t i = 0; i < logits.size(); ++i) {
    const double before = static_cast<double>(clean[i]) - unchanged;
    sum += std::exp(before) * (before - (static_cast<double>(logits[i]) - changed));
  }
  return sum;
}

void check_token(std::span<const float> logits, std::int32_t token) {
  if (token >= 0 && static_cast<std::size_t>(token) < logits.size()) return;
  throw std::invalid_argument("[study] token " + std::to_string(token) +
                              " is outside the vocabulary of " + std::to_string(logits.size()));
}

}  // namespace

double measure(StudyMetric metric, std::span<const float> logits, std::span<const float> clean,
               const MeasuredTokens& tokens) {
  if (logits.size() != clean.size()) {
    throw std::invalid_argument("[study] " + std::to_string(logits.size()) + " logits beside " +
                                std::to_string(clean.size()));
  }
  check_token(logits, tokens.wanted);
  const auto wanted = static_cast<std::size_t>(tokens.wanted);
  switch (metric) {
    case StudyMetric::kTop1:
      return rank_of(logits, wanted) == 1 ? 1 : 0;
    case StudyMetric::kLogprob:
      return log_probability(logits, wanted);
    case StudyMetric::kLogOdds: {
      const double log_p = log_probability(logits, wanted);
      return log_p - std::log(-std::expm1(log_p));
    }
    case StudyMetric::kRank:
      return rank_of(logits, wanted);
    case StudyMetric::kKl:
      return divergence(logits, clean);
    case StudyMetric::kLogitDifference:
      if (tokens.against) check_token(logits, *tokens.against);
      return static_cast<double>(logits[wanted]) -
             (tokens.against
                  ? static_cast<double>(logits[static_cast<std::size_t>(*tokens.against)])
                  : highest_other(logits, wanted));
  }
  throw std::invalid_argument("[study] no such metric");
}

}  // namespace circuit
