import Base
import Bus
import Reactor
import Wire

/// A call that waits for its answer; touched on its connection's loop only.
final class PendingCall {
    let deadline: MonotonicNanoseconds
    /// When it was sent, to tell a slow command from a dead server.
    let sent: MonotonicNanoseconds
    /// For a call that waits for channels: how many still lack their confirmation.
    var missing = 0
    var waiter: CheckedContinuation<Void, Never>?
    private(set) var result: Result<RESPValue, BusError>?

    init(deadline: MonotonicNanoseconds, sent: MonotonicNanoseconds) {
        self.deadline = deadline
        self.sent = sent
    }

    /// Ends the call, once.
    func finish(_ result: Result<RESPValue, BusError>, on loop: EventLoop) {
        guard self.result == nil else { return }
        self.result = result
        guard let waiter else { return }
        self.waiter = nil
        loop.resume(waiter)
    }
}

/// A message on its way to be published.
struct Publication: Sendable {
    let channel: Channel
    let message: Bytes
    var redirections = 0
}

/// What the next answer of a server belongs to.
enum Expectation {
    case call(PendingCall)
    case publication(Publication)
    case subscribed(Bytes)
    case unsubscribed(Bytes)
    case ping
    case nothing
}

/// What a server still has to answer, in order.
struct ExpectationQueue {
    private var entries: [Expectation] = []
    private var first = 0

    var count: Int { entries.count - first }
    var all: ArraySlice<Expectation> { entries[first...] }
    var head: Expectation? { first < entries.count ? entries[first] : nil }

    mutating func append(_ expectation: Expectation) { entries.append(expectation) }

    mutating func popFirst() -> Expectation? {
        guard first < entries.count else { return nil }
        let entry = entries[first]
        // What is answered must not be kept alive.
        entries[first] = .nothing
        first += 1
        if first == entries.count {
            entries.removeAll(keepingCapacity: first <= 256)
            first = 0
        } else if first >= 1024 {
            entries.removeFirst(first)
            first = 0
        }
        return entry
    }
}
