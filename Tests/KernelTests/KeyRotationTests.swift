import Base
import Foundation
import Reactor
import Store
import StoreTesting
import Synchronization
import Testing

@testable import Kernel

@Suite(.timeLimit(.minutes(5))) struct KeyRotationTests {
    private static let column = VaultRotationTests.numbers

    private func withNode(
        _ backend: Backend, _ body: (any Database, KeySource, VaultKeyWatch) async throws -> Void
    ) async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "heliograph-keys-\(UUID())").path
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try await withDatabase(backend) { database in
            try await Migrator(
                database, [VaultSchema.migration(1), VaultRotationTests.schema, AuditSchema.migration(3)]
            ).up()
            let source = KeySource(folder: folder, isProduction: false)
            let watch = try await VaultKeyWatch.open(
                source, VaultKeyRecords(database), interval: .milliseconds(10))
            try await body(database, source, watch)
        }
    }

    private func plan(addsKey: Bool = false, removesOld: Bool = false, pause: Duration = .milliseconds(1))
        -> KeyRotation.Plan
    {
        var plan = KeyRotation.Plan()
        (plan.addsKey, plan.removesOld) = (addsKey, removesOld)
        (plan.pause, plan.removalPause) = (pause, pause)
        return plan
    }

    private func put(_ id: Int64, _ text: String, _ vault: Vault, _ database: any Database) async throws {
        let sealed = try vault.seal(Bytes(text), for: Place(table: "bots", row: id, column: "token"))
        try await database.write { transaction in
            try await transaction.execute(
                "INSERT INTO bots (id, token) VALUES ($1, $2) ON CONFLICT (id) DO UPDATE SET token = excluded.token",
                [.integer(id), .bytes(sealed)])
        }
    }

    private func tokens(_ vault: Vault, _ database: any Database) async throws -> [Int64: String] {
        let rows = try await database.read { transaction in
            try await transaction.all("SELECT id, token FROM bots") { (try $0.integer(0), try $0.bytes(1)) }
        }
        var tokens: [Int64: String] = [:]
        for (id, token) in rows {
            tokens[id] = try vault.open(token, for: Place(table: "bots", row: id, column: "token"))
                .repairedText
        }
        return tokens
    }

    @Test(arguments: Backend.allCases)
    func `a new key is added, sealed with, and the old one removed, with an entry for each`(backend: Backend)
        async throws
    {
        try await withNode(backend) { database, source, watch in
            for id in 1...5 as ClosedRange<Int64> { try await put(id, "token \(id)", watch.vault, database) }
            let rotation = KeyRotation(database, source, [Self.column], audit: AuditLog(database))
            let first = try await rotation.run(plan(addsKey: true))
            #expect(first.isComplete)
            #expect(first.currentKey == 2)
            #expect(first.newKey == 2)
            #expect(first.oldKeys == [1])
            #expect(first.columns.map(\.rotation.rewritten) == [5])
            let second = try await rotation.run(plan(removesOld: true))
            #expect(second.isComplete)
            #expect(second.removedKeys == [1])
            #expect(second.oldKeys == [])
            #expect(try source.open().ring.keys.map(\.id) == [2])
            let opened = try await tokens(Vault(source.open().ring), database)
            #expect(opened.count == 5)
            await watch.look()
            #expect(watch.vault.keys.keys.map(\.id) == [2])
            let audit = AuditLog(database)
            let actions = try await audit.page().entries.reversed().map(\.content.action)
            #expect(actions == ["keys.add", "keys.promote", "keys.rotate", "keys.remove", "keys.rotate"])
            let report = try await audit.verify()
            #expect(report.broken == nil)
        }
    }

    @Test(arguments: Backend.allCases)
    func `a run that was broken off after it added a key goes on with that key`(backend: Backend) async throws
    {
        try await withNode(backend) { database, source, watch in
            try await put(1, "token", watch.vault, database)
            let file = KeyFile(source.path ?? "")
            let ring = try file.introduce(now: Clocks.system.now + .seconds(1), above: 6)
            #expect(ring.keys.map(\.id) == [1, 7])
            let report = try await KeyRotation(database, source, [Self.column]).run(plan(addsKey: true))
            #expect(report.newKey == 7)
            #expect(report.isComplete)
            #expect(try file.read().keys.map(\.id) == [7, 1])
        }
    }

    @Test(arguments: Backend.allCases)
    func `nothing is removed while a row is left that an old key has sealed`(backend: Backend) async throws {
        try await withNode(backend) { database, source, watch in
            try await put(1, "token", watch.vault, database)
            try await database.write { transaction in
                try await transaction.execute(
                    "INSERT INTO bots (id, token) VALUES (2, $1)", [.bytes("broken")])
            }
            let rotation = KeyRotation(database, source, [Self.column])
            let report = try await rotation.run(plan(addsKey: true, removesOld: true))
            #expect(!report.isComplete)
            #expect(report.columns.map(\.remaining) == [1])
            #expect(report.columns.map(\.rotation.unreadableRows) == [["2"]])
            #expect(report.removedKeys == [])
            #expect(try source.open().ring.keys.map(\.id) == [2, 1])
        }
    }

    @Test func `keys in the settings are resealed to, and never changed`() async throws {
        try await withNode(.sqlite) { database, _, _ in
            let digits = String(repeating: "0a", count: 32)
            try await VaultKeyRecords(database).forget(1)
            let old = KeySource(single: Secret(digits), folder: "/nowhere", isProduction: true)
            let vault = Vault(try old.open().ring)
            try await put(1, "token", vault, database)
            let source = KeySource(
                list: Secret("2:\(String(repeating: "0b", count: 32)),1:\(digits)"), folder: "/nowhere",
                isProduction: true)
            let rotation = KeyRotation(database, source, [Self.column])
            await #expect(throws: VaultError.self) { try await rotation.run(plan(addsKey: true)) }
            await #expect(throws: VaultError.self) { try await rotation.run(plan(removesOld: true)) }
            let report = try await rotation.run()
            #expect(report.isComplete)
            #expect(report.oldKeys == [1])
            #expect(report.path == nil)
            #expect(report.columns.map(\.rotation.rewritten) == [1])
        }
    }

    private final class Progress: Sendable {
        let isOver = Atomic(false)
        let failures = Mutex<[String]>([])
        let written = Mutex<[Int64: String]>([:])
    }

    /// A node that writes and reads all the time, by keys that it learns of from the file alone.
    private func serve(_ node: Int, _ watch: VaultKeyWatch, _ database: any Database, _ progress: Progress)
        async throws
    {
        var round = 0
        while !progress.isOver.load(ordering: .acquiring) {
            round += 1
            let id = Int64(node * 10 + round % 10)
            try await put(id, "node \(node) round \(round)", watch.vault, database)
            progress.written.withLock { $0[id] = "node \(node) round \(round)" }
            do {
                _ = try await tokens(watch.vault, database)
            } catch let error as VaultError {
                progress.failures.withLock { $0.append(error.message) }
            }
            try await Task.sleep(for: .milliseconds(1))
        }
    }

    @Test(arguments: Backend.allCases)
    func `nodes that write all the while never meet what they cannot open, and lose nothing`(backend: Backend)
        async throws
    {
        try await withNode(backend) { database, source, first in
            let second = try await VaultKeyWatch.open(
                source, VaultKeyRecords(database), interval: .milliseconds(10))
            let progress = Progress()
            try await withThrowingTaskGroup(of: Void.self) { group in
                for (node, watch) in [first, second].enumerated() {
                    group.addTask { try await watch.run() }
                    group.addTask { try await serve(node, watch, database, progress) }
                }
                let rotation = KeyRotation(database, source, [Self.column])
                for _ in 0..<2 {
                    // Two hundred times what a node takes to look: it may be held up on a busy machine.
                    var report = try await rotation.run(
                        plan(addsKey: true, removesOld: true, pause: .seconds(2)))
                    while !report.isComplete { report = try await rotation.run(plan(removesOld: true)) }
                }
                progress.isOver.store(true, ordering: .releasing)
                for watch in [first, second] { _ = await watch.stop(by: 0) }
                try await group.waitForAll()
            }
            #expect(progress.failures.withLock { $0 } == [])
            #expect(try source.open().ring.keys.map(\.id) == [3])
            let stored = try await tokens(Vault(source.open().ring), database)
            #expect(stored == progress.written.withLock { $0 })
        }
    }
}

@Suite(.timeLimit(.minutes(5))) struct VaultKeyWatchTests {
    private let place = Place(table: "bots", row: 1, column: "token")

    private func withWatch(_ body: (VaultKeyWatch, KeyFile, any Database) async throws -> Void) async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "heliograph-keys-\(UUID())").path
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try await withDatabase(.sqlite) { database in
            try await Migrator(database, [VaultSchema.migration(1)]).up()
            let source = KeySource(folder: folder, isProduction: false)
            let watch = try await VaultKeyWatch.open(source, VaultKeyRecords(database))
            try await body(watch, KeyFile(source.path ?? ""), database)
        }
    }

    @Test func `the one that makes the keys says so, and the next does not`() async throws {
        try await withWatch { watch, file, database in
            #expect(watch.origin == .made(path: file.path))
            let source = KeySource(file: file.path, folder: "/nowhere", isProduction: true)
            let again = try await VaultKeyWatch.open(source, VaultKeyRecords(database))
            #expect(again.origin == .file(path: file.path))
        }
    }

    @Test func `a look takes what has changed in the file`() async throws {
        try await withWatch { watch, file, _ in
            _ = try file.introduce(now: Clocks.system.now, above: 0)
            await watch.look()
            #expect(watch.vault.keys.keys.map(\.id) == [1, 2])
            _ = try file.promote(2)
            await watch.look()
            #expect(watch.vault.keys.current.id == 2)
            _ = try file.remove(1)
            await watch.look()
            #expect(watch.vault.keys.keys.map(\.id) == [2])
        }
    }

    @Test func `a file that is gone, open to others or wrong changes nothing and is told`() async throws {
        try await withWatch { watch, file, _ in
            let text = try String(contentsOfFile: file.path, encoding: .utf8)
            let sealed = try watch.vault.seal("secret", for: place)
            let faults: [() throws -> Void] = [
                { try FileManager.default.removeItem(atPath: file.path) },
                { try "1:short".write(toFile: file.path, atomically: true, encoding: .utf8) },
                {
                    try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: file.path)
                },
            ]
            for fault in faults {
                try fault()
                await watch.look()
                #expect(watch.problem != nil)
                #expect(try watch.vault.open(sealed, for: place) == "secret")
            }
            try text.write(toFile: file.path, atomically: true, encoding: .utf8)
            try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: file.path)
            await watch.look()
            #expect(watch.problem == nil)
        }
    }

    @Test func `another key under a number that the database knows is refused`() async throws {
        try await withWatch { watch, file, _ in
            let before = watch.vault.keys.current.fingerprint
            let other = "1:\(String(repeating: "0a", count: 32))\n"
            try other.write(toFile: file.path, atomically: true, encoding: .utf8)
            try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: file.path)
            await watch.look()
            #expect(watch.problem != nil)
            #expect(watch.vault.keys.current.fingerprint == before)
            await #expect(throws: VaultError.self) { try await watch.reload() }
        }
    }

    @Test func `a key that is met before it was looked for opens at once, and does not seal`() async throws {
        try await withWatch { watch, file, _ in
            let ring = try file.add(now: Clocks.system.now)
            let sealed = try Vault(ring).seal("secret", for: place)
            #expect(try watch.vault.open(sealed, for: place) == "secret")
            #expect(watch.vault.keys.current.id == 1)
            await watch.look()
            #expect(watch.vault.keys.current.id == 2)
        }
    }

    @Test func `a key that is nowhere is looked for once a second at most`() throws {
        let key = { try VaultKey(id: $0, secret: Secret(Bytes([UInt8](repeating: 7, count: 32)))) }
        let vault = Vault(try KeyRing([key(1)]))
        let sealed = try Vault(KeyRing([key(2)])).seal("secret", for: place)
        let counter = Counted()
        vault.lookForKeys {
            counter.reads.add(1, ordering: .relaxed)
            return []
        }
        let begin = ContinuousClock.now
        for _ in 0..<100 { #expect(throws: VaultError.self) { try vault.open(sealed, for: place) } }
        let seconds = Int(begin.duration(to: .now) / .seconds(1))
        #expect((1...1 + seconds).contains(counter.reads.load(ordering: .relaxed)))
    }

    private final class Counted: Sendable { let reads = Atomic(0) }
}
