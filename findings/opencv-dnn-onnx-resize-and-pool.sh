#!/usr/bin/env bash
# Expected: OpenCV's DNN module runs a loadable ONNX graph to the same numbers as
#   ONNX Runtime, or rejects the attribute it lacks.
# Instead: Resize with antialias=1 is run without antialiasing, and AveragePool with
#   ceil_mode and count_include_pad divides by the cells hanging over the edge, so
#   an all-ones map pools to 0.5 and 0.25 at the border. Both load without a word.
# Why it matters: preprocessing exported with the network (F.interpolate with
#   antialias=True) and AvgPool2d(2, ceil_mode=True) shortcuts, torch's default
#   count_include_pad, lose accuracy in OpenCV deployment only.
# Seen with: opencv-python-headless 5.0.0.93, onnx 1.23.2, onnxruntime 1.32.0.
set -euo pipefail
tmp=$(mktemp -d); trap 'rm -rf "$tmp"' EXIT
python3 -m venv "$tmp/v"
"$tmp/v/bin/pip" install -q opencv-python-headless==5.0.0.93 onnx==1.23.2 onnxruntime==1.32.0 numpy==2.4.6
"$tmp/v/bin/python" - <<'PY'
import sys
import cv2, numpy as np, onnx, onnxruntime
from onnx import TensorProto, helper
from onnx.reference import ReferenceEvaluator

def check(ok, what):
    if not ok: sys.exit("behaviour changed: " + what)

print("OpenCV", cv2.__version__, "ONNX Runtime", onnxruntime.__version__, "onnx", onnx.__version__)

def run(op, inputs, consts, x, out, **attributes):
    value = helper.make_tensor_value_info
    graph = helper.make_graph([helper.make_node(op, inputs, ["y"], **attributes)], "g",
                              [value("x", TensorProto.FLOAT, x.shape)], [value("y", TensorProto.FLOAT, out)], consts)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 19)], ir_version=9)
    onnx.checker.check_model(model)
    data = model.SerializeToString()
    net = cv2.dnn.readNetFromONNX(np.frombuffer(data, np.uint8))
    net.setInput(x)
    session = onnxruntime.InferenceSession(data, providers=["CPUExecutionProvider"])
    reference, ort = ReferenceEvaluator(model).run(None, {"x": x})[0], session.run(None, {"x": x})[0]
    check(np.abs(reference - ort).max() < 1e-4, f"{op}: ONNX Runtime and the reference evaluator differ")
    return ort.ravel().round(4), net.forward().ravel().round(4)

ones = np.ones((1, 1, 3, 3), np.float32)
for include in (0, 1):
    ort, cv = run("AveragePool", ["x"], [], ones, [1, 1, 2, 2], kernel_shape=[2, 2], strides=[2, 2],
                  ceil_mode=1, count_include_pad=include)
    print(f"AveragePool of ones, ceil_mode=1 count_include_pad={include}: ONNX Runtime {ort}, OpenCV {cv}")
    check((ort == 1).all(), "ONNX Runtime pools ones to ones")
    check(cv.tolist() == ([1, 0.5, 0.5, 0.25] if include else [1, 1, 1, 1]), "OpenCV average pooling at the border")

stripes = (np.arange(64).reshape(1, 1, 8, 8) % 4 < 2).astype(np.float32)
size = helper.make_tensor("s", TensorProto.INT64, [4], [1, 1, 2, 2])
for mode in ("linear", "cubic"):
    plain = {}
    for antialias in (0, 1):
        ort, cv = run("Resize", ["x", "", "", "s"], [size], stripes, [1, 1, 2, 2], mode=mode, antialias=antialias,
                      coordinate_transformation_mode="half_pixel")
        print(f"Resize {mode} antialias={antialias}: ONNX Runtime {ort}, OpenCV {cv}")
        plain[antialias] = cv
        gap = np.abs(ort - cv).max()
        check(gap > 0.05 if antialias else gap < 1e-4, f"Resize {mode} with antialias={antialias}")
    check(np.array_equal(plain[0], plain[1]), "OpenCV ignores antialias")
PY
echo "confirmed: OpenCV DNN ignores Resize antialias and miscounts ceil-mode pooling"
