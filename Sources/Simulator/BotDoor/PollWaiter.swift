import Base
import Reactor
import Synchronization

/// A long poll that waits for an update, for its time to be over, or for being replaced.
final class PollWaiter: Sendable {
    enum Outcome: Sendable {
        case updates
        case ended(BotError?)
    }

    private struct State {
        var outcome: Outcome?
        var waiter: CheckedContinuation<Outcome, Never>?
    }

    private let state = Mutex(State())

    /// Ends the wait; only the first end counts.
    func end(_ outcome: Outcome) {
        let waiter = state.withLock { state -> CheckedContinuation<Outcome, Never>? in
            guard state.outcome == nil else { return nil }
            state.outcome = outcome
            defer { state.waiter = nil }
            return state.waiter
        }
        waiter?.resume(returning: outcome)
    }

    /// Waits on a loop's clock for that long.
    func wait(_ time: Duration, on loop: EventLoop) async -> Outcome {
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                do { try await loop.sleep(for: time) } catch { return }
                self.end(.ended(nil))
            }
            let outcome = await withTaskCancellationHandler {
                await withCheckedContinuation { register($0) }
            } onCancel: {
                end(.ended(nil))
            }
            group.cancelAll()
            return outcome
        }
    }

    private func register(_ continuation: CheckedContinuation<Outcome, Never>) {
        let known = state.withLock { state in
            if state.outcome == nil { state.waiter = continuation }
            return state.outcome
        }
        if let known { continuation.resume(returning: known) }
    }
}

/// Lets so many work at a time; others wait in line.
final class Slots: Sendable {
    private struct State {
        var free: Int
        var line: [CheckedContinuation<Void, Never>] = []
        var head = 0
    }

    private let state: Mutex<State>

    init(_ count: Int) { state = Mutex(State(free: count)) }

    /// Waits for a turn; whoever has had it says `leave`.
    func enter() async {
        await withCheckedContinuation { continuation in
            let isFree = state.withLock { state in
                guard state.free == 0 else {
                    state.free -= 1
                    return true
                }
                state.line.append(continuation)
                return false
            }
            if isFree { continuation.resume() }
        }
    }

    func leave() {
        let next = state.withLock { state -> CheckedContinuation<Void, Never>? in
            guard state.head < state.line.count else {
                state.line.removeAll()
                state.head = 0
                state.free += 1
                return nil
            }
            defer { state.head += 1 }
            return state.line[state.head]
        }
        next?.resume()
    }
}
