import Base
import Reactor
import Synchronization

/// Who waits on this node for a send to be done.
final class SendWaiters: Sendable {
    /// One who waits, for one send.
    final class Ticket: Sendable {
        fileprivate let id: Int64
        /// Whether Telegram's answer is enough, before it is written down.
        fileprivate let isEarly: Bool
        private let told = Mutex<Send?>(nil)
        private let bell = Bell()

        fileprivate init(_ id: Int64, isEarly: Bool) { (self.id, self.isEarly) = (id, isEarly) }

        fileprivate func tell(_ send: Send) {
            told.withLock { $0 = send }
            bell.ring()
        }

        /// The send as it ended; nil where a span has passed before, or the task has ended.
        func wait(_ span: Duration, on actor: isolated (any Actor)? = #isolation) async -> Send? {
            if let send = told.withLock(\.self) { return send }
            await bell.wait(span)
            return told.withLock(\.self)
        }
    }

    private let tickets = Mutex<[Int64: [Ticket]]>([:])

    /// Whether anybody waits for it.
    func isAwaited(_ id: Int64) -> Bool { tickets.withLock { $0[id] != nil } }

    /// A send is done.
    func tell(_ send: Send) {
        for ticket in tickets.withLock({ $0.removeValue(forKey: send.id) ?? [] }) { ticket.tell(send) }
    }

    /// Telegram has answered; that is yet to be written down.
    func tellEarly(_ send: Send) {
        for ticket in tickets.withLock({ $0[send.id] ?? [] }) where ticket.isEarly { ticket.tell(send) }
    }

    /// Begins to wait; to be called before anything can be done.
    ///
    /// Whoever joins leaves.
    func join(_ id: Int64, isEarly: Bool = false) -> Ticket {
        let ticket = Ticket(id, isEarly: isEarly)
        tickets.withLock { $0[id, default: []].append(ticket) }
        return ticket
    }

    func leave(_ ticket: Ticket) {
        tickets.withLock { tickets in
            tickets[ticket.id]?.removeAll { $0 === ticket }
            if tickets[ticket.id]?.isEmpty == true { tickets[ticket.id] = nil }
        }
    }
}
