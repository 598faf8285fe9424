import Glibc
import Synchronization

/// The two clocks that a program reads: civil time for people, monotonic time for deadlines.
public struct Clocks: Sendable {
    private let manual: ManualClock?

    fileprivate init(_ manual: ManualClock?) { self.manual = manual }

    /// The clocks of the machine.
    public static let system = Clocks(nil)

    /// The civil time, which may jump when the machine's clock is set.
    public var now: Timestamp {
        guard let manual else {
            let time = Clocks.read(CLOCK_REALTIME)
            return Timestamp(milliseconds: Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000)
        }
        return manual.now
    }

    /// The monotonic time, the same that the event loops wait by.
    public var moment: Moment {
        guard let manual else {
            let time = Clocks.read(CLOCK_MONOTONIC)
            return Moment(nanoseconds: Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec))
        }
        return manual.moment
    }

    /// Two words in the layout of `timespec`, whose members belong now to one Clang module, now to another, depending
    /// on how the standard library is linked; only its name is the same everywhere.
    private struct Reading {
        var tv_sec = 0
        var tv_nsec = 0
    }

    private static func read(_ clock: clockid_t) -> Reading {
        var time = Reading()
        unsafe withUnsafeMutablePointer(to: &time) { pointer in
            _ = unsafe pointer.withMemoryRebound(to: timespec.self, capacity: 1) {
                unsafe clock_gettime(clock, $0)
            }
        }
        return time
    }
}

/// Clocks that stand still until a test moves them.
public final class ManualClock: Sendable {
    private struct State {
        var now: Timestamp
        var moment: Moment
    }

    private let state: Mutex<State>

    /// Clocks that show this civil time, and zero monotonic time.
    public init(_ now: Timestamp = Timestamp(milliseconds: 1_767_323_045_006)) {
        state = Mutex(State(now: now, moment: Moment(nanoseconds: 0)))
    }

    /// What the code under test is given.
    public var clocks: Clocks { Clocks(self) }

    /// The civil time it shows.
    public var now: Timestamp { state.withLock { $0.now } }

    /// The monotonic time it shows.
    public var moment: Moment { state.withLock { $0.moment } }

    /// Moves both clocks forward.
    public func advance(by span: Duration) {
        precondition(span >= .zero, "time does not go back")
        state.withLock {
            $0.moment = $0.moment + span
            $0.now = $0.now + span
        }
    }

    /// Sets the civil clock alone, as an administrator would.
    public func set(_ now: Timestamp) { state.withLock { $0.now = now } }
}
