#include "base/sha256.h"

#include <gtest/gtest.h>

#include <string>

namespace headway {
namespace {

// FIPS 180-4 examples.
TEST(Sha256, agrees_with_the_published_examples) {
  EXPECT_EQ(sha256_hex(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(sha256_hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(sha256_hex("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  EXPECT_EQ(sha256_hex(std::string(1000000, 'a')),
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(Sha256, pieces_add_up) {
  Sha256 hash;
  hash.add("a").add("").add("bc");
  EXPECT_EQ(hash.hex_digest(), sha256_hex("abc"));
}

TEST(Sha256, a_computation_can_be_moved) {
  Sha256 first;
  first.add("ab");
  Sha256 second = std::move(first);
  EXPECT_EQ(second.add("c").hex_digest(), sha256_hex("abc"));
}

}  // namespace
}  // namespace headway
