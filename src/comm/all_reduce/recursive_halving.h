#pragma once

#include <cstddef>
#include <vector>

namespace headway {

/// A part of an array, in elements.
struct Range {
  std::size_t begin = 0;
  std::size_t end = 0;
  std::size_t size() const { return end - begin; }
  bool operator==(const Range&) const = default;
};

/// One exchange with one partner: what is received is added to what lies there, or, where the
/// partner's sums are complete, replaces it.
struct ExchangeStep {
  int partner = 0;
  Range send;
  Range receive;
  bool adds = true;
};

/// How peer `own` of `peers` (a power of two) takes part in summing `length` elements in the fixed
/// tree order. Short arrays by recursive doubling: after round k the sums cover aligned blocks of
/// 2^(k+1) peers. Long ones by recursive halving with the same pairs of partners, each keeping the
/// sums of half of what they had, then back: 2 (peers - 1) / peers arrays sent instead of
/// log2(peers). Addition commutes, so both ways give the same bits: those of the tree.
std::vector<ExchangeStep> exchange_steps(int own, int peers, std::size_t length);

}  // namespace headway
