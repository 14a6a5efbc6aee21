#ifndef TESTS_MODEL_KERNELS_SUPPORTED_TABLES_H_
#define TESTS_MODEL_KERNELS_SUPPORTED_TABLES_H_

#include <vector>

#include "model/kernels/kernels.h"

namespace edgenext::kernels {

// Every table that this processor can run: what kernel tests are parameterised over.
inline std::vector<const KernelTable*> SupportedTables() {
  std::vector<const KernelTable*> tables;
  for (const Isa isa : kAllIsas) {
    if (const KernelTable* table = FindKernelTable(isa)) tables.push_back(table);
  }
  return tables;
}

}  // namespace edgenext::kernels

#endif  // TESTS_MODEL_KERNELS_SUPPORTED_TABLES_H_
