import Base
import Kernel
import Store

extension SendStore {
    /// One send; nil where there is none.
    func send(_ id: Int64) async throws -> Send? {
        try await database.read { try await Self.send(id, in: $0) }
    }

    static func send(_ id: Int64, in transaction: any ReadTransaction) async throws -> Send? {
        try await transaction.first("SELECT " + columns + " FROM sends WHERE id = $1", [.integer(id)]) {
            try Send($0)
        }
    }

    /// Which sends are wanted in a list.
    struct Filter: Sendable {
        var state: Send.State?
        var chat: Int64?
        var bot: Int64?
        /// Only this one's; nil for everybody's.
        var owner: String?
        /// Behind this one; the newest come first.
        var before: Int64?
    }

    /// A page of sends, the newest first.
    func page(_ filter: Filter, limit: Int) async throws -> [Send] {
        var sql: SQL = "SELECT " + Self.columns + " FROM sends WHERE id < $1"
        var parameters: [Value] = [.integer(filter.before ?? .max)]
        for (condition, value) in [
            (" AND state = ", filter.state.map { Value.text($0.rawValue) }),
            (" AND chat = ", filter.chat.map { .integer($0) }),
            (" AND bot = ", filter.bot.map { .integer($0) }),
            (" AND owner = ", filter.owner.map { .text($0) }),
        ] as [(SQL, Value?)] {
            guard let value else { continue }
            parameters.append(value)
            sql += condition + .parameter(parameters.count)
        }
        parameters.append(.integer(Int64(limit)))
        sql += " ORDER BY id DESC LIMIT " + .parameter(parameters.count)
        let (query, values) = (sql, parameters)
        return try await database.read { try await $0.all(query, values) { try Send($0) } }
    }

    /// The bots that something waits for now, or whose last sender seems to have gone in the middle of it.
    func waitingBots() async throws -> [Int64] {
        let now = clocks.now
        return try await database.read { transaction in
            try await transaction.all(
                "SELECT bot FROM sends WHERE state = 'PENDING' AND not_before <= $1 UNION "
                    + "SELECT bot FROM sends WHERE state = 'SENDING' AND updated_at < $2 ORDER BY 1",
                [.integer(now.milliseconds), .integer((now - Self.strandedAfter).milliseconds)]
            ) { try $0.integer(0) }
        }
    }

    /// Most calls are through by then.
    private static let strandedAfter = Duration.seconds(5)

    /// What waits for a bot with a priority and may go now, the first first; and when the next of the rest may go.
    func waiting(
        of bot: Int64, _ priority: SendPriority, limit: Int
    ) async throws -> (due: [Send], next: Timestamp?) {
        let now = clocks.now
        return try await database.read { transaction in
            let due = try await transaction.all(
                "SELECT " + Self.columns
                    + " FROM sends WHERE bot = $1 AND priority = $4 AND state = 'PENDING' "
                    + "AND not_before <= $2 ORDER BY id LIMIT $3",
                [
                    .integer(bot), .integer(now.milliseconds), .integer(Int64(limit)),
                    .integer(priority.rawValue),
                ]
            ) { try Send($0) }
            let next = try await transaction.first(
                "SELECT min(not_before) FROM sends WHERE bot = $1 AND state = 'PENDING' AND not_before > $2",
                [.integer(bot), .integer(now.milliseconds)]
            ) { try $0.optionalInteger(0) }
            return (due, next.flatMap { $0 }.map { Timestamp(milliseconds: $0) })
        }
    }

    /// What is left of a bot's limits, by what was written down lately.
    func budget(of bot: Int64, _ limits: SendLimits) async throws -> SendBudget {
        let now = clocks.now
        return try await database.read { transaction in
            let used = try await transaction.first(
                "SELECT count(*) FROM sends WHERE bot = $1 AND updated_at > $2 AND attempts > 0",
                [.integer(bot), .integer((now - limits.botWindow).milliseconds)]
            ) { Int(try $0.integer(0)) }
            let waiting = try await transaction.first(
                "SELECT count(*) FROM sends WHERE bot = $1 AND state = 'PENDING'", [.integer(bot)]
            ) { Int(try $0.integer(0)) }
            let until = try await transaction.first(
                "SELECT until FROM send_pauses WHERE bot = $1 AND chat = 0 AND until > $2",
                [.integer(bot), .integer(now.milliseconds)]
            ) { Timestamp(milliseconds: try $0.integer(0)) }
            return SendBudget(
                limit: limits.botCount, remaining: max(0, limits.botCount - (used ?? 0)),
                waiting: waiting ?? 0,
                silentFor: until.map { $0 - now })
        }
    }

    /// What a node that takes a bot over has to know.
    struct Inheritance: Sendable {
        /// What was on its way when the last owner went.
        var stranded: [Send] = []
        /// What went lately: where to, and when.
        var recent: [(chat: Int64?, messageCount: Int, at: Timestamp)] = []
        /// What Telegram has forbidden.
        var pauses: [Pause] = []
    }

    func inheritance(of bot: Int64, since: Timestamp) async throws -> Inheritance {
        try await database.read { transaction in
            var result = Inheritance()
            result.stranded = try await Self.stranded(of: bot, before: .max, in: transaction)
            result.recent = try await transaction.all(
                "SELECT " + Self.columns + " FROM sends WHERE bot = $1 AND updated_at >= $2 AND attempts > 0 "
                    + "ORDER BY updated_at",
                [.integer(bot), .integer(since.milliseconds)]
            ) { row in
                let send = try Send(row)
                return (send.chat, send.messageCount, send.updatedAt)
            }
            result.pauses = try await transaction.all(
                "SELECT chat, until FROM send_pauses WHERE bot = $1", [.integer(bot)]
            ) { row in
                let chat = try row.integer(0)
                return Pause(chat: chat == 0 ? nil : chat, until: Timestamp(milliseconds: try row.integer(1)))
            }
            return result
        }
    }

    /// What is marked as on its way for longer than most calls take.
    func stranded(of bot: Int64) async throws -> [Send] {
        let before = (clocks.now - Self.strandedAfter).milliseconds
        return try await database.read { try await Self.stranded(of: bot, before: before, in: $0) }
    }

    private static func stranded(
        of bot: Int64, before: Int64, in transaction: any ReadTransaction
    ) async throws -> [Send] {
        try await transaction.all(
            "SELECT " + columns
                + " FROM sends WHERE bot = $1 AND state = 'SENDING' AND updated_at < $2 ORDER BY id",
            [.integer(bot), .integer(before)]
        ) { try Send($0) }
    }

    /// Settles what was on its way when its node went: what can be repeated waits again, of the rest nobody can tell.
    ///
    /// Not `repeating`, nothing waits again: it had its answer, and what it changes may have been changed anew since.
    func settle(_ stranded: [Send], under lease: Lease, repeating: Bool = true) async throws -> [Send] {
        let now = clocks.now
        return try await database.write { transaction in
            try await lease.check(in: transaction)
            var settled: [Send] = []
            for send in stranded {
                let isRepeatable = repeating && send.messageCount == 0
                let row = try await transaction.first(
                    "UPDATE sends SET state = $2, updated_at = $3, error_code = $4, error = $5, may_be_done = 1, "
                        + "revision = revision + 1 WHERE id = $1 AND state = 'SENDING' AND revision = $6 RETURNING "
                        + Self.columns,
                    [
                        .integer(send.id), .text((isRepeatable ? Send.State.pending : .uncertain).rawValue),
                        .integer(now.milliseconds), .text(isRepeatable ? nil : "interrupted"),
                        .text(
                            isRepeatable
                                ? nil
                                : repeating
                                    ? "The node that sent it went away before Telegram's answer"
                                    : "How it ended could not be written down"),
                        .integer(send.revision),
                    ]
                ) { try Send($0) }
                if let row { settled.append(row) }
                if !isRepeatable { _ = try await Self.dropApart(row, in: transaction) }
            }
            return settled
        }
    }

    // MARK: The log

    /// Sends whose last change may be missing in the log, but for those that will change once more in any case.
    func unlogged(of bot: Int64?, olderThan age: Duration, limit: Int) async throws -> [Send] {
        let before = clocks.now - age
        return try await database.read { transaction in
            try await transaction.all(
                "SELECT " + Self.columns
                    + " FROM sends WHERE logged < revision AND updated_at <= $1 AND state <> 'SENDING' "
                    + SQL(
                        sqlite: "AND ($3 IS NULL OR bot = $3)",
                        postgres: "AND ($3::bigint IS NULL OR bot = $3)")
                    + " ORDER BY id LIMIT $2",
                [.integer(before.milliseconds), .integer(Int64(limit)), .integer(bot)]
            ) { try Send($0) }
        }
    }

    /// The log has these changes: the numbers of sends, by their revision.
    func markLogged(_ sends: [Int64: [Int64]]) async throws {
        try await database.write { transaction in
            for (revision, ids) in sends {
                try await transaction.execute(
                    "UPDATE sends SET logged = $2 WHERE logged < $2 AND id" + .isAmong(1),
                    [.integers(ids), .integer(revision)])
            }
        }
    }

    /// Forgets what is done since long, and pauses that are over; returns how many sends.
    func purge(olderThan age: Duration, limit: Int) async throws -> Int {
        let (before, now) = (clocks.now - age, clocks.now)
        return try await database.write { transaction in
            try await transaction.execute(
                "DELETE FROM send_pauses WHERE until < $1", [.integer(now.milliseconds)])
            return try await transaction.execute(
                "DELETE FROM sends WHERE id IN (SELECT id FROM sends WHERE id < $1 AND logged >= revision "
                    + "AND state NOT IN ('PENDING', 'SENDING') AND updated_at < $2 ORDER BY id LIMIT $3)",
                [
                    .integer(before.milliseconds << 20), .integer(before.milliseconds),
                    .integer(Int64(limit)),
                ])
        }
    }
}
