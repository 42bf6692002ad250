// swift-tools-version: 6.2
import Foundation
import PackageDescription

/// libxsmm is optional: without it every GEMM goes through OpenBLAS.
let libxsmmHeaders = ["/usr/include/libxsmm.h", "/usr/local/include/libxsmm.h"]
let hasLibxsmm = libxsmmHeaders.contains { FileManager.default.fileExists(atPath: $0) }

let kernelSettings: [CSetting] = hasLibxsmm ? [.define("BENCH_HAVE_LIBXSMM")] : []
let kernelLibraries: [LinkerSetting] =
  (hasLibxsmm ? [.linkedLibrary("xsmm"), .linkedLibrary("xsmmnoblas")] : [])
  + [.linkedLibrary("openblas"), .linkedLibrary("m"), .linkedLibrary("pthread")]

let strict: [SwiftSetting] = [.treatAllWarnings(as: .error)]

let package = Package(
  name: "bench",
  products: [.executable(name: "bench", targets: ["bench"])],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
    .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
    .package(url: "https://github.com/swiftlang/swift-subprocess", from: "1.0.2"),
  ],
  targets: [
    .target(name: "CKernels", cSettings: kernelSettings, linkerSettings: kernelLibraries),
    .target(
      name: "CPictures",
      linkerSettings: ["jpeg", "png", "tiff", "webp", "webpdemux"].map { .linkedLibrary($0) }),
    .systemLibrary(name: "CZlib", providers: [.apt(["zlib1g-dev"])]),
    .systemLibrary(name: "CPNG", providers: [.apt(["libpng-dev"])]),
    .systemLibrary(name: "CTurboJPEG", providers: [.apt(["libturbojpeg0-dev"])]),
    // Top to bottom: each module imports those above it only.
    .target(
      name: "Text", dependencies: [.product(name: "Crypto", package: "swift-crypto")],
      swiftSettings: strict),
    .target(name: "Statistics", swiftSettings: strict),
    .target(name: "Numerics", swiftSettings: strict),
    .target(name: "Engine", dependencies: ["CKernels", "Numerics"], swiftSettings: strict),
    .target(name: "Networks", dependencies: ["Numerics"], swiftSettings: strict),
    .target(
      name: "Datasets",
      dependencies: [
        "Numerics", "Text", "CPictures", "CPNG", "CZlib",
        .product(name: "Crypto", package: "swift-crypto"),
      ],
      swiftSettings: strict),
    .target(
      name: "Specs", dependencies: ["Datasets", "Networks", "Numerics", "Statistics", "Text"],
      swiftSettings: strict),
    .target(
      name: "Papers", dependencies: ["Networks", "Numerics", "Specs", "Text"],
      swiftSettings: strict),
    .target(
      name: "Weights",
      dependencies: [
        "Engine", "Networks", "Numerics", "Specs", "Text",
        .product(name: "Crypto", package: "swift-crypto"),
      ],
      swiftSettings: strict),
    .target(
      name: "Results",
      dependencies: [
        "Numerics", "Statistics", "Text",
        .product(name: "GRDB", package: "GRDB.swift"),
        .product(name: "Crypto", package: "swift-crypto"),
      ],
      swiftSettings: strict),
    .target(
      name: "Verdicts",
      dependencies: ["Networks", "Papers", "Results", "Specs", "Statistics", "Text"],
      swiftSettings: strict),
    .target(
      name: "Training",
      dependencies: [
        "Datasets", "Engine", "Networks", "Numerics", "Results", "Specs", "Text", "Weights",
        .product(name: "Crypto", package: "swift-crypto"),
      ],
      swiftSettings: strict),
    .target(
      name: "Experiments",
      dependencies: [
        "Datasets", "Engine", "Networks", "Numerics", "Results", "Specs", "Statistics", "Text",
        "Training", "Verdicts", "Weights",
        .product(name: "Subprocess", package: "swift-subprocess"),
      ],
      swiftSettings: strict),
    .target(
      name: "Sweeps",
      dependencies: [
        "Experiments", "Results", "Specs", "Text", "Training",
        .product(name: "Crypto", package: "swift-crypto"),
        .product(name: "Subprocess", package: "swift-subprocess"),
      ],
      swiftSettings: strict),
    .target(
      name: "Reports",
      dependencies: [
        "Networks", "Papers", "Results", "Specs", "Statistics", "Text", "Verdicts",
        .product(name: "Subprocess", package: "swift-subprocess"),
      ],
      swiftSettings: strict),
    .executableTarget(
      name: "bench",
      dependencies: [
        "Datasets", "Engine", "Experiments", "Networks", "Numerics", "Papers", "Reports",
        "Results", "Specs", "Statistics", "Sweeps", "Text", "Training", "Verdicts", "Weights",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      swiftSettings: strict),
    // One of the processes of a test.
    .executableTarget(
      name: "claimant", dependencies: ["Numerics", "Sweeps"], path: "Tests/Claimant",
      swiftSettings: strict),
    .testTarget(
      name: "TextTests", dependencies: ["Text"], swiftSettings: strict),
    .testTarget(
      name: "StatisticsTests", dependencies: ["Statistics"], exclude: ["Fixtures"],
      swiftSettings: strict),
    .testTarget(
      name: "NumericsTests", dependencies: ["Numerics"], swiftSettings: strict),
    .testTarget(
      name: "EngineTests", dependencies: ["CKernels", "Engine", "Numerics"],
      swiftSettings: strict),
    .testTarget(
      name: "NetworksTests",
      dependencies: ["Engine", "Networks", "Numerics", "Papers", "TestSupport", "Text"],
      exclude: ["Parity"], swiftSettings: strict),
    // What tests of several modules need: folders, stored texts, gnuplot.
    .target(name: "TestSupport", path: "Tests/TestSupport", swiftSettings: strict),
    // Damaged inputs for the tests of all readers.
    .target(name: "Mutations", path: "Tests/Mutations", swiftSettings: strict),
    .testTarget(
      name: "DatasetsTests",
      dependencies: [
        "CTurboJPEG", "Datasets", "Mutations", "Numerics", "TestSupport", "Text",
        .product(name: "Crypto", package: "swift-crypto"),
      ], exclude: ["Fixtures"], swiftSettings: strict),
    .testTarget(
      name: "ResultsTests",
      dependencies: [
        "Mutations", "Numerics", "Results", "Specs", "Statistics", "TestSupport", "Text",
      ],
      exclude: ["Fixtures"], swiftSettings: strict),
    .testTarget(
      name: "ExperimentsTests",
      dependencies: [
        "Datasets", "Engine", "Experiments", "Mutations", "Networks", "Numerics", "Papers",
        "Results", "Specs", "Statistics", "TestSupport", "Text", "Training", "Verdicts", "Weights",
        .product(name: "Subprocess", package: "swift-subprocess"),
      ], exclude: ["Fixtures"], swiftSettings: strict),
    .testTarget(
      name: "SweepsTests",
      dependencies: [
        "Experiments", "Numerics", "Results", "Specs", "Sweeps", "TestSupport", "Training",
      ], swiftSettings: strict),
    .testTarget(
      name: "ReportsTests",
      dependencies: [
        "Experiments", "Networks", "Numerics", "Papers", "Reports", "Results", "Specs",
        "Statistics", "TestSupport", "Text", "Training", "Verdicts",
      ],
      exclude: ["Fixtures"],
      swiftSettings: strict),
    .testTarget(
      name: "BenchTests",
      dependencies: [
        "bench", "Experiments", "Papers", "Reports", "Results", "Specs", "Statistics", "Sweeps",
        "TestSupport", "Text", "Training", "Verdicts",
      ], exclude: ["Fixtures"], swiftSettings: strict),
  ]
)

// libFuzzer brings its own main function, so this program exists only for `make fuzz`.
if Context.environment["BENCH_FUZZ"] != nil {
  package.targets.append(
    .executableTarget(
      name: "fuzz", dependencies: ["Datasets", "Engine", "Specs", "Training", "Weights"],
      path: "Tests/Fuzz",
      swiftSettings: strict))
}
