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
    EXPECT_NE(tables[i]->xca, tables[i - 1]->xca) << IsaName(tables[i]->isa);
    EXPECT_NE(tables[i]->linear->layer_norm, tables[i - 1]->linear->layer_norm) << IsaName(tables[i]->isa);
    EXPECT_NE(tables[i]->resample->horizontal, tables[i - 1]->resample->horizontal)
        << IsaName(tables[i]->isa);
    EXPECT_NE(tables[i]->resample->vertical, tables[i - 1]->resample->vertical) << IsaName(tables[i]->isa);
  }
}

}  // namespace
}  // namespace edgenext::kernels
