#include "model/kernels/isa.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/model/kernels/supported_tables.h"

namespace edgenext::kernels {
namespace {

// The compiler's own detection, which looks at XCR0 too.
bool CompilerSaysAvx2() { return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"); }
bool CompilerSaysAvx512() {
  return CompilerSaysAvx2() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
         __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
}

TEST(IsaTest, NamesAreTheFlagsWords) {
  EXPECT_STREQ(IsaName(Isa::kScalar), "scalar");
  EXPECT_STREQ(IsaName(Isa::kAvx2), "avx2");
  EXPECT_STREQ(IsaName(Isa::kAvx512), "avx512");
}

TEST(IsaTest, ReadsItsWords) {
  for (const Isa isa : kAllIsas) {
    Isa read = isa == Isa::kScalar ? Isa::kAvx512 : Isa::kScalar;
    EXPECT_TRUE(ParseIsa(IsaName(isa), &read)) << IsaName(isa);
    EXPECT_EQ(read, isa);
  }
  Isa best = BestIsa() == Isa::kScalar ? Isa::kAvx512 : Isa::kScalar;
  EXPECT_TRUE(ParseIsa("best", &best));
  EXPECT_EQ(best, BestIsa());
}

TEST(IsaTest, RefusesOtherWords) {
  Isa untouched = Isa::kAvx2;
  for (const char* word : {"", "avx", "AVX2", "avx5120", "Best", "unknown"}) {
    EXPECT_FALSE(ParseIsa(word, &untouched)) << word;
  }
  EXPECT_EQ(untouched, Isa::kAvx2);
}

// What error messages list is what is read.
TEST(IsaTest, ListsItsWords) {
  std::string words = "best";
  for (const Isa isa : kAllIsas) words += std::string(", ") + IsaName(isa);
  EXPECT_EQ(kIsaWords, words);
}

TEST(IsaTest, AgreesWithTheCompilersDetection) {
  EXPECT_TRUE(CpuSupports(Isa::kScalar));
  EXPECT_EQ(CpuSupports(Isa::kAvx2), CompilerSaysAvx2());
  EXPECT_EQ(CpuSupports(Isa::kAvx512), CompilerSaysAvx512());
}

TEST(IsaTest, BestIsTheLastSupported) {
  Isa best = Isa::kScalar;
  for (const Isa isa : kAllIsas) {
    if (CpuSupports(isa)) best = isa;
  }
  EXPECT_EQ(BestIsa(), best);
}

TEST(KernelTableTest, ExistsExactlyForSupportedIsas) {
  for (const Isa isa : kAllIsas) {
    const KernelTable* table = FindKernelTable(isa);
    ASSERT_EQ(table != nullptr, CpuSupports(isa)) << IsaName(isa);
    if (table != nullptr) {
      EXPECT_EQ(table->isa, isa);
    }
  }
  EXPECT_EQ(FindKernelTable(static_cast<Isa>(99)), nullptr);
}

// A kernel test that silently skipped the best table would prove nothing about it.
TEST(KernelTableTest, TestsRunTheAvx512TableWhereThereIsOne) {
  const bool has_avx512 = CompilerSaysAvx512();
  const std::vector<const KernelTable*> tables = SupportedTables();
  EXPECT_EQ(tables.back()->isa == Isa::kAvx512, has_avx512);
  EXPECT_EQ(tables.size(), has_avx512 ? 3u : CompilerSaysAvx2() ? 2u : 1u);
}

TEST(KernelTableTest, EveryIsaHasItsOwnFunctions) {
  const std::vector<const KernelTable*> tables = SupportedTables();
  for (size_t i = 1; i < tables.size(); ++i) {
    SCOPED_TRACE(IsaName(tables[i]->isa));
    const KernelTable &own = *tables[i], &below = *tables[i - 1];
    EXPECT_NE(own.depthwise, below.depthwise);
    EXPECT_NE(own.linear->layer_norm, below.linear->layer_norm);
    EXPECT_NE(own.linear->convert, below.linear->convert);
    EXPECT_NE(own.linear->linear, below.linear->linear);
    EXPECT_NE(own.linear->mlp, below.linear->mlp);
    EXPECT_NE(own.resample->horizontal, below.resample->horizontal);
    EXPECT_NE(own.resample->vertical, below.resample->vertical);
    EXPECT_NE(own.xca, below.xca);
  }
}

}  // namespace
}  // namespace edgenext::kernels
