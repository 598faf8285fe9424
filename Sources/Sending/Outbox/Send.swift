package import Base
import HTTPServer
package import Wire

/// What is to be sent, and what has become of it.
package struct Send: Sendable, Equatable {
    /// How it stands.
    package enum State: String, Sendable, CaseIterable {
        /// It waits for its turn; next: SENDING or CANCELLED.
        case pending = "PENDING"
        /// It is on its way; next: SENT, FAILED, UNCERTAIN, or PENDING where nothing can have happened.
        case sending = "SENDING"
        /// Telegram has it.
        case sent = "SENT"
        /// Telegram refused it, or never got it.
        case failed = "FAILED"
        /// Nobody can say whether Telegram has it; next: SENT or FAILED, should the answer come after all.
        case uncertain = "UNCERTAIN"
        /// It was taken back before it went.
        case cancelled = "CANCELLED"

        /// Whether nothing more will happen.
        package var isFinal: Bool { self != .pending && self != .sending }
        /// Its part of an event's kind.
        var word: String { rawValue.lowercased() }
    }

    package let id: Int64
    package let bot: Int64
    package let chat: Int64?
    package let method: String
    package internal(set) var state: State
    package let priority: SendPriority
    /// Who sent it, by subject.
    package let owner: String
    package let idempotencyKey: String?
    package let correlation: String?
    /// When it may go at the earliest.
    package let notBefore: Timestamp?
    package internal(set) var attempts: Int
    package let createdAt: Timestamp
    package internal(set) var updatedAt: Timestamp
    /// The status of Telegram's answer.
    package internal(set) var status: Int?
    /// Telegram's answer as it came.
    package internal(set) var answer: Bytes?
    package internal(set) var errorCode: String?
    package internal(set) var error: String?
    /// The number of the message that came of it.
    package internal(set) var message: Int64?
    var revision: Int64
    /// How many messages come of it.
    let messageCount: Int
    /// The numbers of the messages that it deletes.
    let deletedMessages: [Int64]
    /// Whether an earlier attempt may have been carried out.
    let mayBeDone: Bool
    /// Whether what it carries stands in a table of its own.
    let isApart: Bool

    /// What Telegram made of it, as raw JSON.
    var result: Bytes? {
        guard state == .sent, let answer else { return nil }
        do throws(JSONError) { return try JSON.parse(answer, limits: Self.answerLimits)["result"]?.raw } catch
        {
            return nil
        }
    }

    private static let answerLimits = JSONLimits(depthMax: 256)
}

extension Send: JSONWritable {
    /// Writes it as clients get it.
    package func write(to writer: inout JSONWriter) {
        writer.object {
            $0.field("id", "\(id)")
            $0.field("state", state.rawValue)
            $0.field("botId", "\(bot)")
            $0.field("chatId", chat.map { "\($0)" })
            $0.field("method", method)
            $0.field("priority", priority.name)
            $0.field("attempts", attempts)
            $0.field("correlationId", correlation)
            $0.field("sendAt", notBefore?.rfc3339)
            $0.field("createdAt", createdAt.rfc3339)
            $0.field("updatedAt", updatedAt.rfc3339)
            $0.field("messageId", message.map { "\($0)" })
            if !deletedMessages.isEmpty { $0.field("messageIds", deletedMessages.map { "\($0)" }) }
            $0.key("error")
            if let errorCode {
                $0.object {
                    $0.field("code", errorCode)
                    $0.field("message", error ?? "")
                    $0.field("status", status)
                }
            } else {
                $0.null()
            }
            $0.field("statusUrl", "/api/v1/sends/\(id)")
        }
    }

    static let schema = Schema.named(
        "Send",
        .object([
            .init("id", .string()), .init("state", .string(values: State.allCases.map(\.rawValue))),
            .init("botId", .string()), .init("chatId", .nullable(.string())), .init("method", .string()),
            .init("priority", .string(values: SendPriority.allCases.map(\.name))),
            .init("attempts", .integer), .init("correlationId", .nullable(.string())),
            .init("sendAt", .nullable(.string(format: "date-time"))),
            .init("createdAt", .string(format: "date-time")),
            .init("updatedAt", .string(format: "date-time")),
            .init("messageId", .nullable(.string())),
            .init(
                "messageIds", .array(.string()), "The messages that are deleted, where that is what it does.",
                isRequired: false),
            .init(
                "error",
                .nullable(
                    .object([
                        .init("code", .string()), .init("message", .string()),
                        .init("status", .nullable(.integer)),
                    ]))),
            .init("statusUrl", .string()),
        ]))
}
