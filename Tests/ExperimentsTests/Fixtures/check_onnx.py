"""Runs the ONNX models of a folder in onnxruntime and compares their logits with the engine's.

  check_onnx.py DIR

DIR is what ONNXTests writes with BENCH_ONNX_FOLDER=DIR: NAME.onnx, NAME.folded.onnx and
NAME.io.safetensors with images and logits. `make test-onnx` does both. Fails where a model is not
valid, or a logit is further from the engine's than 1e-5 of the largest.
"""

import pathlib
import sys

import numpy as np
import onnx
import onnxruntime
from safetensors.numpy import load_file

worst = 0
for io in sorted(pathlib.Path(sys.argv[1]).glob("*.io.safetensors")):
    tensors = load_file(io)
    for ending in (".onnx", ".folded.onnx"):
        path = io.with_name(io.name.replace(".io.safetensors", ending))
        model = onnx.load(path)
        onnx.checker.check_model(model, full_check=True)
        folded = "BatchNormalization" not in {node.op_type for node in model.graph.node}
        session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
        (logits,) = session.run(["logits"], {"images": tensors["images"]})
        one = session.run(["logits"], {"images": tensors["images"][:1]})[0]
        scale = np.abs(tensors["logits"]).max()
        error = max(np.abs(logits - tensors["logits"]).max(), np.abs(one - logits[:1]).max()) / scale
        worst = max(worst, error)
        print(f"{path.name:50} {error:.1e} {'without batch norms' if folded else ''}")
print(f"largest difference: {worst:.1e} of the largest logit")
# A truth of numpy is no exit status.
sys.exit(int(worst > 1e-5 or worst == 0))
