internal import Reactor

/// Notices that libcurl asks to be called again and again without anything coming of it.
///
/// libcurl 7.88 does so, as fast as the loop turns, when an HTTP/2 server answers and closes its half before it has
/// taken the request's body: a hostile server could keep a processor busy until the request's time is over.
struct SpinGuard {
    private static let turnsMax = 4096
    private static let workMin = 1024
    private static let windowMax: MonotonicNanoseconds = 2_000_000_000

    private var turns = 0
    private var work = 0
    private var start: MonotonicNanoseconds = 0

    /// Something was sent or received.
    mutating func worked() { work += 1 }

    /// libcurl was called; true when it has turned in vain for too long.
    mutating func turned(at now: MonotonicNanoseconds) -> Bool {
        turns += 1
        guard turns >= Self.turnsMax else { return false }
        defer { (turns, work, start) = (0, 0, now) }
        return work < Self.workMin && now - start < Self.windowMax
    }
}
