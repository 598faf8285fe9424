import Base

/// A JSON value as a tree of its own, for small documents that are built or changed: settings, API descriptions.
///
/// Large or many documents are better read through `JSONDocument` and written by `JSONWriter`.
public enum JSONValue: Sendable, Equatable {
    case null
    case bool(Bool)
    /// An integer that 64 bits with a sign hold.
    case integer(Int64)
    /// An integer past `Int64.max`; smaller ones are always `integer`.
    case unsigned(UInt64)
    case double(Double)
    case string(String)
    case array([JSONValue])
    case object(JSONFields)

    /// A copy of a value of a parsed document.
    public init(_ view: JSONView) {
        switch view.kind {
        case .object: self = .object(JSONFields(view))
        case .array: self = .array(view.elements.map { JSONValue($0) })
        case .string: self = .string(view.string ?? "")
        case .integer: self = view.int64.map { .integer($0) } ?? .unsigned(view.uint64 ?? 0)
        case .double: self = .double(view.double ?? 0)
        case .bool: self = .bool(view.bool ?? false)
        case .null: self = .null
        }
    }

    /// The member of that name, where this is an object that has it.
    public subscript(name: String) -> JSONValue? {
        guard case .object(let fields) = self else { return nil }
        return fields[name]
    }

    /// The element at that place, where this is an array that long.
    public subscript(position: Int) -> JSONValue? {
        guard case .array(let elements) = self, elements.indices.contains(position) else { return nil }
        return elements[position]
    }

    /// The text, where this is one.
    public var string: String? {
        guard case .string(let text) = self else { return nil }
        return text
    }

    /// The integer, where this is one that 64 bits with a sign hold.
    public var int64: Int64? {
        guard case .integer(let number) = self else { return nil }
        return number
    }

    /// The number as a double, where this is a number.
    public var double: Double? {
        switch self {
        case .integer(let number): Double(number)
        case .unsigned(let number): Double(number)
        case .double(let number): number
        case .null, .bool, .string, .array, .object: nil
        }
    }

    /// The truth value, where this is one.
    public var bool: Bool? {
        guard case .bool(let truth) = self else { return nil }
        return truth
    }

    /// The elements, where this is an array.
    public var array: [JSONValue]? {
        guard case .array(let elements) = self else { return nil }
        return elements
    }

    /// The members, where this is an object.
    public var object: JSONFields? {
        guard case .object(let fields) = self else { return nil }
        return fields
    }
}

extension JSONValue: JSONWritable {
    /// Writes the tree; `null` for NaN and the infinities.
    public func write(to writer: inout JSONWriter) {
        switch self {
        case .null: writer.null()
        case .bool(let truth): writer.value(truth)
        case .integer(let number): writer.value(number)
        case .unsigned(let number): writer.value(number)
        case .double(let number): writer.value(number)
        case .string(let text): writer.value(text)
        case .array(let elements): elements.write(to: &writer)
        case .object(let fields):
            writer.beginObject()
            for (name, value) in fields {
                writer.key(name)
                value.write(to: &writer)
            }
            writer.endObject()
        }
    }
}

extension JSONValue: ExpressibleByNilLiteral, ExpressibleByBooleanLiteral, ExpressibleByIntegerLiteral,
    ExpressibleByFloatLiteral, ExpressibleByStringLiteral, ExpressibleByStringInterpolation,
    ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
    /// `null`.
    public init(nilLiteral: ()) { self = .null }
    /// A truth value.
    public init(booleanLiteral truth: Bool) { self = .bool(truth) }
    /// An integer.
    public init(integerLiteral number: Int64) { self = .integer(number) }
    /// A number.
    public init(floatLiteral number: Double) { self = .double(number) }
    /// A text.
    public init(stringLiteral text: String) { self = .string(text) }
    /// An array.
    public init(arrayLiteral elements: JSONValue...) { self = .array(elements) }
    /// An object; of doubled names the first counts.
    public init(dictionaryLiteral members: (String, JSONValue)...) { self = .object(JSONFields(members)) }
}

extension JSONValue: CustomStringConvertible {
    /// The JSON text.
    public var description: String {
        var writer = JSONWriter()
        write(to: &writer)
        return writer.finish().repairedText
    }
}
