import Base
import Crypto
import Glibc
import Reactor
import Synchronization

/// A folder of this node's own for files that can be fetched again; all of it off the event loops.
struct FileFolder: Sendable {
    private let folder: String
    private let pool: BlockingPool

    init(_ folder: String, _ pool: BlockingPool) {
        self.folder = folder
        self.pool = pool
    }

    func path(_ name: String) -> String { "\(folder)/\(name)" }

    /// Makes the folder where it is missing, and empties it.
    func clear() async throws {
        let folder = folder
        try await pool.run {
            // The folder of data may be missing where the database is elsewhere.
            for end in folder.indices where folder[end] == "/" && end != folder.startIndex {
                try Self.makeFolder(String(folder[..<end]))
            }
            try Self.makeFolder(folder)
            guard let listing = unsafe opendir(folder) else { throw DiskFailure(code: errno) }
            defer { unsafe closedir(listing) }
            while let entry = unsafe readdir(listing) {
                let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) {
                    unsafe $0.withMemoryRebound(to: CChar.self, capacity: 256) { unsafe String(cString: $0) }
                }
                if name != ".", name != ".." { unsafe unlink("\(folder)/\(name)") }
            }
        }
    }

    private static func makeFolder(_ path: String) throws {
        guard unsafe mkdir(path, 0o700) == 0 || errno == EEXIST else { throw DiskFailure(code: errno) }
    }

    func remove(_ name: String) async {
        let path = path(name)
        // The next start empties the folder.
        _ = try? await pool.run { unsafe unlink(path) }
    }

    /// Begins a file that is there under its name only once it is whole.
    func create(_ name: String) async throws -> FileWriter {
        let (path, pool) = (path(name), pool)
        return try await pool.run { try FileWriter(path, pool) }
    }
}

/// A file that is being written.
final class FileWriter: Sendable {
    private let path: String
    private let temporary: String
    private let descriptor: Int32
    private let pool: BlockingPool
    private let written = Mutex(0)

    fileprivate init(_ path: String, _ pool: BlockingPool) throws {
        self.path = path
        self.pool = pool
        temporary = "\(path).\(Hex.encode(SecureRandom.bytes(6)))"
        descriptor = unsafe Glibc.open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw DiskFailure(code: errno) }
    }

    deinit { close(descriptor) }

    /// How many bytes were written.
    var count: Int { written.withLock { $0 } }

    func write(_ piece: Bytes) async throws {
        let descriptor = descriptor
        try await pool.run {
            try unsafe piece.withUnsafeBytes { bytes in
                var done = 0
                while done < bytes.count {
                    let rest = unsafe UnsafeRawBufferPointer(rebasing: bytes[done...])
                    let count = unsafe Glibc.write(descriptor, rest.baseAddress, rest.count)
                    guard count > 0 else { throw DiskFailure(code: errno) }
                    done += count
                }
            }
        }
        written.withLock { $0 += piece.count }
    }

    func finish() async throws {
        let (temporary, path) = (temporary, path)
        try await pool.run {
            guard unsafe rename(temporary, path) == 0 else { throw DiskFailure(code: errno) }
        }
    }

    func discard() async {
        let temporary = temporary
        // The next start empties the folder.
        _ = try? await pool.run { unsafe unlink(temporary) }
    }
}

/// The disk did not do what was asked.
struct DiskFailure: Error {
    let code: Int32
}
