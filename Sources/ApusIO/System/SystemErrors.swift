// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import Glibc

// The kernel's numbers that the loops tell apart.
let wouldBlock = EAGAIN
let interrupted = EINTR
let inProgress = EINPROGRESS
let connectionAborted = ECONNABORTED
let invalidArgument = EINVAL
let badDescriptor = EBADF
let noBuffers = ENOBUFS
let cancelled = ECANCELED
let busy = EBUSY
let notPermitted = EPERM
let notImplemented = ENOSYS
let tooManyFiles = EMFILE

/// The kernel's text for an errno.
func systemErrorText(_ errno: Int32) -> String {
  // SAFETY: the text is copied at once.
  unsafe String(cString: strerror(errno))
}
let tooManyReferences = ETOOMANYREFS
