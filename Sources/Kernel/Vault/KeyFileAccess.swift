import Base
import Crypto
import Glibc

/// The system calls behind a file of keys.
struct KeyFileAccess {
    private let path: String
    private var folder: String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    init(_ path: String) { self.path = path }

    /// The content of a file of ours that nobody else can read.
    func read(bytesMax: Int) throws(VaultError) -> Bytes {
        // NONBLOCK: opening somebody's pipe must not wait.
        let descriptor = unsafe Glibc.open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
        guard descriptor >= 0 else {
            let code = errno
            if code == ELOOP {
                throw VaultError(.unsafeFile, "\(path) is a symbolic link; name the file itself")
            }
            throw Self.failure("read", path, code)
        }
        defer { close(descriptor) }
        var status = stat()
        guard unsafe fstat(descriptor, &status) == 0 else { throw Self.failure("read", path, errno) }
        guard status.st_mode & S_IFMT == S_IFREG else { throw VaultError(.unsafeFile, "\(path) is no file") }
        guard status.st_mode & 0o177 == 0 else {
            throw VaultError(
                .unsafeFile,
                "\(path) can be used by others than its owner (mode \(String(status.st_mode & 0o7777, radix: 8)));"
                    + " make it 0600, and think of its keys as known")
        }
        guard status.st_uid == geteuid() else {
            throw VaultError(
                .unsafeFile, "\(path) belongs to another user than the one that runs this program")
        }
        guard status.st_size <= bytesMax else {
            throw VaultError(.malformedKeys, "\(path) is larger than \(bytesMax) bytes")
        }
        return try content(descriptor, bytesMax)
    }

    /// Writes a file that is there whole or not at all, even after a crash; whether it was written.
    ///
    /// Unless it replaces what is there, it is not written where something is.
    func put(_ content: Bytes, replaces: Bool) throws(VaultError) -> Bool {
        let temporary = path + "." + Hex.encode(SecureRandom.bytes(6))
        let descriptor = unsafe Glibc.open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw Self.failure("write", temporary, errno) }
        defer { unsafe unlink(temporary) }
        let written = unsafe content.withUnsafeBytes { unsafe write(descriptor, $0.baseAddress, $0.count) }
        // The mode that was asked for has lost what the umask takes away.
        let isSafe = fchmod(descriptor, 0o600) == 0 && written == content.count && fsync(descriptor) == 0
        let code = errno
        close(descriptor)
        guard isSafe else { throw Self.failure("write", temporary, code) }
        let moved = unsafe replaces ? rename(temporary, path) : link(temporary, path)
        guard moved == 0 else {
            if !replaces, errno == EEXIST { return false }
            throw Self.failure("write", path, errno)
        }
        // The name is on disk once its folder is.
        let parent = unsafe Glibc.open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard parent >= 0 else { throw Self.failure("write", folder, errno) }
        defer { close(parent) }
        guard fsync(parent) == 0 else { throw Self.failure("write", folder, errno) }
        return true
    }

    /// Keeps others who change the file out meanwhile; refuses at once where one is at it.
    func locked<R>(_ body: () throws(VaultError) -> R) throws(VaultError) -> R {
        // The folder, because the file itself is replaced.
        let descriptor = unsafe Glibc.open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw Self.failure("lock", folder, errno) }
        defer { close(descriptor) }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            let code = errno
            guard code == EWOULDBLOCK else { throw Self.failure("lock", folder, code) }
            throw VaultError(.file, "another program is changing \(path); try again")
        }
        return try body()
    }

    private func content(_ descriptor: CInt, _ bytesMax: Int) throws(VaultError) -> Bytes {
        var content: [UInt8] = []
        while content.count <= bytesMax {
            var part = [UInt8](repeating: 0, count: 4096)
            let count = unsafe Glibc.read(descriptor, &part, part.count)
            if count < 0 {
                if errno == EINTR { continue }
                throw Self.failure("read", path, errno)
            }
            if count == 0 { return Bytes(content) }
            content.append(contentsOf: part[..<count])
        }
        throw VaultError(.malformedKeys, "\(path) is larger than \(bytesMax) bytes")
    }

    static func failure(_ verb: String, _ path: String, _ code: CInt) -> VaultError {
        VaultError(.file, "cannot \(verb) \(path): \(unsafe String(cString: strerror(code)))")
    }
}
