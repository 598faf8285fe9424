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
            try Self.make(folder)
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

    /// Makes a folder, and the one that holds it where that is missing too: not every server keeps other data on disk.
    private static func make(_ folder: String) throws {
        if unsafe mkdir(folder, 0o700) == 0 || errno == EEXIST { return }
        guard errno == ENOENT, let end = folder.lastIndex(of: "/"), end > folder.startIndex else {
            throw DiskFailure(code: errno)
        }
        try make(String(folder[..<end]))
        guard unsafe mkdir(folder, 0o700) == 0 || errno == EEXIST else { throw DiskFailure(code: errno) }
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
