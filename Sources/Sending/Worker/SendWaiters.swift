import Base
import Synchronization

/// Who waits on this node for a send to be done.
final class SendWaiters: Sendable {
    private struct Waiter {
        let continuation: AsyncStream<Send>.Continuation
        /// Whether Telegram's answer is enough, before it is written down.
        let isEarly: Bool
    }

    private let state = Mutex<[Int64: [Int: Waiter]]>([:])
    private let number = Atomic<Int>(0)

    /// Whether anybody waits for it.
    func isAwaited(_ id: Int64) -> Bool { state.withLock { $0[id] != nil } }

    /// A send is done.
    func tell(_ send: Send) {
        let waiting = state.withLock { $0.removeValue(forKey: send.id) } ?? [:]
        for waiter in waiting.values {
            waiter.continuation.yield(send)
            waiter.continuation.finish()
        }
    }

    /// Telegram has answered; that is yet to be written down.
    func tellEarly(_ send: Send) {
        let waiting = state.withLock { $0[send.id]?.values.filter(\.isEarly) } ?? []
        for waiter in waiting {
            waiter.continuation.yield(send)
            waiter.continuation.finish()
        }
    }

    /// Begins to wait; to be called before anything can be done.
    func join(_ id: Int64, isEarly: Bool = false) -> AsyncStream<Send> {
        let (stream, continuation) = AsyncStream.makeStream(
            of: Send.self, bufferingPolicy: .bufferingNewest(1))
        let key = number.wrappingAdd(1, ordering: .relaxed).newValue
        state.withLock { $0[id, default: [:]][key] = Waiter(continuation: continuation, isEarly: isEarly) }
        continuation.onTermination = { [weak self] _ in
            self?.state.withLock { state in
                state[id]?[key] = nil
                if state[id]?.isEmpty == true { state[id] = nil }
            }
        }
        return stream
    }
}
