import Base
import Foundation
package import Reactor
package import Store
import StorePostgres
import StoreSQLite

/// A fresh, empty database in a place of its own.
package struct TestDatabase: Sendable {
    /// What a test may want to be other than usual.
    package struct Options: Sendable {
        /// How many callers may wait.
        package var waitingMax: Int
        /// How long it waits for a lock.
        package var lockTimeout: Duration

        /// The usual, unless said otherwise.
        package init(waitingMax: Int = 10_000, lockTimeout: Duration = .seconds(20)) {
            self.waitingMax = waitingMax
            self.lockTimeout = lockTimeout
        }
    }

    /// Which database it is.
    package let backend: Backend
    /// SQLite's folder, or the name of the database on the server.
    private let place: String

    /// Makes the place.
    package init(_ backend: Backend) throws {
        self.backend = backend
        switch backend {
        case .sqlite:
            place = FileManager.default.temporaryDirectory.appending(path: "heliograph-store-\(UUID())").path
            try FileManager.default.createDirectory(atPath: place, withIntermediateDirectories: false)
        case .postgres: place = try PostgresServer.shared.get().makeDatabase()
        }
    }

    /// Opens it; once more for a second node.
    ///
    /// Whoever opens it closes it.
    package func open(_ options: Options = Options()) async throws -> any Database {
        switch backend {
        case .sqlite:
            var settings = SQLiteDatabase.Settings(path: "\(place)/data/store.db")
            settings.waitingMax = options.waitingMax
            settings.busyTimeout = options.lockTimeout
            return try await SQLiteDatabase.open(settings)
        case .postgres:
            var settings = PostgresSettings()
            settings.waitersMax = options.waitingMax
            settings.lockTimeout = options.lockTimeout
            // More than any test keeps busy on purpose, so that whoever reads need not wait for writers.
            settings.connectionsMax = 32
            // Many tests share a small machine.
            settings.waitingMax = .seconds(60)
            return try PostgresDatabase(
                Secret(PostgresServer.shared.get().url(place)), settings: settings,
                loops: TestLoops.shared.get().loops)
        }
    }

    /// Removes it and everything in it.
    package func remove() {
        switch backend {
        case .sqlite: try? FileManager.default.removeItem(atPath: place)
        // The server goes with the process; dropping one of its databases would cost a checkpoint.
        case .postgres: break
        }
    }
}

/// Event loops for tests; they end with the process.
package enum TestLoops {
    /// Two of them.
    package static let shared = Result { try EventLoopGroup(count: 2) }
}

/// Runs `body` with a database that is there for it alone.
package func withDatabase(
    _ backend: Backend, _ options: TestDatabase.Options = .init(), _ body: (any Database) async throws -> Void
) async throws {
    let place = try await away { try TestDatabase(backend) }
    defer { place.remove() }
    let database = try await place.open(options)
    do {
        try await body(database)
    } catch {
        await database.close()
        throw error
    }
    await database.close()
}
