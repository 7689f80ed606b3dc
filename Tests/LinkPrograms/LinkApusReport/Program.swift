// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusReport

/// A page without a plot.
@main
enum Program {
  static func main() {
    let header = ReportPage.header(kind: "Report", title: "Nothing", facts: [("Made", "now")])
    print(ReportPage.html(title: "Nothing", content: header).utf8.count)
  }
}
