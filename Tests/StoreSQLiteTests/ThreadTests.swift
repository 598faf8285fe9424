import Foundation
import Store
import StoreSQLite
import Testing

@Suite struct ThreadTests {
    /// Asked of the kernel: what the compiler knows of threads it may keep across an `await`.
    private static func thread() -> String {
        (try? String(contentsOfFile: "/proc/thread-self/comm", encoding: .utf8))?
            .trimmingCharacters(in: .newlines) ?? ""
    }

    @Test func `a body stays on the thread of its connection`() async throws {
        try await Folder.with { folder in
            try await folder.withDatabase { database in
                let names = try await database.write { transaction in
                    var names = [Self.thread()]
                    try await transaction.execute(Blobs.create)
                    names.append(Self.thread())
                    _ = try await transaction.all("SELECT * FROM blobs") { _ in }
                    return names + [Self.thread()]
                }
                #expect(names == Array(repeating: "sqlite-write", count: 3))
                let reading = try await database.read { transaction in
                    _ = try await transaction.all("SELECT * FROM blobs") { _ in }
                    return Self.thread()
                }
                #expect(reading.hasPrefix("sqlite-read-"))
            }
        }
    }
}
