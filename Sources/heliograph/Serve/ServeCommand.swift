import Base
import Reactor

/// `heliograph serve`: the server itself.
enum ServeCommand {
    /// Runs until the process is told to stop.
    ///
    /// `reread` reads the settings anew, for SIGHUP.
    static func run(
        _ configuration: Configuration, reread: @escaping @Sendable () throws -> Configuration
    ) async -> ExitCode {
        do {
            let signals = try Signals.capture()
            Signals.raiseFileLimit()
            let logging = try Logging(configuration.log)
            defer { logging.close() }
            do {
                return try await serve(configuration, signals, logging, reread) ? .success : .cutOff
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
        _ configuration: Configuration, _ signals: CapturedSignals, _ logging: Logging,
        _ reread: @escaping @Sendable () throws -> Configuration
    ) async throws -> Bool {
        let parts = try await Composition(configuration, logging)
        let reloader = Reloader(
            configuration: configuration, logging: logging, tls: parts.tls, limits: parts.limits, read: reread
        )
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
            parts.services + [Announcement(parts, logging), Readiness(parts.health), reloader],
            grace: configuration.shutdownDeadline, logger: logging.logger("serve"))
        defer { parts.group.shutdown() }
        let finished = try await supervisor.run { await stop.wait() }
        await parts.group.loops[0].run { watch.cancel() }
        return finished
    }
}
