"""What is compared: the variants, and for each part of a comparison the cases that take turns."""
import dataclasses

VARIANTS = ["xx_small", "x_small", "small", "base", "xx_small_bn_hs", "small_bn_hs", "small_rw"]
PAIR_VARIANTS = ["xx_small", "small"]
ALONE_VARIANTS = ["xx_small", "small", "base"]

# Engines by the name under which they are shown.
OURS = "edgenext"
TITLES = {OURS: "edgenext", "onnxruntime": "ONNX Runtime", "openvino": "OpenVINO", "torch": "torch.compile"}
PEER_PRECISIONS = {"onnxruntime": ["f32"], "openvino": ["f32", "bf16"], "torch": ["f32"]}
PEERS_ON_TWO = ["onnxruntime", "openvino"]


@dataclasses.dataclass(frozen=True)
class Case:
    engine: str
    precision: str
    threads: int = 1  # that share one image
    batch: int = 1
    executors: int = 1  # each with images of its own
    isa: str = "best"

    def cores(self) -> int:
        return max(self.threads, self.executors)

    def __str__(self) -> str:
        words = [TITLES[self.engine], self.precision]
        words += [f"{self.threads} threads"] * (self.threads > 1) + [f"batch {self.batch}"] * (self.batch > 1)
        words += [f"{self.executors} executors"] * (self.executors > 1) + [self.isa] * (self.isa != "best")
        return " ".join(words)


def one_thread(precisions: list, peers: list) -> list:
    """Every engine on one image at a time, on one core."""
    cases = [Case(OURS, precision) for precision in precisions]
    return cases + [Case(peer, precision) for peer in peers for precision in PEER_PRECISIONS[peer]
                    if precision in precisions]


def two_threads(precisions: list, peers: list) -> list:
    """Two threads on one image, and ours on one thread beside them."""
    cases = [Case(OURS, precision, threads) for precision in precisions for threads in (1, 2)]
    return cases + [Case(peer, precision, threads=2) for peer in peers if peer in PEERS_ON_TWO
                    for precision in PEER_PRECISIONS[peer] if precision in precisions]


def alone(cores: int) -> list:
    """Ours in float32 in the ways in which it may be used, beside the plain one."""
    return [Case(OURS, "f32"), Case(OURS, "f32", batch=8), Case(OURS, "f32", executors=cores),
            Case(OURS, "f32", isa="avx2")]
