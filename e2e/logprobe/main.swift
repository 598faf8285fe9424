import Base
import Glibc
import Kernel
import Store
import StoreSQLite
import Synchronization

// A node of its own for tests that kill, freeze and starve processes: it appends, follows, checks or holds a lease, and
// says on standard output what it knows.
//
//   logprobe append URL PREFIX CALLERS SECONDS   a line "A KEY POSITION" for each event that is durable
//   logprobe tail URL SECONDS                    reads from the start; a line with what it saw
//   logprobe check URL                           the keys on standard input must be there once
//   logprobe lease URL NAME HOLDER MILLISECONDS  a line "W TOKEN N" for each write under the lease

func say(_ line: String) {
    var bytes = Array((line + "\n").utf8)
    // One call a line: lines of several threads must not mix.
    _ = unsafe write(STDOUT_FILENO, &bytes, bytes.count)
}

let arguments = CommandLine.arguments
guard arguments.count >= 3 else {
    say("usage: logprobe append|tail|check|lease URL …")
    exit(64)
}
let probe = try await Probe(url: arguments[2])
switch arguments[1] {
case "append":
    try await probe.append(
        prefix: arguments[3], callers: Int(arguments[4]) ?? 1, for: .seconds(Int(arguments[5]) ?? 1))
case "tail": try await probe.tail(for: .seconds(Int(arguments[3]) ?? 1))
case "check": try await probe.check()
case "lease":
    try await probe.holdLease(
        arguments[3], holder: arguments[4], for: .milliseconds(Int(arguments[5]) ?? 1000))
default: exit(64)
}
await probe.close()
