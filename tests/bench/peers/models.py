"""The variants as PyTorch modules with synthetic weights: timm's implementation, or ours of those that timm lacks."""
import timm
import torch

import bn_hs
import synthetic


def create(variant: str, seed: int = 1) -> torch.nn.Module:
    if variant.endswith("_bn_hs"):
        state = synthetic.state(variant, "official", seed)
        model = bn_hs.BatchNormHardswish({name: value.shape for name, value in state.items()})
    else:
        state = synthetic.state(variant, "timm", seed)
        model = timm.create_model(variant, pretrained=False)
    missing, unexpected = model.load_state_dict(
        {name: torch.from_numpy(value.copy()) for name, value in state.items()}, strict=False)
    missing = [name for name in missing if not name.endswith("num_batches_tracked")]
    if missing or unexpected:
        raise ValueError(f"{variant}: the model lacks {unexpected} and wants {missing}")
    return model.eval()
