#include "comm/all_reduce/recursive_halving.h"

namespace headway {
namespace {

constexpr std::size_t kShort = 8192;  // elements: below, fewer messages beat fewer bytes

std::vector<ExchangeStep> doubling(int own, int peers, std::size_t length) {
  std::vector<ExchangeStep> steps;
  const Range whole{0, length};
  for (int distance = 1; distance < peers; distance *= 2) {
    steps.push_back({.partner = own ^ distance, .send = whole, .receive = whole, .adds = true});
  }
  return steps;
}

}  // namespace

std::vector<ExchangeStep> exchange_steps(int own, int peers, std::size_t length) {
  if (length < kShort) return doubling(own, peers, length);
  std::vector<ExchangeStep> steps;
  Range kept{0, length};
  for (int distance = 1; distance < peers; distance *= 2) {
    const std::size_t middle = (kept.begin + kept.end) / 2;
    const Range low{kept.begin, middle};
    const Range high{middle, kept.end};
    const bool keeps_low = (own & distance) == 0;
    kept = keeps_low ? low : high;
    steps.push_back(
        {.partner = own ^ distance, .send = keeps_low ? high : low, .receive = kept, .adds = true});
  }
  for (std::size_t i = steps.size(); i-- > 0;) {  // what was received is complete now
    steps.push_back({.partner = steps[i].partner,
                     .send = steps[i].receive,
                     .receive = steps[i].send,
                     .adds = false});
  }
  return steps;
}

}  // namespace headway
