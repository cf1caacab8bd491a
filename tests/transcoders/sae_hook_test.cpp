#include "transcoders/sae_hook.h"

#include <stdexcept>
#include <string>

#include <gtest/gtest.h>

#include "tests/support/throws.h"

namespace circuit {
namespace {

TEST(SaeHook, ReadsWhatItWrites) {
  for (const char* text : {"resid_pre.0", "resid_post.12", "mlp_out.3", "attn_out.25"}) {
    EXPECT_EQ(to_string(parse_sae_hook(text)), text);
  }
  EXPECT_EQ(parse_sae_hook("mlp_out.3"), (SaeHook{.site = SaeSite::kMlpOut, .layer = 3}));
}

TEST(SaeHook, RefusesOtherText) {
  for (const std::string text :
       {"", "resid_post", "resid_post.", ".3", "resid_post.-1", "resid_post.1x", "resid_post.1.2",
        "hook_resid_post.3", "resid_post.99999999999999999999"}) {
    EXPECT_EQ(testing::message_of<std::invalid_argument>([&] { parse_sae_hook(text); }),
              "[parse_sae_hook] hook is \"" + text +
                  "\", expected resid_pre.L, resid_post.L, mlp_out.L or attn_out.L");
  }
}

}  // namespace
}  // namespace circuit
