import Base
import Reactor
import Wire

/// How far the body of the request at hand has come.
struct HTTP1BodyProgress {
    var began: MonotonicNanoseconds = 0
    private(set) var received: UInt64 = 0
    /// The client waits for `100 Continue` before it sends the body.
    var mustContinue = false
    /// The rest of it will not come.
    var isBroken = false

    /// A part has come; throws when that is more than is taken.
    mutating func count(_ part: Bytes, max: Int) throws(APIError) {
        received += UInt64(part.count)
        guard received <= UInt64(max) else { throw .payloadTooLarge(max) }
    }

    /// When more must have come: a slow body is let be as long as it moves, one second more for each KiB.
    func deadline(_ span: MonotonicNanoseconds) -> MonotonicNanoseconds {
        began &+ span &+ received / 1024 * 1_000_000_000
    }

    /// Whether what is left of the body is so little that reading it costs less than a new connection.
    func mayBeReadOver(_ head: HTTP1Head?, _ parser: HTTP1Parser) -> Bool {
        guard !parser.isComplete else { return true }
        guard !mustContinue, !isBroken, case .length(let length) = head?.framing else { return false }
        return length - min(length, received) <= 64 * 1024
    }
}
