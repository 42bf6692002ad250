// What the program says of an error: the problem, and the remedy in its own commands and options.
import Engine
import Experiments
import Foundation
import Results
import Specs
import Text
import Training
import Weights

enum ErrorText {
  /// The error as a user reads it, one line for each problem.
  static func text(_ error: any Error) -> String {
    switch error {
    case let error as ResultsError:
      return error.description + (error.remedy.map(words) ?? "")
    case let error as ExperimentError:
      return (error.input.map(words) ?? "") + error.description + (error.remedy.map(words) ?? "")
    case let error as SpecError:
      return error.description
        + (error.remedy.map { _ in words(ExperimentError.Remedy.runAnew) } ?? "")
    case let error as WeightsError:
      return error.description + (error.remedy.map(words) ?? "")
    default:
      return "\(error)"
    }
  }

  /// What follows the problem.
  static func words(_ remedy: ResultsError.Remedy) -> String {
    switch remedy {
    case .nameFile: "; name a file with --db"
    case .nameFileInFolder: "; name the file with --db"
    case .nameAnother: "; name another with --db"
    case .nameAnotherOrRestore:
      "; name another with --db, or take a copy made by `bench db backup`"
    case .nameAnotherOrUpgrade:
      ", but writing to it needs that version, or another file given with --db"
    case .permitWriting: "; see to that, or name another with --db"
    case .permitOpening:
      "; check the permissions of the file and of its folder, or name another with --db"
    case .check: "; see `bench db check`"
    case .checkAndRestore: "; see `bench db check`, and take a copy made by `bench db backup`"
    case .runOrNameAnother: "; `bench run SPEC` makes one, and --db names another"
    case .runIntoFile: "; `bench run SPEC` writes results into it"
    case .enterExperiment: "; `bench run SPEC` enters one"
    case .makeRun: "; `bench run` makes one"
    case .takeOver: "; `bench run` takes it over"
    case .migrate:
      "; an earlier one is brought up to date by the next `bench run`, or by --delete"
    case .listRuns: " (`bench query \"SELECT * FROM runs\"` lists them)"
    case .allowMoreTime:
      "; narrow it down with WHERE or LIMIT, or allow more with --timeout"
    case .useRescued: ": rename that to go on with it, or take it over with `bench merge`"
    }
  }

  private static func words(_ remedy: ExperimentError.Remedy) -> String {
    switch remedy {
    case .keepConditionsOrAllowNumericChange(let earlier):
      ". Finish it as it was begun"
        + (earlier.isEmpty ? "" : ", with \(earlier.joined(separator: " and "))")
        + "; or give --allow-numeric-change to go on all the same, which is recorded, or --force to "
        + "make the run anew"
    case .anotherFolder: "; begin it anew in another folder, with --folder"
    case .runAnew: "; make the run again with `bench run SPEC --force`"
    }
  }

  private static func words(_ remedy: WeightsError.Remedy) -> String {
    switch remedy {
    case .runAnew: "; make the run again with --force"
    case .nameNetwork: "; name it with --network"
    case .nameRun: "; name the run instead, or give --mean and --std"
    }
  }

  /// What was assumed of a network.
  static func note(_ note: NetworkNote) -> String {
    switch note {
    case .recognized(let network): "its tensors are those of \(network) (--network)"
    case .assumedSize(let size): "images of \(size)x\(size) pixels are assumed (--size)"
    case .assumedNormalization:
      "ImageNet's mean and standard deviation are assumed (--mean, --std)"
    case .other(let sentence): sentence
    }
  }

  /// What stands before a problem with an option's value.
  private static func words(_ input: ExperimentError.Input) -> String {
    switch input {
    case .steps(let count): "--steps \(count): "
    case .initialWeights(let path): "--initial-weights \(printable(path, limit: 4096)): "
    }
  }

  // MARK: What is no error, but says what to do

  static func text(_ finding: CheckFinding) -> String {
    finding.text + (finding.remedy.map(words) ?? "")
  }

  static func text(_ journal: WaitingJournal) -> String {
    "\(journal.run): the journal \(journal.path) is not in the database yet (entries: "
      + "\(journal.entries)); the process that wrote it enters it, or the next `bench run`"
  }

  /// - Parameter changes: what of the conditions is different now.
  static func outdated(changes: String) -> String {
    "its result is of other conditions: \(changes); --force makes it anew"
  }

  /// - Parameter changes: what became different while it was made.
  static func mixed(changes: String) -> String {
    "its result is a mixture, which cannot be made again bit by bit: \(changes); --force makes it "
      + "anew"
  }

  /// A warning where OpenBLAS does less than the CPU could.
  static func lesserCore(_ core: LesserCore) -> String {
    func words(_ instructions: VectorInstructions) -> String {
      switch instructions {
      case .sse: "SSE"
      case .avx: "AVX"
      case .avx2: "AVX2"
      case .avx512: "AVX-512"
      }
    }
    return
      "OpenBLAS takes this CPU for a \(core.core) and multiplies with \(words(core.uses)) alone, "
      + "though it has \(words(core.available)); OPENBLAS_CORETYPE=\(core.better) in the environment "
      + "makes it faster"
  }

  /// Says so before an engine is put to work.
  static func warnOfLesserCore() {
    if let core = LesserCore.current { printError("warning: \(lesserCore(core))") }
  }

  /// A warning where several machines could write the database, which SQLite cannot bear.
  static func networkWarning(database path: String) -> String? {
    NetworkFileSystem.type(database: path).map { type in
      "\(path) is on a network file system (\(type)); use it from one machine at a time, or keep "
        + "one database on each machine's own disk and put them together with `bench merge`"
    }
  }
}
