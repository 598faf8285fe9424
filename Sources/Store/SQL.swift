/// A statement's text, or a piece of one: made of literals only, so that no value from outside can become part of it.
///
/// Parameters are written `$1`, `$2` … in both dialects. Where the databases do not agree, a piece has two forms.
package struct SQL: Sendable, Hashable, ExpressibleByStringLiteral {
    private let sqlite: String
    private let postgres: String

    /// A piece that both databases understand.
    package init(stringLiteral text: StaticString) { self.init(sqlite: text, postgres: text) }

    /// A piece in which they differ.
    package init(sqlite: StaticString, postgres: StaticString) {
        self.sqlite = "\(sqlite)"
        self.postgres = "\(postgres)"
    }

    /// A name from the database's own catalogue, quoted.
    package init(identifier name: String) {
        var quoted = "\""
        for character in name where character != "\0" {
            quoted += character == "\"" ? "\"\"" : "\(character)"
        }
        quoted += "\""
        sqlite = quoted
        postgres = quoted
    }

    private init(_ sqlite: String, _ postgres: String) {
        self.sqlite = sqlite
        self.postgres = postgres
    }

    /// One piece behind the other.
    package static func + (left: SQL, right: SQL) -> SQL {
        SQL(left.sqlite + right.sqlite, left.postgres + right.postgres)
    }

    /// Adds a piece.
    package static func += (left: inout SQL, right: SQL) { left = left + right }

    /// The parameter with a number, from 1.
    package static func parameter(_ number: Int) -> SQL { SQL("$\(number)", "$\(number)") }

    /// The condition that what stands before is in the list that the parameter `number` holds (`Value.integers`, `.texts`).
    package static func isAmong(_ number: Int) -> SQL {
        SQL(" IN (SELECT value FROM json_each($\(number)))", " = ANY($\(number))")
    }

    /// The text for one database.
    package func text(_ dialect: Dialect) -> String {
        switch dialect {
        case .sqlite: sqlite
        case .postgres: postgres
        }
    }
}

/// Which database's SQL is spoken.
package enum Dialect: Sendable { case sqlite, postgres }
