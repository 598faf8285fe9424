/// Which database is used.
public enum DatabaseAddress: Sendable, Equatable {
    /// A file of SQLite.
    case sqlite(path: String)
    /// PostgreSQL at a URL, which may hold a password.
    case postgres(Secret)

    /// Reads `sqlite:PATH` or `postgres://…`; nil where it is neither.
    public init?(_ text: String) {
        if text.hasPrefix("sqlite:"), text.utf8.count > 7, !text.utf8.contains(0) {
            self = .sqlite(path: String(text.dropFirst(7)))
        } else if text.hasPrefix("postgres://") || text.hasPrefix("postgresql://"), !text.utf8.contains(0) {
            self = .postgres(Secret(text))
        } else {
            return nil
        }
    }
}

extension SettingKind<DatabaseAddress?> {
    /// A database, or nothing.
    static let databaseOrNothing = SettingKind<DatabaseAddress>(name: "a database's URL", isSecret: true) {
        text throws(SettingMistake) in
        // What was given is not quoted: it may hold a password.
        guard let address = DatabaseAddress(text) else {
            throw SettingMistake("must be sqlite:PATH or postgres://USER:PASSWORD@HOST/NAME")
        }
        return address
    }.orNothing()
}
