import Base
import BotAPI
import BotFacade
import Bots
import Bus
import Chats
import HTTPServer
import Identity
import Kernel
import Reactor
import Sending
import System

/// What speaks with Telegram, and what is made of what it says.
struct TelegramParts {
    let registry: BotRegistry
    let client: BotAPIClient
    let bots: Bots
    let chats: Chats
    private let leases: LeaseService
    private let projector: ChatProjector
    private let poller: PollerService
    private let upkeep: WebhookUpkeep
    private let receiver: WebhookReceiver
    private let facade: BotFacade
    private let hooks: HookService
    let sends: Sends
    private let cache: FileCache
    private let pool: BlockingPool
    private let logger: Logger
    /// The routes.
    let routes: [Route]

    init(
        _ configuration: Configuration, on group: EventLoopGroup, _ storage: StorageService, _ vault: Vault,
        _ bus: any Bus, _ identity: Identity, _ metrics: Metrics, _ health: Health, _ logging: Logging
    ) throws {
        let (database, log) = (storage.database, storage.log)
        client = try BotAPIClient(configuration.telegram.apiURL, on: group, metrics: metrics)
        registry = BotRegistry(database, vault, bus, logger: logging.logger("bots"))
        leases = LeaseService(database)
        bots = Bots(
            Bots.Parts(
                database: database, vault: vault, audit: identity.audit, log: log, registry: registry,
                client: client,
                publicURL: configuration.publicURL, logger: logging.logger("bots")))
        var polling = PollSettings()
        polling.timeout = configuration.telegram.pollTimeout
        poller = PollerService(bots, leases.keeper, metrics: metrics, polling)
        upkeep = WebhookUpkeep(bots, leases.keeper, interval: configuration.telegram.webhookCheck)
        let networks = configuration.telegram.checksSource ? Self.telegramNetworks : []
        receiver = WebhookReceiver(
            registry, log, loopCount: group.loops.count, networks: networks, metrics: metrics)
        chats = Chats(database, log)
        projector = ChatProjector(database, log, metrics: metrics, logger: logging.logger("chats"))
        logger = logging.logger("files")
        pool = try BlockingPool(threads: 2, waiting: 1024)
        cache = FileCache(
            "\(configuration.data)/files", pool: pool, bytesMax: configuration.telegram.filesBytesMax,
            fileBytesMax: configuration.telegram.fileBytesMax)
        let files = Files(database, registry, client, cache, pool: pool)
        var sending = Sends.Parts(
            database: database, log: log, client: client, bus: bus, leases: leases.keeper,
            token: { [registry] in registry.token(of: $0) },
            bots: { [chats] chat in try await chats.sources(of: chat).compactMap(\.botID) },
            unauthorized: { [bots] in await bots.states.mark($0, .unauthorized, $2, as: $1) })
        sending.settings.bodyBytesMax = configuration.http.bodyBytesMax
        sending.settings.limits = SendLimits(configuration.sending)
        sending.settings.passWait = configuration.sending.endpointWait
        sending.metrics = metrics
        sending.logger = logging.logger("sending")
        sends = Sends(sending)
        facade = BotFacade(
            BotFacade.Parts(
                database: database, vault: vault, log: log, registry: registry, callers: identity.callers,
                files: files, sends: sends, bus: bus, bodyMax: configuration.http.bodyBytesMax,
                allowsPrivate: configuration.telegram.allowsPrivateHooks, logger: logging.logger("bot-api")))
        hooks = try HookService(facade, leases.keeper, on: group)
        let home = configuration.publicURL.map { "\($0)" }
        routes =
            BotRoutes(bots).routes + receiver.routes + ChatRoutes(chats, identity.callers).routes
            + SendRoutes(sends, identity.audit).routes + FileRoutes(files).routes
            + ProgramRoutes(facade, ProgramTokens(identity.keys, database, log), home: home).routes
            + FacadeRoutes(facade).routes
        let sends = sends
        health.add("sending") { sends.trouble.map { .degraded($0) } ?? .ok }
        let registry = registry
        health.add("bots") {
            registry.trouble.map { .degraded($0) } ?? .ok
        }
    }

    /// From where Telegram says that it calls webhooks.
    private static let telegramNetworks = ["149.154.160.0/20", "91.108.4.0/22"].compactMap {
        AddressRange($0)
    }

    /// What runs, in the order of starting.
    var services: [any Service] {
        let first: [any Service] = [
            ClientService(client: client), FileService(cache: cache, pool: pool, logger: logger), registry,
            leases, projector,
            poller, upkeep,
        ]
        return first + sends.services + [hooks]
    }
}

/// Ends the connections to Telegram when nobody needs them any more.
private struct ClientService: Service {
    let client: BotAPIClient
    let name = "telegram"

    func start() async throws {}

    func stop(by deadline: MonotonicNanoseconds) async -> [String] {
        await client.shutdown()
        return []
    }
}

/// Has the cache of files begin empty, and ends what reads and writes it.
private struct FileService: Service {
    let cache: FileCache
    let pool: BlockingPool
    let logger: Logger
    let name = "files"

    func start() async throws {
        do { try await cache.clear() } catch {
            // Everything else works without: who asks for a file is told.
            logger.warning("files cannot be kept on the disk", ["error": .init(describing: error)])
        }
    }

    func stop(by deadline: MonotonicNanoseconds) async -> [String] {
        pool.shutdown()
        return []
    }
}

extension SendLimits {
    /// The limits that are configured.
    fileprivate init(_ settings: Configuration.SendingSettings) {
        self.init()
        botCount = settings.botPerSecond
        interactiveReserve = min(interactiveReserve, botCount / 6)
        chatInterval = settings.chatInterval
        chatBurst = settings.chatBurst
        groupCount = settings.groupPerMinute
    }
}
