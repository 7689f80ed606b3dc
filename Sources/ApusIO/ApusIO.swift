// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

// What the interface names: points in time, and how memory is placed.
@_exported public import ApusEngine

// An event loop for one thread.
//
// Goals: a thread's sockets, timers and files with as few system calls as the kernel allows; no
// allocation after a loop is made; the same calls over io_uring, epoll and a simulated network; what a peer
// does is an event with its reason, and never ends the loop.
//
// Non-goals: no threads, callbacks or tasks; names are not looked up; no protocol above the socket. TLS is
// ApusTLS, over the same buffers.
//
// Threading: a loop belongs to the thread of its first step. `LoopWaker` is for all threads.
//
//   EventLoop                 what callers use: slots, buffers, queues, timers, events
//   ├ SystemLoop              descriptors: sockets are made, accepted, closed; Unix sockets
//   │ ├ UringLoop             io_uring
//   │ └ EpollLoop             epoll, recvmmsg, sendmmsg
//   └ SimulatedLoop           of ApusTestKit
