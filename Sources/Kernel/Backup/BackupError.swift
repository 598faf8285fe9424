/// Why a backup was not made or not restored.
package enum BackupError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The file is none, or is damaged: why.
    case damaged(String)
    /// The file's format or schema is of a later version than this program.
    case newer(found: Int, known: Int)
    /// There is something in the database already.
    case notEmpty

    /// In words, with what to do.
    package var description: String {
        switch self {
        case .damaged(let reason): "the backup is damaged: \(reason)"
        case .newer(let found, let known):
            "the backup is of version \(found), and this program knows \(known): use a later program"
        case .notEmpty: "the database is not empty; restore into a new one"
        }
    }
}
