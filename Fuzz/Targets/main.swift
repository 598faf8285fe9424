import Base
import CFuzzer
import Glibc

// Usage: fuzz NAME [libFuzzer's own arguments]. A new target is one line here, one file beside this one, and a
// folder of first inputs in Fuzz/corpus/NAME.
let targets: [String: FuzzTarget] = [
    "access": fuzzAccess,
    "backup": fuzzBackup,
    "config": fuzzConfig,
    "http1": fuzzHTTP1,
    "http2": fuzzHTTP2,
    "json": fuzzJSON,
    "jwt": fuzzJWT,
    "multipart": fuzzMultipart,
    "phc": fuzzPHC,
    "resp": fuzzRESP,
    "router": fuzzRouter,
    "sse": fuzzSSE,
    "text": fuzzText,
    "update": fuzzUpdate,
    "websocket": fuzzWebSocket,
]

/// Takes one input; a crash, a trap or a failed `expect` is a finding.
typealias FuzzTarget = @Sendable (Bytes) -> Void

/// Stops the program, with words, where a property does not hold.
func expect(_ holds: Bool, _ property: @autoclosure () -> String) {
    guard !holds else { return }
    // The buffer of the standard output would be lost with the program.
    print("DOES NOT HOLD: \(property())")
    fflush(nil)
    abort()
}

// SAFETY: set once, before libFuzzer starts, which calls back on this thread only.
nonisolated(unsafe) var target: FuzzTarget = { _ in }

@c func fuzzOneInput(_ data: UnsafePointer<UInt8>?, _ size: Int) -> Int32 {
    let bytes = unsafe Bytes(Array(UnsafeBufferPointer(start: data, count: size)))
    unsafe target(bytes)
    return 0
}

guard CommandLine.arguments.count > 1, let chosen = targets[CommandLine.arguments[1]] else {
    // `list` is what run.sh asks.
    print(targets.keys.sorted().joined(separator: "\n"))
    exit(CommandLine.arguments.dropFirst() == ["list"] ? 0 : 64)
}
unsafe target = chosen

// libFuzzer sees the program's arguments without the name of the target.
var arguments: [UnsafeMutablePointer<CChar>?] =
    unsafe ([CommandLine.arguments[0]] + CommandLine.arguments.dropFirst(2))
    .map { unsafe strdup($0) }
var count = Int32(unsafe arguments.count)
unsafe arguments.append(nil)
let status = unsafe arguments.withUnsafeMutableBufferPointer { buffer in
    var start = buffer.baseAddress
    return unsafe LLVMFuzzerRunDriver(&count, &start, fuzzOneInput)
}
exit(status)
