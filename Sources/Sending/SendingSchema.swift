package import Store

/// The tables of what is sent.
package enum SendingSchema {
    /// The tables; the number is its place among all steps.
    package static func migration(_ number: Int) -> Migration {
        Migration(number, "sending", up: up, down: ["DROP TABLE send_pauses", "DROP TABLE sends"])
    }

    /// Large bodies beside the rows, what may have been done before, and indexes by which waiting sends are found without them.
    package static func bodies(_ number: Int) -> Migration {
        Migration(
            number, "sending: bodies apart",
            up: [
                "CREATE TABLE send_bodies (id BIGINT PRIMARY KEY, body " + bytes + " NOT NULL)",
                "ALTER TABLE sends ADD COLUMN may_be_done INTEGER NOT NULL DEFAULT 0",
                "ALTER TABLE sends ADD COLUMN body_apart INTEGER NOT NULL DEFAULT 0",
                "DROP INDEX sends_pending",
                "CREATE INDEX sends_pending ON sends (bot, priority, id, not_before) WHERE state = 'PENDING'",
                "CREATE INDEX sends_due ON sends (not_before, bot) WHERE state = 'PENDING'",
            ],
            down: [
                "UPDATE sends SET body = (SELECT body FROM send_bodies WHERE send_bodies.id = sends.id) "
                    + "WHERE id IN (SELECT id FROM send_bodies)",
                "DROP INDEX sends_due",
                "DROP INDEX sends_pending",
                "CREATE INDEX sends_pending ON sends (bot, priority, id) WHERE state = 'PENDING'",
                "ALTER TABLE sends DROP COLUMN body_apart",
                "ALTER TABLE sends DROP COLUMN may_be_done",
                "DROP TABLE send_bodies",
            ])
    }

    private static let bytes = SQL(sqlite: "BLOB", postgres: "BYTEA")

    private static let up: [SQL] = [
        "CREATE TABLE sends (id BIGINT PRIMARY KEY, bot BIGINT NOT NULL, chat BIGINT, method TEXT NOT NULL, "
            + "content_type TEXT NOT NULL, body " + bytes + " NOT NULL, state TEXT NOT NULL, "
            + "priority INTEGER NOT NULL, owner TEXT NOT NULL, idempotency_key TEXT, request_hash " + bytes
            + " NOT NULL, correlation TEXT, not_before BIGINT NOT NULL, attempts INTEGER NOT NULL, "
            + "created_at BIGINT NOT NULL, updated_at BIGINT NOT NULL, status INTEGER, answer " + bytes
            + ", error_code TEXT, error TEXT, message BIGINT, revision INTEGER NOT NULL, "
            + "logged INTEGER NOT NULL, messages INTEGER NOT NULL, message_ids TEXT)",
        "CREATE UNIQUE INDEX sends_by_key ON sends (owner, idempotency_key) WHERE idempotency_key IS NOT NULL",
        "CREATE INDEX sends_pending ON sends (bot, priority, id) WHERE state = 'PENDING'",
        "CREATE INDEX sends_sending ON sends (bot) WHERE state = 'SENDING'",
        // Changes that the log does not have yet.
        "CREATE INDEX sends_unlogged ON sends (id) WHERE logged < revision",
        "CREATE INDEX sends_by_owner ON sends (owner, id)",
        "CREATE INDEX sends_by_bot ON sends (bot, updated_at)",
        "CREATE INDEX sends_by_chat ON sends (chat, id)",
        // What Telegram has forbidden, and until when; chat 0 stands for all of a bot.
        "CREATE TABLE send_pauses (bot BIGINT NOT NULL, chat BIGINT NOT NULL, until BIGINT NOT NULL, "
            + "PRIMARY KEY (bot, chat))",
    ]
}
