// The protocols that specs share by name.
import Text

/// Protocols that a spec can name in place of writing them out.
enum NamedProtocols {
  /// Each with its name inside; the papers' first.
  private static let texts = [
    // He et al. 2015, section 4.2.
    #"""
    {
      "name": "paper-64k", "data": {"name": "cifar-10"}, "batch": 128, "iterations": 64000,
      "optimizer": {"learningRate": 0.1, "momentum": 0.9, "weightDecay": 0.0001},
      "schedule": {"kind": "step", "milestones": [32000, 48000], "factor": 0.1},
      "augmentation": {"padding": 4, "flip": true}, "mean": "perPixel",
      "evaluation": {"every": 1000, "recordEvery": 200}
    }
    """#,
    // He et al. 2016, appendix; also the 110 layers of 2015, which have no fixed number of steps.
    #"""
    {
      "name": "paper-64k-warmup", "data": {"name": "cifar-10"}, "batch": 128, "iterations": 64000,
      "optimizer": {"learningRate": 0.1, "momentum": 0.9, "weightDecay": 0.0001},
      "schedule": {
        "kind": "step", "milestones": [32000, 48000], "factor": 0.1,
        "warmup": {"steps": 400, "learningRate": 0.01}
      },
      "augmentation": {"padding": 4, "flip": true}, "mean": "perPixel",
      "evaluation": {"every": 1000, "recordEvery": 200}
    }
    """#,
    // Minutes, on generated images.
    #"""
    {
      "name": "quick", "data": {"name": "shapes", "size": 16, "testCount": 2000}, "batch": 128,
      "iterations": 600,
      "optimizer": {"learningRate": 0.02, "momentum": 0.9, "weightDecay": 0.0001},
      "schedule": {"kind": "step", "milestones": [400], "factor": 0.1},
      "augmentation": {"padding": 2, "flip": true}, "mean": "perPixel",
      "evaluation": {"every": 60, "recordEvery": 20}
    }
    """#,
  ]

  private static let all = texts.compactMap { try? JSONReader.read(Array($0.utf8)) }

  static let names = all.compactMap { $0["name"]?.text }

  /// The protocol of a name, nil where there is none.
  /// - Parameter position: where a spec names it; everything in it stands there for messages.
  static func proto(_ name: String, at position: TextPosition) -> JSONNode? {
    all.first { $0["name"]?.text == name }?.moved(to: position)
  }
}

extension JSONNode {
  /// The same value, all of it at one place.
  fileprivate func moved(to position: TextPosition) -> JSONNode {
    switch content {
    case .list(let elements):
      return JSONNode(.list(elements.map { $0.moved(to: position) }), at: position)
    case .object(let members):
      let moved = members.map {
        Member(key: $0.key, keyPosition: position, value: $0.value.moved(to: position))
      }
      return JSONNode(.object(moved), at: position)
    default: return JSONNode(content, at: position)
    }
  }
}
