package import Base
package import Bus
import Crypto
package import HTTPServer
package import Kernel
package import Reactor
package import Store
import Wire

/// Who may do what: users, sessions, keys, grants, and the gate before every handler.
package final class Identity: Sendable {
    /// What guards all routes.
    package let gate: Gate
    /// Finds out who is behind a credential.
    package let callers: Callers
    /// The users, for the command line.
    package let users: Users
    /// The API keys, for the command line.
    package let keys: Keys
    /// The way to the first user.
    package let setup = Setup()
    /// The keys of access tokens.
    package let signingKeys: SigningKeys
    private let database: any Database
    let changes: IdentityChanges
    private let sessions: Sessions
    private let grants: Grants
    private let certificates: Certificates
    private let roles: Roles
    /// Who did what.
    package let audit: AuditLog
    private let clocks: Clocks
    private let logger: Logger

    /// What the room is made of, and what is configured about it.
    package struct Parts: Sendable {
        package var database: any Database
        package var vault: Vault
        package var bus: any Bus
        package var audit: AuditLog
        package var passwords: Passwords
        package var rates: RateLimitGate?
        package var origins: [String] = []
        package var home: WebAddress?
        package var bodyMax = 16 << 20
        package var clocks = Clocks.system
        package var metrics: Metrics?
        package var logger = Logger.silent

        /// The parts; the rest has defaults.
        package init(
            database: any Database, vault: Vault, bus: any Bus, audit: AuditLog, passwords: Passwords,
            rates: RateLimitGate?
        ) {
            self.database = database
            self.vault = vault
            self.bus = bus
            self.audit = audit
            self.passwords = passwords
            self.rates = rates
        }
    }

    /// Puts the room together; nothing is read before `start`.
    package init(_ parts: Parts) {
        let (database, clocks) = (parts.database, parts.clocks)
        let changes = IdentityChanges(database, parts.bus, clocks: clocks, logger: parts.logger)
        let signingKeys = SigningKeys(database, parts.vault, changes, clocks: clocks)
        callers = Callers(
            database, parts.vault, signingKeys, parts.passwords, changes, clocks: clocks,
            metrics: parts.metrics)
        gate = Gate(
            callers: callers, rates: parts.rates, denials: Denials(parts.audit, clocks: clocks),
            browsers: BrowserRules(origins: parts.origins, home: parts.home), bus: parts.bus, clocks: clocks,
            bodyMax: parts.bodyMax)
        users = Users(
            database: database, changes: changes, audit: parts.audit, passwords: parts.passwords,
            clocks: clocks)
        sessions = Sessions(
            database: database, changes: changes, audit: parts.audit, passwords: parts.passwords,
            keys: signingKeys, bus: parts.bus, clocks: clocks)
        keys = Keys(
            database: database, vault: parts.vault, changes: changes, audit: parts.audit,
            passwords: parts.passwords, clocks: clocks)
        grants = Grants(database: database, changes: changes, audit: parts.audit, clocks: clocks)
        certificates = Certificates(database: database, changes: changes, audit: parts.audit, clocks: clocks)
        roles = Roles(database: database, changes: changes, audit: parts.audit)
        self.database = database
        self.changes = changes
        self.signingKeys = signingKeys
        audit = parts.audit
        self.clocks = clocks
        logger = parts.logger
    }

    /// The columns that hold what the vault sealed.
    package static let sealedColumns = [SigningKeys.column, Keys.signingColumn]

    /// The routes of the room.
    package var routes: [Route] {
        AuthRoutes(sessions: sessions, users: users, setup: setup, browsers: gate.browsers).routes
            + UserRoutes(users: users, roles: roles, sessions: sessions).routes + KeyRoutes(keys: keys).routes
            + GrantRoutes(grants: grants).routes + CertificateRoutes(certificates: certificates).routes
            + AuditRoutes(audit: audit).routes + SetupPage.routes + [rotateRoute]
    }

    private var rotateRoute: Route {
        Route(
            .post, "/api/v1/auth/rotate-signing-key", .needs(.systemManage),
            Operation(
                "rotateSigningKey", "Sign access tokens with a new key",
                description: "Tokens of the present one stay good until they end.", tags: ["auth"],
                responses: Operation.nothing)
        ) { [signingKeys, audit] request in
            try await signingKeys.rotate(by: Actor(request).entry("signing-key.rotate"), audit)
            return Envelope.done(request)
        }
    }

    /// What runs as long as the program does.
    package var services: [any Service] { [changes, self] }
}

extension Identity: Service {
    package var name: String { "identity" }

    package func start() async throws { try await signingKeys.load() }

    /// Writes down what need not be written at once, and forgets what has ended.
    @concurrent package func run() async throws {
        var round = 0
        while !Task.isCancelled {
            // Cut short only by the task's end.
            try? await Task.sleep(for: .seconds(15))
            await tend(isHourly: round % 240 == 0)
            round += 1
        }
    }

    package func stop(by deadline: MonotonicNanoseconds) async -> [String] {
        await noteUses()
        return []
    }

    private func tend(isHourly: Bool) async {
        await noteUses()
        do {
            _ = try await signingKeys.read()
            guard isHourly else { return }
            let limit = clocks.now - .seconds(7 * 86_400)
            try await database.write { try await SessionStore.purge(before: limit, in: $0) }
            if let age = try await signingKeys.currentAge(), age > SigningKeys.keyLife {
                try await signingKeys.rotate(
                    by: Actor.console.entry("signing-key.rotate", detail: "by age"), audit)
            }
        } catch is CancellationError {} catch {
            logger.warning("identity could not be tended", ["error": .init(describing: error)])
        }
    }

    private func noteUses() async {
        let uses = callers.takeUses()
        guard !uses.isEmpty else { return }
        do {
            try await database.write { try await KeyStore.touch(uses, in: $0) }
        } catch {
            logger.warning("the use of keys was not noted", ["error": .init(describing: error)])
        }
    }
}
