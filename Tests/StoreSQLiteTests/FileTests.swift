import Base
import Foundation
import Store
import StoreSQLite
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(10))) struct FileTests {
    private func rights(_ path: String) throws -> Int? {
        try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
    }

    @Test func `folder and files are for nobody but the owner`() async throws {
        try await Folder.with { folder in
            let inner = folder.path + "/new/data"
            let database = try await SQLiteDatabase.open(.init(path: inner + "/store.db"))
            try await database.write { try await $0.execute(Blobs.create) }
            #expect(try rights(inner) == 0o700)
            for suffix in ["", "-wal", "-shm"] { #expect(try rights(inner + "/store.db" + suffix) == 0o600) }
            await database.close()
        }
    }

    @Test func `nothing is left in the write-ahead log after closing`() async throws {
        try await Folder.with { folder in
            try await folder.withDatabase { database in
                _ = try await database.write { try await $0.execute(Blobs.create) }
            }
            #expect(!FileManager.default.fileExists(atPath: folder.file + "-wal"))
        }
    }

    @Test
    func `the write-ahead log is moved into the file while writing goes on, and does not grow for ever`()
        async throws
    {
        try await Folder.with { folder in
            func change(_ settings: inout SQLiteDatabase.Settings) {
                settings.logStep = 20
                settings.logMax = 40
            }
            try await folder.withDatabase(change) { database in
                try await database.write { try await $0.execute(Blobs.create) }
                // Each takes two pages of the log at least: 6 MB in all.
                for _ in 0..<800 { try await Blobs.add(Array(repeating: 7, count: 3_000), to: database) }
                let attributes = try FileManager.default.attributesOfItem(atPath: folder.file + "-wal")
                #expect(try #require(attributes[.size] as? Int) < 2_000_000)
                #expect(try await Blobs.count(in: database) == 800)
            }
        }
    }

    @Test
    func
        `what a large transaction had written before it was undone is never written over what others commit`()
        async throws
    {
        struct Undone: Error {}
        try await Folder.with { folder in
            try await folder.withDatabase { database in
                _ = try await database.write { try await $0.execute(Blobs.create) }
            }
            // The log is empty now, so that undoing has nothing to read from it.
            try await folder.withDatabase({ $0.cachePagesMax = 10 }) { first in
                // More than the cache of 8 MiB holds, so that pages of it go to the log while it runs.
                await #expect(throws: Undone.self) {
                    try await first.write { transaction in
                        for _ in 0..<3_500 {
                            try await transaction.execute(
                                "INSERT INTO blobs (part, data) VALUES (1, $1)",
                                [.bytes(Bytes(Array(repeating: 7, count: 3_000)))])
                        }
                        throw Undone()
                    }
                }
                try await folder.withDatabase { second in
                    for _ in 0..<1_200 { try await Blobs.add(Array(repeating: 9, count: 3_000), to: second) }
                }
                try await Blobs.add(Array(repeating: 9, count: 3_000), to: first)
                let (count, findings) = (try await Blobs.count(in: first), try await first.checkIntegrity())
                #expect(count == 1_201)
                #expect(findings.isEmpty)
            }
            try await folder.withDatabase { database in
                let count = try await Blobs.count(in: database)
                #expect(count == 1_201)
            }
        }
    }

    @Test func `a folder that cannot be made is an error`() async throws {
        let error = await #expect(throws: StoreError.self) {
            _ = try await SQLiteDatabase.open(.init(path: "/proc/nowhere/store.db"))
        }
        #expect(error?.code == .unavailable)
    }

    @Test func `a file that is no database is an error`() async throws {
        try await Folder.with { folder in
            try Data(repeating: 65, count: 8_192).write(to: URL(filePath: folder.file))
            let error = await #expect(throws: StoreError.self) {
                _ = try await SQLiteDatabase.open(.init(path: folder.file))
            }
            #expect(error?.code == .corrupt)
        }
    }

    @Test func `damage is found and told`() async throws {
        try await Folder.with { folder in
            try await folder.withDatabase { database in
                try await database.write { try await $0.execute(Blobs.create) }
                for _ in 0..<50 { try await Blobs.add(Array(repeating: 7, count: 3_000), to: database) }
                let findings = try await database.checkIntegrity()
                #expect(findings.isEmpty)
            }
            let handle = try FileHandle(forUpdating: URL(filePath: folder.file))
            try handle.seek(toOffset: 20 * 4096)
            try handle.write(contentsOf: Data(repeating: 0xff, count: 4096))
            try handle.close()
            try await folder.withDatabase { database in
                let findings = try await database.checkIntegrity()
                #expect(!findings.isEmpty)
                let error = await #expect(throws: StoreError.self) { try await Blobs.count(in: database) }
                #expect(error?.code == .corrupt)
            }
        }
    }

    @Test func `a row whose owner is gone is found`() async throws {
        try await Folder.with { folder in
            try await folder.withDatabase { database in
                try await database.write { transaction in
                    try await transaction.execute(Blobs.create)
                    try await transaction.execute(
                        "CREATE TABLE marks (blob INTEGER REFERENCES blobs (id)) STRICT")
                }
            }
            try run("/usr/bin/python3", ["-c", Self.orphan, folder.file])
            try await folder.withDatabase { database in
                let findings = try await database.checkIntegrity()
                #expect(findings == ["a row of marks refers to a row of blobs that is not there"])
            }
        }
    }

    private static let orphan = """
        import sqlite3, sys
        c = sqlite3.connect(sys.argv[1]); c.execute("INSERT INTO marks VALUES (9)"); c.commit()
        """

    private func run(_ program: String, _ arguments: [String]) throws {
        try ChildProcess.run(program, arguments)
    }

    @Test func `a file that may not grow any more is told, though it fails within a body, until it may`()
        async throws
    {
        func ask(_ pragma: SQL, _ database: any Database) async throws {
            _ = try await database.write { try await $0.first(pragma) { try $0.integer(0) } }
        }
        try await Folder.with { folder in
            try await folder.withDatabase { database in
                try await database.write { try await $0.execute(Blobs.create) }
                try await ask("PRAGMA max_page_count = 10", database)
                let error = await #expect(throws: StoreError.self) {
                    try await Blobs.add(Array(repeating: 7, count: 100_000), to: database)
                }
                #expect(error?.code == .full)
                #expect(database.state == .unavailable(reason: "\(try #require(error))"))
                try await ask("PRAGMA max_page_count = 1000", database)
                try await Blobs.add(Array(repeating: 7, count: 100_000), to: database)
                #expect(database.state == .ready)
            }
        }
    }

    @Test(.enabled(if: getuid() == 0, "only root can mount a small disk"))
    func `a full disk fails writes, not reads, until there is room again`() async throws {
        try await Folder.with { folder in
            do {
                try run("/bin/mount", ["-t", "tmpfs", "-o", "size=6m", "none", folder.path])
            } catch { try Test.cancel("no disk can be mounted here") }
            defer { try? run("/bin/umount", [folder.path]) }
            let ballast = folder.path + "/ballast"
            try Data(count: 2 << 20).write(to: URL(filePath: ballast))
            try await folder.withDatabase { database in
                try await database.write { try await $0.execute(Blobs.create) }
                var written = 0
                let error = await #expect(throws: StoreError.self) {
                    for _ in 0..<10_000 {
                        try await Blobs.add(Array(repeating: 7, count: 10_000), to: database)
                        written += 1
                    }
                }
                #expect(error?.code == .full)
                #expect(written > 0)
                #expect(database.state != .ready)
                // Many at once fail as well, each with the reason.
                await withTaskGroup { group in
                    for _ in 0..<20 {
                        group.addTask {
                            let error = await #expect(throws: StoreError.self) {
                                try await Blobs.add(Array(repeating: 7, count: 100_000), to: database)
                            }
                            #expect(error?.code == .full)
                        }
                    }
                }
                var count = try await Blobs.count(in: database)
                #expect(count == written)
                try FileManager.default.removeItem(atPath: ballast)
                try await Blobs.add([1], to: database)
                count = try await Blobs.count(in: database)
                #expect(count == written + 1)
                #expect(database.state == .ready)
                let findings = try await database.checkIntegrity()
                #expect(findings.isEmpty)
            }
        }
    }
}
