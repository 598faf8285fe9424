import Base
import Crypto
import HTTPServer
import Identity
import Kernel
import Reactor
import Synchronization
import System

/// Lets one task wait until the process is told to stop.
final class StopSignal: Sendable {
    private let stream: AsyncStream<Void>
    private let continuation: AsyncStream<Void>.Continuation

    init() {
        (stream, continuation) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
    }

    func request() { continuation.yield() }

    func wait() async {
        for await _ in stream { return }
    }
}

/// Says where the server listens, for people and for scripts.
struct Announcement: Service {
    private let parts: Composition
    private let logging: Logging
    private let simulated: SimulatedTelegram?
    let name = "announcement"

    init(_ parts: Composition, _ logging: Logging, _ simulated: SimulatedTelegram?) {
        self.parts = parts
        self.logging = logging
        self.simulated = simulated
    }

    func start() async throws {
        let scheme = parts.tls == nil ? "http" : "https"
        for address in parts.server.listening {
            let url = address.port == nil ? "\(address)" : "\(scheme)://\(address)"
            logging.logger("serve").info(
                "listening", ["url": .string(url), "version": .string(Version.number)])
        }
        let base =
            parts.publicURL ?? parts.server.listening.first { $0.port != nil }.map { "\(scheme)://\($0)" }
        defer { if let simulated { Terminal.say(simulated.welcome(at: base ?? "")) } }
        guard let token = try await parts.identity.setup.begin(parts.storage.database) else { return }
        // The one secret that is printed: it is good once, and only while there is no user.
        logging.logger("serve").warning(
            "there is no user yet: open the link, or run `heliograph user create --admin`",
            ["link": .string("\(base ?? "")/setup#token=\(token)")])
    }

    func stop(by deadline: MonotonicNanoseconds) async -> [String] { [] }
}

/// Tells health checks when the server is ready, and that it is about to stop.
struct Readiness: Service {
    private let health: Health
    let name = "readiness"

    init(_ health: Health) { self.health = health }

    func start() async throws {
        health.phase = .serving
        EventLoopGroup.settleMemory()
    }

    func stop(by deadline: MonotonicNanoseconds) async -> [String] {
        health.phase = .stopping
        return []
    }
}

/// Answers SIGHUP: reads certificates, keys and the settings that may change at run time anew.
struct Reloader: Service {
    private let configuration: Configuration
    private let logging: Logging
    private let tls: TLSContext?
    private let keys: VaultKeyWatch
    private let limits: RateLimits
    private let read: @Sendable () throws -> Configuration
    private let requests: AsyncStream<Void>
    private let continuation: AsyncStream<Void>.Continuation
    let name = "reload"

    init(
        configuration: Configuration, logging: Logging, tls: TLSContext?, keys: VaultKeyWatch,
        limits: RateLimits,
        read: @escaping @Sendable () throws -> Configuration
    ) {
        self.configuration = configuration
        self.logging = logging
        self.tls = tls
        self.keys = keys
        self.limits = limits
        self.read = read
        (requests, continuation) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
    }

    /// Asks for a reload; several at once become one.
    func request() { continuation.yield() }

    func start() async throws {}

    /// Runs on the pool and not on a loop: reading files blocks.
    @concurrent func run() async throws {
        for await _ in requests { await reload() }
    }

    func stop(by deadline: MonotonicNanoseconds) async -> [String] {
        continuation.finish()
        return []
    }

    private func reload() async {
        let logger = logging.logger("reload")
        do {
            try tls?.reload()
            let settings = try read()
            logging.log.level = settings.log.level
            limits.update(RatePolicy(settings.limits))
            try await keys.reload(from: KeySource(settings))
            logger.info("reloaded", ["tls": .bool(tls != nil)])
        } catch {
            // What ran before goes on; a mistake in a file must not take the server down.
            logger.error("reload failed, the old settings stay", ["error": .init(describing: error)])
        }
    }
}
