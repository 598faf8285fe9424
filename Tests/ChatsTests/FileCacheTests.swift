import Base
import Foundation
import Reactor
import Synchronization
import Testing

@testable import Chats

@Suite struct FileCacheTests {
    private typealias Fetch = @Sendable (@Sendable (Bytes) async throws -> Void) async throws -> Void

    private func open(
        bytesMax: Int = 100_000, fileBytesMax: Int = 50_000,
        _ body: @Sendable (FileCache) async throws -> Void
    ) async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "heliograph-cache-\(UUID())").path
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let pool = try BlockingPool(threads: 2, waiting: 64)
        defer { pool.shutdown() }
        let cache = FileCache(folder, pool: pool, bytesMax: bytesMax, fileBytesMax: fileBytesMax)
        try await cache.clear()
        try await body(cache)
    }

    private func content(_ file: FileCache.File) throws -> String {
        try String(contentsOfFile: file.path, encoding: .utf8)
    }

    @Test func `many who ask at once have it fetched once`() async throws {
        try await open { cache in
            let count = Mutex(0)
            let (gate, open) = AsyncStream.makeStream(of: Void.self)
            let fetch: Fetch = { write in
                count.withLock { $0 += 1 }
                for await _ in gate {}
                try await write("hello ")
                try await write("world")
            }
            let files = try await withThrowingTaskGroup(of: FileCache.File.self) { group in
                for _ in 0..<20 { group.addTask { try await cache.file("a", fetch: fetch) } }
                while await cache.waiting("a") < 19 { await Task.yield() }
                open.finish()
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(count.withLock { $0 } == 1)
            #expect(Set(files.map(\.path)).count == 1)
            #expect(try content(files[0]) == "hello world")
        }
    }

    @Test func `who waits does not fail because the first one went away`() async throws {
        try await open { cache in
            let count = Mutex(0)
            let fetch: Fetch = { write in
                let isFirst = count.withLock { count in
                    count += 1
                    return count == 1
                }
                if isFirst { try await Task.sleep(for: .seconds(60)) }
                try await write("x")
            }
            try await withThrowingTaskGroup(of: Void.self) { others in
                await withTaskGroup(of: Void.self) { first in
                    first.addTask {
                        await #expect(throws: CancellationError.self) {
                            try await cache.file("a", fetch: fetch)
                        }
                    }
                    while count.withLock({ $0 }) == 0 { await Task.yield() }
                    for _ in 0..<3 { others.addTask { _ = try await cache.file("a", fetch: fetch) } }
                    while await cache.waiting("a") < 3 { await Task.yield() }
                    first.cancelAll()
                }
                try await others.waitForAll()
            }
            #expect(count.withLock { $0 } == 2)
        }
    }

    @Test func `who forgets a file does not forget the one that came after it`() async throws {
        try await open { cache in
            let fetch: Fetch = { write in try await write("x") }
            let first = try await cache.file("a", fetch: fetch)
            await cache.forget(first)
            let second = try await cache.file("a", fetch: fetch)
            #expect(second.path != first.path)
            await cache.forget(first)
            #expect(try await cache.file("a", fetch: fetch) == second)
        }
    }

    @Test func `what fails is told to all who wait, and fetched anew`() async throws {
        struct Broken: Error {}
        try await open { cache in
            await #expect(throws: Broken.self) { try await cache.file("a") { _ in throw Broken() } }
            await #expect(throws: FileTooLarge.self) {
                try await cache.file("a") { write in
                    for _ in 0..<10 { try await write(Bytes([UInt8](repeating: 1, count: 10_000))) }
                }
            }
            let file = try await cache.file("a") { try await $0("ok") }
            #expect(try content(file) == "ok")
        }
    }

    @Test func `what was not used for longest makes room`() async throws {
        try await open { cache in
            let fetched = Mutex<[String]>([])
            func get(_ key: String) async throws -> FileCache.File {
                try await cache.file(key) { write in
                    fetched.withLock { $0.append(key) }
                    try await write(Bytes([UInt8](repeating: 7, count: 40_000)))
                }
            }
            let a = try await get("a")
            _ = try await get("b")
            _ = try await get("a")
            _ = try await get("c")
            #expect(FileManager.default.fileExists(atPath: a.path))
            _ = try await get("a")
            _ = try await get("b")
            #expect(fetched.withLock { $0 } == ["a", "b", "c", "b"])
        }
    }

    @Test func `many small files make room too`() async throws {
        try await open { cache in
            let first = try await cache.file("0") { try await $0("x") }
            for number in 1..<40 { _ = try await cache.file("\(number)") { try await $0("x") } }
            #expect(!FileManager.default.fileExists(atPath: first.path))
        }
    }

    @Test func `a file that is fetched anew has another path, which a late removal does not meet`()
        async throws
    {
        try await open(bytesMax: 4096) { cache in
            let first = try await cache.file("a") { try await $0("x") }
            _ = try await cache.file("b") { try await $0("x") }
            let second = try await cache.file("a") { try await $0("x") }
            #expect(first.path != second.path)
            #expect(first.name == second.name)
            #expect(try content(second) == "x")
        }
    }
}
