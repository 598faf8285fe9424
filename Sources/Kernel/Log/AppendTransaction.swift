import Base
import Store

/// Writes a batch of drafts: finds duplicates, gives positions and sequences, inserts.
struct AppendTransaction {
    /// What a batch comes to once it is committed.
    struct Outcome: Sendable {
        /// What became of each draft, in order.
        var results: [Appended] = []
        /// The events that are new, in the order of their positions, which follow one another.
        var events: [Event] = []
        /// The last sequence of each chat that was written to.
        var heads: [Int64: Int64] = [:]
    }

    let now: Timestamp
    /// The last sequences of chats that are known for sure as long as nobody else appended.
    let known: ChatHeads

    /// Without looking keys up, a draft whose event is there already, or comes twice, fails the transaction with `notUnique`.
    func run(_ drafts: [EventDraft], looksUpKeys: Bool = true, in transaction: any Transaction) async throws
        -> Outcome
    {
        let head = try await Self.lockHead(transaction)
        let stored = looksUpKeys ? try await storedKeys(drafts, transaction) : [:]
        var heads = try await heads(of: drafts, at: head.position, transaction)

        let recordedAt = max(now, head.recordedAt)
        var outcome = Outcome()
        outcome.results.reserveCapacity(drafts.count)
        outcome.events.reserveCapacity(drafts.count)
        var fresh: [Key: Position] = [:]
        var position = head.position
        for draft in drafts {
            let key = looksUpKeys ? draft.key.map(Key.init) : nil
            if let key, let earlier = stored[key] ?? fresh[key] {
                outcome.results.append(.duplicate(of: earlier))
                continue
            }
            position = position + 1
            if let key { fresh[key] = position }
            var sequence: Int64 = 0
            if let chat = draft.chat {
                sequence = (heads[chat] ?? 0) + 1
                heads[chat] = sequence
                outcome.heads[chat] = sequence
            }
            outcome.results.append(.new(position))
            outcome.events.append(
                Event(position: position, recordedAt: recordedAt, sequence: sequence, draft))
        }
        guard !outcome.events.isEmpty else { return outcome }
        try await transaction.insert(into: "events", Self.columns(outcome.events))
        try await transaction.execute(
            "UPDATE log_head SET position = $1, recorded_at = $2",
            [.integer(position.number), .integer(recordedAt.milliseconds)])
        return outcome
    }

    /// Reads the head, and keeps other nodes from appending until this transaction has ended.
    static func lockHead(
        _ transaction: any Transaction
    ) async throws -> (position: Position, recordedAt: Timestamp) {
        let head = try await transaction.first(
            "SELECT position, recorded_at FROM log_head" + SQL(sqlite: "", postgres: " FOR UPDATE")
        ) { row in
            (Position(try row.integer(0)), Timestamp(milliseconds: try row.integer(1)))
        }
        guard let head else { throw StoreError(.corrupt, "the log has no head") }
        return head
    }

    private func storedKeys(
        _ drafts: [EventDraft], _ transaction: any Transaction
    ) async throws -> [Key: Position] {
        let keys = drafts.compactMap(\.key)
        guard !keys.isEmpty else { return [:] }
        var stored: [Key: Position] = [:]
        try await transaction.query(
            "SELECT key, position FROM events WHERE key" + .isAmong(1), [.texts(keys)]
        ) { row in
            stored[Key(try row.text(0))] = Position(try row.integer(1))
        }
        return stored
    }

    private func heads(
        of drafts: [EventDraft], at head: Position, _ transaction: any Transaction
    ) async throws -> [Int64: Int64] {
        var (heads, unknown) = known.sequences(of: drafts, at: head)
        guard !unknown.isEmpty else { return heads }
        try await transaction.query(Self.headsOfChats, [.integers(unknown.sorted())]) { row in
            heads[try row.integer(0)] = try row.integer(1)
        }
        return heads
    }

    /// Two looks into an index for each chat: the last event, and what retention has deleted.
    private static let headsOfChats =
        SQL(sqlite: "SELECT list.value, max(", postgres: "SELECT list.value, greatest(")
            + """
                coalesce((SELECT sequence FROM events WHERE chat = list.value ORDER BY sequence DESC LIMIT 1), 0),
                coalesce((SELECT sequence FROM chat_floors WHERE chat = list.value), 0))
            """
        + SQL(sqlite: " FROM json_each($1) AS list", postgres: " FROM unnest($1::bigint[]) AS list (value)")

    /// A key as the databases compare it: by its bytes, where Swift takes an é for an e with an accent.
    private struct Key: Hashable {
        private let text: String

        init(_ text: String) { self.text = text }

        static func == (left: Key, right: Key) -> Bool { left.text.utf8.elementsEqual(right.text.utf8) }
        // Texts of the same bytes are equal as texts, so their hashes are the same.
        func hash(into hasher: inout Hasher) { hasher.combine(text) }
    }

    private static func columns(_ events: [Event]) -> [Column] {
        [
            Column("position", .integers(events.map(\.position.number))),
            Column("recorded_at", .integers(events.map(\.recordedAt.milliseconds))),
            Column("occurred_at", .integers(events.map(\.content.occurredAt?.milliseconds))),
            Column("source", .texts(events.map(\.content.source.text))),
            Column("kind", .texts(events.map(\.content.kind))),
            Column("key", .texts(events.map(\.content.key))),
            Column("chat", .integers(events.map(\.content.chat))),
            Column("sequence", .integers(events.map(\.sequence))),
            Column("sender", .integers(events.map(\.content.sender))),
            Column("message", .integers(events.map(\.content.message))),
            Column("payload", .bytes(events.map(\.content.payload))),
        ]
    }
}
