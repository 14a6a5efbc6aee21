#ifndef MODEL_BENCH_MAC_LOOPS_H_
#define MODEL_BENCH_MAC_LOOPS_H_

namespace edgenext {

// Each runs `steps` rounds of independent multiply-accumulates on registers, and returns how many those were.
// Built with the flags of its instruction set, one file each.
double RunMacsScalar(int steps);
double RunMacsAvx2(int steps);
double RunMacsAvx512(int steps);
double RunMacsAvx512Bf16(int steps);

}  // namespace edgenext

#endif  // MODEL_BENCH_MAC_LOOPS_H_
