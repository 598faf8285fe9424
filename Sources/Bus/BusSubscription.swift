package import Base
import Synchronization

/// What a subscriber sees.
package enum BusEvent: Sendable, Equatable {
    /// Somebody published it.
    case message(Channel, Bytes)
    /// Messages may be missing here: look at the log.
    case gap(BusGap)
}

/// Why messages may be missing.
package enum BusGap: Sendable, Equatable {
    /// The connection was lost or the channel moved, and it is back.
    case reconnected
    /// The subscriber was too slow, and what waited for it was dropped.
    case overflow
}

/// How much may wait for a slow subscriber; beyond it all of that is dropped, and a gap stands in its place.
package struct SubscriptionLimits: Sendable {
    /// Messages that wait.
    package var messagesMax: Int
    /// Bytes of the messages that wait.
    package var bytesMax: Int

    /// Limits of a subscriber.
    package init(messagesMax: Int = 1024, bytesMax: Int = 4 << 20) {
        self.messagesMax = messagesMax
        self.bytesMax = bytesMax
    }
}

/// What connects the subscribers of this process with the bus.
package protocol ChannelSource: Sendable {
    /// Returns once messages of these channels arrive, or where the bus is out of reach.
    func listen(to channels: [Channel]) async
    /// Nobody in this process listens to these channels any more.
    func forget(_ channels: [Channel])
}

/// Somebody who listens: a sequence of what is published on its channels, for one task.
///
/// It ends with `cancel`, with the task, or when nobody holds it any more.
package final class BusSubscription: AsyncSequence, Sendable {
    package typealias Element = BusEvent
    package typealias Failure = Never

    private let mailbox: Mailbox
    private let hub: SubscriptionHub
    private let source: any ChannelSource

    /// A subscription without channels.
    package init(hub: SubscriptionHub, source: any ChannelSource, limits: SubscriptionLimits) {
        mailbox = Mailbox(limits)
        self.hub = hub
        self.source = source
    }

    deinit { cancel() }

    /// Listens to these channels as well; returns once their messages arrive, or where the bus is out of reach.
    package func add(_ channels: [Channel]) async {
        let channels = Array(Set(channels))
        hub.join(mailbox, channels)
        await source.listen(to: channels)
    }

    /// Listens to these channels no more.
    package func remove(_ channels: [Channel]) {
        let last = hub.leave(mailbox, channels)
        if !last.isEmpty { source.forget(last) }
    }

    /// Ends the sequence.
    package func cancel() {
        mailbox.end()
        let last = hub.leaveAll(mailbox)
        if !last.isEmpty { source.forget(last) }
    }

    /// What comes next; nil once the subscription or the task has ended.
    package func next() async -> BusEvent? { await mailbox.next() }

    /// Reads the subscription, for one task.
    package struct AsyncIterator: AsyncIteratorProtocol {
        fileprivate let subscription: BusSubscription

        /// What comes next; nil once the subscription or the task has ended.
        package func next() async -> BusEvent? { await subscription.next() }
        /// What comes next; nil once the subscription or the task has ended.
        package func next(isolation: isolated (any Actor)?) async -> BusEvent? { await subscription.next() }
    }

    /// Reads the subscription, for one task.
    package func makeAsyncIterator() -> AsyncIterator { AsyncIterator(subscription: self) }
}
