// Which activations share memory where no backward pass will ask for them again.
import Numerics

/// The buffers of a fused plan's tensors if each lives only until its last reader.
struct EvaluationPlan {
  /// The buffer of each tensor.
  private(set) var bufferOf: IdentifiedArray<StoredTensor, Int>
  /// Numbers per image of each buffer.
  private(set) var bufferSizes: [Int] = []

  init(_ plan: FusedPlan) {
    var lastUse = IdentifiedArray<StoredTensor, Int>(repeating: -1, like: plan.tensors)
    for (index, step) in plan.steps.enumerated() {
      for tensor in Self.tensors(of: step, index: index, plan) { lastUse[tensor] = index }
    }
    // The output is read after the last step.
    if let output = plan.steps.last?.output { lastUse[output] = plan.steps.count }
    bufferOf = .init(repeating: -1, like: plan.tensors)
    var free: [Int] = []
    func take(_ size: Int) -> Int {
      // The smallest that is large enough, or else the largest, which grows.
      let fitting = free.filter { bufferSizes[$0] >= size }
      let best =
        fitting.min { bufferSizes[$0] < bufferSizes[$1] }
        ?? free.max { bufferSizes[$0] < bufferSizes[$1] }
      guard let best else {
        bufferSizes.append(size)
        return bufferSizes.count - 1
      }
      free.removeAll { $0 == best }
      bufferSizes[best] = max(bufferSizes[best], size)
      return best
    }
    // The input is filled before every pass, so nothing else may use its memory.
    bufferOf[FusedPlan.input] = take(plan.tensors[FusedPlan.input].count)
    lastUse[FusedPlan.input] = plan.steps.count
    for (index, step) in plan.steps.enumerated() {
      let used = Self.tensors(of: step, index: index, plan)
      for tensor in used where bufferOf[tensor] < 0 {
        bufferOf[tensor] = take(plan.tensors[tensor].count)
      }
      for tensor in Set(used) where lastUse[tensor] == index { free.append(bufferOf[tensor]) }
      free.sort()
    }
    // What no step touches still needs a place.
    for tensor in bufferOf.indices where bufferOf[tensor] < 0 {
      bufferOf[tensor] = take(plan.tensors[tensor].count)
    }
  }

  /// Everything that a step reads or writes.
  private static func tensors(of step: Step, index: Int, _ plan: FusedPlan) -> [TensorID] {
    let site = plan.sites[step.input]
    return site.operands.flatMap(\.tensors) + [site.stored, step.addend?.tensor].compactMap { $0 }
      + [step.output]
  }
}
