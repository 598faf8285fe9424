import Base
import Reactor

/// `heliograph serve`: the server itself.
enum ServeCommand {
    /// Runs until the process is told to stop.
    ///
    /// `reread` reads the settings anew, for SIGHUP.
    static func run(
        _ configuration: Configuration, simulates: Bool,
        reread: @escaping @Sendable () throws -> Configuration
    ) async -> ExitCode {
        do {
            let signals = try Signals.capture()
            Signals.raiseFileLimit()
            let logging = try Logging(configuration.log)
            defer { logging.close() }
            do {
                return try await serve(configuration, simulates, signals, logging, reread)
                    ? .success : .cutOff
            } catch {
                let addresses = configuration.listen.map(\.description).joined(separator: ",")
                logging.logger("serve").error(
                    "the server failed", ["error": .init(describing: error), "listen": .string(addresses)])
                return .failure
            }
        } catch {
            Terminal.complain("heliograph: \(error)\n")
            return .failure
        }
    }

    /// Serves; false when something had to be cut off at the end.
    private static func serve(
        _ configured: Configuration, _ simulates: Bool, _ signals: CapturedSignals, _ logging: Logging,
        _ reread: @escaping @Sendable () throws -> Configuration
    ) async throws -> Bool {
        var configuration = configured
        let simulated = simulates ? try await SimulatedTelegram.start(for: configuration) : nil
        defer { simulated?.shutdown() }
        if let simulated {
            configuration.telegram.apiURL = simulated.address
        } else if simulates {
            logging.logger("serve").warning("bots of the real Telegram are registered: nothing is simulated")
        }
        let parts = try await Composition(configuration, logging)
        let reloader = Reloader(
            configuration: configuration, logging: logging, tls: parts.tls, keys: parts.keys,
            limits: parts.limits, read: reread)
        let stop = StopSignal()
        let watch = try await parts.group.loops[0].run { () throws(SystemError) -> Watch in
            try signals.watch(on: parts.group.loops[0]) { signal in
                switch signal {
                case .stop: stop.request()
                case .reload: reloader.request()
                }
            }
        }
        let supervisor = Supervisor(
            parts.services + (simulated.map { [$0.service(parts.telegram.bots)] } ?? [])
                + [Announcement(parts, logging, simulated), Readiness(parts.health), reloader],
            grace: configuration.shutdownDeadline, logger: logging.logger("serve"))
        defer { parts.group.shutdown() }
        let finished = try await supervisor.run { await stop.wait() }
        await parts.group.loops[0].run { watch.cancel() }
        return finished
    }
}
