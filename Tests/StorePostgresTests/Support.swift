import Base
import Reactor
import Store
import StorePostgres
import StoreTesting
import Synchronization

extension PostgresSettings {
    /// The usual, for a machine that many tests share: the last in a row of callers may wait for long.
    static var patient: PostgresSettings {
        var settings = PostgresSettings()
        settings.waitingMax = .seconds(60)
        return settings
    }
}

/// A database of its own on the shared server, or on another.
struct Place {
    let server: PostgresServer
    let name: String

    static func make(on server: PostgresServer? = nil) async throws -> Place {
        try await away {
            let server = try server ?? PostgresServer.shared.get()
            return Place(server: server, name: try server.makeDatabase())
        }
    }

    func open(
        _ settings: PostgresSettings = .patient, port: UInt16? = nil, query: String = "",
        user: String = PostgresServer.user, password: String = PostgresServer.password
    ) throws -> PostgresDatabase {
        let url = server.url(name, port: port, user: user, password: password, query: query)
        return try PostgresDatabase(Secret(url), settings: settings, loops: testLoops())
    }

    /// Runs a statement in this database by another way.
    func run(_ statement: String) async throws {
        try await away { _ = try server.psql(statement, database: name) }
    }

    /// Asks the server by another way.
    @discardableResult
    func psql(_ statement: String) async throws -> String { try await away { try server.psql(statement) } }
}

func testLoops() throws -> [EventLoop] { try TestLoops.shared.get().loops }

/// Runs `body` with a database that is there for it alone.
func withPostgres(
    _ settings: PostgresSettings = .patient, on server: PostgresServer? = nil, port: UInt16? = nil,
    _ body: (PostgresDatabase, Place) async throws -> Void
) async throws {
    let place = try await Place.make(on: server)
    let database = try place.open(settings, port: port)
    let result: Result<Void, any Error>
    do { result = .success(try await body(database, place)) } catch { result = .failure(error) }
    await database.close()
    try result.get()
}

extension PostgresDatabase {
    /// One statement in a transaction of its own; how many rows it changed.
    @discardableResult
    func change(_ sql: SQL, _ parameters: [Value] = []) async throws -> Int {
        try await write { try await $0.execute(sql, parameters) }
    }

    /// The number that a statement gives.
    func number(_ sql: SQL) async throws -> Int64 {
        try await read { try await $0.first(sql) { try $0.integer(0) } } ?? -1
    }
}

/// Waits for a condition.
func eventually(
    within limit: Duration = .seconds(60), _ condition: () async throws -> Bool
) async throws -> Bool {
    let end = ContinuousClock.now + limit
    while ContinuousClock.now < end {
        if try await condition() { return true }
        try await Task.sleep(for: .milliseconds(5))
    }
    return false
}

/// What a call threw, as a failure of the store.
func failure(_ body: () async throws -> Void) async -> StoreError? {
    do { try await body() } catch let error as StoreError { return error } catch {
        return StoreError(.other, "not a StoreError: \(error)")
    }
    return nil
}

/// Counts across tasks.
final class Counter: Sendable {
    private let count = Atomic(0)
    var value: Int { count.load(ordering: .relaxed) }
    func add() { count.add(1, ordering: .relaxed) }
}

/// A gate that opens once.
final class Gate: Sendable {
    private let isOpen = Atomic(false)
    func open() { isOpen.store(true, ordering: .releasing) }
    func pass() async throws {
        while !isOpen.load(ordering: .acquiring) { try await Task.sleep(for: .milliseconds(1)) }
    }
}
