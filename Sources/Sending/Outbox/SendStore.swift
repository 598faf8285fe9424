import Base
import BotAPI
import Kernel
import Store

/// The rows of sends, and how they change.
struct SendStore: Sendable {
    let database: any Database
    let clocks: Clocks

    /// A send that is about to be stored.
    struct New: Sendable {
        let id: Int64
        let draft: SendDraft
        let owner: String
        /// PENDING, or SENDING where it goes at once.
        let state: Send.State
    }

    /// What became of a draft.
    enum Stored: Sendable {
        case new(Send)
        /// The same request was made before.
        case known(Send)
        /// Another request was made under the same key.
        case otherRequest
    }

    static let columns: SQL =
        "id, bot, chat, method, state, priority, owner, idempotency_key, correlation, not_before, attempts, "
        + "created_at, updated_at, status, answer, error_code, error, message, revision, messages, message_ids, "
        + "may_be_done, body_apart"

    // MARK: Making

    /// Stores sends, all or none; with a lease only as long as it is held.
    ///
    /// Where the database does not say whether it has them, it is asked, for as long as somebody may wait for it.
    func insert(_ sends: [New], under lease: Lease?) async throws -> [Stored] {
        do { return try await insertOnce(sends, under: lease, again: false) } catch let error as StoreError
            where error.code == .outcomeUnknown
        {
            for pause in Self.askingPauses where !Task.isCancelled {
                // Cut short only by the task's end.
                try? await Task.sleep(for: pause)
                do { return try await insertOnce(sends, under: lease, again: true) } catch let again
                    as StoreError
                    where again.isTransient || again.code == .notUnique
                {
                    // Still away; or the first attempt came through beside this one.
                    continue
                } catch is LeaseLost {
                    // The first attempt may have been in time all the same, so that it must not be made once more.
                    break
                }
            }
            throw error
        }
    }

    private static let askingPauses = [50, 200, 1000, 2000].map { Duration.milliseconds($0) }

    private func insertOnce(_ sends: [New], under lease: Lease?, again: Bool) async throws -> [Stored] {
        let now = clocks.now
        return try await database.write { transaction in
            try await lease?.check(in: transaction)
            var stored: [Stored] = []
            for send in sends {
                if again, let known = try await Self.send(send.id, in: transaction) {
                    stored.append(.new(known))
                } else {
                    stored.append(try await Self.insert(send, now, in: transaction))
                }
            }
            return stored
        }
    }

    private static func insert(
        _ new: New, _ now: Timestamp, in transaction: any Transaction
    ) async throws -> Stored {
        let draft = new.draft
        let (type, bytes) = draft.body.parts
        let hash = draft.hash
        let isSending = new.state == .sending
        let deleted = draft.deletedMessages
        let isApart = bytes.count > inlineMax
        let send = try await transaction.first(
            "INSERT INTO sends (id, bot, chat, method, content_type, body, state, priority, owner, idempotency_key, "
                + "request_hash, correlation, not_before, attempts, created_at, updated_at, revision, logged, "
                + "messages, message_ids, may_be_done, body_apart) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, "
                + "$11, $12, $13, $14, $15, $15, 1, 0, $16, $17, 0, $18) "
                + "ON CONFLICT (owner, idempotency_key) WHERE idempotency_key IS NOT NULL DO NOTHING "
                + "RETURNING " + columns,
            [
                .integer(new.id), .integer(draft.bot), .integer(draft.chat), .text(draft.method.name),
                .text(type),
                .bytes(isApart ? Bytes() : bytes), .text(new.state.rawValue),
                .integer(draft.priority.rawValue), .text(new.owner),
                .text(draft.idempotencyKey), .bytes(hash), .text(draft.correlation),
                .integer(draft.notBefore?.milliseconds ?? 0), .integer(isSending ? 1 : 0),
                .integer(now.milliseconds), .integer(Int64(draft.messageCount)),
                .text(deleted.isEmpty ? nil : deleted.map { "\($0)" }.joined(separator: " ")),
                .integer(isApart ? 1 : 0),
            ]
        ) { try Send($0) }
        if let send {
            if isApart { try await putApart(bytes, of: new.id, in: transaction) }
            return .new(send)
        }
        let known = try await transaction.first(
            "SELECT " + columns + ", request_hash FROM sends WHERE owner = $1 AND idempotency_key = $2",
            [.text(new.owner), .text(draft.idempotencyKey)]
        ) { (send: try Send($0), hash: try $0.bytes(23)) }
        guard let known else { throw StoreError(.timeout, "a send with the same key went away meanwhile") }
        // The first attempt may have come through after all.
        if known.send.id == new.id { return .new(known.send) }
        return known.hash == hash ? .known(known.send) : .otherRequest
    }

    // MARK: Going

    /// A send on its way, with what it carries.
    struct Departure: Sendable {
        let send: Send
        let body: SendDraft.Body
    }

    /// A send that waits goes; nil where it waits no more.
    ///
    /// What may have been marked before, by somebody who did not let it depart, goes `again`.
    func begin(_ id: Int64, under lease: Lease, again: Bool = false) async throws -> Departure? {
        let now = clocks.now
        let isMeant: SQL = again ? "state IN ('PENDING', 'SENDING')" : "state = 'PENDING'"
        return try await database.write { transaction in
            try await lease.check(in: transaction)
            let row = try await transaction.first(
                "UPDATE sends SET attempts = CASE WHEN state = 'SENDING' THEN attempts ELSE attempts + 1 END, "
                    + "state = 'SENDING', updated_at = $2, revision = revision + 1 WHERE id = $1 AND "
                    + isMeant
                    + " RETURNING " + Self.columns + ", content_type, body",
                [.integer(id), .integer(now.milliseconds)]
            ) { (send: try Send($0), type: try $0.text(23), bytes: try $0.bytes(24)) }
            guard let row else { return nil }
            let bytes = row.send.isApart ? try await Self.apart(id, in: transaction) : row.bytes
            return Departure(send: row.send, body: SendDraft.Body(type: row.type, bytes))
        }
    }

    /// What was marked as on its way, and never went, waits again; nil where somebody else has settled it.
    func unmark(_ send: Send) async throws -> Send? {
        let now = clocks.now
        return try await database.write { transaction in
            try await transaction.first(
                "UPDATE sends SET state = 'PENDING', attempts = attempts - 1, updated_at = $2, revision = revision + 1 "
                    + "WHERE id = $1 AND state = 'SENDING' AND revision = $3 RETURNING " + Self.columns,
                [.integer(send.id), .integer(now.milliseconds), .integer(send.revision)]
            ) { try Send($0) }
        }
    }

    /// How an attempt ended.
    struct Ending: Sendable {
        var state: Send.State
        var status: Int?
        var answer: Bytes?
        var errorCode: String?
        var error: String?
        var message: Int64?
    }

    /// Writes down how a send ended; nil where it is no longer on its way.
    ///
    /// Needs no lease: whoever took the bot over meanwhile knows less than the one who has the answer.
    func end(_ id: Int64, _ ending: Ending) async throws -> Send? {
        let now = clocks.now
        return try await database.write { transaction in
            let send = try await transaction.first(
                "UPDATE sends SET state = $2, updated_at = $3, status = $4, answer = $5, error_code = $6, error = $7, "
                    + "message = $8, revision = revision + 1, "
                    // What was sent is of no use any more, and files are large.
                    + "body = CASE WHEN $2 <> 'SENT' AND content_type = 'application/json' THEN body ELSE $9 END "
                    + "WHERE id = $1 AND state IN ('SENDING', 'UNCERTAIN') RETURNING " + Self.columns,
                [
                    .integer(id), .text(ending.state.rawValue), .integer(now.milliseconds),
                    .integer(ending.status.map(Int64.init)), .bytes(ending.answer), .text(ending.errorCode),
                    .text(ending.error), .integer(ending.message), .bytes(Bytes()),
                ]
            ) { try Send($0) }
            return try await Self.dropApart(send, in: transaction)
        }
    }

    /// A pause that Telegram wants: of a chat, or of all of the bot.
    struct Pause: Sendable {
        let chat: Int64?
        let until: Timestamp
    }

    /// An attempt came to nothing and is to be repeated; nil where it is no longer on its way.
    ///
    /// Needs no lease either: that nothing came of this attempt stays true.
    ///
    /// When it may go again is for its sender alone to know: whoever comes after it keeps the order, and Telegram's pauses.
    func giveBack(
        _ send: Send, _ error: BotAPIError, chat: Int64?, body: SendDraft.Body?, pauses: [Pause]
    ) async throws -> Send? {
        let now = clocks.now
        return try await database.write { transaction in
            for pause in pauses {
                try await transaction.execute(
                    "INSERT INTO send_pauses (bot, chat, until) VALUES ($1, $2, $3) ON CONFLICT (bot, chat) "
                        + "DO UPDATE SET until = excluded.until WHERE excluded.until > send_pauses.until",
                    [.integer(send.bot), .integer(pause.chat ?? 0), .integer(pause.until.milliseconds)])
            }
            // It may be back already, where the database did not say so.
            let row = try await transaction.first(
                "UPDATE sends SET state = 'PENDING', updated_at = $2, may_be_done = $3, chat = $4, error_code = $5, "
                    + "error = $6, status = $7, revision = revision + 1 WHERE id = $1 "
                    + "AND state IN ('SENDING', 'PENDING') AND attempts = $8 RETURNING " + Self.columns,
                [
                    .integer(send.id), .integer(now.milliseconds),
                    .integer(send.mayBeDone || error.mayHaveBeenSent ? 1 : 0),
                    .integer(chat), .text(error.code.rawValue), .text(error.description),
                    .integer(error.status.map(Int64.init)), .integer(Int64(send.attempts)),
                ]
            ) { try Send($0) }
            guard let row, let (type, bytes) = body?.parts else { return row }
            try await transaction.execute(
                "UPDATE sends SET body = $2, content_type = $3 WHERE id = $1",
                [.integer(row.id), .bytes(row.isApart ? Bytes() : bytes), .text(type)])
            if row.isApart { try await Self.putApart(bytes, of: row.id, in: transaction) }
            return row
        }
    }

    /// Takes a send back that waits; nil where it waits no more.
    func cancel(_ id: Int64) async throws -> Send? {
        let now = clocks.now
        return try await database.write { transaction in
            let send = try await transaction.first(
                "UPDATE sends SET state = 'CANCELLED', updated_at = $2, revision = revision + 1 "
                    + "WHERE id = $1 AND state = 'PENDING' RETURNING " + Self.columns,
                [.integer(id), .integer(now.milliseconds)]
            ) { try Send($0) }
            return try await Self.dropApart(send, in: transaction)
        }
    }
}

extension Send {
    /// Reads the columns of `SendStore.columns`.
    init(_ row: borrowing Row) throws {
        id = try row.integer(0)
        bot = try row.integer(1)
        chat = try row.optionalInteger(2)
        method = try row.text(3)
        let (state, priority) = (State(rawValue: try row.text(4)), SendPriority(rawValue: try row.integer(5)))
        guard let state, let priority else { throw StoreError(.corrupt, "a send in no state") }
        (self.state, self.priority) = (state, priority)
        owner = try row.text(6)
        idempotencyKey = try row.optionalText(7)
        correlation = try row.optionalText(8)
        let notBefore = try row.integer(9)
        self.notBefore = notBefore == 0 ? nil : Timestamp(milliseconds: notBefore)
        attempts = Int(try row.integer(10))
        createdAt = Timestamp(milliseconds: try row.integer(11))
        updatedAt = Timestamp(milliseconds: try row.integer(12))
        status = try row.optionalInteger(13).map { Int($0) }
        answer = try row.optionalBytes(14)
        errorCode = try row.optionalText(15)
        error = try row.optionalText(16)
        message = try row.optionalInteger(17)
        revision = try row.integer(18)
        messageCount = Int(try row.integer(19))
        deletedMessages = (try row.optionalText(20) ?? "").split(separator: " ").compactMap { Int64($0) }
        mayBeDone = try row.integer(21) != 0
        isApart = try row.integer(22) != 0
    }

    var entry: Governor.Entry {
        Governor.Entry(
            id: id, chat: chat, owner: owner, priority: priority,
            messageCount: messageCount)
    }
}
