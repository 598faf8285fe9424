package import Base

/// What is bound to a parameter.
package enum Value: Sendable, Hashable {
    case null
    case integer(Int64)
    case real(Double)
    case text(String)
    case bytes(Bytes)
    /// A list, for `SQL.isAmong`.
    case integers([Int64])
    /// A list, for `SQL.isAmong`.
    case texts([String])

    /// An integer, or null.
    package static func integer(_ value: Int64?) -> Value { value.map { .integer($0) } ?? .null }
    /// A text, or null.
    package static func text(_ value: String?) -> Value { value.map { .text($0) } ?? .null }
    /// Bytes, or null.
    package static func bytes(_ value: Bytes?) -> Value { value.map { .bytes($0) } ?? .null }
    /// 1 or 0: neither schema has a type for truth.
    package static func flag(_ value: Bool) -> Value { .integer(value ? 1 : 0) }
}

extension Value: ExpressibleByIntegerLiteral, ExpressibleByStringLiteral, ExpressibleByNilLiteral {
    /// An integer.
    package init(integerLiteral value: Int64) { self = .integer(value) }
    /// A text.
    package init(stringLiteral value: String) { self = .text(value) }
    /// Null.
    package init(nilLiteral: ()) { self = .null }
}

/// One column of many rows, for `Transaction.insert`.
package struct Column: Sendable {
    /// The values, one a row.
    package enum Values: Sendable {
        case integers([Int64?])
        case reals([Double?])
        case texts([String?])
        case bytes([Bytes?])

        /// How many rows there are.
        package var count: Int {
            switch self {
            case .integers(let values): values.count
            case .reals(let values): values.count
            case .texts(let values): values.count
            case .bytes(let values): values.count
            }
        }
    }

    /// The column's name.
    package let name: SQL
    /// What goes into it.
    package let values: Values

    /// A column and what goes into it.
    package init(_ name: SQL, _ values: Values) {
        self.name = name
        self.values = values
    }
}
