package import Base

/// Something that happened, as it stands in the log.
package final class Event: Sendable {
    /// Its place in the log.
    package let position: Position
    /// When it was written down, by this server's clock; never earlier than the event before it.
    package let recordedAt: Timestamp
    /// What happened.
    package let content: EventDraft
    /// Its place among the events of its chat, from 1 and without gaps; zero where it belongs to none.
    package let sequence: Int64

    init(position: Position, recordedAt: Timestamp, sequence: Int64, _ content: EventDraft) {
        self.position = position
        self.recordedAt = recordedAt
        self.sequence = sequence
        self.content = content
    }
}

/// Something that happened and is to be written down.
package struct EventDraft: Sendable, Equatable {
    /// Where it comes from.
    package var source: Source
    /// What kind of thing it is, such as `message` or `send.sent`.
    package var kind: String
    /// The source's own name for it: a second event with the same key is the same event.
    package var key: String?
    /// The chat that it belongs to.
    package var chat: Int64?
    /// The user, or the chat, that did it.
    package var sender: Int64?
    /// The message that it is about, by its number in the chat.
    package var message: Int64?
    /// When it happened, by its source's clock.
    package var occurredAt: Timestamp?
    /// The whole of it, as it arrived; nil once retention has taken the content.
    package var payload: Bytes?

    /// An event to be written down.
    package init(
        source: Source, kind: String, key: String? = nil, chat: Int64? = nil, sender: Int64? = nil,
        message: Int64? = nil, occurredAt: Timestamp? = nil, payload: Bytes? = nil
    ) {
        self.source = source
        self.kind = kind
        self.key = key
        self.chat = chat
        self.sender = sender
        self.message = message
        self.occurredAt = occurredAt
        self.payload = payload
    }
}

/// What became of a draft.
package enum Appended: Sendable, Equatable {
    /// It is in the log, durably, at a position.
    case new(Position)
    /// It was there before, at a position.
    case duplicate(of: Position)

    /// Where it stands.
    package var position: Position {
        switch self {
        case .new(let position), .duplicate(of: let position): position
        }
    }
}
