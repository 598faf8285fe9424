package import Base
import BotAPI
import HTTPServer
package import Kernel
package import Wire

/// A bot that is registered here.
package struct Bot: Sendable {
    /// How its updates come in.
    package enum Mode: String, Sendable, CaseIterable { case webhook, polling }

    /// Whether it works.
    package enum State: String, Sendable {
        case active
        /// Telegram does not take its token any more: it needs a new one.
        case unauthorized
        /// Another program, or another server, takes its updates.
        case conflict
        /// Telegram cannot be reached, or cannot reach us.
        case unreachable
    }

    /// Telegram's number for it.
    package let id: Int64
    /// Its name among Telegram's users, as Telegram writes it.
    package var username: String
    /// What people here call it.
    package var displayName: String
    /// How its updates come in.
    package var mode: Mode
    /// Whether the operator has stopped it.
    package var isPaused: Bool
    /// Whether it works, and why not.
    package var state: State
    package var reason: String?
    package var stateAt: Timestamp
    /// When an update came in last, to some seconds.
    package var lastUpdateAt: Timestamp?
    /// How many updates wait at Telegram, where it has said so.
    package var pending: Int?
    /// The last thing that went wrong.
    package var lastError: String?
    package var lastErrorAt: Timestamp?
    package let createdAt: Timestamp
    package var updatedAt: Timestamp

    /// The source of its events.
    package var source: Source { .bot(id) }
    /// Whether updates are to be fetched, or taken.
    package var isWorking: Bool { !isPaused && state != .unauthorized }
}

extension Bot: JSONWritable {
    /// The bot as the API shows it.
    package func write(to writer: inout JSONWriter) { write(to: &writer, at: Clocks.system.now) }

    func write(to writer: inout JSONWriter, at now: Timestamp) {
        writer.object {
            $0.field("id", "\(id)")
            $0.field("username", username)
            $0.field("displayName", displayName)
            $0.field("mode", mode.rawValue)
            $0.field("isPaused", isPaused)
            $0.field("state", isPaused ? "paused" : state.rawValue)
            $0.field("reason", reason)
            $0.field("stateSince", stateAt.rfc3339)
            $0.field("lastUpdateAt", lastUpdateAt?.rfc3339)
            $0.field("lastUpdateAgeSeconds", lastUpdateAt.map { Int(max(.zero, now - $0) / .seconds(1)) })
            $0.field("pendingUpdates", pending)
            $0.field("lastError", lastError)
            $0.field("lastErrorAt", lastErrorAt?.rfc3339)
            $0.field("createdAt", createdAt.rfc3339)
            $0.field("updatedAt", updatedAt.rfc3339)
        }
    }

    static let schema = Schema.named(
        "Bot",
        .object([
            .init("id", .string(), "Telegram's number for it."), .init("username", .string()),
            .init("displayName", .string()),
            .init("mode", .string(values: Mode.allCases.map(\.rawValue))),
            .init("isPaused", .boolean),
            .init(
                "state", .string(values: ["active", "paused", "unauthorized", "conflict", "unreachable"]),
                "Whether updates flow."),
            .init("reason", .nullable(.string()), "Why they do not."),
            .init("stateSince", .string(format: "date-time")),
            .init("lastUpdateAt", .nullable(.string(format: "date-time"))),
            .init("lastUpdateAgeSeconds", .nullable(.integer)),
            .init(
                "pendingUpdates", .nullable(.integer),
                "How many wait at Telegram; null where it is not known."),
            .init("lastError", .nullable(.string())),
            .init("lastErrorAt", .nullable(.string(format: "date-time"))),
            .init("createdAt", .string(format: "date-time")),
            .init("updatedAt", .string(format: "date-time")),
        ]))
}
