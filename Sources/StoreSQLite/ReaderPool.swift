import Reactor
import Store
import Synchronization

/// The connections that read, and who waits for one.
final class ReaderPool: Sendable {
    private enum Turn: Sendable {
        case read(SQLiteReader)
        case cancelled
        case refused(StoreError)
    }

    private struct State {
        var idle: [SQLiteReader]
        var line = WaitingLine<Waiter<Turn>>()
        var isClosed = false
        var closing: CheckedContinuation<Void, Never>?
    }

    private let readers: [SQLiteReader]
    private let waitingMax: Int
    private let state: Mutex<State>

    init(_ readers: [SQLiteReader], waitingMax: Int) {
        self.readers = readers
        self.waitingMax = waitingMax
        state = Mutex(State(idle: readers))
    }

    /// Lends a reader to `body`.
    func read<R: Sendable>(_ body: @Sendable (any ReadTransaction) async throws -> R) async throws -> R {
        let reader = try await take(on: #isolation)
        defer { giveBack(reader) }
        return try await reader.run(body)
    }

    /// Refuses who comes from now on.
    func refuse() { state.withLock { $0.isClosed = true } }

    /// Waits for those who wait and read, and closes the connections.
    func close() async {
        await withCheckedContinuation { continuation in
            let isIdle = state.withLock { state in
                if state.idle.count < readers.count { state.closing = continuation }
                return state.idle.count == readers.count
            }
            if isIdle { continuation.resume() }
        }
        for reader in readers {
            await reader.close()
            reader.shutdown()
        }
    }

    private func take(on actor: isolated (any Actor)?) async throws -> SQLiteReader {
        try Task.checkCancellation()
        let reader: SQLiteReader? = try state.withLock { state throws(StoreError) in
            if state.isClosed { throw .closed }
            return state.idle.popLast()
        }
        if let reader { return reader }
        let place = Place()
        let turn = await withTaskCancellationHandler {
            _ = actor
            return await withCheckedContinuation { wait(Waiter($0), place) }
        } onCancel: {
            leave(place)
        }
        switch turn {
        case .read(let reader): return reader
        case .cancelled: throw CancellationError()
        case .refused(let error): throw error
        }
    }

    private func wait(_ waiter: Waiter<Turn>, _ place: Place) {
        let turn: Turn? = state.withLock { state in
            if state.isClosed { return .refused(.closed) }
            if let reader = state.idle.popLast() { return .read(reader) }
            guard state.line.count < waitingMax else { return .refused(.overloaded(waitingMax)) }
            place.number.store(state.line.append(waiter), ordering: .relaxed)
            return nil
        }
        if let turn { return waiter.resume(returning: turn) }
        // The handler may have run before there was a place to leave.
        if Task.isCancelled { leave(place) }
    }

    private func leave(_ place: Place) {
        // Read under the lock: either the place is known here, or `wait` sees that the task is cancelled.
        let waiter = state.withLock { $0.line.remove(place.number.load(ordering: .relaxed)) }
        waiter?.resume(returning: .cancelled)
    }

    private func giveBack(_ reader: SQLiteReader) {
        let (next, closing) = state.withLock { state in
            if let next = state.line.popFirst() {
                return (Optional(next), nil as CheckedContinuation<Void, Never>?)
            }
            state.idle.append(reader)
            guard state.idle.count == readers.count else { return (nil, nil) }
            defer { state.closing = nil }
            return (nil, state.closing)
        }
        next?.resume(returning: .read(reader))
        closing?.resume()
    }
}
