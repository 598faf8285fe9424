import Base
import Bus
import HTTPServer
import Identity
import Kernel
import Reactor
import Store

/// Runs `body` with the users and keys of the configured database; for commands.
func withIdentity(_ configuration: Configuration, _ body: (Identity) async throws -> Void) async -> ExitCode {
    await withIdentity(configuration) { identity, _, _ in try await body(identity) }
}

/// The same, with what they are kept in.
func withIdentity(
    _ configuration: Configuration, _ body: (Identity, any Database, Vault) async throws -> Void
) async -> ExitCode {
    do {
        try await withDatabase(configuration) { database in
            // The first user is often made before the first start.
            try await Migrator(database, Schema.steps).up()
            let pool = try BlockingPool(threads: 1, waiting: 8)
            defer { pool.shutdown() }
            let keys = try await VaultKeyWatch.open(
                KeySource(configuration), VaultKeyRecords(database), logger: .silent)
            let identity = Identity(
                Identity.Parts(
                    database: database, vault: keys.vault, bus: InProcessBus(), audit: AuditLog(database),
                    passwords: Passwords(pool: pool), rates: nil))
            try await body(identity, database, keys.vault)
        }
        return .success
    } catch let error as APIError {
        Terminal.complain("heliograph: \(error.message)\n")
        return .failure
    } catch {
        Terminal.complain("heliograph: \(error)\n")
        return .failure
    }
}
