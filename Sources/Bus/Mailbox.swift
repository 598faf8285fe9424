import Base
import Synchronization

/// What waits for one subscriber.
final class Mailbox: Sendable {
    fileprivate struct State {
        var events: [BusEvent] = []
        var first = 0
        var bytes = 0
        var waiter: CheckedContinuation<Void, Never>?
        var isEnded = false
    }

    private let limits: SubscriptionLimits
    private let state = Mutex(State())

    init(_ limits: SubscriptionLimits) { self.limits = limits }

    func put(_ channel: Channel, _ message: Bytes) {
        wake { state in
            let waiting = state.events.count - state.first
            guard waiting < limits.messagesMax, state.bytes + message.count <= limits.bytesMax else {
                state.clear()
                return state.append(.gap(.overflow))
            }
            state.bytes += message.count
            state.append(.message(channel, message))
        }
    }

    func putGap(_ gap: BusGap) {
        wake { state in
            // One look at the log fills both.
            if state.first < state.events.count, case .gap = state.events[state.events.count - 1] { return }
            state.append(.gap(gap))
        }
    }

    func end() { wake { $0.isEnded = true } }

    func next() async -> BusEvent? {
        while true {
            if let event = state.withLock({ $0.pop() }) { return event }
            let goesOn = await withTaskCancellationHandler {
                await withCheckedContinuation { continuation in
                    let isDue = state.withLock { state in
                        precondition(state.waiter == nil, "two readers of one subscription")
                        if state.isEnded || Task.isCancelled || state.first < state.events.count {
                            return true
                        }
                        state.waiter = continuation
                        return false
                    }
                    if isDue { continuation.resume() }
                }
                return !Task.isCancelled
            } onCancel: {
                wake { _ in }
            }
            guard goesOn, !state.withLock({ $0.isEnded && $0.first == $0.events.count }) else { return nil }
        }
    }

    private func wake(_ change: (inout State) -> Void) {
        let waiter = state.withLock { state in
            change(&state)
            return state.waiter.take()
        }
        waiter?.resume()
    }
}

extension Mailbox.State {
    fileprivate mutating func append(_ event: BusEvent) {
        guard !isEnded else { return }
        events.append(event)
    }

    fileprivate mutating func pop() -> BusEvent? {
        guard first < events.count else { return nil }
        let event = events[first]
        first += 1
        if case .message(_, let bytes) = event { self.bytes -= bytes.count }
        if first == events.count {
            events.removeAll(keepingCapacity: first <= 64)
            first = 0
        } else if first >= 512 {
            events.removeFirst(first)
            first = 0
        }
        return event
    }

    fileprivate mutating func clear() {
        events = []
        (first, bytes) = (0, 0)
    }
}
