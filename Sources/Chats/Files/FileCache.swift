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
        /// Its name on the disk, which no later file of the same key has.
        let place: String
        let size: Int
        var usedAt: UInt64
    }

    private let disk: FileFolder
    private let bytesMax: Int
    private let fileBytesMax: Int
    private var entries: [String: Entry] = [:]
    private var clock: UInt64 = 0
    /// Who waits for what is being fetched; nil tells them that its fetching was given up, and not by them.
    private var flights: [String: [CheckedContinuation<Result<File, any Error>?, Never>]] = [:]
    /// What a file takes at least, so that the number of files is bounded too.
    private static let sizeMin = 4096

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
        while true {
            clock += 1
            if let entry = entries[name] {
                entries[name]?.usedAt = clock
                return File(path: disk.path(entry.place), size: entry.size, name: name)
            }
            guard flights[name] != nil else { break }
            let result = await withCheckedContinuation { flights[name]?.append($0) }
            if let result { return try result.get() }
            try Task.checkCancellation()
        }
        flights[name] = []
        let result: Result<File, any Error>
        do { result = .success(try await load(name, fetch)) } catch { result = .failure(error) }
        var told: Result<File, any Error>? = result
        if case .failure = result, Task.isCancelled { told = nil }
        for waiter in flights.removeValue(forKey: name) ?? [] { waiter.resume(returning: told) }
        return try result.get()
    }

    /// Forgets a file that is not on the disk any more, so that it is fetched anew; a later one of its key stays.
    func forget(_ file: File) async {
        guard let entry = entries[file.name], disk.path(entry.place) == file.path else { return }
        entries[file.name] = nil
        await disk.remove(entry.place)
    }

    /// How many wait until somebody else has fetched a file.
    func waiting(_ key: String) -> Int { flights[Hex.encode(SHA256.hash(Bytes(key)))]?.count ?? 0 }

    private func load(_ name: String, _ fetch: (@Sendable (Bytes) async throws -> Void) async throws -> Void)
        async throws -> File
    {
        clock += 1
        let place = "\(name).\(clock)"
        let writer = try await disk.create(place)
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
        entries[name] = Entry(place: place, size: writer.count, usedAt: clock)
        await makeRoom(except: name)
        return File(path: disk.path(place), size: writer.count, name: name)
    }

    /// What was not used for longest goes first; who is reading it still reads to the end.
    private func makeRoom(except kept: String) async {
        var total = entries.values.reduce(0) { $0 + max($1.size, Self.sizeMin) }
        while total > bytesMax {
            let oldest = entries.filter { $0.key != kept }.min { $0.value.usedAt < $1.value.usedAt }
            guard let oldest else { return }
            entries[oldest.key] = nil
            total -= max(oldest.value.size, Self.sizeMin)
            await disk.remove(oldest.value.place)
        }
    }
}

/// A file is larger than the server takes.
struct FileTooLarge: Error {
    let limit: Int
}
