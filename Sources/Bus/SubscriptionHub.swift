package import Base
import Synchronization

/// Who in this process listens to what.
package final class SubscriptionHub: Sendable {
    private struct State {
        var listeners: [Channel: [ObjectIdentifier: Mailbox]] = [:]
        var channels: [ObjectIdentifier: Set<Channel>] = [:]
    }

    private let state = Mutex(State())

    /// A hub that nobody listens at.
    package init() {}

    /// Every channel that somebody listens to.
    package var channels: [Channel] { state.withLock { Array($0.listeners.keys) } }

    /// Whether somebody listens to the channel.
    package func isListened(to channel: Channel) -> Bool {
        state.withLock { $0.listeners[channel] != nil }
    }

    /// Gives a message to all who listen; says how many.
    @discardableResult
    package func deliver(_ message: Bytes, to channel: Channel) -> Int {
        let mailboxes = state.withLock { $0.listeners[channel].map { Array($0.values) } } ?? []
        for mailbox in mailboxes { mailbox.put(channel, message) }
        return mailboxes.count
    }

    /// Tells all who listen to one of the channels that messages may be missing.
    package func gap(_ gap: BusGap, in channels: some Sequence<Channel>) {
        let mailboxes = state.withLock { state in
            var found: [ObjectIdentifier: Mailbox] = [:]
            for channel in channels {
                found.merge(state.listeners[channel] ?? [:]) { first, _ in first }
            }
            return found
        }
        for mailbox in mailboxes.values { mailbox.putGap(gap) }
    }

    func join(_ mailbox: Mailbox, _ channels: [Channel]) {
        let id = ObjectIdentifier(mailbox)
        state.withLock { state in
            state.channels[id, default: []].formUnion(channels)
            for channel in channels { state.listeners[channel, default: [:]][id] = mailbox }
        }
    }

    /// Gives the channels that nobody listens to any more.
    func leave(_ mailbox: Mailbox, _ channels: some Sequence<Channel>) -> [Channel] {
        let id = ObjectIdentifier(mailbox)
        return state.withLock { state in
            channels.filter { channel in
                guard state.channels[id]?.remove(channel) != nil else { return false }
                state.listeners[channel]?[id] = nil
                guard state.listeners[channel]?.isEmpty == true else { return false }
                state.listeners[channel] = nil
                return true
            }
        }
    }

    func leaveAll(_ mailbox: Mailbox) -> [Channel] {
        let id = ObjectIdentifier(mailbox)
        let channels = state.withLock { $0.channels[id] } ?? []
        let last = leave(mailbox, channels)
        state.withLock { $0.channels[id] = nil }
        return last
    }
}
