import Base
import Kernel

/// Which updates of a program are to be delivered next, and up to where it has them all.
///
/// Updates of one row, a chat as a rule, come one after the other; rows come beside one another, and past those that are
/// held up because the program refuses what is first in them.
struct HookLine {
    /// A row with its first update.
    struct Turn: Sendable {
        let row: Int64
        let event: Event
        /// How often it has failed.
        let failures: Int
    }

    private struct Row {
        var events: ArraySlice<Event>
        var failures = 0
    }

    /// Updates that wait; with more of them, no more are read.
    static let waitingMax = 1000
    /// Updates from the first that the program does not have to the last that was read: what may come twice.
    static let aheadMax = 10_000
    /// Rows that are held up; with more of them, only these are tried.
    static let heldMax = 100

    private let connections: Int
    private var rows: [Int64: Row] = [:]
    /// The rows whose turn has not come, and those that are to be tried again.
    private var fresh: ArraySlice<Int64> = []
    private var again: ArraySlice<Int64> = []
    /// What was read and is not confirmed, and what of it the program has.
    private var open: ArraySlice<Position> = []
    private var done: Set<Position> = []
    private var waiting = 0
    private var underWay = 0
    private var held = 0
    /// How far the log was read.
    private(set) var end: Position

    /// A line that begins behind a position, for a program that takes so many updates at once.
    init(after position: Position, connections: Int) {
        end = position
        self.connections = connections
    }

    /// Whether more is to be read.
    var hasRoom: Bool { waiting < Self.waitingMax && open.count < Self.aheadMax }

    /// The program has everything up to here.
    var reached: Position { open.first.map { Position($0.number - 1) } ?? end }

    /// Takes what was read next, and how far that reaches.
    mutating func take(_ events: [Event], through position: Position) {
        for event in events {
            // What belongs to no chat is in the order of who did it.
            let row = event.content.chat ?? event.content.sender ?? 0
            if rows[row]?.events.append(event) == nil {
                rows[row] = Row(events: [event])
                fresh.append(row)
            }
            open.append(event.position)
        }
        waiting += events.count
        end = max(end, position)
    }

    /// The next update whose turn it is; nil while there is none.
    mutating func next() -> Turn? {
        guard underWay < connections else { return nil }
        let next = again.popFirst() ?? (held < Self.heldMax ? fresh.popFirst() : nil)
        guard let id = next, let row = rows[id], let event = row.events.first else { return nil }
        underWay += 1
        return Turn(row: id, event: event, failures: row.failures)
    }

    /// The program has an update, or is spared it.
    mutating func finished(_ turn: Turn) {
        underWay -= 1
        waiting -= 1
        if turn.failures > 0 { held -= 1 }
        rows[turn.row]?.events.removeFirst()
        if rows[turn.row]?.events.isEmpty ?? true {
            rows[turn.row] = nil
        } else {
            rows[turn.row]?.failures = 0
            fresh.append(turn.row)
        }
        done.insert(turn.event.position)
        while let first = open.first, done.remove(first) != nil { open.removeFirst() }
    }

    /// The program did not take an update: its row waits until `rested` is called; returns how often it failed.
    mutating func failed(_ turn: Turn) -> Int {
        underWay -= 1
        if turn.failures == 0 { held += 1 }
        rows[turn.row]?.failures = turn.failures + 1
        return turn.failures + 1
    }

    /// A row that was held up is to be tried again.
    mutating func rested(_ row: Int64) { again.append(row) }
}
