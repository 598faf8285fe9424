package import Base
import Store

/// Where a reader begins.
package enum ReadStart: Sendable, Equatable {
    /// With what comes from now on.
    case now
    /// With the oldest that is kept.
    case start
    /// Behind a position.
    case after(Position)
    /// With the first event that was recorded at a time or later.
    case at(Timestamp)
}

/// Reads the events that pass a filter, first from the database, then live, without a gap or a repetition at the seam.
///
/// One task uses it at a time.
package final class EventReader {
    private enum Mode {
        /// → live, when the tail has what follows.
        case catchingUp
        /// → catchingUp, when its mailbox overflowed.
        case live(Mailbox)
        case closed
    }

    private let filter: EventFilter
    private let pages: EventPages
    private let database: any Database
    private let tail: EventTail
    private let pageSize: Int
    private var cursor: ReadCursor
    private var mode = Mode.catchingUp
    /// It begins with the oldest that is kept, wherever that is by then.
    private var isAtStart: Bool

    init(
        _ filter: EventFilter, after position: Position, isAtStart: Bool, _ database: any Database,
        _ tail: EventTail, pageSize: Int
    ) {
        self.filter = filter
        self.database = database
        self.tail = tail
        self.pageSize = pageSize
        self.isAtStart = isAtStart
        pages = EventPages(filter: filter)
        cursor = ReadCursor(position: position)
    }

    deinit { close() }

    /// Everything that passes the filter at or before this has been returned: what a durable cursor may hold.
    package var position: Position {
        if case .live(let mailbox) = mode, let seen = tail.seen(by: mailbox) {
            cursor.position = max(cursor.position, seen)
        }
        return cursor.position
    }

    /// The next events, one at least; waits for them.
    package func next() async throws -> [Event] {
        while true {
            switch mode {
            case .closed: throw LogError.closed
            case .live(let mailbox):
                switch try await mailbox.take() {
                case .events(let events):
                    if let last = events.last { cursor = ReadCursor(position: last.position) }
                    return events
                case .overflow(let position):
                    tail.leave(mailbox)
                    // What retention took in the long quiet before did not concern this reader.
                    if position > cursor.position { cursor = ReadCursor(position: position) }
                    mode = .catchingUp
                case .closed: close()
                }
            case .catchingUp:
                let events = try await catchUp()
                if !events.isEmpty { return events }
            }
        }
    }

    /// Waits for nothing any more; the next call throws.
    package func close() {
        if case .live(let mailbox) = mode { tail.leave(mailbox) }
        mode = .closed
    }

    private func catchUp() async throws -> [Event] {
        switch tail.join(filter, after: cursor.position) {
        case .live(let mailbox, let behind, let end):
            mode = .live(mailbox)
            isAtStart = false
            cursor = ReadCursor(position: end)
            return behind
        case .near(let events):
            isAtStart = false
            if let last = events.last { cursor = ReadCursor(position: last.position) }
            return events.filter(filter.matches)
        case .far:
            let (pages, cursor, pageSize) = (pages, cursor, pageSize)
            let page: EventPage
            do {
                page = try await database.read {
                    try await pages.read(after: cursor, limit: pageSize, in: $0)
                }
            } catch is CancellationError {
                throw CancellationError()
            } catch LogError.cursorExpired(let oldest) where isAtStart {
                // A sweep came between; what it took was not yet begun with.
                self.cursor = ReadCursor(position: Position(oldest.number - 1))
                return []
            } catch {
                throw LogError(error)
            }
            if !page.events.isEmpty { isAtStart = false }
            self.cursor = page.cursor
            return page.events
        }
    }
}

/// Events one by one, as a sequence that ends only with an error or its task.
package struct Subscription: AsyncSequence {
    /// What it is made of.
    package typealias Element = Event

    private let reader: EventReader
    init(_ reader: EventReader) { self.reader = reader }

    /// Begins to read; a subscription is read by one task.
    package func makeAsyncIterator() -> Iterator { Iterator(reader) }

    /// Goes through the pages of a reader.
    package struct Iterator: AsyncIteratorProtocol {
        private let reader: EventReader
        private var page: [Event] = []
        private var index = 0
        init(_ reader: EventReader) { self.reader = reader }

        /// The next event; waits for it.
        package mutating func next() async throws -> Event? {
            if index == page.count {
                page = try await reader.next()
                index = 0
            }
            defer { index += 1 }
            return page[index]
        }
    }
}
