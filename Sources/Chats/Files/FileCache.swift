import Base
import BotAPI
import Crypto
package import Reactor
import Wire

/// Files of Telegram on this node's disk: fetched once, however many ask, and kept while there is room.
package actor FileCache {
    /// A file that is on the disk whole.
    package struct File: Sendable, Equatable {
        let path: String
        let size: Int
        /// Names the content: the same name, the same bytes.
        let name: String
    }

    private struct Entry {
        let size: Int
        var usedAt: UInt64
    }

    private let disk: FileFolder
    private let bytesMax: Int
    private let fileBytesMax: Int
    private var entries: [String: Entry] = [:]
    private var clock: UInt64 = 0
    private var flights: [String: [CheckedContinuation<Result<File, any Error>, Never>]] = [:]

    /// A cache in a folder, of at most so many bytes in all and in one file.
    package init(_ folder: String, pool: BlockingPool, bytesMax: Int, fileBytesMax: Int) {
        disk = FileFolder(folder, pool)
        self.bytesMax = bytesMax
        self.fileBytesMax = fileBytesMax
    }

    /// Forgets what an earlier run has left: nobody knows whether it is whole.
    package func clear() async throws { try await disk.clear() }

    /// The file of a key; `fetch` hands its pieces to the closure that it gets, one after the other.
    func file(_ key: String, fetch: (@Sendable (Bytes) async throws -> Void) async throws -> Void)
        async throws
        -> File
    {
        let name = Hex.encode(SHA256.hash(Bytes(key)))
        clock += 1
        if let entry = entries[name] {
            entries[name]?.usedAt = clock
            return File(path: disk.path(name), size: entry.size, name: name)
        }
        if flights[name] != nil {
            return try await withCheckedContinuation { flights[name]?.append($0) }.get()
        }
        flights[name] = []
        let result: Result<File, any Error>
        do { result = .success(try await load(name, fetch)) } catch { result = .failure(error) }
        for waiter in flights.removeValue(forKey: name) ?? [] { waiter.resume(returning: result) }
        return try result.get()
    }

    private func load(_ name: String, _ fetch: (@Sendable (Bytes) async throws -> Void) async throws -> Void)
        async throws -> File
    {
        let writer = try await disk.create(name)
        let limit = fileBytesMax
        do {
            try await fetch { piece in
                guard writer.count + piece.count <= limit else { throw FileTooLarge(limit: limit) }
                try await writer.write(piece)
            }
            try await writer.finish()
        } catch {
            await writer.discard()
            throw error
        }
        entries[name] = Entry(size: writer.count, usedAt: clock)
        await makeRoom(except: name)
        return File(path: disk.path(name), size: writer.count, name: name)
    }

    /// What was not used for longest goes first; who is reading it still reads to the end.
    private func makeRoom(except kept: String) async {
        var total = entries.values.reduce(0) { $0 + $1.size }
        while total > bytesMax {
            let oldest = entries.filter { $0.key != kept }.min { $0.value.usedAt < $1.value.usedAt }
            guard let oldest else { return }
            entries[oldest.key] = nil
            total -= oldest.value.size
            await disk.remove(oldest.key)
        }
    }
}

/// A file is larger than the server takes.
struct FileTooLarge: Error {
    let limit: Int
}
