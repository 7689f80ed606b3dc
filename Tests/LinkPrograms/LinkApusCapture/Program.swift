// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusCapture

/// A file that is not there.
@main
enum Program {
  static func main() {
    do throws(CaptureError) {
      print(try openByteStream("/nowhere").path)
    } catch {
      print(error)
    }
  }
}
