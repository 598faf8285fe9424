import Base
import Kernel
import Store
import StoreTesting

/// Runs `body` with a log that is there for it alone.
func withLog(
    _ backend: Backend, limits: EventLog.Limits = EventLog.Limits(), clocks: Clocks = .system,
    _ body: (EventLog, any Database) async throws -> Void
) async throws {
    try await withDatabase(backend) { database in
        try await Migrator(database, [LogSchema.migration]).up()
        let log = try await EventLog(database, limits: limits, clocks: clocks)
        defer { log.close() }
        try await body(log, database)
    }
}

/// A message in a chat.
func message(_ text: String, chat: Int64? = 7, key: String? = nil, source: Source = .bot(1)) -> EventDraft {
    EventDraft(
        source: source, kind: "message", key: key, chat: chat, sender: 5, message: 9,
        occurredAt: Timestamp(seconds: 1_700_000_000), payload: Bytes(text))
}

extension Event {
    var text: String { content.payload?.repairedText ?? "" }
}

extension EventReader {
    /// So many events, however they come.
    func take(_ count: Int) async throws -> [Event] {
        var events: [Event] = []
        while events.count < count { events += try await next() }
        return events
    }
}
