import Base
import Reactor
import Simulator

/// `heliograph sim`: a Telegram of our own, for tests and demonstrations.
enum SimCommand {
    private static let scriptBytesMax = 64 << 20

    static func run(_ options: [String: String]) async throws(UsageError) -> ExitCode {
        let listen = options["--listen"] ?? "127.0.0.1:8081"
        guard let address = SocketAddress(listen) else {
            throw UsageError("--listen takes an IP address and a port, such as 127.0.0.1:8081")
        }
        var settings = Simulator.Settings()
        if let text = options["--seed"] {
            guard let seed = UInt64(text) else { throw UsageError("--seed takes a whole number") }
            settings.seed = seed
        }
        settings.numbersFromClock = options["--numbers-from-clock"] != nil
        var script: Bytes?
        if let path = options["--script"] {
            let (bytes, code) = FileSystem.contents(of: path, bytesMax: scriptBytesMax)
            guard let bytes else {
                Terminal.complain("heliograph: \(path): \(FileSystem.text(of: code))\n")
                return .failure
            }
            script = bytes
        }
        do {
            return try await serve(address, settings, script) ? .success : .cutOff
        } catch {
            Terminal.complain("heliograph: \(error)\n")
            return .failure
        }
    }

    private static func serve(
        _ address: SocketAddress, _ settings: Simulator.Settings, _ script: Bytes?
    ) async throws -> Bool {
        let signals = try Signals.capture()
        Signals.raiseFileLimit()
        let group = try EventLoopGroup(count: EventLoopGroup.processorCount)
        defer { group.shutdown() }
        let simulator = Simulator(on: group, address: address, settings)
        let stop = StopSignal()
        let watch = try await group.loops[0].run { () throws(SystemError) -> Watch in
            try signals.watch(on: group.loops[0]) { signal in
                if case .stop = signal { stop.request() }
            }
        }
        let services: [any Service] = [simulator, Opening(simulator: simulator, script: script)]
        let finished = try await Supervisor(services, grace: .seconds(5), logger: .silent).run {
            await stop.wait()
        }
        await group.loops[0].run { watch.cancel() }
        return finished
    }

    /// Says where the simulator is, once it is there, and begins its script.
    private struct Opening: Service {
        let simulator: Simulator
        let script: Bytes?
        let name = "opening"

        func start() async throws {
            if let script { try await simulator.runScript(script) }
            let url = simulator.baseURL
            Terminal.say(
                """
                The simulated Telegram is at \(url).
                A bot:    curl \(url)/sim/createBot -d username=my_bot
                A person: curl \(url)/sim/createUser -d first_name=Ada
                A word:   curl \(url)/sim/send -d user=USER -d chat=my_bot -d text=/start

                """)
        }

        func stop(by deadline: MonotonicNanoseconds) async -> [String] { [] }
    }
}
