import Base
import Bus
import BusRedis
import Crypto
import HTTPServer
import Identity
import Kernel
import Reactor
import Streams
import System
import Wire

/// Everything that the server consists of, put together: the one place that sees all rooms.
struct Composition {
    let group: EventLoopGroup
    let metrics = Metrics()
    let health: Health
    let tls: TLSContext?
    let server: HTTPServer
    let loopWatch: LoopWatch
    /// Nil where this node is alone.
    let redis: RedisBus?
    let storage: StorageService
    /// What stored secrets are sealed with.
    let vault: Vault
    let keys: VaultKeyWatch
    let audit: AuditLog
    let identity: Identity
    let telegram: TelegramParts
    /// Where clients find the server, if that was said.
    let publicURL: String?
    let limits: RateLimits
    private let hashing: BlockingPool

    init(_ configuration: Configuration, _ logging: Logging) async throws {
        tls = try Self.tls(configuration.tls)
        group = try EventLoopGroup(count: configuration.loops ?? EventLoopGroup.processorCount)
        loopWatch = LoopWatch(group)
        health = Health(version: Version.number)
        health.add(loopWatch)
        health.addDescriptors()
        let writer = logging.writer
        health.addLog { writer.dropped }
        SystemMetrics.add(to: metrics, version: Version.number)
        loopWatch.addMetrics(to: metrics)
        let redis = try Self.redis(configuration.redis, on: group, logging, metrics)
        self.redis = redis
        let shared = redis.map { [metrics] in DegradingBus($0, metrics: metrics) }
        storage = try await StorageService.open(
            configuration, on: group, metrics, logging.logger("storage"), bus: shared)
        storage.observe(health, metrics)
        keys = try await VaultKeyWatch.open(
            KeySource(configuration), VaultKeyRecords(storage.database), logger: logging.logger("vault"))
        vault = keys.vault
        keys.observe(health, metrics, rotateAfter: configuration.encryption.rotateAfter)
        audit = AuditLog(storage.database, metrics: metrics, logger: logging.logger("audit"))
        if let redis {
            health.add("redis") {
                guard case .degraded(let since, let reason) = redis.state else { return .ok }
                return .degraded(reason, age: Clocks.system.now - since)
            }
        }

        // Straight over Redis: limits have a way of their own to go on without it, which waits for no timeout.
        limits = RateLimits(RatePolicy(configuration.limits), bus: redis, metrics: metrics)
        hashing = try BlockingPool(threads: 2, waiting: 64)
        let bus: any Bus = shared ?? InProcessBus()
        var identity = Identity.Parts(
            database: storage.database, vault: vault, bus: bus, audit: audit,
            passwords: Passwords(pool: hashing), rates: RateLimitGate(limits))
        identity.origins = configuration.http.corsOrigins
        identity.home = configuration.publicURL
        identity.bodyMax = configuration.http.bodyBytesMax
        identity.metrics = metrics
        identity.logger = logging.logger("identity")
        self.identity = Identity(identity)

        telegram = try TelegramParts(
            configuration, on: group, storage, vault, bus, self.identity, metrics, health,
            logging)
        publicURL = configuration.publicURL.map { "\($0)" }
        let system = SystemRoutes(
            health: health, metrics: metrics, version: Version.number, publicURL: publicURL,
            settings: configuration.resolved,
            benchLoops: configuration.isBench ? group.loops.count : nil)
        let streams = StreamRoutes(
            storage.log, self.identity.callers, WebSocketSettings(configuration.webSocket))
        let capabilities = self.identity.routes + streams.routes + telegram.routes
        var routes = capabilities + system.routes(describing: capabilities)
        if configuration.isBench {
            routes.append(BenchWebSocket.route(WebSocketSettings(configuration.webSocket)))
        }
        Self.check(routes)
        server = HTTPServer(
            addresses: try configuration.listen.map(Self.address), on: group, router: Router(routes),
            middleware: [self.identity.gate.middleware], limits: ServerLimits(configuration),
            proxies: TrustedProxies(configuration.http.trustedProxies), tls: tls,
            metrics: metrics, logger: logging.logger("http"),
            logsAccess: configuration.log.isAccessLogged)
    }

    /// What runs, in the order of starting; each may use what comes before it.
    var services: [any Service] {
        let bus: [any Service] = redis.map { [$0] } ?? []
        return [loopWatch] + bus + [storage, audit, keys] + identity.services + telegram.services + [server]
    }

    /// A route that needs what nobody can be given would be shut for all: found here, when the program starts.
    private static func check(_ routes: [Route]) {
        for route in routes {
            guard case .needs(let permission) = route.access else { continue }
            precondition(
                Permission.all.contains(permission),
                "\(route.pattern.text) needs \(permission.rawValue), which is in no catalogue")
        }
    }

    private static func tls(_ settings: Configuration.TLSSettings) throws -> TLSContext? {
        guard let certificate = settings.certificate, let key = settings.key else { return nil }
        let identity = TLSIdentity(chain: .file(certificate), key: .file(key))
        return try TLSContext(
            server: TLSServerSettings(
                identities: [identity], protocols: ["h2", "http/1.1"],
                clientCertificates: settings.clientAuthorities.map { .required(authorities: .file($0)) }
                    ?? .none))
    }

    private static func redis(
        _ settings: Configuration.RedisSettings, on group: EventLoopGroup, _ logging: Logging,
        _ metrics: Metrics
    ) throws -> RedisBus? {
        guard let url = settings.url?.reveal().text, !url.isEmpty else { return nil }
        var redis = RedisSettings(url: try RedisURL(url))
        redis.prefix = settings.prefix
        if let authorities = settings.authorities { redis.trust = .authorities(.file(authorities)) }
        return try RedisBus(redis, loops: group, logger: logging.logger("bus"), metrics: metrics)
    }

    private static func address(_ address: ListenAddress) throws -> SocketAddress {
        guard let socket = SocketAddress("\(address)") else { throw AddressError(address: "\(address)") }
        return socket
    }

    private struct AddressError: Error, CustomStringConvertible {
        let address: String
        var description: String { "cannot listen at \(address)" }
    }
}

extension ServerLimits {
    /// The limits that are configured.
    init(_ configuration: Configuration) {
        self.init()
        let http = configuration.http
        head.headerBytesMax = http.headerBytesMax
        head.fieldsMax = http.headerCountMax
        head.targetMax = http.targetBytesMax
        bodyMax = http.bodyBytesMax
        headTimeout = http.headerTimeout
        bodyTimeout = http.bodyTimeout
        idleTimeout = http.idleTimeout
        writeTimeout = http.writeTimeout
        handlerTimeout = http.handlerTimeout
        connectionsMax = http.connectionsMax
        connectionsPerAddressMax = http.connectionsPerAddressMax ?? 0
        http2.headerBytesMax = http.headerBytesMax
        http2.headerFieldsMax = http.headerCountMax
        http2.targetMax = http.targetBytesMax
        http2.streamsMax = UInt32(clamping: configuration.http2.streamsMax)
        http2.streamWindow = Int32(clamping: configuration.http2.streamWindow)
        http2.connectionWindow = Int32(clamping: configuration.http2.connectionWindow)
        http2.resetsPerSecond = UInt32(clamping: configuration.http2.resetsPerSecondMax)
        http2.controlFramesPerSecond = UInt32(clamping: configuration.http2.controlsPerSecondMax)
    }
}

extension WebSocketSettings {
    /// How WebSockets are run, as configured.
    init(_ settings: Configuration.WebSocketSettings) {
        self.init()
        messageBytesMax = settings.messageBytesMax
        pingInterval = settings.pingInterval
        closeTimeout = settings.closeTimeout
        outboxBytesMax = settings.sendBufferMax
        allowsCompression = settings.isCompressed
    }
}

extension RatePolicy {
    /// The limits that are configured.
    init(_ settings: Configuration.LimitSettings) {
        self.init()
        let (second, minute) = (Duration.seconds(1), Duration.seconds(60))
        isEnabled = settings.isEnabled
        caller = Budget(settings.callerPerSecond, each: second, burst: settings.callerBurst)
        address = Budget(settings.addressPerSecond, each: second, burst: settings.addressBurst)
        signIn = Budget(settings.signInPerMinute, each: minute, burst: settings.signInBurst)
        wrongCredentials = Budget(
            settings.wrongCredentialsPerMinute, each: minute, burst: settings.wrongCredentialsBurst)
        bulkCost = settings.bulkCost
        bulkReservePercent = settings.bulkReservePercent
        warningPercent = settings.warningPercent
        delayMax = settings.delayMax
        delayedMax = settings.delayedMax
        blockAfter = settings.blockAfter
        blockFirst = settings.blockFirst
        blockMax = settings.blockMax
    }
}
