import Reactor
import Synchronization

/// What waits for one live reader: a bounded row of events.
///
/// A reader that is too slow loses the row, not the events: it reads them from the log again.
final class Mailbox: Sendable {
    enum Delivery: Sendable {
        case events([Event])
        /// More came than there was room for, or something was missing.
        ///
        /// What was here has been dropped; everything wanted through this position had been taken before.
        case overflow(after: Position)
        case closed
    }

    private struct State {
        var events: [Event] = []
        var bytes = 0
        /// Set once it has overflown: what is wanted behind it has to be read from the log.
        var readFrom: Position?
        var isClosed = false
        var waiting: Waiter<Void>?
    }

    /// What waits is shared with the tail while that keeps it, and no longer: so it has a bound of its own.
    private static let bytesMax = 4 << 20

    let filter: EventFilter
    private let capacity: Int
    private let skipThrough: Position
    private let state = Mutex(State())

    /// A mailbox for what passes `filter` behind `skipThrough`.
    init(_ filter: EventFilter, after skipThrough: Position, capacity: Int) {
        self.filter = filter
        self.skipThrough = skipThrough
        self.capacity = capacity
    }

    /// Whether its owner has been given everything; what was dropped has not been given.
    var isEmpty: Bool { state.withLock { $0.events.isEmpty && $0.readFrom == nil && !$0.isClosed } }

    /// Puts an event in if it is wanted; returns who waits for one.
    func deliver(_ event: Event) -> Waiter<Void>? {
        guard event.position > skipThrough, filter.matches(event) else { return nil }
        return state.withLock { state in
            guard state.readFrom == nil, !state.isClosed else { return nil }
            if state.events.count < capacity, state.bytes < Self.bytesMax {
                state.events.append(event)
                state.bytes += event.size
            } else {
                Self.overflow(&state, before: event.position)
            }
            return state.waiting.take()
        }
    }

    /// Sends its owner back to the log for whatever comes behind `end`; returns who waits for an event.
    func lose(behind end: Position) -> Waiter<Void>? {
        state.withLock { state in
            guard state.readFrom == nil, !state.isClosed else { return nil }
            Self.overflow(&state, before: max(end, skipThrough) + 1)
            return state.waiting.take()
        }
    }

    /// Ends it; whoever waits is woken.
    func close() {
        state.withLock { state in
            state.isClosed = true
            state.events = []
            return state.waiting.take()
        }?.resume()
    }

    /// Waits until something is there, and takes all of it.
    func take() async throws(CancellationError) -> Delivery {
        while true {
            if let delivery = state.withLock({ Self.take(&$0) }) { return delivery }
            await withTaskCancellationHandler {
                await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
                    let waiter = Waiter(continuation)
                    let goesOn = state.withLock { state in
                        guard state.events.isEmpty, state.readFrom == nil, !state.isClosed, !Task.isCancelled
                        else { return true }
                        state.waiting = waiter
                        return false
                    }
                    if goesOn { waiter.resume() }
                }
            } onCancel: {
                state.withLock { $0.waiting.take() }?.resume()
            }
            if Task.isCancelled { throw CancellationError() }
        }
    }

    /// `position` is that of the first event that is not here, if nothing is.
    private static func overflow(_ state: inout State, before position: Position) {
        state.readFrom = Position((state.events.first?.position ?? position).number - 1)
        state.events = []
        state.bytes = 0
    }

    private static func take(_ state: inout State) -> Delivery? {
        if state.isClosed { return .closed }
        if let position = state.readFrom { return .overflow(after: position) }
        guard !state.events.isEmpty else { return nil }
        state.bytes = 0
        defer { state.events.removeAll(keepingCapacity: state.events.count <= 16) }
        return .events(state.events)
    }
}
