import Base
import Reactor
import Store
import StorePostgres
import StoreSQLite

extension Configuration {
    /// The database that is configured, or the file that stands for none.
    var databaseInUse: DatabaseAddress { database ?? .sqlite(path: "\(data)/heliograph.db") }

    /// Opens the database that is configured.
    func openDatabase(on group: EventLoopGroup) async throws -> any Database {
        switch databaseInUse {
        case .sqlite(let path): try await SQLiteDatabase.open(SQLiteDatabase.Settings(path: path))
        case .postgres(let url): try PostgresDatabase(url, loops: group.loops)
        }
    }
}

/// Refuses a database that has not gone all steps of the schema: a command does not go them by the way.
func requireSchema(_ database: any Database) async throws {
    let missing = try await Migrator(database, Schema.steps).status().count { $0.appliedAt == nil }
    guard missing == 0 else {
        throw StoreError(
            .misuse,
            "\(missing) steps of the database's schema are missing: `heliograph migrate up` makes them")
    }
}

/// Runs `body` with the configured database and closes it afterwards; for commands.
func withDatabase<R>(
    _ configuration: Configuration, _ body: (any Database) async throws -> R
) async throws -> R {
    let group = try EventLoopGroup(count: 1)
    defer { group.shutdown() }
    let database = try await configuration.openDatabase(on: group)
    do {
        let result = try await body(database)
        await database.close()
        return result
    } catch {
        await database.close()
        throw error
    }
}
