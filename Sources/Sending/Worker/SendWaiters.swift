import Base
import Synchronization

/// Who waits on this node for a send to be done.
final class SendWaiters: Sendable {
    private let state = Mutex<[Int64: [Int: AsyncStream<Send>.Continuation]]>([:])
    private let number = Atomic<Int>(0)

    /// Whether anybody waits for it.
    func isAwaited(_ id: Int64) -> Bool { state.withLock { $0[id] != nil } }

    /// A send is done.
    func tell(_ send: Send) {
        let waiting = state.withLock { $0.removeValue(forKey: send.id) } ?? [:]
        for continuation in waiting.values {
            continuation.yield(send)
            continuation.finish()
        }
    }

    /// Begins to wait; to be called before anything can be done.
    func join(_ id: Int64) -> AsyncStream<Send> {
        let (stream, continuation) = AsyncStream.makeStream(
            of: Send.self, bufferingPolicy: .bufferingNewest(1))
        let key = number.wrappingAdd(1, ordering: .relaxed).newValue
        state.withLock { $0[id, default: [:]][key] = continuation }
        continuation.onTermination = { [weak self] _ in
            self?.state.withLock { state in
                state[id]?[key] = nil
                if state[id]?.isEmpty == true { state[id] = nil }
            }
        }
        return stream
    }
}
