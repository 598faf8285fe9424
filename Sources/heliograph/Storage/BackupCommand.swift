import Base
import Glibc
import Kernel
import Store

/// `heliograph backup FILE` and `heliograph restore FILE`.
enum BackupCommand {
    static func backup(_ operands: [String], _ configuration: Configuration) async throws(UsageError)
        -> ExitCode
    {
        guard let path = operands.first else {
            throw UsageError("backup needs the name of the file to write")
        }
        do {
            try requireDatabase(configuration)
            let file = try BackupFile.create(path)
            let rows = try await withDatabase(configuration) { database in
                let migrator = Migrator(database, Schema.steps)
                guard let last = try await migrator.status().last(where: { $0.appliedAt != nil }) else {
                    throw StoreError(.misuse, "the database is empty: nothing to back up")
                }
                return try await Backup(database).make(schema: last.number) { try file.write($0) }
            }
            try file.finish()
            Terminal.say("wrote \(rows) rows to \(path)\n")
            return .success
        } catch {
            Terminal.complain("heliograph: \(error)\n")
            return .failure
        }
    }

    static func restore(_ operands: [String], _ configuration: Configuration) async throws(UsageError)
        -> ExitCode
    {
        guard let path = operands.first else { throw UsageError("restore needs the name of a backup's file") }
        do {
            let rows = try await withDatabase(configuration) { database in
                try await Restore(into: database, Schema.steps).run {
                    let file = try BackupFile.open(path)
                    return { try file.read($0) }
                }
            }
            Terminal.say("restored \(rows) rows\n")
            return .success
        } catch {
            Terminal.complain("heliograph: \(error)\n")
            return .failure
        }
    }
}

/// Refuses a file of SQLite that is not there: opening it would make an empty one.
func requireDatabase(_ configuration: Configuration) throws {
    guard case .sqlite(let path) = configuration.databaseInUse else { return }
    let (_, code) = FileSystem.status(of: path)
    guard code == 0 else { throw FileError(path: path, code: code) }
}

/// A file that a backup goes to or comes from.
///
/// It is written under another name and gets its own when it is whole, so that a file with the right name is a backup.
final class BackupFile: Sendable {
    private let descriptor: Int32
    private let path: String
    private let isWritten: Bool

    private init(_ descriptor: Int32, _ path: String, isWritten: Bool) {
        self.descriptor = descriptor
        self.path = path
        self.isWritten = isWritten
    }

    deinit { close(descriptor) }

    static func create(_ path: String) throws -> BackupFile {
        let partial = path + ".part"
        // What an earlier backup that failed left behind; a new file has its own mode and is nobody's link.
        _ = unsafe unlink(partial)
        // What is in it may be anybody's messages.
        let descriptor = unsafe Glibc.open(
            partial, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
        let code = errno
        guard descriptor >= 0 else { throw FileError(path: partial, code: code) }
        return BackupFile(descriptor, path, isWritten: true)
    }

    static func open(_ path: String) throws -> BackupFile {
        let descriptor = unsafe Glibc.open(path, O_RDONLY | O_CLOEXEC)
        let code = errno
        guard descriptor >= 0 else { throw FileError(path: path, code: code) }
        return BackupFile(descriptor, path, isWritten: false)
    }

    func write(_ bytes: Bytes) throws {
        var done = 0
        while done < bytes.count {
            let rest = bytes.part(done, bytes.count - done)
            let count = unsafe rest.withUnsafeBytes {
                unsafe Glibc.write(descriptor, $0.baseAddress, $0.count)
            }
            let code = errno
            guard count > 0 || code == EINTR else { throw FileError(path: path, code: code) }
            done += max(0, count)
        }
    }

    /// Brings it to disk and gives it its name.
    func finish() throws {
        let synced = fsync(descriptor)
        guard synced == 0 else { throw FileError(path: path, code: errno) }
        let renamed = unsafe rename(path + ".part", path)
        guard renamed == 0 else { throw FileError(path: path, code: errno) }
    }

    /// So many bytes, fewer at the end.
    func read(_ count: Int) throws -> Bytes {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(min(count, 1 << 20))
        var buffer = [UInt8](repeating: 0, count: min(count, 1 << 20))
        while bytes.count < count {
            let wanted = min(buffer.count, count - bytes.count)
            let got = unsafe Glibc.read(descriptor, &buffer, wanted)
            let code = errno
            if got == 0 { break }
            guard got > 0 || code == EINTR else { throw FileError(path: path, code: code) }
            bytes += buffer[..<max(0, got)]
        }
        return Bytes(bytes)
    }
}

/// A file that could not be used.
struct FileError: Error, CustomStringConvertible {
    let path: String
    let code: Int32
    var description: String { "\(path): \(FileSystem.text(of: code))" }
}
