import Synchronization

/// Which programs wait for updates on this node: of two that use one key, the later one gets them.
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

    private let polls = Mutex<[String: Poll]>([:])

    /// How many programs wait.
    var count: Int { polls.withLock { $0.count } }

    /// Begins to wait for a program, and ends whoever did before.
    func begin(_ id: String) -> Poll {
        let poll = Poll()
        let old = polls.withLock { $0.updateValue(poll, forKey: id) }
        old?.supersede()
        return poll
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
