import Reactor
import Synchronization

/// The end of the log in memory: kept once, read by everybody who is nearly there, and the place where live readers wait.
final class EventTail: Sendable {
    /// How a reader goes on from its position.
    enum Joining {
        /// It is live: first the events that it has not seen, then its mailbox.
        case live(Mailbox, behind: [Event], end: Position)
        /// It is close: these come next (not filtered), then it asks again.
        case near([Event])
        /// What it needs is only in the database.
        case far
    }

    private struct State {
        /// What is kept, in the order of positions and without a gap; the first `dropped` are no longer used.
        var events: [Event] = []
        var dropped = 0
        var bytes = 0
        /// The bytes of those no longer used.
        var droppedBytes = 0
        var end: Position
        var isClosed = false
        /// All that are live, and below by what they wait for.
        var mailboxes: [ObjectIdentifier: Mailbox] = [:]
        var everything: [ObjectIdentifier: Mailbox] = [:]
        var chats: [Int64: [ObjectIdentifier: Mailbox]] = [:]
        var sources: [Source: [ObjectIdentifier: Mailbox]] = [:]

        var count: Int { events.count - dropped }
        /// The position before the first event that is kept.
        var start: Position { Position(end.number - Int64(count)) }

        mutating func clear() {
            events = []
            dropped = 0
            bytes = 0
            droppedBytes = 0
        }

        /// The index in `events` of what follows a position.
        func index(after position: Position) -> Int {
            min(events.count, max(dropped, events.count - Int(clamping: end.number - position.number)))
        }
    }

    /// A reader that has at most so many events to go joins at once.
    private static let nearMax = 1024
    private let countMax: Int
    private let bytesMax: Int
    private let mailboxCapacity: Int
    private let state: Mutex<State>

    /// A tail behind a position; it keeps so many events of so many bytes in all.
    init(after end: Position, countMax: Int, bytesMax: Int, mailboxCapacity: Int) {
        self.countMax = countMax
        self.bytesMax = bytesMax
        self.mailboxCapacity = mailboxCapacity
        state = Mutex(State(end: end))
    }

    /// The last position that readers have been told of.
    var end: Position { state.withLock { $0.end } }
    /// How many live readers there are, and how many bytes are kept.
    var load: (readers: Int, bytes: Int) {
        state.withLock { ($0.mailboxes.count, $0.bytes + $0.droppedBytes) }
    }

    /// Takes events in order, and wakes who waits for them.
    ///
    /// False when something between the end and the first of them is missing: then nothing was taken. Events that were
    /// read from the database are `all` there are, holes or not.
    func publish(_ events: [Event], all: Bool = false) -> Bool {
        let woken: [Waiter<Void>]? = state.withLock { state in
            guard let last = events.last, last.position > state.end else { return [] }
            let fresh = events.drop { $0.position <= state.end }
            guard all || fresh.first?.position == state.end + 1 else { return nil }
            var woken: [Waiter<Void>] = []
            for event in fresh {
                if event.position != state.end + 1 {
                    // What is kept has no holes, so that a position tells where it stands.
                    state.clear()
                    // Retention was faster: whether that concerns a reader is for the database to say.
                    woken += state.mailboxes.values.compactMap { $0.lose(behind: state.end) }
                }
                state.end = event.position
                state.events.append(event)
                state.bytes += event.size
                deliver(event, state, &woken)
            }
            trim(&state)
            return woken
        }
        guard let woken else { return false }
        Waiter.resume(woken, returning: woken.map { _ in })
        return true
    }

    /// Lets a reader go on behind `position`.
    func join(_ filter: EventFilter, after position: Position) -> Joining {
        state.withLock { state in
            guard position >= state.start else { return .far }
            let index = state.index(after: position)
            let remaining = state.events.count - index
            guard remaining <= Self.nearMax else {
                return .near(Array(state.events[index..<index + Self.nearMax]))
            }
            let mailbox = Mailbox(filter, after: position, capacity: mailboxCapacity)
            if state.isClosed { mailbox.close() } else { register(mailbox, &state) }
            return .live(
                mailbox, behind: state.events[index...].filter(filter.matches), end: max(state.end, position))
        }
    }

    /// Forgets a mailbox.
    func leave(_ mailbox: Mailbox) {
        state.withLock { state in
            let id = ObjectIdentifier(mailbox)
            state.mailboxes[id] = nil
            switch mailbox.filter.interest {
            case .everything: state.everything[id] = nil
            case .of(let chats, let sources):
                for chat in chats {
                    state.chats[chat]?[id] = nil
                    if state.chats[chat]?.isEmpty == true { state.chats[chat] = nil }
                }
                for source in sources {
                    state.sources[source]?[id] = nil
                    if state.sources[source]?.isEmpty == true { state.sources[source] = nil }
                }
            }
        }
    }

    /// Up to where the owner of an empty mailbox has seen all that concerns it; nil while something waits there.
    func seen(by mailbox: Mailbox) -> Position? {
        // Both under the lock, because events are delivered under it.
        state.withLock { state in mailbox.isEmpty ? state.end : nil }
    }

    /// Ends all readers.
    func close() {
        let all = state.withLock { state in
            state.isClosed = true
            return Array(state.mailboxes.values)
        }
        for mailbox in all { mailbox.close() }
    }

    private func deliver(
        _ event: Event, _ state: borrowing State, _ woken: inout [Waiter<Void>]
    ) {
        for mailbox in state.everything.values {
            if let waiting = mailbox.deliver(event) { woken.append(waiting) }
        }
        if let readers = state.sources[event.content.source] {
            for mailbox in readers.values {
                if let waiting = mailbox.deliver(event) { woken.append(waiting) }
            }
        }
        guard let chat = event.content.chat, let readers = state.chats[chat] else { return }
        for mailbox in readers.values where !mailbox.filter.scopeHas(source: event.content.source) {
            if let waiting = mailbox.deliver(event) { woken.append(waiting) }
        }
    }

    private func register(_ mailbox: Mailbox, _ state: inout State) {
        let id = ObjectIdentifier(mailbox)
        state.mailboxes[id] = mailbox
        switch mailbox.filter.interest {
        case .everything: state.everything[id] = mailbox
        case .of(let chats, let sources):
            for chat in chats { state.chats[chat, default: [:]][id] = mailbox }
            for source in sources { state.sources[source, default: [:]][id] = mailbox }
        }
    }

    private func trim(_ state: inout State) {
        while state.count > countMax || state.bytes > bytesMax, state.count > 0 {
            let size = state.events[state.dropped].size
            state.bytes -= size
            state.droppedBytes += size
            state.dropped += 1
        }
        // Moving what stays costs little, once enough is let go with it.
        let isMuch = state.dropped > 1024 && state.dropped * 2 > state.events.count
        guard isMuch || state.droppedBytes > bytesMax else { return }
        state.events.removeFirst(state.dropped)
        state.dropped = 0
        state.droppedBytes = 0
    }
}

extension Event {
    /// About how much memory it takes.
    var size: Int { 256 + (content.payload?.count ?? 0) + (content.key?.utf8.count ?? 0) }
}

extension EventFilter {
    /// Where a reader is kept: under what it asked for, else under what it may see.
    var interest: Scope { scope == .everything ? granted.first ?? .everything : scope }

    /// Whether events of a source are delivered for the source's sake already.
    func scopeHas(source: Source) -> Bool {
        guard case .of(_, let sources) = interest else { return false }
        return sources.contains(source)
    }
}
