import Base
import Glibc

/// What a command asks the file system, with the error number where it does not answer.
enum FileSystem {
    /// The whole file; nil with the error number, which is `EFBIG` where the file is larger than the bound.
    static func contents(of path: String, bytesMax: Int) -> (Bytes?, Int32) {
        let (file, code) = open(path)
        guard file >= 0 else { return (nil, code) }
        defer { close(file) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let (count, code) = read(file, &buffer)
            guard count >= 0 else { return (nil, code) }
            if count == 0 { return (Bytes(bytes), 0) }
            bytes += buffer[..<count]
            if bytes.count > bytesMax { return (nil, EFBIG) }
        }
    }

    /// What is there: its mode and time of change; nil with the error number.
    static func status(of path: String) -> (stat?, Int32) {
        var result = stat()
        return unsafe stat(path, &result) == 0 ? (result, 0) : (nil, errno)
    }

    /// Whether something is a folder.
    static func isFolder(_ status: stat) -> Bool { status.st_mode & S_IFMT == S_IFDIR }

    /// Whether this process may make files in a folder.
    static func isWritable(_ path: String) -> Bool { unsafe access(path, W_OK | X_OK) == 0 }

    /// Free bytes and files for a process without privileges, on the file system of a folder.
    static func space(at path: String) -> (bytes: Int, files: Int)? {
        var result = statvfs()
        guard unsafe statvfs(path, &result) == 0 else { return nil }
        // A file system without a fixed number of files says zero of zero.
        let files = result.f_files == 0 ? Int.max : Int(clamping: result.f_favail)
        return (Int(clamping: UInt64(result.f_bavail) &* UInt64(result.f_frsize)), files)
    }

    /// What an error number means.
    static func text(of code: Int32) -> String {
        guard let text = unsafe strerror(code) else { return "error \(code)" }
        return unsafe String(cString: text)
    }

    @inline(never)
    private static func open(_ path: String) -> (Int32, Int32) {
        let file = unsafe Glibc.open(path, O_RDONLY | O_CLOEXEC)
        return (file, file < 0 ? errno : 0)
    }

    @inline(never)
    private static func read(_ file: Int32, _ buffer: inout [UInt8]) -> (Int, Int32) {
        let count = unsafe Glibc.read(file, &buffer, buffer.count)
        return (count, count < 0 ? errno : 0)
    }
}
