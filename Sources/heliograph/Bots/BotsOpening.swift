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
import Store

/// What commands need to look after bots, beside a running server or without one.
struct BotTools {
    let database: any Database
    let log: EventLog
    let registry: BotRegistry
    let bots: Bots
    let identity: Identity
    let client: BotAPIClient

    /// What sends are put into; what runs beside takes them out.
    var sending: Sends.Parts {
        let registry = registry
        return Sends.Parts(
            database: database, log: log, client: client, bus: InProcessBus(),
            leases: LeaseKeeper(Leases(database), holder: "console"), token: { registry.token(of: $0) },
            bots: { _ in [] }, unauthorized: { _, _, _ in })
    }
}

/// Runs `body` with the bots of the configured database; for commands.
func withBots(_ configuration: Configuration, _ body: (BotTools) async throws -> Void) async -> ExitCode {
    await withIdentity(configuration) { identity, database, vault in
        let group = try EventLoopGroup(count: 1)
        defer { group.shutdown() }
        let client = try BotAPIClient(configuration.telegram.apiURL, on: group)
        let registry = BotRegistry(database, vault, InProcessBus(), logger: .silent)
        try await registry.refresh()
        let log = try await EventLog(database)
        let bots = Bots(
            Bots.Parts(
                database: database, vault: vault, audit: identity.audit, log: log, registry: registry,
                client: client, publicURL: configuration.publicURL))
        do {
            try await body(
                BotTools(
                    database: database, log: log, registry: registry, bots: bots, identity: identity,
                    client: client))
        } catch {
            await client.shutdown()
            throw error
        }
        log.close()
        await client.shutdown()
    }
}

extension BotTools {
    /// The bot that a name or number on the command line means.
    func bot(_ text: String) throws -> Bot {
        let name = text.drop { $0 == "@" }.lowercased()
        let found = registry.all.first { "\($0.id)" == name || $0.username.lowercased() == name }
        guard let found else { throw APIError(.notFound, "There is no bot \(text)") }
        return found
    }
}
