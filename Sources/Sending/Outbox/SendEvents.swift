import Base
import Kernel
import Reactor
import Synchronization
import Wire

/// Writes each change of a send into the log, in the order of the changes.
///
/// The row is the truth: an event that a crash kept from the log is made again from its row, under the same key.
final class SendEvents: Service {
    let name = "events of sends"
    private let log: EventLog
    private let store: SendStore
    private let logger: Logger
    private let state = Mutex<[Send]>([])
    /// What the log has, and the rows do not know of yet.
    private let logged = Mutex<[Int64: Int64]>([:])
    private let wakes: AsyncStream<Void>
    private let wake: AsyncStream<Void>.Continuation

    /// Beyond it changes are left to be made up for from their rows.
    private static let waitingMax = 50_000
    private static let batchMax = 512
    private static let gathering = Duration.milliseconds(5)

    init(_ log: EventLog, _ store: SendStore, _ logger: Logger) {
        self.log = log
        self.store = store
        self.logger = logger
        (wakes, wake) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
    }

    /// A send changed, durably.
    func note(_ sends: [Send]) {
        state.withLock { if $0.count < Self.waitingMax { $0 += sends } }
        wake.yield()
    }

    func start() async throws {}

    @concurrent func run() async throws {
        await withDiscardingTaskGroup { group in
            group.addTask {
                // Seldom, so that marks do not make others wait for the database; a crash costs events that are there already.
                while !Task.isCancelled {
                    // Cut short only by the task's end.
                    try? await Task.sleep(for: .seconds(1))
                    await self.mark()
                }
            }
            for await _ in wakes {
                // Changes come close together; one commit for each would keep those waiting who send. Cut short only by the end.
                try? await Task.sleep(for: Self.gathering)
                await drain()
            }
            group.cancelAll()
        }
    }

    func stop(by deadline: MonotonicNanoseconds) async -> [String] {
        wake.finish()
        await drain()
        await mark()
        let left = state.withLock { $0.count }
        return left == 0 ? [] : ["\(left) events of sends, which are made up for at the next start"]
    }

    private func drain() async {
        while true {
            let batch = state.withLock { waiting in
                let batch = Array(waiting.prefix(Self.batchMax))
                waiting.removeFirst(batch.count)
                return batch
            }
            guard !batch.isEmpty else { return }
            do { try await write(batch) } catch {
                logger.warning("events of sends wait", ["error": .init(describing: error)])
                return
            }
        }
    }

    private func write(_ sends: [Send]) async throws {
        _ = try await log.append(sends.map { $0.event })
        logged.withLock { logged in
            for send in sends { logged[send.id] = max(logged[send.id] ?? 0, send.revision) }
        }
    }

    /// Lets the rows know that the log has their changes.
    private func mark() async {
        let marks = logged.withLock { logged in
            defer { logged = [:] }
            return logged
        }
        guard !marks.isEmpty else { return }
        do { try await store.markLogged(Self.byRevision(marks)) } catch {
            // What is not marked is written once more, under the same key.
            logger.warning("events of sends could not be marked", ["error": .init(describing: error)])
        }
    }

    private static func byRevision(_ marks: [Int64: Int64]) -> [Int64: [Int64]] {
        Dictionary(grouping: marks.keys) { marks[$0] ?? 0 }
    }

    /// Makes up for what a crash or a full queue kept from the log: of one bot's sends, or of all.
    ///
    /// What changed just now is on its way there.
    func makeUp(of bot: Int64? = nil, olderThan age: Duration = .seconds(10)) async throws {
        while true {
            let sends = try await store.unlogged(of: bot, olderThan: age, limit: Self.batchMax)
            guard !sends.isEmpty else { return }
            var drafts: [EventDraft] = []
            for send in sends {
                if send.state.isFinal { drafts.append(send.beginning.event) }
                drafts.append(send.event)
            }
            _ = try await log.append(drafts)
            let marks = sends.map { ($0.id, $0.revision) }
            try await store.markLogged(Self.byRevision(Dictionary(marks, uniquingKeysWith: max)))
            if sends.count < Self.batchMax { return }
        }
    }
}

extension Send {
    /// The same, as it was when it was made.
    var beginning: Send {
        var send = self
        (send.state, send.attempts, send.updatedAt) = (.pending, 0, createdAt)
        // That the log has this says nothing of what came after it.
        send.revision = 1
        (send.status, send.answer, send.errorCode, send.error, send.message) = (nil, nil, nil, nil, nil)
        return send
    }

    /// The same, as it will be once that is written down.
    func ended(_ ending: SendStore.Ending) -> Send {
        var send = self
        (send.state, send.status, send.answer) = (ending.state, ending.status, ending.answer)
        (send.errorCode, send.error, send.message) = (ending.errorCode, ending.error, ending.message)
        return send
    }

    /// What the log says of its last change.
    var event: EventDraft {
        // A send that is tried again waits and goes more than once.
        let isRepeated = !state.isFinal && attempts > 1
        let part = state == .pending && attempts > 0 ? ":\(attempts)" : isRepeated ? ":\(attempts)" : ""
        var writer = JSONWriter()
        writer.object {
            $0.field("send", self)
            if let result, state == .sent {
                $0.key(result.first == UInt8(ascii: "[") ? "messages" : "message")
                $0.raw(result)
            }
        }
        return EventDraft(
            source: .bot(bot), kind: "send.\(state.word)", key: "send:\(id):\(state.word)\(part)", chat: chat,
            sender: bot, message: message, occurredAt: updatedAt, payload: writer.finish())
    }
}
