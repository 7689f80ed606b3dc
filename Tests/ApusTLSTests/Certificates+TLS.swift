// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusTLS
import ApusTestSupport

extension Certificates {
  func credential(_ name: String) -> TLSCredential {
    .certificate(chainPath: path("\(name).pem"), keyPath: path("\(name).key"))
  }

  func trust(_ name: String = "authority") -> TLSTrust { .authority(path: path("\(name).pem")) }
}
