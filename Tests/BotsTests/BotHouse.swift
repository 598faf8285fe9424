import Base
import BotAPI
import Bus
import Crypto
import HTTPClient
import HTTPServer
import Identity
import Kernel
import Reactor
import Simulator
import Store
import StoreTesting
import Testing
import Wire

@testable import Bots

/// A node that takes in the updates of bots from a simulated Telegram, over a fresh database.
final class BotHouse: Sendable {
    let simulator: Simulator
    let database: any Database
    let log: EventLog
    let bots: Bots
    let registry: BotRegistry
    let leases: LeaseKeeper
    /// Where Telegram delivers.
    let base: String
    private let server: HTTPServer
    private let telegram: BotAPIClient
    private let bus: any Bus
    private let vault: Vault

    /// What runs beside the registry.
    enum Part { case poller, upkeep }

    private init(
        _ simulator: Simulator, _ database: any Database, _ bus: any Bus, _ vault: Vault, holder: String,
        isReachable: Bool
    ) async throws {
        let loops = try TestLoops.shared.get()
        (self.simulator, self.database, self.bus, self.vault) = (simulator, database, bus, vault)
        log = try await EventLog(database)
        telegram = try BotAPIClient(try #require(WebAddress(simulator.baseURL)), on: loops)
        registry = BotRegistry(database, vault, bus, logger: .silent)
        leases = LeaseKeeper(Leases(database), holder: holder, span: .seconds(2))
        let receiver = WebhookReceiver(
            registry, log, loopCount: loops.loops.count, networks: [], metrics: Metrics())
        server = HTTPServer(
            addresses: [try #require(SocketAddress("127.0.0.1:0"))], on: loops,
            router: Router(receiver.routes))
        try await server.start()
        base = "http://\(try #require(server.listening.first))"
        bots = Bots(
            Bots.Parts(
                database: database, vault: vault, audit: AuditLog(database), log: log, registry: registry,
                client: telegram, publicURL: isReachable ? WebAddress(base) : nil))
    }

    /// Lends one; `isReachable` says whether Telegram can deliver to it.
    static func open(
        _ backend: Backend = .sqlite, _ parts: [Part] = [], isReachable: Bool = true,
        _ body: @escaping @Sendable (BotHouse) async throws -> Void
    ) async throws {
        var settings = Simulator.Settings()
        settings.retryFirst = .milliseconds(50)
        settings.retryMax = .milliseconds(200)
        try await Simulator.withRunning(on: TestLoops.shared.get(), settings) { simulator in
            try await withDatabase(backend) { database in
                try await Migrator(
                    database,
                    [
                        LogSchema.migration, VaultSchema.migration(2), AuditSchema.migration(3),
                        BotsSchema.migration(4),
                    ]
                ).up()
                let vault = Vault(try KeyRing([VaultKey.random(id: 1, createdAt: Timestamp(seconds: 1))]))
                let house = try await BotHouse(
                    simulator, database, InProcessBus(), vault, holder: "a", isReachable: isReachable)
                try await house.run(parts, body)
            }
        }
    }

    /// Lends a second node over the same database.
    func neighbour(
        _ parts: [Part], _ body: @escaping @Sendable (BotHouse) async throws -> Void
    ) async throws {
        let house = try await BotHouse(
            simulator, database, bus, vault, holder: "b", isReachable: bots.parts.publicURL != nil)
        try await house.run(parts, body)
    }

    private func run(_ parts: [Part], _ body: (BotHouse) async throws -> Void) async throws {
        var services: [any Service] = [HouseLeases(keeper: leases), registry]
        var polling = PollSettings()
        polling.timeout = .seconds(1)
        polling.lookInterval = .milliseconds(50)
        polling.backOff = .milliseconds(20)...Duration.milliseconds(100)
        if parts.contains(.poller) {
            services.append(PollerService(bots, leases, metrics: Metrics(), polling))
        }
        if parts.contains(.upkeep) {
            services.append(WebhookUpkeep(bots, leases, interval: .milliseconds(100)))
        }
        let supervisor = Supervisor(services, grace: .seconds(5), logger: .silent)
        let stopping = AsyncStream.makeStream(of: Void.self)
        async let running = supervisor.run { for await _ in stopping.stream {} }
        let result: Result<Void, any Error>
        do { result = .success(try await body(self)) } catch { result = .failure(error) }
        stopping.continuation.finish()
        _ = try await running
        _ = await server.stop(by: EventLoop.clock() + 2_000_000_000)
        await telegram.shutdown()
        log.close()
        try result.get()
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

    // MARK: Telegram

    /// A bot of the simulated Telegram, and a group that it is in.
    func made(_ username: String = "weather_bot") throws -> (
        id: Int64, token: String, group: Int64, user: Int64
    ) {
        let (id, token) = try simulator.addBot(name: "Weather", username: username)
        let (group, user) = try simulator.act { world in
            let user = try world.addUser(firstName: "Ada").id
            let chat = try world.addChat(.supergroup, title: "G", creator: user, members: [id])
            return (chat.peer.id(seenBy: 0), user)
        }
        return (id, token, group, user)
    }

    func registered(
        _ mode: Bot.Mode, _ username: String = "weather_bot"
    ) async throws -> (bot: Bot, group: Int64, user: Int64) {
        let bot = try made(username)
        let registered = try await bots.register(Bots.Draft(token: bot.token, mode: mode), by: .console)
        return (registered, bot.group, bot.user)
    }

    /// Has a user write into a group.
    func write(_ text: String, _ group: Int64, _ user: Int64) async throws {
        try await simulator.control(
            "send", ["user": .integer(user), "chat": .integer(group), "text": .string(text)])
    }

    /// The texts of the messages in the log.
    func texts() async throws -> [String] {
        try await log.page(EventFilter(kinds: ["message"]), after: .zero, limit: 1000).events.compactMap {
            event in
            try event.content.payload.flatMap { try JSON.parse($0).root["message"]?["text"]?.string }
        }
    }

    /// Asks the simulated Telegram as a bot.
    func ask(_ token: String, _ method: String, _ body: String = "{}") async throws -> JSONValue {
        let client = try HTTPClient(on: TestLoops.shared.get().next())
        var request = HTTPClientRequest(
            .post, "\(simulator.baseURL)/bot\(token)/\(method)", body: .bytes(Bytes(body)))
        request.fields.append("content-type", "application/json")
        let answer: HTTPClientResponse
        do { answer = try await client.send(request) } catch {
            await client.shutdown()
            throw error
        }
        await client.shutdown()
        return JSONValue(try JSON.parse(answer.body).root)
    }

    /// Delivers an update as Telegram does.
    func deliver(_ json: String, to username: String = "weather_bot", secret: Bytes?) async throws -> Int {
        let client = try HTTPClient(on: TestLoops.shared.get().next())
        var request = HTTPClientRequest(
            .post, "\(base)/api/v1/telegram/webhook/\(username)", body: .bytes(Bytes(json)))
        if let secret { request.fields.append("x-telegram-bot-api-secret-token", secret) }
        let answer: HTTPClientResponse
        do { answer = try await client.send(request) } catch {
            await client.shutdown()
            throw error
        }
        await client.shutdown()
        return answer.status
    }

    func state(_ id: Int64) async throws -> Bot.State { try await bots.bot(id).state }
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
