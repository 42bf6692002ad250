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
    .systemLibrary(name: "CZlib", providers: [.apt(["zlib1g-dev"])]),
    .systemLibrary(name: "CPNG", providers: [.apt(["libpng-dev"])]),
    .systemLibrary(name: "CTurboJPEG", providers: [.apt(["libturbojpeg0-dev"])]),
    .target(name: "Engine", dependencies: ["CKernels"], swiftSettings: strict),
    .target(name: "Networks", dependencies: ["Engine"], swiftSettings: strict),
    .target(
      name: "Datasets",
      dependencies: [
        "Engine", "CZlib", "CPNG", "CTurboJPEG", .product(name: "Crypto", package: "swift-crypto"),
      ],
      swiftSettings: strict),
    .target(
      name: "Results",
      dependencies: [
        .product(name: "GRDB", package: "GRDB.swift"),
        .product(name: "Crypto", package: "swift-crypto"),
      ],
      swiftSettings: strict),
    .target(
      name: "Experiments",
      dependencies: [
        "Datasets", "Engine", "Networks", "Results",
        .product(name: "Crypto", package: "swift-crypto"),
        .product(name: "Subprocess", package: "swift-subprocess"),
      ],
      swiftSettings: strict),
    .target(
      name: "Reports",
      dependencies: [
        "Experiments", "Networks", "Results",
        .product(name: "Subprocess", package: "swift-subprocess"),
      ],
      swiftSettings: strict),
    .executableTarget(
      name: "bench",
      dependencies: [
        "Datasets", "Engine", "Experiments", "Networks", "Reports", "Results",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      swiftSettings: strict),
    .testTarget(
      name: "EngineTests", dependencies: ["CKernels", "Engine"], swiftSettings: strict),
    .testTarget(
      name: "NetworksTests", dependencies: ["Networks"], exclude: ["Parity"],
      swiftSettings: strict),
    // Damaged inputs for the tests of all readers.
    .target(name: "Mutations", path: "Tests/Mutations", swiftSettings: strict),
    .testTarget(
      name: "DatasetsTests", dependencies: ["Datasets", "Mutations"], swiftSettings: strict),
    .testTarget(
      name: "ResultsTests", dependencies: ["Mutations", "Results"], exclude: ["Fixtures"],
      swiftSettings: strict),
    .testTarget(
      name: "ExperimentsTests",
      dependencies: [
        "Datasets", "Engine", "Experiments", "Mutations", "Networks", "Results",
        .product(name: "Subprocess", package: "swift-subprocess"),
      ], exclude: ["Fixtures"], swiftSettings: strict),
    .testTarget(
      name: "ReportsTests", dependencies: ["Experiments", "Reports", "Results"],
      exclude: ["Fixtures"],
      swiftSettings: strict),
    .testTarget(
      name: "BenchTests", dependencies: ["bench", "Experiments", "Results"], swiftSettings: strict),
  ]
)

// libFuzzer brings its own main function, so this program exists only for `make fuzz`.
if Context.environment["BENCH_FUZZ"] != nil {
  package.targets.append(
    .executableTarget(
      name: "fuzz", dependencies: ["Datasets", "Engine", "Experiments"], path: "Tests/Fuzz",
      swiftSettings: strict))
}
