import Base
import BotAPI
import Bots
import Identity
import Reactor
import Simulator
import Store

/// A Telegram of our own within the server, with two bots and people who talk: for a first look.
struct SimulatedTelegram {
    let simulator: Simulator
    let demo: Demo
    private let group: EventLoopGroup

    /// Where the simulated Bot API is.
    let address: WebAddress

    /// Starts it; nil where bots are registered that are none of its own: those belong to the real Telegram.
    static func start(for configuration: Configuration) async throws -> SimulatedTelegram? {
        let group = try EventLoopGroup(count: 1)
        guard let loopback = SocketAddress("127.0.0.1:0") else { return nil }
        var settings = Simulator.Settings()
        // The database outlives the world of this run: its numbers must not come again.
        settings.numbersFromClock = true
        let simulator = Simulator(on: group, address: loopback, settings)
        let demo = try Demo(in: simulator, pace: .milliseconds(700))
        let ours = Set(demo.bots.compactMap { BotToken(Bytes($0.token))?.botID })
        let registered = try await withDatabase(configuration) { database in
            try await Migrator(database, Schema.steps).up()
            return try await Bots.registered(in: database)
        }
        guard Set(registered).isSubset(of: ours) else {
            group.shutdown()
            return nil
        }
        try await simulator.start()
        guard let address = WebAddress(simulator.baseURL) else { return nil }
        return SimulatedTelegram(
            simulator: simulator, demo: demo, group: group, address: address)
    }

    /// Registers the bots that are not there yet, and then has people talk.
    func service(_ bots: Bots) -> any Service { People(telegram: self, bots: bots) }

    /// Ends the loop that it ran on.
    func shutdown() { group.shutdown() }

    private struct People: Service {
        let telegram: SimulatedTelegram
        let bots: Bots
        let name = "simulated Telegram"

        func start() async throws {
            let known = try await bots.page(after: 0, limit: 500)
            for bot in telegram.demo.bots {
                if let old = known.first(where: { $0.username == bot.username }) {
                    // A start without the simulator has asked the real Telegram, which knows no such token.
                    guard old.state == .unauthorized else { continue }
                    _ = try await bots.replaceToken(bot.token, of: old.id, by: .console)
                    continue
                }
                let draft = Bots.Draft(
                    token: bot.token, displayName: "\(bot.name) (simulated)", mode: .polling)
                _ = try await bots.register(draft, by: .console)
            }
        }

        func run() async throws {
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await telegram.simulator.run() }
                group.addTask { try await telegram.demo.run() }
                try await group.waitForAll()
            }
        }

        func stop(by deadline: MonotonicNanoseconds) async -> [String] {
            _ = await telegram.demo.stop(by: deadline)
            return await telegram.simulator.stop(by: deadline)
        }
    }
}

extension SimulatedTelegram {
    /// What a newcomer reads: what is simulated, and what to try.
    func welcome(at url: String) -> String {
        guard let group = demo.rooms.first(where: { $0.kind == .group }) else { return "" }
        let program = CommandLine.arguments.first ?? "heliograph"
        return """

            Telegram is SIMULATED: \(demo.bots.map { "@" + $0.username }.joined(separator: " and ")), \
            and people who talk in \(demo.rooms.count) chats. Nothing reaches the real Telegram.

              1. Make yourself a user:  \(program) user create --username me --admin
                 (or open the setup link above in a browser)
              2. Take a key:            KEY=$(\(program) key create --username me)
              3. Look at it:
                 curl -H "Authorization: Bearer $KEY" "\(url)/api/v1/messages/poll/\(group.id)?cursor=now&wait=20"
                 curl -H "Authorization: Bearer $KEY" "\(url)/api/v1/messages/history/\(group.id)?limit=5"
                 curl -H "Authorization: Bearer $KEY" "\(url)/api/v1/chats/\(group.id)/messages" \\
                      -d '{"text":"Hello from curl","wait":"sent"}'
                 \(program) tail

            A real bot: stop this, `\(program) bot remove` each of the two, start `\(program) serve`, and
            `\(program) bot add` with the token from @BotFather.

            """
    }
}
