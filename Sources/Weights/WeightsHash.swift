// One number for a trained network.
import Crypto
import Engine
import Foundation
import Numerics
import Specs
import Text

extension NetworkState {
  /// SHA-256, hexadecimal, over the weights and running statistics: the tensors in the order of
  /// their names, each as little-endian 32-bit floats in the layout of files
  /// ([outputs, inputs, height, width]).
  public var weightsHash: String {
    var hash = SHA256()
    for name in specifications.map(\.name).sorted() {
      let bits = (values(of: name) ?? []).map { $0.bitPattern.littleEndian }
      bits.withUnsafeBytes { hash.update(bufferPointer: $0) }
    }
    return hexadecimal(hash.finalize())
  }
}

extension SafetensorsFile {
  /// The `weightsHash` of the network whose final weights this file has.
  package func weightsHash() throws(WeightsError) -> String {
    var hash = SHA256()
    for tensor in tensors.filter({ $0.type == .f32 }).sorted(by: { $0.name < $1.name }) {
      let bits = try floats(of: tensor).map { $0.bitPattern.littleEndian }
      bits.withUnsafeBytes { hash.update(bufferPointer: $0) }
    }
    return hexadecimal(hash.finalize())
  }
}
