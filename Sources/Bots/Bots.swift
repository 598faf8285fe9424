package import Base
package import BotAPI
import Crypto
import HTTPServer
package import Identity
package import Kernel
package import Store
import Wire

/// Registering bots, and changing how they run.
package struct Bots: Sendable {
    /// What the room needs of the others.
    package struct Parts: Sendable {
        let database: any Database
        let vault: Vault
        let audit: AuditLog
        let log: EventLog
        let registry: BotRegistry
        let client: BotAPIClient
        /// Where Telegram reaches this server; nil where it cannot.
        let publicURL: WebAddress?
        let clocks: Clocks
        let logger: Logger

        /// Puts the parts together.
        package init(
            database: any Database, vault: Vault, audit: AuditLog, log: EventLog, registry: BotRegistry,
            client: BotAPIClient, publicURL: WebAddress?, clocks: Clocks = .system, logger: Logger = .silent
        ) {
            self.database = database
            self.vault = vault
            self.audit = audit
            self.log = log
            self.registry = registry
            self.client = client
            self.publicURL = publicURL
            self.clocks = clocks
            self.logger = logger
        }
    }

    /// What a bot is registered with.
    package struct Draft: Sendable {
        var username: String?
        var token: String
        var displayName: String?
        var mode: Bot.Mode?

        /// Puts the parts together.
        package init(
            username: String? = nil, token: String, displayName: String? = nil, mode: Bot.Mode? = nil
        ) {
            self.username = username
            self.token = token
            self.displayName = displayName
            self.mode = mode
        }
    }

    /// What is to become different; nil stays.
    package struct Change: Sendable {
        var displayName: String?
        var mode: Bot.Mode?
        var isPaused: Bool?

        /// Puts the parts together.
        package init(displayName: String? = nil, mode: Bot.Mode? = nil, isPaused: Bool? = nil) {
            self.displayName = displayName
            self.mode = mode
            self.isPaused = isPaused
        }
    }

    /// The columns that hold what the vault has sealed.
    package static let sealedColumns = [BotStore.tokenColumn, BotStore.secretColumn]

    let parts: Parts
    /// Whether bots work.
    package let states: BotStates
    let hooks: WebhookSetter

    /// The service over its parts.
    package init(_ parts: Parts) {
        self.parts = parts
        states = BotStates(parts)
        hooks = WebhookSetter(parts, states)
    }

    // MARK: Reading

    /// A bot as it stands in the database, with what was reported of it.
    package func bot(_ id: Int64) async throws -> Bot {
        guard let bot = try await parts.database.read({ try await BotStore.record(id, in: $0)?.bot }) else {
            throw APIError(.notFound, "There is no such bot")
        }
        return bot
    }

    /// Bots in the order of their numbers.
    package func page(after id: Int64, limit: Int) async throws -> [Bot] {
        try await parts.database.read { try await BotStore.page(after: id, limit: limit, in: $0) }
    }

    /// The numbers of all bots of a database.
    package static func registered(in database: any Database) async throws -> [Int64] {
        try await database.read { transaction in
            try await transaction.all("SELECT id FROM bots ORDER BY id") { try $0.integer(0) }
        }
    }

    // MARK: Changing

    /// Registers a bot: Telegram is asked who it is, and how its updates come in is put into effect.
    package func register(_ draft: Draft, by actor: Actor) async throws -> Bot {
        let (token, identity) = try await identify(draft.token)
        if let name = draft.username?.drop(while: { $0 == "@" }),
            name.lowercased() != identity.username.lowercased()
        {
            throw APIError.invalid("username", "the token is that of @\(identity.username)")
        }
        let now = parts.clocks.now
        let bot = Bot(
            id: identity.id, username: identity.username,
            displayName: try Self.displayName(draft.displayName ?? identity.firstName),
            mode: try checked(draft.mode ?? (hooks.isPossible ? .webhook : .polling)), isPaused: false,
            state: .active, stateAt: now, createdAt: now, updatedAt: now)
        let secret = Bytes(Base64.url.encode(SecureRandom.bytes(32)))
        let record = BotStore.Record(
            bot: bot, sealedToken: try seal(token.reveal(), BotStore.tokenColumn, bot.id),
            sealedSecret: try seal(secret, BotStore.secretColumn, bot.id))
        do { try await insert(record, by: actor) } catch let error as StoreError
            where error.code == .notUnique
        {
            throw APIError(.conflict, "@\(bot.username) is being registered by somebody else")
        }
        try await parts.registry.changed()
        await hooks.apply(to: bot.id)
        return try await self.bot(bot.id)
    }

    private func insert(_ record: BotStore.Record, by actor: Actor) async throws {
        let bot = record.bot
        try await parts.database.write { transaction in
            guard try await BotStore.record(bot.id, in: transaction) == nil else {
                throw APIError(
                    .conflict, "@\(bot.username) is registered already; give it a new token instead")
            }
            guard try await !BotStore.isNameTaken(bot.username, by: bot.id, in: transaction) else {
                throw APIError(.conflict, "Another bot has the name @\(bot.username) here")
            }
            try await BotStore.insert(record, in: transaction)
            try await parts.audit.record(
                actor.entry(
                    "bot.register", on: "bot:\(bot.id)", detail: "@\(bot.username), \(bot.mode.rawValue)"),
                in: transaction)
        }
    }

    /// Changes how a bot runs.
    package func change(_ id: Int64, _ change: Change, by actor: Actor) async throws -> Bot {
        let now = parts.clocks.now
        let name = try change.displayName.map { name throws(APIError) in try Self.displayName(name) }
        let mode = try change.mode.map { mode throws(APIError) in try checked(mode) }
        let before = try await parts.database.write { transaction in
            guard var bot = try await BotStore.locked(id, in: transaction)?.bot else {
                throw APIError(.notFound, "There is no such bot")
            }
            let before = bot.mode
            if let name { bot.displayName = name }
            if let mode { bot.mode = mode }
            if let isPaused = change.isPaused { bot.isPaused = isPaused }
            bot.updatedAt = now
            try await BotStore.update(bot, in: transaction)
            let words = [
                name.map { "displayName \($0)" }, mode.map { "mode \($0.rawValue)" },
                change.isPaused.map { $0 ? "paused" : "resumed" },
            ]
            try await parts.audit.record(
                actor.entry(
                    "bot.change", on: "bot:\(id)", detail: words.compactMap(\.self).joined(separator: "; ")),
                in: transaction)
            return before
        }
        try await parts.registry.changed()
        if mode != nil || change.isPaused != nil { await hooks.apply(to: id, before: before) }
        return try await bot(id)
    }

    /// Gives a bot the new token that BotFather made for it; nothing is lost in between.
    package func replaceToken(_ text: String, of id: Int64, by actor: Actor) async throws -> Bot {
        let (token, identity) = try await identify(text)
        guard identity.id == id else {
            throw APIError.invalid("token", "it is that of another bot, @\(identity.username)")
        }
        let now = parts.clocks.now
        let sealed = try seal(token.reveal(), BotStore.tokenColumn, id)
        try await parts.database.write { transaction in
            guard var bot = try await BotStore.locked(id, in: transaction)?.bot else {
                throw APIError(.notFound, "There is no such bot")
            }
            guard try await !BotStore.isNameTaken(identity.username, by: id, in: transaction) else {
                throw APIError(.conflict, "Another bot has the name @\(identity.username) here")
            }
            (bot.username, bot.state, bot.reason, bot.stateAt) = (identity.username, .active, nil, now)
            bot.updatedAt = now
            try await BotStore.update(bot, in: transaction)
            try await BotStore.setToken(sealed, of: id, in: transaction)
            try await parts.audit.record(actor.entry("bot.token", on: "bot:\(id)"), in: transaction)
        }
        try await parts.registry.changed()
        await hooks.apply(to: id)
        return try await bot(id)
    }

    /// Forgets a bot and its token; what it has received stays in the log.
    package func delete(_ id: Int64, by actor: Actor) async throws {
        // Telegram should not go on delivering to an address that knows the bot no longer.
        await hooks.remove(of: id)
        try await parts.database.write { transaction in
            guard try await BotStore.delete(id, in: transaction) else {
                throw APIError(.notFound, "There is no such bot")
            }
            try await parts.audit.record(actor.entry("bot.delete", on: "bot:\(id)"), in: transaction)
        }
        try await parts.registry.changed()
    }

    // MARK: Checks

    private func identify(_ text: String) async throws -> (BotToken, BotIdentity) {
        guard let token = BotToken(Bytes(text)) else {
            throw APIError.invalid("token", "a token as BotFather gives it, such as 123456:ABC…")
        }
        do throws(BotAPIError) {
            return (token, try await parts.client.getMe(as: token))
        } catch {
            switch error.code {
            case .unauthorized, .notFound:
                throw APIError.invalid("token", "Telegram does not know it: \(error.description)")
            case .tooManyRequests:
                let seconds = max(1, Int((error.retryAfter ?? .seconds(1)) / .seconds(1)))
                throw APIError(
                    .rateLimited, "Telegram asks to wait", details: ["retryAfter": .integer(Int64(seconds))],
                    fields: ["retry-after": "\(seconds)"])
            default: throw APIError(.unavailable, "Telegram could not be asked: \(error.description)")
            }
        }
    }

    private func checked(_ mode: Bot.Mode) throws(APIError) -> Bot.Mode {
        guard mode == .polling || hooks.isPossible else {
            throw APIError.invalid("mode", "a webhook needs the setting public_url, with https")
        }
        return mode
    }

    private static func displayName(_ text: String) throws(APIError) -> String {
        let isPlain = text.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value != 0x7f }
        guard (1...256).contains(text.utf8.count), isPlain else {
            throw APIError.invalid("displayName", "1 to 256 bytes without control characters")
        }
        return text
    }

    private func seal(_ plain: Bytes, _ column: SealedColumn, _ id: Int64) throws -> Bytes {
        try parts.vault.seal(plain, for: column.place("\(id)"))
    }
}
