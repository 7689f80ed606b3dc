// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusFuzzHarnesses
import Glibc

// Runs one harness with libFuzzer, which the compiler's `-sanitize=fuzzer` links: docs/fuzzing.md.
//
//   ApusFuzz names                      every harness
//   ApusFuzz seeds HARNESS FOLDER       writes the inputs to begin with
//   ApusFuzz HARNESS [libFuzzer's options, files and folders]

typealias Callback = @convention(c) (UnsafePointer<UInt8>?, Int) -> CInt

@_silgen_name("LLVMFuzzerRunDriver")
func runDriver(
  _ argumentCount: UnsafeMutablePointer<CInt>,
  _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>>,
  _ callback: Callback
) -> CInt

/// The harness that this process runs: set once, before libFuzzer begins.
nonisolated(unsafe) private var chosen: FuzzHarness?

private func fail(_ text: String) -> Never {
  _ = unsafe text.withCString { unsafe write(STDERR_FILENO, $0, strlen($0)) }
  exit(2)
}

private func runOne(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  // SAFETY: libFuzzer gives as many bytes as it says; `chosen` was set before.
  let input = unsafe Array(UnsafeBufferPointer(start: bytes, count: count))
  do { try unsafe chosen?.run(input) } catch {
    // A trap, so that it is reported and kept as a crash is.
    fatalError("broken law: \(error)")
  }
  return 0
}

@main struct ApusFuzz {
  static func main() throws {
    let words = CommandLine.arguments.dropFirst()
    guard let first = words.first else { fail("usage: ApusFuzz HARNESS [OPTION or FILE]...\n") }
    if first == "names" { return FuzzHarness.all.forEach { print($0.name) } }
    if first == "seeds", words.count == 3 { return try writeSeeds(words[2], words[3]) }
    guard let harness = FuzzHarness.named(first) else { fail("\(first): no such harness\n") }
    unsafe chosen = harness
    // SAFETY: the arguments live as long as the process; the harness's name is left out.
    var count = CommandLine.argc - 1
    var rest = unsafe CommandLine.unsafeArgv + 1
    unsafe rest[0] = CommandLine.unsafeArgv[0]
    exit(unsafe runDriver(&count, &rest, runOne))
  }

  private static func writeSeeds(_ name: String, _ folder: String) throws {
    guard let harness = FuzzHarness.named(name) else { fail("\(name): no such harness\n") }
    for (index, seed) in try harness.seeds().enumerated() {
      guard let file = unsafe fopen("\(folder)/seed-\(index)", "w") else {
        fail("\(folder): cannot be written\n")
      }
      let written = unsafe seed.withUnsafeBytes { unsafe fwrite($0.baseAddress, 1, $0.count, file) }
      guard unsafe fclose(file) == 0, written == seed.count else {
        fail("\(folder): cannot be written\n")
      }
    }
  }
}
