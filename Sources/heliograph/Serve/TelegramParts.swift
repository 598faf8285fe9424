import Base
import BotAPI
import Bots
import Bus
import Chats
import HTTPServer
import Identity
import Kernel
import Reactor
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

    init(
        _ configuration: Configuration, on group: EventLoopGroup, _ storage: StorageService, _ vault: Vault,
        _ bus: any Bus, _ audit: AuditLog, _ metrics: Metrics, _ health: Health, _ logging: Logging
    ) throws {
        let (database, log) = (storage.database, storage.log)
        client = try BotAPIClient(configuration.telegram.apiURL, on: group, metrics: metrics)
        registry = BotRegistry(database, vault, bus, logger: logging.logger("bots"))
        leases = LeaseService(database)
        bots = Bots(
            Bots.Parts(
                database: database, vault: vault, audit: audit, log: log, registry: registry, client: client,
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
        let registry = registry
        health.add("bots") {
            registry.trouble.map { .degraded($0) } ?? .ok
        }
    }

    /// From where Telegram says that it calls webhooks.
    private static let telegramNetworks = ["149.154.160.0/20", "91.108.4.0/22"].compactMap {
        AddressRange($0)
    }

    /// The routes.
    var routes: [Route] { BotRoutes(bots).routes + receiver.routes + ChatRoutes(chats).routes }

    /// What runs, in the order of starting.
    var services: [any Service] {
        [ClientService(client: client), registry, leases, projector, poller, upkeep]
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
