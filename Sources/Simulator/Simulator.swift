package import Base
import HTTPServer
package import Reactor
package import Wire

/// A Telegram of our own: one small world, a Bot API in front of it, and a control API beside that.
package final class Simulator: Sendable {
    let core: Core
    private let server: HTTPServer
    private let group: EventLoopGroup

    /// A simulator that will listen at this address.
    package init(on group: EventLoopGroup, address: SocketAddress, _ settings: Settings = Settings()) {
        self.group = group
        core = Core(settings)
        var limits = ServerLimits()
        limits.bodyMax = settings.bodyBytesMax
        // Longer than any long poll, and than what hangs on purpose.
        limits.handlerTimeout = .seconds(3700)
        limits.idleGrace = .milliseconds(50)
        let routes = BotDoor(core).routes + ControlAPI(core).routes
        server = HTTPServer(addresses: [address], on: group, router: Router(routes), limits: limits)
    }

    /// Where it listens, once it has started: `http://127.0.0.1:PORT`.
    package var baseURL: String { server.listening.first.map { "http://\($0)" } ?? "" }

    /// Reads or changes the world, and tells bots what follows from that.
    @discardableResult
    package func act<R: Sendable>(_ body: (inout World) throws -> R) throws -> R {
        try core.change { try body(&$0.world) }
    }

    /// Makes a bot, and gives its number and token.
    package func addBot(
        name: String, username: String, readsAll: Bool = true
    ) throws -> (id: Int64, token: String) {
        try core.change {
            let bot = try $0.addBot(name: name, username: username, readsAll: readsAll)
            return (bot.id, bot.token)
        }
    }
}

extension Simulator: Service {
    /// How logs call it.
    package var name: String { "simulator" }

    /// Listens.
    package func start() async throws {
        try core.open(on: group)
        try await server.start()
    }

    /// Delivers webhooks and makes traffic.
    package func run() async throws { await core.work() }

    /// Ends every wait and every connection.
    package func stop(by deadline: MonotonicNanoseconds) async -> [String] {
        core.stop()
        let left = await server.stop(by: deadline)
        await core.close()
        return left
    }
}

extension Simulator {
    /// Does one action of the control API from within the program, and gives its result.
    @discardableResult
    package func control(_ action: String, _ arguments: JSONFields = [:]) async throws -> JSONValue {
        let answer = try await ControlAPI(core).act(action, Arguments(arguments))
        return JSONValue(try JSON.parse(answer.result).root)
    }

    /// Lends a simulator that runs on a free port of loopback, and ends it.
    package static func withRunning<R: Sendable>(
        on group: EventLoopGroup, _ settings: Settings = Settings(),
        _ body: @Sendable (Simulator) async throws -> R
    ) async throws -> R {
        guard let address = SocketAddress("127.0.0.1:0") else { throw WorldError.invalid("no loopback") }
        let simulator = Simulator(on: group, address: address, settings)
        try await simulator.start()
        return try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await simulator.run() }
            let result: Result<R, any Error>
            do { result = .success(try await body(simulator)) } catch { result = .failure(error) }
            _ = await simulator.stop(by: EventLoop.clock() &+ 5_000_000_000)
            tasks.cancelAll()
            return try result.get()
        }
    }

    /// Begins a script, given as JSON: an array of steps, or an object with `steps`.
    package func runScript(_ json: Bytes) async throws {
        let value = JSONValue(try JSON.parse(json).root)
        let arguments = value.object ?? ["steps": value]
        _ = try await Script.start(Arguments(arguments), ControlAPI(core), core)
    }
}
