import Base
import Glibc

/// Reads all files below a folder into memory.
struct FolderReader {
    private static let filesMax = 10_000
    private static let depthMax = 32

    /// The files by their paths within the folder.
    private(set) var contents: [String: Bytes] = [:]
    private(set) var lastModified: [String: Timestamp] = [:]
    private var bytesLeft: Int
    private let bytesMax: Int

    init(bytesMax: Int) {
        self.bytesMax = bytesMax
        bytesLeft = bytesMax
    }

    /// Reads a folder; `prefix` is its own path within the first one.
    mutating func read(_ folder: String, prefix: String = "", depth: Int = 0) throws(StaticFilesError) {
        guard depth < Self.depthMax else { throw .tooMany(path: folder) }
        for name in try Self.names(in: folder) where !name.hasPrefix(".") {
            let path = "\(folder)/\(name)"
            var status = stat()
            guard unsafe lstat(path, &status) == 0 else { throw Self.failure(path) }
            switch status.st_mode & S_IFMT {
            case S_IFDIR: try read(path, prefix: "\(prefix)\(name)/", depth: depth + 1)
            case S_IFREG:
                guard contents.count < Self.filesMax else { throw .tooMany(path: folder) }
                contents[prefix + name] = try file(path)
                lastModified[prefix + name] = Timestamp(seconds: Int64(status.st_mtim.tv_sec))
            default: continue
            }
        }
    }

    private static func names(in folder: String) throws(StaticFilesError) -> [String] {
        guard let listing = unsafe opendir(folder) else { throw failure(folder) }
        defer { unsafe closedir(listing) }
        var names: [String] = []
        while let entry = unsafe readdir(listing) {
            let name = unsafe withUnsafeBytes(of: entry.pointee.d_name) { bytes in
                unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            names.append(name)
        }
        return names.sorted()
    }

    private mutating func file(_ path: String) throws(StaticFilesError) -> Bytes {
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
        guard descriptor >= 0 else { throw Self.failure(path) }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            let count = unsafe Glibc.read(descriptor, &chunk, chunk.count)
            if count == 0 { break }
            guard count > 0 else { throw Self.failure(path) }
            guard count <= bytesLeft else { throw .tooLarge(bytesMax: bytesMax) }
            bytesLeft -= count
            bytes.append(contentsOf: chunk[..<count])
        }
        return Bytes(bytes)
    }

    @inline(never)
    private static func failure(_ path: String) -> StaticFilesError { .unreadable(path: path, code: errno) }
}
