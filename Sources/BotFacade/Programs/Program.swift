import Base
import Bots
import Kernel
import Store

/// A program that uses a bot through a key of its own: what it wants to get, and where.
struct Program: Sendable {
    /// Key and bot together.
    let id: String
    let keyID: String
    let botID: Int64
    /// The kinds of updates that it asked for; nil for Telegram's usual ones.
    var allowedUpdates: [String]?
    /// Where updates are delivered; nil where it fetches them.
    var url: String?
    var sealedSecret: Bytes?
    var connections: Int
    /// Grows each time that it asks for something else.
    var revision: Int64 = 0
    var lastError: String?
    var lastErrorAt: Timestamp?

    init(keyID: String, botID: Int64) {
        id = Self.id(keyID, botID)
        (self.keyID, self.botID) = (keyID, botID)
        connections = Self.connectionsUsual
    }

    static let connectionsUsual = 40

    static func id(_ keyID: String, _ botID: Int64) -> String { "\(keyID):\(botID)" }

    /// The name of its cursor in the log.
    var cursor: String { "bot-api:\(id)" }

    /// Whether it asked for the same deliveries as another state of it, but for the secret.
    func asksAs(_ other: Program) -> Bool {
        url == other.url && connections == other.connections && allowedUpdates == other.allowedUpdates
    }

    /// The events that it gets: its bot's updates, of the kinds that it asked for, within what its key reaches.
    func filter(_ reach: ChatReach) -> EventFilter {
        let wanted = allowedUpdates ?? UpdateKind.telegram.filter { !UpdateKind.onRequest.contains($0) }
        var kinds = Set(wanted.flatMap { UpdateKind.events(of: $0) })
        // What is newer than this program may be what the other one waits for.
        kinds.insert(UpdateKind.unknown)
        return EventFilter(.source(.bot(botID)), granted: reach.read.scopes, kinds: kinds)
    }
}

/// The rows of programs.
enum ProgramStore {
    static let secretColumn = SealedColumn(table: "bot_programs", id: "id", kind: .text, column: "secret")

    private static let columns: SQL = """
        SELECT key_id, bot_id, allowed_updates, url, secret, connections, last_error, last_error_at, revision
        FROM bot_programs
        """

    private static func read(_ row: borrowing Row) throws -> Program {
        var program = Program(keyID: try row.text(0), botID: try row.integer(1))
        program.allowedUpdates = try row.optionalText(2).map { $0.split(separator: " ").map(String.init) }
        program.url = try row.optionalText(3)
        program.sealedSecret = try row.optionalBytes(4)
        program.connections = Int(try row.integer(5))
        program.lastError = try row.optionalText(6)
        program.lastErrorAt = try row.optionalInteger(7).map { Timestamp(milliseconds: $0) }
        program.revision = try row.integer(8)
        return program
    }

    static func program(_ keyID: String, _ botID: Int64, in transaction: any ReadTransaction) async throws
        -> Program?
    {
        try await transaction.first(
            columns + " WHERE id = $1", [.text(Program.id(keyID, botID))], read)
    }

    /// The programs that have updates delivered, while their keys are good.
    static func hooks(at now: Timestamp, in transaction: any ReadTransaction) async throws -> [Program] {
        try await transaction.all(
            columns
                + """
                 WHERE url IS NOT NULL AND key_id IN (SELECT id FROM api_keys
                    WHERE revoked_at IS NULL AND (expires_at IS NULL OR expires_at > $1)) ORDER BY id
                """, [.integer(now.milliseconds)], read)
    }

    static func save(_ program: Program, in transaction: any Transaction) async throws {
        try await transaction.execute(
            """
            INSERT INTO bot_programs (id, key_id, bot_id, allowed_updates, url, secret, connections, last_error,
                last_error_at, revision) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 1)
            ON CONFLICT (id) DO UPDATE SET allowed_updates = excluded.allowed_updates, url = excluded.url,
                secret = excluded.secret, connections = excluded.connections, last_error = excluded.last_error,
                last_error_at = excluded.last_error_at, revision = bot_programs.revision + 1
            """,
            [
                .text(program.id), .text(program.keyID), .integer(program.botID),
                .text(program.allowedUpdates?.joined(separator: " ")), .text(program.url),
                .bytes(program.sealedSecret), .integer(Int64(program.connections)),
                .text(program.lastError), .integer(program.lastErrorAt?.milliseconds),
            ])
    }

    /// Sets the kinds alone; false where the program has its updates delivered.
    static func setAllowed(_ kinds: [String]?, of program: Program, in transaction: any Transaction)
        async throws -> Bool
    {
        try await transaction.execute(
            """
            INSERT INTO bot_programs (id, key_id, bot_id, allowed_updates, connections, revision)
                VALUES ($1, $2, $3, $4, $5, 1)
            ON CONFLICT (id) DO UPDATE SET allowed_updates = excluded.allowed_updates,
                revision = bot_programs.revision + 1 WHERE bot_programs.url IS NULL
            """,
            [
                .text(program.id), .text(program.keyID), .integer(program.botID),
                .text(kinds?.joined(separator: " ")), .integer(Int64(program.connections)),
            ]) > 0
    }

    static func report(_ id: String, _ error: String, at now: Timestamp, in transaction: any Transaction)
        async throws
    {
        try await transaction.execute(
            "UPDATE bot_programs SET last_error = $2, last_error_at = $3 WHERE id = $1",
            [.text(id), .text(error), .integer(now.milliseconds)])
    }
}
