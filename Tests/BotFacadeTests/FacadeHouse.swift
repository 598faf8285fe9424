import Base
import BotAPI
import Bots
import Bus
import Chats
import Crypto
import Foundation
import HTTPClient
import HTTPServer
import Identity
import Kernel
import Reactor
import Sending
import Simulator
import Store
import StoreTesting
import Testing
import Wire

@testable import BotFacade

/// A node with the Bot API endpoint before a simulated Telegram, over a fresh database.
final class FacadeHouse: Sendable {
    let simulator: Simulator
    let database: any Database
    let log: EventLog
    let identity: Identity
    let bots: Bots
    let facade: BotFacade
    let tokens: ProgramTokens
    /// The bot that is registered, and a chat of two groups that it is in.
    let bot: Bot
    let realToken: String
    let groups: [Int64]
    let client: HTTPClient
    let base: String
    /// Where files are kept.
    let folder: String

    private init(
        simulator: Simulator, database: any Database, log: EventLog, identity: Identity, bots: Bots,
        facade: BotFacade, tokens: ProgramTokens, bot: Bot, realToken: String, groups: [Int64],
        client: HTTPClient, base: String, folder: String
    ) {
        (self.simulator, self.database, self.log, self.identity) = (simulator, database, log, identity)
        (self.bots, self.facade, self.tokens, self.bot) = (bots, facade, tokens, bot)
        (self.realToken, self.groups, self.client, self.base) = (realToken, groups, client, base)
        self.folder = folder
    }

    static let telegramUser: Int64 = 900

    /// Lends one.
    static func open(
        _ backend: Backend = .sqlite, clocks: Clocks = .system,
        _ body: @escaping @Sendable (FacadeHouse) async throws -> Void
    ) async throws {
        var settings = Simulator.Settings()
        settings.rates.areEnforced = false
        let loops = try TestLoops.shared.get()
        try await Simulator.withRunning(on: loops, settings) { simulator in
            try await withDatabase(backend) { database in
                try await run(simulator, database, on: loops, clocks, body)
            }
        }
    }

    private static let migrations = [
        LogSchema.migration, VaultSchema.migration(2), IdentitySchema.migration(3), AuditSchema.migration(4),
        BotsSchema.migration(5), ChatsSchema.migration(6), SendingSchema.migration(7),
        SendingSchema.bodies(8),
        FacadeSchema.migration(9),
    ]

    private static func run(
        _ simulator: Simulator, _ database: any Database, on loops: EventLoopGroup, _ clocks: Clocks,
        _ body: @escaping @Sendable (FacadeHouse) async throws -> Void
    ) async throws {
        try await Migrator(database, migrations).up()
        let vault = Vault(try KeyRing([VaultKey.random(id: 1, createdAt: Timestamp(seconds: 1))]))
        let (bus, log) = (InProcessBus(), try await EventLog(database))
        let pool = try BlockingPool(threads: 2, waiting: 64)
        defer { pool.shutdown() }
        let cheap = Argon2Cost(memoryKiB: 64, passes: 1, lanes: 1) ?? .standard
        let identity = Identity(
            Identity.Parts(
                database: database, vault: vault, bus: bus, audit: AuditLog(database),
                passwords: Passwords(pool: pool, cost: cheap, keyCost: cheap), rates: nil))
        let telegram = try BotAPIClient(try #require(WebAddress(simulator.baseURL)), on: loops)
        let registry = BotRegistry(database, vault, bus, logger: .silent)
        let bots = Bots(
            Bots.Parts(
                database: database, vault: vault, audit: identity.audit, log: log, registry: registry,
                client: telegram, publicURL: nil))
        // Far longer than the machine may stand still: a lease that is lost has updates delivered again.
        let leases = LeaseKeeper(Leases(database), holder: "a", span: .seconds(60))
        var sending = Sends.Parts(
            database: database, log: log, client: telegram, bus: bus, leases: leases,
            token: { registry.token(of: $0) }, bots: { _ in [] }, unauthorized: { _, _, _ in })
        sending.settings.limits.chatBurst = 1000
        sending.settings.limits.groupCount = 1000
        sending.settings.lookInterval = .milliseconds(50)
        let sends = Sends(sending)
        let folder = FileManager.default.temporaryDirectory.appending(path: "heliograph-files-\(UUID())").path
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let cache = FileCache(folder, pool: pool, bytesMax: 1 << 20, fileBytesMax: 1 << 20)
        try await cache.clear()
        let facade = BotFacade(
            BotFacade.Parts(
                database: database, vault: vault, log: log, registry: registry, callers: identity.callers,
                files: Files(database, registry, telegram, cache, pool: pool), sends: sends, bus: bus,
                bodyMax: 4 << 20,
                allowsPrivate: true, clocks: clocks))
        let tokens = ProgramTokens(identity.keys, database, log)
        let services: [any Service] =
            identity.services + [registry, HouseLeases(keeper: leases)] + sends.services
            + [try HookService(facade, leases, on: loops)]
        let supervisor = Supervisor(services, grace: .seconds(5), logger: .silent)
        let server = HTTPServer(
            addresses: [try #require(SocketAddress("127.0.0.1:0"))], on: loops,
            router: Router(FacadeRoutes(facade).routes), middleware: [identity.gate.middleware])
        try await server.start()
        let base = "http://\(try #require(server.listening.first))"
        let client = try HTTPClient(on: loops.next())
        let stopping = AsyncStream.makeStream(of: Void.self)
        async let running = supervisor.run { for await _ in stopping.stream {} }
        do {
            let (id, token) = try simulator.addBot(name: "Weather", username: "weather_bot")
            let bot = try await bots.register(Bots.Draft(token: token, mode: .polling), by: .console)
            let groups = try groups(of: id, in: simulator)
            try await body(
                FacadeHouse(
                    simulator: simulator, database: database, log: log, identity: identity, bots: bots,
                    facade: facade, tokens: tokens, bot: bot, realToken: token, groups: groups,
                    client: client, base: base, folder: folder))
        } catch {
            await end(stopping.continuation, client, server, telegram)
            _ = try await running
            throw error
        }
        await end(stopping.continuation, client, server, telegram)
        _ = try await running
        log.close()
    }

    /// Two groups that a bot is in.
    private static func groups(of bot: Int64, in simulator: Simulator) throws -> [Int64] {
        try simulator.act { world in
            let owner = try world.addUser(firstName: "Ada").id
            return try (0..<2).map {
                try world.addChat(.supergroup, title: "Group \($0)", creator: owner, members: [bot]).peer
                    .id(seenBy: 0)
            }
        }
    }

    private static func end(
        _ stop: AsyncStream<Void>.Continuation, _ client: HTTPClient, _ server: HTTPServer,
        _ telegram: BotAPIClient
    ) async {
        await client.shutdown()
        _ = await server.stop(by: EventLoop.clock() + 2_000_000_000)
        stop.finish()
        await telegram.shutdown()
    }

    private struct HouseLeases: Service {
        let name = "leases"
        let keeper: LeaseKeeper
        func start() async throws {}
        func run() async throws { await keeper.run() }
        func stop(by deadline: MonotonicNanoseconds) async -> [String] {
            await keeper.close()
            return []
        }
    }

    // MARK: Keys

    /// A token for a program, of a key of its own; `targets` are what the key reaches.
    func token(
        _ targets: [String]? = nil, scopes: [String] = ["chats.read", "chats.send"]
    ) async throws -> (id: String, text: String) {
        let name = "user\(UInt32.random(in: 0...(.max)))"
        let user = try await identity.users.create(
            Users.Draft(username: name, password: Secret("correct horse"), roles: ["admin"]), by: .console)
        let made = try await identity.keys.create(
            Keys.Draft(name: "test", scopes: scopes, targets: targets ?? [bot.source.text]), for: user.id,
            by: .console)
        return (made.key.id, "\(bot.id):\(made.text)")
    }

    // MARK: Calls

    struct Answer: Sendable {
        let status: Int
        let fields: HeaderFields
        let json: JSONValue
        var result: JSONValue { json["result"] ?? .null }
        var words: String { json["description"]?.string ?? "" }
        /// The texts of the messages in updates.
        var texts: [String] { (result.array ?? []).compactMap { $0["message"]?["text"]?.string } }
        var numbers: [Int64] { (result.array ?? []).compactMap { $0["update_id"]?.int64 } }
    }

    func call(
        _ token: String, _ method: String, _ body: Bytes? = nil, type: String = "application/json"
    ) async throws -> Answer {
        var request = HTTPClientRequest(body == nil ? .get : .post, "\(base)/bot\(token)/\(method)")
        if let body {
            request.fields.append("content-type", type)
            request.body = .bytes(body)
        }
        request.timeout = .seconds(120)
        let answer = try await client.send(request)

        return Answer(
            status: answer.status, fields: answer.fields, json: JSONValue(try JSON.parse(answer.body).root))
    }

    // MARK: Updates

    /// Has a message come in from a chat.
    @discardableResult
    func receive(_ text: String, chat: Int64 = 5, number: Int64 = .random(in: 1...(1 << 40))) async throws
        -> Position
    {
        try await receive(
            json:
                #"{"update_id":\#(number),"message":{"message_id":\#(number),"date":1,"text":"\#(text)","#
                + #""from":{"id":7,"is_bot":false,"first_name":"Ada"},"chat":{"id":\#(chat),"type":"private"}}}"#
        )
    }

    @discardableResult
    func receive(json: String, by other: EventLog? = nil) async throws -> Position {
        let draft = try Update(JSON.parse(Bytes(json)).root).draft(of: bot.id, payload: Bytes(json))
        guard case .new(let position) = try await (other ?? log).append([draft])[0] else {
            Issue.record("the update is a repetition")
            return .zero
        }
        return position
    }
}

/// Waits until something is so.
func until(
    _ place: SourceLocation = #_sourceLocation, _ isSo: @Sendable () async throws -> Bool
) async throws {
    for _ in 0..<6000 {
        if try await isSo() { return }
        try await Task.sleep(for: .milliseconds(5))
    }
    Issue.record("it never became so", sourceLocation: place)
    throw CancellationError()
}
