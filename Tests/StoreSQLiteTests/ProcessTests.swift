import Base
import Foundation
import Store
import StoreSQLite
import Synchronization
import TestSupport
import Testing

/// What other processes do to a database, and what the death of this one does.
@Suite(.serialized, .timeLimit(.minutes(10))) struct ProcessTests {
    /// Another process that holds the lock of the file until its input ends.
    private static let holder = """
        import sqlite3, sys
        c = sqlite3.connect(sys.argv[1], isolation_level=None); c.execute("BEGIN IMMEDIATE")
        print("held", flush=True); sys.stdin.read()
        """

    private func hold(_ file: String) throws -> ChildProcess {
        let process = try ChildProcess(
            "/usr/bin/python3", ["-c", Self.holder, file], hasInput: true, hasOutput: true)
        #expect(process.readLine() == "held")
        return process
    }

    @Test func `a lock that another process keeps is a timeout, and reads go on`() async throws {
        try await Folder.with { folder in
            try await folder.withDatabase({ $0.busyTimeout = .seconds(3) }) { database in
                try await database.write { try await $0.execute(Blobs.create) }
                let process = try hold(folder.file)
                let start = ContinuousClock.now
                // Those who waited together fail together: each for itself would take 20 times as long.
                await withTaskGroup { group in
                    for _ in 0..<20 {
                        group.addTask {
                            let error = await #expect(throws: StoreError.self) {
                                try await Blobs.add(to: database)
                            }
                            #expect(error?.code == .timeout)
                        }
                    }
                }
                #expect(ContinuousClock.now - start < .seconds(40))
                #expect(database.state != .ready)
                #expect(try await Blobs.count(in: database) == 0)
                process.endInput()
                process.wait()
                try await Blobs.add([1], to: database)
                #expect(database.state == .ready)
            }
        }
    }

    @Test func `a lock that another process lets go is waited for`() async throws {
        try await Folder.with { folder in
            try await folder.withDatabase { database in
                try await database.write { try await $0.execute(Blobs.create) }
                let process = try hold(folder.file)
                let task = Task { try await Blobs.add([1], to: database) }
                try await Task.sleep(for: .milliseconds(50))
                process.endInput()
                try await task.value
                process.wait()
                #expect(try await Blobs.count(in: database) == 1)
            }
        }
    }

    @Test func `a process that is killed under load loses nothing that it acknowledged`() async throws {
        try await Folder.with { folder in
            let least = isLong ? 100 : 5
            var (round, written) = (0, 0)
            // On a slow machine it takes more rounds, and longer ones, until much has been acknowledged.
            while round < least || written <= 100 && round < 10 * least {
                let delay = UInt32.random(in: 1_000...150_000) * UInt32(1 + round / least)
                await #expect(processExitsWith: .signal(SIGKILL)) {
                    [path = folder.path as String, round = round as Int, delay = delay as UInt32] in
                    try await Victim(Folder(path: path), round).run(for: delay)
                }
                let lines = try String(contentsOfFile: folder.path + "/acknowledged", encoding: .utf8)
                let acknowledged = lines.split(separator: "\n").compactMap { Int64($0) }
                try await folder.withDatabase { database in
                    let counts = try await database.read { transaction in
                        try await transaction.all("SELECT part, count(*) FROM blobs GROUP BY part") { row in
                            (try row.integer(0), try row.integer(1))
                        }
                    }
                    // Each transaction is there as a whole or not at all.
                    #expect(counts.allSatisfy { $0.1 == 3 })
                    #expect(Set(acknowledged).isSubset(of: counts.map(\.0)))
                    let findings = try await database.checkIntegrity()
                    #expect(findings.isEmpty)
                }
                written = lines.count
                round += 1
            }
            #expect(written > 100)
        }
    }
}

/// The process that is killed: it writes as fast as it can, and notes down what has been acknowledged.
struct Victim: Sendable {
    private let folder: Folder
    private let round: Int

    init(_ folder: Folder, _ round: Int) {
        self.folder = folder
        self.round = round
    }

    func run(for microseconds: UInt32) async throws {
        let notes = unsafe open(folder.path + "/acknowledged", O_CREAT | O_APPEND | O_WRONLY, 0o600)
        let database = try await SQLiteDatabase.open(.init(path: folder.file))
        try await database.write { try await $0.execute(Blobs.create) }
        Thread.detachNewThread {
            usleep(microseconds)
            kill(getpid(), SIGKILL)
        }
        try await withThrowingTaskGroup { group in
            for writer in 0..<16 {
                group.addTask { [round] in
                    for number in 0... {
                        let part = Int64(round * 100_000_000 + writer * 1_000_000 + number)
                        try await database.write { transaction in
                            for _ in 0..<3 {
                                try await transaction.execute(
                                    "INSERT INTO blobs (part, data) VALUES ($1, $2)",
                                    [.integer(part), .bytes(.init(Array(repeating: 7, count: 500)))])
                            }
                        }
                        let line = Array("\(part)\n".utf8)
                        _ = unsafe write(notes, line, line.count)
                    }
                }
            }
            try await group.waitForAll()
        }
    }
}
