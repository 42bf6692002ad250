// From a network's tensors to those of a file, whatever the file calls them.
import Engine
import Networks
import Numerics
import Specs
import Text

/// Which tensor of a file is which of a network's, and what must be done to its numbers.
struct WeightsMapping {
  let file: SafetensorsFile
  let convention: NamingConvention
  /// What all of the file's names begin with besides, such as `module.`; empty where nothing is.
  let prefix: String
  /// How many of the network's tensors the file has by name.
  let found: Int
  /// The file's tensors by the network's names.
  private let tensors: [String: SafetensorsFile.Tensor]
  /// What the file would call a tensor, by the network's names.
  private let names: [String: String]

  /// Takes the convention and the prefix under which the file has most of the network's tensors.
  init(_ file: SafetensorsFile, _ network: [TensorSpecification]) {
    self.file = file
    let bare = Dictionary(
      file.tensors.map { (NamingConvention.bare($0.name), $0) }, uniquingKeysWith: { a, _ in a })
    var best: (convention: NamingConvention, prefix: String, names: [String: String], found: Int)?
    for convention in NamingConvention.all where best?.found != network.count {
      guard let names = convention.names(of: network) else { continue }
      for prefix in Self.prefixes(of: bare.keys, before: names["conv1.weight"]) {
        let found = network.count { tensor in
          names[tensor.name].map { bare[prefix + $0] != nil } ?? false
        }
        if found > best?.found ?? -1 { best = (convention, prefix, names, found) }
        if found == network.count { break }
      }
    }
    let chosen = best ?? (.torchvision, "", [:], 0)
    convention = chosen.convention
    prefix = chosen.prefix
    found = chosen.found
    names = chosen.names.mapValues { chosen.prefix + $0 }
    tensors = names.compactMapValues { bare[$0] }
  }

  /// What may stand before the names, the shortest first: what stands before the first layer's, and
  /// before most others.
  private static func prefixes(
    of names: some Collection<String>, before first: String?
  ) -> [String] {
    guard let first else { return [""] }
    let prefixes = names.filter { $0.hasSuffix(first) }.map { String($0.dropLast(first.count)) }
      .filter { prefix in
        (prefix.last.map("._/:".contains) ?? false)
          && names.count { $0.hasPrefix(prefix) } * 2 > names.count
      }
    return [""] + prefixes.sorted { ($0.count, $0) < ($1.count, $1) }
  }

  /// The file's tensor for one of the network's, by its name.
  func tensor(_ name: String) -> SafetensorsFile.Tensor? { tensors[name] }

  /// What the file calls it, or would.
  func name(_ name: String) -> String { names[name] ?? name }

  /// The file's tensors that belong to the network.
  var known: Set<String> { Set(tensors.values.map(\.name)) }

  /// The shape that a tensor has in the file's layout.
  func shape(of tensor: TensorSpecification) -> [Int] {
    guard convention.isInputsFirst else { return tensor.shape }
    switch tensor.role {
    case .convolutionWeight:
      return [tensor.shape[2], tensor.shape[3], tensor.shape[1], tensor.shape[0]]
    case .linearWeight: return tensor.shape.reversed()
    default: return tensor.shape
    }
  }

  /// The bias in front of a batch norm, where the file has one.
  /// - Parameter tensor: the batch norm's running mean.
  func bias(before tensor: TensorSpecification) -> SafetensorsFile.Tensor? {
    guard convention.hasBiases, tensor.role == .runningMean else { return nil }
    let norm = String(tensor.name.dropLast(".running_mean".count))
    return tensors[NamingConvention.convolution(before: norm) + ".bias"]
  }

  /// A tensor's numbers in this project's layout, so that the network computes what the file's does.
  /// - Throws: `WeightsError` where one cannot be read or is not finite.
  func values(
    of tensor: TensorSpecification, _ found: SafetensorsFile.Tensor
  ) throws(WeightsError) -> [Float] {
    var values = try file.finiteFloats(of: found)
    switch tensor.role {
    case .convolutionWeight, .linearWeight:
      if convention.isInputsFirst { values = Self.outputsFirst(values, shape: tensor.shape) }
    case .runningMean:
      // norm(y + b) with mean m is norm(y) with mean m - b.
      if let bias = bias(before: tensor) {
        values = zip(values, try file.finiteFloats(of: bias)).map { $0 - $1 }
      }
    case .runningVariance:
      // The engine adds its own epsilon to the variance.
      if let epsilon = convention.epsilon {
        let more = epsilon - NetworkState.normalizationEpsilon
        values = values.map { Float(Double($0) + more) }
      }
    default: break
    }
    return values
  }

  /// From [height, width, inputs, outputs] or [inputs, outputs] to [outputs, inputs, height, width].
  private static func outputsFirst(_ values: [Float], shape: [Int]) -> [Float] {
    let (outputs, inputs) = (shape[0], shape[1])
    let area = shape.dropFirst(2).reduce(1, *)
    var result = [Float](repeating: 0, count: values.count)
    for a in 0..<area {
      for i in 0..<inputs {
        for o in 0..<outputs {
          result[(o * inputs + i) * area + a] = values[(a * inputs + i) * outputs + o]
        }
      }
    }
    return result
  }

  /// What a user should know of the names.
  var notes: [String] {
    let path = printable(file.path, limit: 4096)
    var notes: [String] = []
    if !prefix.isEmpty {
      notes.append("the names in \(path) begin with \(printable(prefix)), which is left out")
    }
    guard !convention.isOwn else { return notes }
    var changes: [String] = []
    if convention.isInputsFirst { changes.append("kernels are turned from HWIO") }
    if names.contains(where: { $0.key.hasSuffix("conv1.bias") && tensors[$0.key] != nil }) {
      changes.append("biases are folded into the running means of their batch norms")
    }
    if let epsilon = convention.epsilon {
      changes.append("running variances make up for an epsilon of \(epsilon)")
    }
    notes.append(
      "\(path) has the names of \(convention.program)"
        + (changes.isEmpty ? "" : ": " + changes.joined(separator: ", ")))
    return notes
  }
}
