import Base
import Glibc

/// Whether the data folder can be used, and whether its disk has room.
enum DataCheck {
    static func findings(_ configuration: Configuration) -> [Finding] {
        let path = configuration.data
        let (status, code) = FileSystem.status(of: path)
        guard let status else {
            guard code == ENOENT else {
                return [.failure("data", "\(path): \(FileSystem.text(of: code))", do: "set HELIOGRAPH_DATA")]
            }
            let parent = existingParent(of: path)
            guard FileSystem.isWritable(parent) else {
                return [
                    .failure(
                        "data", "\(path) is missing, and \(parent) is not writable",
                        do: "make it, and give it to this user; or set HELIOGRAPH_DATA")
                ]
            }
            return [.good("data", "\(path) will be made"), space(at: parent)]
        }
        guard FileSystem.isFolder(status) else {
            return [.failure("data", "\(path) is no folder", do: "set HELIOGRAPH_DATA")]
        }
        guard FileSystem.isWritable(path) else {
            return [
                .failure(
                    "data", "\(path) is not writable", do: "give it to this user, or set HELIOGRAPH_DATA")
            ]
        }
        guard status.st_mode & 0o007 == 0 || configuration.environment == .development else {
            return [
                .warning("data", "\(path) is open to every user of this machine", do: "chmod 750 \(path)"),
                space(at: path),
            ]
        }
        return [.good("data", "\(path) is writable"), space(at: path)]
    }

    /// The nearest folder above that is there.
    private static func existingParent(of path: String) -> String {
        var path = path[...]
        while true {
            while path.hasSuffix("/"), path.count > 1 { path.removeLast() }
            guard let slash = path.lastIndex(of: "/") else { return "." }
            if slash == path.startIndex { return "/" }
            path = path[..<slash]
            if FileSystem.status(of: String(path)).0 != nil { return String(path) }
        }
    }

    private static func space(at path: String) -> Finding {
        guard let space = FileSystem.space(at: path) else {
            return .warning("disk", "the free space at \(path) is unknown", do: "see `df \(path)`")
        }
        let free = "\(space.bytes >> 20) MiB free at \(path)"
        let advice = "make room, or set HELIOGRAPH_DATA to a larger disk"
        if space.bytes < 100 << 20 { return .failure("disk", free, do: advice) }
        if space.files < 1000 {
            return .failure("disk", "\(space.files) files can still be made at \(path)", do: advice)
        }
        return space.bytes < 1 << 30 ? .warning("disk", free, do: advice) : .good("disk", free)
    }
}
