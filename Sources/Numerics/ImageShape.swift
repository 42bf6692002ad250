// The size of one image, and the order in which it is written everywhere.

/// The size of one image or feature map. Memory order is `[height, width, channels]`.
public struct ImageShape: Hashable, Codable, Sendable, CustomStringConvertible {
  public var height: Int
  public var width: Int
  public var channels: Int

  public init(height: Int, width: Int, channels: Int) {
    self.height = height
    self.width = width
    self.channels = channels
  }

  /// How many numbers one image has.
  public var count: Int { height * width * channels }

  /// How many pixels one image has.
  public var pixels: Int { height * width }

  /// Channels first, as the papers and PyTorch write it: `3x32x32`.
  public var description: String { "\(channels)x\(height)x\(width)" }

  /// Reads `3x32x32` (channels, height, width); nil for anything else.
  public init?(_ text: String) {
    let parts = text.split(separator: "x", omittingEmptySubsequences: false).map { Int($0) }
    guard parts.count == 3, let c = parts[0], let h = parts[1], let w = parts[2],
      c > 0, h > 0, w > 0, c <= 1 << 16, h <= 1 << 16, w <= 1 << 16
    else { return nil }
    self.init(height: h, width: w, channels: c)
  }
}
