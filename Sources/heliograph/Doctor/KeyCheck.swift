import Base
import Glibc
import Kernel

/// Whether the keys of stored secrets can be read, or will be made.
enum KeyCheck {
    static func findings(_ configuration: Configuration) -> [Finding] {
        let source = KeySource(configuration)
        if let path = source.path, source.file == nil, !source.isProduction,
            FileSystem.status(of: path).1 == ENOENT
        {
            return [.good("keys", "\(path) will be made")]
        }
        do throws(VaultError) {
            let ring = try source.open(makesFile: false).ring
            return [
                .good("keys", "\(ring.keys.count) can be read, key \(ring.current.id) is the current one")
            ]
        } catch {
            let advice =
                error.code == .noKey
                ? "set one, and keep a copy of it apart from that of the database"
                : "give the keys back that the database was used with"
            return [.failure("keys", error.message, do: advice)]
        }
    }
}
