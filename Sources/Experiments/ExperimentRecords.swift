// A spec and its variants as the store takes them.
import Results
import Specs
import Text
import Training

extension ExperimentRecord {
  public init(_ spec: ExperimentSpec) {
    self.init(
      name: spec.name, title: spec.title, specPath: spec.file, specJSON: spec.text,
      specHash: spec.hash, protocolName: spec.baseProtocol.name,
      protocolJSON: spec.baseProtocol.canonicalJSON.text, classes: spec.baseProtocol.data.classes)
  }
}

extension VariantRecord {
  public init(_ variant: Variant, cost: VariantCost) {
    self.init(
      name: variant.name, configurationJSON: variant.configurationJSON,
      configurationHash: variant.configurationHash,
      levels: variant.levels.map {
        LevelRecord(factor: $0.factor, level: $0.level, numeric: $0.numeric)
      }, parameters: cost.parameters, macs: cost.macs)
  }
}
