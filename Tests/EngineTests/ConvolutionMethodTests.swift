// Which method the rules give a convolution, and the phases of strided data gradients.
import Testing

@testable import Engine
@testable import Numerics

@Suite struct ConvolutionMethodTests {
  struct Case: CustomTestStringConvertible, Sendable {
    let kernel: Int
    let stride: Int
    let inputs: Int
    let outputs: Int
    let size: Int
    let method: ConvolutionMethod
    let withoutWinograd: ConvolutionMethod
    var testDescription: String { "\(kernel)x\(kernel)/\(stride) \(inputs)->\(outputs) at \(size)" }
  }

  private static func shape(
    _ kernel: Int, _ stride: Int, _ inputs: Int, _ outputs: Int, _ size: Int,
    _ method: ConvolutionMethod, direct: ConvolutionMethod? = nil
  ) -> Case {
    Case(
      kernel: kernel, stride: stride, inputs: inputs, outputs: outputs, size: size, method: method,
      withoutWinograd: direct ?? method)
  }

  static let cases = [
    // First layers, and channels that fill no vector.
    shape(3, 1, 3, 16, 32, .panels), shape(7, 2, 3, 64, 224, .panels),
    shape(3, 1, 16, 24, 32, .panels), shape(3, 1, 100, 100, 8, .panels),
    // Few channels.
    shape(3, 1, 16, 16, 32, .panels), shape(3, 1, 16, 64, 32, .panels),
    shape(3, 2, 16, 32, 32, .panels), shape(5, 1, 16, 16, 32, .panels),
    shape(1, 1, 16, 64, 32, .panels),
    // From 32 channels on both sides Winograd's tiles pay, if the image holds one.
    shape(3, 1, 32, 32, 16, .winograd, direct: .panels),
    shape(3, 1, 64, 64, 8, .winograd, direct: .panels),
    shape(3, 1, 64, 64, 1, .panels), shape(3, 1, 64, 80, 1, .panels),
    shape(3, 1, 128, 128, 28, .winograd, direct: .panels),
    shape(3, 1, 64, 144, 28, .panels),
    // Many weights.
    shape(3, 1, 128, 144, 28, .stagedWinograd, direct: .stagedPanels),
    shape(3, 1, 512, 512, 7, .stagedWinograd, direct: .stagedPanels),
    shape(3, 1, 512, 512, 1, .stagedPanels), shape(3, 2, 256, 512, 14, .stagedPanels),
    shape(1, 1, 256, 640, 14, .stagedPanels), shape(1, 1, 256, 624, 14, .panels),
    shape(3, 1, 200, 200, 14, .panels),
  ]

  @Test(arguments: cases)
  func rulesGiveTheMethod(_ c: Case) {
    let geometry = ConvolutionGeometry(
      ConvolutionParameters(
        inputChannels: c.inputs, outputChannels: c.outputs, kernelSize: c.kernel, stride: c.stride,
        padding: c.kernel / 2),
      input: ImageShape(height: c.size, width: c.size, channels: c.inputs))
    #expect(ConvolutionMethod.chosen(for: geometry, allowsWinograd: true) == c.method)
    #expect(ConvolutionMethod.chosen(for: geometry, allowsWinograd: false) == c.withoutWinograd)
    let half = ConvolutionMethod.chosen(for: geometry, precision: .bf16, allowsWinograd: true)
    #expect(half == c.withoutWinograd, "Winograd's methods are fp32's")
  }

  @Test func everyMethodHasItsRule() {
    #expect(ConvolutionMethod.rules.map(\.method) == ConvolutionMethod.allCases)
    #expect(Set(Self.cases.map(\.method)) == Set(ConvolutionMethod.allCases))
  }

  /// Every pair of input and output that a tap connects, once, by its definition.
  @Test func phasesMeetEveryOutputOnce() {
    var random = CounterRandom(seed: 7, purpose: .statistics)
    func size(_ range: ClosedRange<Int>) -> Int {
      range.lowerBound + random.integer(below: range.count)
    }
    struct Meeting: Hashable {
      let input: Int
      let output: Int
      let tap: Int
    }
    for _ in 0..<300 {
      let kernel = size(1...7)
      let p = ConvolutionParameters(
        inputChannels: 1, outputChannels: 1, kernelSize: kernel, stride: size(1...4),
        padding: size(0...kernel))
      let least = max(1, kernel - 2 * p.padding)
      let input = ImageShape(
        height: size(least...least + 9), width: size(least...least + 9), channels: 1)
      let geometry = ConvolutionGeometry(p, input: input)
      let output = geometry.output
      var expected: Set<Meeting> = []
      for out in 0..<output.pixels {
        for tap in 0..<geometry.taps {
          let row = out / output.width * p.stride + tap / kernel - p.padding
          let column = out % output.width * p.stride + tap % kernel - p.padding
          guard (0..<input.height).contains(row), (0..<input.width).contains(column) else {
            continue
          }
          expected.insert(Meeting(input: row * input.width + column, output: out, tap: tap))
        }
      }

      let gradient = GradientPhases(geometry)
      let padded = gradient.paddedGradient
      var met: [Meeting] = []
      var inputs: Set<Int> = []
      for phase in gradient.phases {
        for row in 0..<phase.rows {
          for column in 0..<phase.columns {
            let place = phase.start + p.stride * (row * input.width + column)
            inputs.insert(place)
            for tap in phase.taps {
              let pixel = tap.pixel + row * padded.paddedWidth + column
              let outRow = pixel / padded.paddedWidth - padded.low
              let outColumn = pixel % padded.paddedWidth - padded.low
              #expect((0..<padded.pixels).contains(pixel), "\(p) \(input)")
              // What lies in the border is zero.
              guard (0..<output.height).contains(outRow), (0..<output.width).contains(outColumn)
              else { continue }
              met.append(
                Meeting(
                  input: place, output: outRow * output.width + outColumn, tap: tap.index))
            }
          }
        }
      }
      #expect(Set(met) == expected && met.count == expected.count, "\(p) \(input)")
      #expect(gradient.coverInput == (inputs.count == input.pixels), "\(p) \(input)")
    }
  }
}
