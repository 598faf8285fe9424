/// The value of a field of a log line.
public enum LogValue: Sendable, Equatable {
    /// A text; whatever it holds, the line stays one line.
    case string(String)
    /// A whole number.
    case integer(Int64)
    /// Any number.
    case real(Double)
    /// A truth value.
    case bool(Bool)
    /// A time span: a number of seconds in JSON.
    case duration(Duration)
    /// A point in time.
    case time(Timestamp)
    /// Bytes that should be text; repaired where they are not.
    case bytes(Bytes)

    /// A whole number.
    public init(_ number: Int) { self = .integer(Int64(number)) }

    /// Always the mask, never the secret.
    public init(_ secret: Secret) { self = .string(secret.description) }

    /// An error, or anything else, as it describes itself.
    public init(describing value: Any) { self = .string(String(describing: value)) }
}

extension LogValue: ExpressibleByStringInterpolation, ExpressibleByIntegerLiteral, ExpressibleByBooleanLiteral
{
    /// A text.
    public init(stringLiteral text: String) { self = .string(text) }
    /// A whole number.
    public init(integerLiteral number: Int64) { self = .integer(number) }
    /// A truth value.
    public init(booleanLiteral value: Bool) { self = .bool(value) }
}

/// Named values that stand behind a log line's message, in their order.
public struct LogFields: Sendable, ExpressibleByDictionaryLiteral {
    private(set) var pairs: [(String, LogValue)]

    /// The fields in the order of the literal, in which no name stands twice.
    public init(dictionaryLiteral pairs: (String, LogValue)...) {
        assert(Set(pairs.map(\.0)).count == pairs.count, "a field stands twice in \(pairs)")
        self.pairs = pairs
    }

    /// Adds a field at the end, or removes every field of that name.
    public subscript(key: String) -> LogValue? {
        get { pairs.last { $0.0 == key }?.1 }
        set {
            pairs.removeAll { $0.0 == key }
            if let newValue { pairs.append((key, newValue)) }
        }
    }

    /// These fields and then those; where both have a name, those count.
    func adding(_ fields: LogFields) -> LogFields {
        if pairs.isEmpty { return fields }
        var result = self
        for (key, value) in fields.pairs { result[key] = value }
        return result
    }
}
