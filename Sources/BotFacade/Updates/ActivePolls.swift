import Base
import Bus
import Synchronization

/// Which programs wait for updates: of two that use one key, on whichever nodes, the later one gets them.
final class ActivePolls: Sendable {
    /// A wait for updates, which a later one ends.
    final class Poll: Sendable {
        private let stream: AsyncStream<Void>
        private let continuation: AsyncStream<Void>.Continuation
        private let superseded = Mutex(false)

        init() {
            (stream, continuation) = AsyncStream.makeStream(
                of: Void.self, bufferingPolicy: .bufferingNewest(1))
        }

        var isSuperseded: Bool { superseded.withLock { $0 } }

        func supersede() {
            superseded.withLock { $0 = true }
            continuation.finish()
        }

        func waitUntilSuperseded() async {
            for await _ in stream {}
        }
    }

    private static let channel = Channel("polls")

    private let polls = Mutex<[String: Poll]>([:])
    private let bus: any Bus
    /// Tells the messages of this node from those of others.
    private let node = String(UInt64.random(in: .min ... .max), radix: 36)

    init(_ bus: any Bus) { self.bus = bus }

    /// How many programs wait.
    var count: Int { polls.withLock { $0.count } }

    /// Begins to wait for a program, and ends whoever did before.
    func begin(_ id: String) -> Poll {
        let poll = Poll()
        let old = polls.withLock { $0.updateValue(poll, forKey: id) }
        old?.supersede()
        bus.publish(Array("\(node) \(id)".utf8), to: Self.channel)
        return poll
    }

    /// Ends what waits here for a program that has begun to wait elsewhere, until the task is cancelled.
    func listen() async {
        for await event in await bus.subscribe(to: Self.channel) {
            // What was missed in a gap comes again with the program's next call.
            guard case .message(_, let bytes) = event else { continue }
            let parts = bytes.repairedText.split(separator: " ", maxSplits: 1)
            if parts.count == 2, parts[0] != node { interrupt(String(parts[1])) }
        }
    }

    func end(_ id: String, _ poll: Poll) {
        polls.withLock { polls in
            if polls[id] === poll { polls[id] = nil }
        }
    }

    /// Ends the wait of a program that has its updates delivered from now on.
    func interrupt(_ id: String) {
        let poll = polls.withLock { $0.removeValue(forKey: id) }
        poll?.supersede()
    }
}
