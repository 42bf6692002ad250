// bench slurm: makes an experiment's runs on a cluster.
import ArgumentParser
import Engine
import Experiments
import Foundation
import Numerics
import Results
import Specs
import Sweeps
import Text
import Training

struct SlurmCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "slurm",
    abstract: "Make an experiment's runs on a cluster with SLURM.",
    discussion: """
      Writes a batch script and prints the line that submits it; --submit submits it at once. The \
      script starts tasks, each of which takes whatever run is free, until none is left or its time is \
      over; warned of its end it stops with a checkpoint and asks to be started again. The same \
      command once more makes what is missing.

      Nodes need no database in common: each run has its files in a shared folder, which `bench \
      status`, `bench report` and `bench query` read with --db FOLDER as it is, and `bench merge \
      FOLDER` takes over into a database. Runs that are finished in the database of --db are not made \
      again.

      What is not given follows from what `bench plan` says, measured on this machine: memory is its \
      estimate and a quarter more, time twice its estimate and 10 minutes; the script says so.

      Exit code: 0 written, or submitted; 2 bad input, or SLURM did not take it.
      """)

  @OptionGroup var experiment: ExperimentSelection

  @OptionGroup var database: DatabaseOptions

  @Option(
    help: ArgumentHelp(
      "The shared folder (default: slurm/EXPERIMENT beside the database).", valueName: "folder"))
  var folder: String?

  @Flag(help: "Submit the script, and print the job's id.")
  var submit = false

  @Option(
    help: ArgumentHelp(
      "Time limit of a task as sbatch reads it (minutes, H:MM:SS, D-HH:MM …), or 8h, 90m.",
      valueName: "time"))
  var time: SlurmTime?

  @Option(help: "CPUs of a task, all for one run.")
  var cpus: Int = 4

  @Option(help: ArgumentHelp("Memory of a task as sbatch reads it, such as 4G.", valueName: "size"))
  var mem: String?

  @Option(help: ArgumentHelp("SLURM's partition.", valueName: "name"))
  var partition: String?

  @Option(help: ArgumentHelp("The account that pays.", valueName: "name"))
  var account: String?

  @Option(help: ArgumentHelp("Tasks that run at the same time.", valueName: "count"))
  var maxRunning: Int?

  @Option(
    help: ArgumentHelp(
      "Runs for each task on the average, from which the number of tasks follows (default: as many "
        + "as take an hour, or a twentieth of all where that is less).", valueName: "runs"))
  var chunk: Int?

  @Option(
    name: .customLong("sbatch-arg"),
    help: ArgumentHelp(
      "A further option of sbatch, such as --sbatch-arg=--qos=low. Repeatable.",
      valueName: "option"))
  var arguments: [String] = []

  @Option(
    help: ArgumentHelp(
      "A run that came to its time limit so often is not taken any more (default: 3, or more where "
        + "its length asks for it).", valueName: "count"))
  var maxTimeouts: Int?

  @Option(
    help: ArgumentHelp("A run that failed so often is not taken any more.", valueName: "count"))
  var maxFailures: Int = 2

  @Option(
    help: ArgumentHelp(
      "A run whose task gave no sign of life for this time is taken over; more than twice as long as "
        + "the shared folder's servers and clients remember what has changed.", valueName: "time"))
  var staleAfter: TimeSpan = TimeSpan(seconds: 180)

  func validate() throws {
    for (option, value) in [
      ("--cpus", cpus), ("--max-running", maxRunning), ("--chunk", chunk),
      ("--max-timeouts", maxTimeouts), ("--max-failures", maxFailures),
    ] {
      if let value, !(1...1_000_000).contains(value) {
        throw ValidationError("\(option) \(value): give a number from 1 to 1000000")
      }
    }
    guard (1...86_400).contains(staleAfter.seconds) else {
      throw ValidationError("--stale-after: give a time from 1s to 1d")
    }
    for (option, value) in [("--mem", mem), ("--partition", partition), ("--account", account)] {
      if let value,
        value.isEmpty || !value.allSatisfy({ $0.isLetter || $0.isNumber || "_-.,".contains($0) })
      {
        throw ValidationError("\(option) '\(value)': give one word of letters, digits and _-.,")
      }
    }
    if let mem, mem.wholeMatch(of: /0*[1-9][0-9]{0,8}[KMGT]?/) == nil {
      throw ValidationError("--mem \(mem): give a whole number with K, M, G or T, such as 4G")
    }
    for argument in arguments
    where !argument.hasPrefix("-") || argument.contains(where: \.isNewline) {
      throw ValidationError(
        "--sbatch-arg \(argument): give one option of sbatch, such as --qos=low")
    }
    for argument in arguments {
      let name = String(
        argument.prefix { $0 != "=" }.prefix(argument.hasPrefix("--") ? argument.count : 2))
      if let instead = Self.own[name] {
        throw ValidationError("--sbatch-arg \(argument): the script sets it itself\(instead)")
      }
      if argument.contains(where: { "'\"".contains($0) }) {
        throw ValidationError("--sbatch-arg \(argument): quotes are not possible there")
      }
    }
  }

  /// The options of sbatch that the script has, and how they are given here.
  private static let own: [String: String] = [
    "--time": "; give --time", "-t": "; give --time", "--array": "; see --chunk and --max-running",
    "-a": "; see --chunk and --max-running", "--cpus-per-task": "; give --cpus",
    "-c": "; give --cpus", "--mem": "; give --mem", "--output": "", "-o": "", "--signal": "",
    "--requeue": "", "--no-requeue": "", "--open-mode": "", "--chdir": "", "-D": "", "--nodes": "",
    "-N": "", "--ntasks": "", "-n": "", "--partition": "; give --partition",
    "-p": "; give --partition", "--account": "; give --account", "-A": "; give --account",
  ]

  func run() async throws {
    let (spec, variants, chosen, seeds) = try experiment.load()
    let sweep = SweepFolder(path: folder ?? defaultFolder(spec.name))
    let services = RunServices.make()
    let plan = try self.plan(spec, chosen, seeds, services)
    let finished = try self.finished(sweep, variants)
    let wanted = plan.rows.filter {
      !$0.isDone && !finished.contains(.init(variant: $0.run.variant.name, seed: $0.run.seed))
    }
    guard !wanted.isEmpty else {
      let places = [
        plan.rows.contains { $0.isDone } ? database.path : nil, finished.isEmpty ? nil : sweep.path,
      ].compactMap { $0?.printable }
      print("All \(plan.rows.count) runs are finished in \(places.joined(separator: " and ")).")
      return
    }
    let size = SweepSize(
      wanted, time: time, chunk: chunk, maximumTimeouts: maxTimeouts, memory: mem)
    let description = describe(spec, plan, wanted, size)
    let records = try variantRecords(variants, services)
    let (entered, earlier) = try endingOnBadInput { () throws(ExperimentError) in
      do {
        return try sweep.enter(description) { description, path in
          let local = TaskFolder()
          let store = try ResultsStore(path: local.path("plan.sqlite"))
          try store.prepare(
            ExperimentRecord(spec), variants: records, seeds: spec.seeds, newId: description.runId)
          try ResultsReader(path: store.path).backUp(to: path)
        }
      } catch let error as ExperimentError {
        throw error
      } catch {
        throw ExperimentError(ErrorText.text(error))
      }
    }
    let program = try endingOnBadInput { () throws(ExperimentError) in
      try sweep.keepProgram(Self.ownPath)
    }
    if let earlier {
      printError(
        "note: \(sweep.path) was begun by bench \(earlier); its engine gives the same bits")
    }
    if earlier == nil, program.isAnother {
      printError(
        "note: earlier submissions into \(sweep.path) start another build of bench; this one's engine "
          + "has the same version, so the bits are the same")
    }
    for note in spec.notes { printError("note: \(note)") }
    let script = BatchScript(
      folder: sweep, description: entered, program: program.path,
      tasks: size.tasks, maximumRunning: maxRunning, timeLimit: size.timeLimit, cpus: cpus,
      memory: size.memory, partition: partition, account: account, arguments: arguments,
      notes: size.notes)
    try await write(script, wanted.count, of: plan.rows.count, size.tasks)
  }

  /// Writes the script, says how it is submitted, and submits it where that is asked for.
  private func write(
    _ script: BatchScript, _ wanted: Int, of all: Int, _ tasks: Int
  ) async throws {
    let slurm = Slurm()
    let answer = await slurm.maximumArraySize()
    let largest = max(1, answer ?? Slurm.usualArraySize)
    let sizes = stride(from: 0, to: tasks, by: largest).map { min(largest, tasks - $0) }
    var script = script
    script.tasks = sizes[0]
    try endingOnBadInput { () throws(ExperimentError) in
      do {
        try script.folder.publish(script.folder.script) { path in
          try Data(script.text.utf8).write(to: URL(fileURLWithPath: path))
          chmod(path, 0o755)
        }
      } catch let error as ExperimentError {
        throw error
      } catch {
        throw ExperimentError("cannot write \(script.folder.script): \(ErrorText.text(error))")
      }
    }
    print(
      "\(wanted) of \(all) runs are to be made, by \(tasks) task\(tasks == 1 ? "" : "s") of "
        + "\(cpus) CPU\(cpus == 1 ? "" : "s").")
    for note in script.notes { print(note) }
    if sizes.count > 1 {
      print(
        "\(sizes.count) arrays, since one has at most \(largest) tasks here"
          + (answer == nil ? " (SLURM's default; there is no scontrol to ask)" : "") + ".")
    }
    print("Script: \(script.folder.script.printable)")
    // With a limit on tasks at the same time, one array waits for the other.
    var job: String?
    for (index, size) in sizes.enumerated() {
      var options = index == 0 ? [] : ["--array=\(script.array(size))"]
      if index > 0, maxRunning != nil { options.append("--dependency=afterany:\(job ?? "JOB")") }
      let words = ["sbatch"] + options + [script.folder.script]
      if submit {
        let path = script.folder.script
        do {
          job = try await slurm.submit(path, options)
        } catch {
          printError(ErrorText.text(error))
          throw ExitCode(2)
        }
        print("Submitted: job \(job ?? "")")
      } else {
        print(words.map(ProvenanceCollector.quoted).joined(separator: " "))
      }
    }
    let place = ProvenanceCollector.quoted(script.folder.path)
    print("How it stands: bench status --db \(place); into one database: bench merge \(place)")
  }

  /// The runs that are finished in the folder already, if it is there.
  private func finished(
    _ sweep: SweepFolder, _ variants: [Variant]
  ) throws -> Set<SweepDescription.Run> {
    guard !sweep.path.contains(where: \.isNewline),
      !FileManager.default.currentDirectoryPath.contains(where: \.isNewline)
    else {
      printError("\(sweep.path): a batch script cannot name a folder with a line's end in its path")
      throw ExitCode(2)
    }
    guard sweep.exists else { return [] }
    return try endingOnBadInput { () throws(ExperimentError) in
      let known = try sweep.description()
      let names = Set(variants.map(\.name))
      // Its tasks could not make what is left of it.
      if let gone = known.runs.first(where: { !names.contains($0.variant) }) {
        throw ExperimentError(
          "the spec no longer has \(gone.variant), of which \(sweep.path) has runs; put it back, or "
            + "give a part of it with --only", remedy: .anotherFolder)
      }
      let hashes = Dictionary(
        variants.map { ($0.name, $0.configurationHash) }, uniquingKeysWith: { first, _ in first })
      return sweep.finished(known).filter {
        known.variants[$0.variant]?.configurationHash == hashes[$0.variant]
      }
    }
  }

  private func defaultFolder(_ name: String) -> String {
    URL(fileURLWithPath: database.path).deletingLastPathComponent()
      .appending(path: "slurm/\(name)").path
  }

  /// The file that this process runs.
  static var ownPath: String {
    (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe"))
      ?? CommandLine.arguments[0]
  }

  /// What the runs cost, and which of them the database has already.
  private func plan(
    _ spec: ExperimentSpec, _ chosen: [Variant], _ seeds: [Int64], _ services: RunServices
  ) throws -> ExperimentPlan {
    var states: [AttemptState] = []
    if FileManager.default.fileExists(atPath: database.path) {
      states = try endingOnBadInput { () throws(ResultsError) in
        try ResultsReader(path: database.path).attemptStates(experiment: spec.name)
      }
    }
    let threads = min(cpus, MachineCores.usable)
    return try endingOnBadInput { () throws(ExperimentError) in
      try ExperimentPlan(
        experiment: spec.name, variants: chosen, seeds: seeds,
        share: CoreShare(jobs: 1, threads: threads), states: states, costs: services.costs,
        calibrates: time == nil || chunk == nil)
    }
  }

  private func describe(
    _ spec: ExperimentSpec, _ plan: ExperimentPlan, _ wanted: [ExperimentPlan.Row],
    _ size: SweepSize
  ) -> SweepDescription {
    var variants: [String: SweepDescription.Variant] = [:]
    for row in wanted {
      variants[row.run.variant.name] = SweepDescription.Variant(
        configurationHash: row.run.variant.configurationHash, macs: row.run.macs,
        seconds: row.seconds)
    }
    return SweepDescription(
      experiment: spec.name, spec: URL(fileURLWithPath: experiment.spec).standardizedFileURL.path,
      workingFolder: FileManager.default.currentDirectoryPath, newHead: experiment.newHead,
      version: Bench.version, engineVersion: NumericIdentity.current.engineVersion,
      variants: variants,
      runs: wanted.map { .init(variant: $0.run.variant.name, seed: $0.run.seed) },
      rules: .init(
        maximumTimeouts: size.maximumTimeouts, maximumFailures: maxFailures,
        staleAfter: staleAfter.seconds))
  }

  private func variantRecords(
    _ variants: [Variant], _ services: RunServices
  ) throws -> [VariantRecord] {
    try endingOnBadInput { () throws(ExperimentError) in
      do {
        return try variants.map {
          VariantRecord($0, cost: try services.costs.cost(of: $0, threads: cpus))
        }
      } catch {
        throw ExperimentError("\(error)")
      }
    }
  }
}
