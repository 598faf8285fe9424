import Base
import Foundation
import Store
import StoreSQLite

/// A temporary folder for one test.
struct Folder: Sendable {
    let path: String

    var file: String { path + "/store.db" }

    static func with(_ body: (Folder) async throws -> Void) async throws {
        let folder = Folder(
            path: FileManager.default.temporaryDirectory.appending(path: "heliograph-\(UUID())").path)
        defer { try? FileManager.default.removeItem(atPath: folder.path) }
        try FileManager.default.createDirectory(atPath: folder.path, withIntermediateDirectories: false)
        try await body(folder)
    }

    /// Opens the database in the folder for as long as `body` runs.
    func withDatabase(
        _ change: (inout SQLiteDatabase.Settings) -> Void = { _ in },
        _ body: (SQLiteDatabase) async throws -> Void
    ) async throws {
        var settings = SQLiteDatabase.Settings(path: file)
        change(&settings)
        let database = try await SQLiteDatabase.open(settings)
        do {
            try await body(database)
        } catch {
            await database.close()
            throw error
        }
        await database.close()
    }
}

/// A table of numbers and bytes, and what tests ask of it.
enum Blobs {
    static let create: SQL =
        "CREATE TABLE IF NOT EXISTS blobs (id INTEGER PRIMARY KEY, part INTEGER NOT NULL, data BLOB) STRICT"

    static func add(_ data: [UInt8] = [], to database: any Database) async throws {
        try await database.write { transaction in
            try await transaction.execute(
                "INSERT INTO blobs (part, data) VALUES (0, $1)", [.bytes(.init(data))])
        }
    }

    static func count(in database: any Database) async throws -> Int {
        try await database.read { transaction in
            try await transaction.first("SELECT count(data) FROM blobs") { Int(try $0.integer(0)) } ?? -1
        }
    }
}

/// Whether the long forms of tests were asked for.
let isLong = ProcessInfo.processInfo.environment["HELIOGRAPH_LONG_TESTS"] == "1"
