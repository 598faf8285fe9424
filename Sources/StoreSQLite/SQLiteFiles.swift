import Glibc
import Store

/// The files of a database.
struct SQLiteFiles {
    let path: String

    /// Makes the folder and an empty file, for nobody but the owner; SQLite gives its own files the same rights.
    func create() throws(StoreError) {
        if let slash = path.lastIndex(of: "/"), slash > path.startIndex {
            try makeFolder(String(path[..<slash]))
        }
        let descriptor = unsafe open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw failure("cannot open", path, errno) }
        _ = Glibc.close(descriptor)
    }

    /// How much room they take.
    func sizeBytes() throws(StoreError) -> Int64 {
        var sum = Int64(0)
        for suffix in ["", "-wal", "-shm"] {
            var status = stat()
            if unsafe stat(path + suffix, &status) == 0 {
                sum += Int64(status.st_size)
            } else if errno != ENOENT || suffix.isEmpty {
                throw failure("cannot look at", path + suffix, errno)
            }
        }
        return sum
    }

    private func makeFolder(_ folder: String) throws(StoreError) {
        if unsafe mkdir(folder, 0o700) == 0 || errno == EEXIST { return }
        guard errno == ENOENT, let slash = folder.lastIndex(of: "/"), slash > folder.startIndex else {
            throw failure("cannot make", folder, errno)
        }
        try makeFolder(String(folder[..<slash]))
        guard unsafe mkdir(folder, 0o700) == 0 || errno == EEXIST else {
            throw failure("cannot make", folder, errno)
        }
    }

    private func failure(_ what: String, _ path: String, _ code: Int32) -> StoreError {
        let reason = unsafe strerror(code).map { unsafe String(cString: $0) } ?? "error \(code)"
        return StoreError(code == ENOSPC ? .full : .unavailable, "\(what) \(path): \(reason)")
    }
}
