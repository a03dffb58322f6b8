#include "comm/all_reduce/recursive_halving.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace headway {
namespace {

using Texts = std::vector<std::string>;

// Sums are written as text, so that their order shows; partners' terms are put in order of peers.
std::string added(const std::string& left, const std::string& right, bool left_is_first) {
  return left_is_first ? "(" + left + right + ")" : "(" + right + left + ")";
}

std::string tree(int first, int count) {
  if (count == 1) return std::string(1, static_cast<char>('a' + first));
  return added(tree(first, count / 2), tree(first + count / 2, count / 2), true);
}

// Lets all peers take their steps at once, a few elements standing for many.
std::vector<Texts> run(int peers, std::size_t length, std::size_t stride) {
  std::vector<std::vector<ExchangeStep>> steps;
  std::vector<Texts> all;
  for (int peer = 0; peer < peers; ++peer) {
    steps.push_back(exchange_steps(peer, peers, length));
    all.emplace_back((length + stride - 1) / stride, tree(peer, 1));
  }
  for (std::size_t k = 0; k < steps[0].size(); ++k) {
    const std::vector<Texts> before = all;
    for (int peer = 0; peer < peers; ++peer) {
      const ExchangeStep& step = steps[static_cast<std::size_t>(peer)][k];
      const ExchangeStep& other = steps[static_cast<std::size_t>(step.partner)][k];
      EXPECT_EQ(other.partner, peer);
      EXPECT_EQ(other.send, step.receive);
      Texts& own = all[static_cast<std::size_t>(peer)];
      for (std::size_t i = 0; i < own.size(); ++i) {
        if (i * stride < step.receive.begin || i * stride >= step.receive.end) continue;
        const std::string& received = before[static_cast<std::size_t>(step.partner)][i];
        own[i] = step.adds ? added(own[i], received, peer < step.partner) : received;
      }
    }
  }
  return all;
}

TEST(ExchangeSteps, give_every_peer_the_whole_sum_in_tree_order) {
  for (const int peers : {1, 2, 4, 8, 16}) {
    for (const std::size_t length : {std::size_t{1}, std::size_t{1000}, std::size_t{100'003}}) {
      for (const Texts& texts : run(peers, length, 100)) {
        for (const std::string& text : texts) EXPECT_EQ(text, tree(0, peers));
      }
    }
  }
}

TEST(ExchangeSteps, send_long_arrays_less_than_twice_and_short_ones_in_few_messages) {
  const auto sent = [](int peers, std::size_t length) {
    std::size_t elements = 0;
    for (const ExchangeStep& step : exchange_steps(3, peers, length)) elements += step.send.size();
    return elements;
  };
  EXPECT_EQ(sent(4, 100'000), 2 * 100'000 * 3 / 4);
  EXPECT_EQ(sent(16, 160'000), 2 * 160'000 * 15 / 16);
  EXPECT_EQ(exchange_steps(3, 16, 10).size(), 4);
}

}  // namespace
}  // namespace headway
