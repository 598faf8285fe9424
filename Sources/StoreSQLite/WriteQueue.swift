import Reactor
import Store
import Synchronization

/// Who waits to write, and who leads.
///
/// The first who comes leads: it runs its own body and those of all who came meanwhile, commits once, and has handed
/// the lead on before that, so that the next batch is ready when the disk has answered.
final class WriteQueue: Sendable {
    /// What somebody who waited has to do.
    enum Turn: Sendable {
        /// Lead the next batch, of which its own work is the first.
        case lead
        /// Nothing: the work has been done, or has failed.
        case done
        /// Throw: the task was cancelled before the work began.
        case cancelled
        case refused(StoreError)
    }

    /// Somebody's work, and how to tell them that it has been done.
    struct Entry {
        let work: any PendingWork
        let caller: Waiter<Turn>
    }

    private struct State {
        var line = WaitingLine<Entry>()
        var hasLeader = false
        var isClosed = false
        var closing: CheckedContinuation<Void, Never>?
    }

    private let state = Mutex(State())
    private let waitingMax: Int

    init(waitingMax: Int) { self.waitingMax = waitingMax }

    /// Leads at once, or waits for a turn.
    func enter(_ work: any PendingWork, on actor: isolated (any Actor)?) async -> Turn {
        let turn: Turn? = state.withLock { state in
            if state.isClosed { return .refused(.closed) }
            if state.hasLeader { return nil }
            state.hasLeader = true
            return .lead
        }
        if let turn { return turn }
        let place = Place()
        return await withTaskCancellationHandler {
            _ = actor
            return await withCheckedContinuation { wait(Entry(work: work, caller: Waiter($0)), place) }
        } onCancel: {
            leave(place)
        }
    }

    /// How many wait.
    var count: Int { state.withLock { $0.line.count } }

    /// The number of the last who came.
    var lastNumber: UInt64 { state.withLock { $0.line.lastNumber } }

    /// Takes the next for the batch that is under way, unless they came after `last`.
    func take(upTo last: UInt64 = .max) -> Entry? { state.withLock { $0.line.popFirst(upTo: last) } }

    /// Gives the lead to the next who waits, or to whoever comes next.
    func handOn() {
        let (entry, closing): (Entry?, CheckedContinuation<Void, Never>?) = state.withLock { state in
            if let entry = state.line.popFirst() { return (entry, nil) }
            state.hasLeader = false
            defer { state.closing = nil }
            return (nil, state.closing)
        }
        entry?.caller.resume(returning: .lead)
        closing?.resume()
    }

    /// Refuses who comes from now on; false when it has done so already.
    func refuse() -> Bool {
        state.withLock { state in
            defer { state.isClosed = true }
            return !state.isClosed
        }
    }

    /// Waits until the last batch is with the writer.
    func drain() async {
        await withCheckedContinuation { continuation in
            let isIdle = state.withLock { state in
                if state.hasLeader { state.closing = continuation }
                return !state.hasLeader
            }
            if isIdle { continuation.resume() }
        }
    }

    private func wait(_ entry: Entry, _ place: Place) {
        let turn: Turn? = state.withLock { state in
            if state.isClosed { return .refused(.closed) }
            // The leader may have found nobody and left since `enter` looked.
            if !state.hasLeader {
                state.hasLeader = true
                return .lead
            }
            guard state.line.count < waitingMax else { return .refused(.overloaded(waitingMax)) }
            place.number.store(state.line.append(entry), ordering: .relaxed)
            return nil
        }
        if let turn { return entry.caller.resume(returning: turn) }
        // The handler may have run before there was a place to leave.
        if Task.isCancelled { leave(place) }
    }

    private func leave(_ place: Place) {
        let entry = state.withLock { state in
            // Read under the lock: either the place is known here, or `wait` sees that the task is cancelled.
            state.line.remove(place.number.load(ordering: .relaxed))
        }
        entry?.caller.resume(returning: .cancelled)
    }
}
