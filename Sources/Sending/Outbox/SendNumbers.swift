import Base
import Synchronization

/// Numbers for sends: they grow with time, on every node.
///
/// Milliseconds and 20 bits of chance; of two nodes that hit on the same one the database refuses the second.
final class SendNumbers: Sendable {
    private let clocks: Clocks
    private let last = Mutex<Int64>(0)

    init(_ clocks: Clocks) { self.clocks = clocks }

    func next() -> Int64 {
        let now = clocks.now.milliseconds << 20 | Int64.random(in: 0..<1 << 20)
        return last.withLock { last in
            last = max(last + 1, now)
            return last
        }
    }
}
