import Foundation
import Store
import StorePostgres
import StoreTesting
import Testing

/// Rows a second of durable inserts, against pgbench that sends the same rows to the same server.
///
/// `HELIOGRAPH_MEASURE=1 swift test -c release -Xswiftc -enable-testing --filter InsertMeasurement`
@Suite(.serialized, .enabled(if: ProcessInfo.processInfo.environment["HELIOGRAPH_MEASURE"] == "1"))
struct InsertMeasurement {
    private static let payload = #"{"update_id":1,"text":""# + String(repeating: "x", count: 576) + #""}"#

    @Test(arguments: [64, 1000], [1, 8])
    func `rows a second of batches`(batch: Int, callers: Int) async throws {
        let server = try await away { try PostgresServer() }
        defer { server.remove() }
        let script = "\(server.folder)/insert.sql"
        let values = (1...batch).map { "(\($0), 42, '\(Self.payload)')" }.joined(separator: ", ")
        try "INSERT INTO t (a, b, c) VALUES \(values);\n".write(
            toFile: script, atomically: false, encoding: .utf8)
        try await withPostgres(on: server) { database, place in
            var (ours, reference): ([Double], [Double]) = ([], [])
            for _ in 0..<3 {
                reference.append(try await pgbench(place, script, callers, 100_000 / batch) * Double(batch))
                ours.append(try await inserts(database, place, batch, callers))
            }
            let (best, bestReference) = (ours.sorted()[1], reference.sorted()[1])
            print(
                "batch \(batch), \(callers) callers: \(Int(best)) rows/s, pgbench \(Int(bestReference)),",
                "ratio \((best / bestReference * 100).rounded() / 100)")
        }
    }

    private func empty(_ place: Place) async throws {
        try await place.run("DROP TABLE IF EXISTS t")
        try await place.run("CREATE TABLE t (a bigint, b bigint, c text)")
        try await place.run("CHECKPOINT")
    }

    /// Transactions a second of pgbench.
    private func pgbench(_ place: Place, _ script: String, _ callers: Int, _ count: Int) async throws
        -> Double
    {
        try await empty(place)
        let output = try await away {
            // A number of transactions, because its own clock needs a signal that test processes have blocked.
            try runProgram([
                "\(PostgresServer.binaries)/pgbench", "-h", place.server.folder, "-p", "\(place.server.port)",
                "-U",
                PostgresServer.user, "-n", "-f", script, "-c", "\(callers)", "-j", "1",
                "-t", "\(count / callers)", place.name,
            ])
        }
        let line = output.split(separator: "\n").first { $0.hasPrefix("tps = ") }
        return try #require(line.flatMap { Double($0.split(separator: " ")[2]) })
    }

    /// Rows a second of ours.
    private func inserts(_ database: PostgresDatabase, _ place: Place, _ batch: Int, _ callers: Int)
        async throws
        -> Double
    {
        try await empty(place)
        let columns = [
            Column("a", .integers((0..<batch).map { Int64($0) })),
            Column("b", .integers([Int64?](repeating: 42, count: batch))),
            Column("c", .texts([String?](repeating: Self.payload, count: batch))),
        ]
        let start = ContinuousClock.now
        let end = start + .seconds(2)
        let transactions = try await withThrowingTaskGroup(of: Int.self) { group in
            for _ in 0..<callers {
                group.addTask {
                    var count = 0
                    while ContinuousClock.now < end {
                        try await database.write { try await $0.insert(into: "t", columns) }
                        count += 1
                    }
                    return count
                }
            }
            return try await group.reduce(0, +)
        }
        return Double(transactions * batch) / ((ContinuousClock.now - start) / .seconds(1))
    }
}
