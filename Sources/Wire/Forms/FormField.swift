public import Base

/// One field of an `application/x-www-form-urlencoded` body or of a query.
public struct FormField: Sendable, Equatable {
    /// The name, decoded.
    public var name: String
    /// The value, decoded; empty where there is no `=`.
    public var value: Bytes

    /// A field of a name and a value.
    public init(_ name: String, _ value: Bytes) {
        self.name = name
        self.value = value
    }

    /// Reads the fields of a body or a query, in their order.
    public static func parse(_ bytes: Bytes, fieldsMax: Int = 1000) throws(FormError) -> [FormField] {
        var fields: [FormField] = []
        for item in bytes.split(separator: UInt8(ascii: "&")) {
            guard fields.count < fieldsMax else { throw .tooManyParts(fieldsMax) }
            let equals = item.firstIndex(of: UInt8(ascii: "=")) ?? item.count
            let value = equals < item.count ? item.part(equals + 1, item.count - equals - 1) : Bytes()
            guard let name = PercentEncoding.decode(item.part(0, equals), plusIsSpace: true)?.text,
                let value = PercentEncoding.decode(value, plusIsSpace: true)
            else { throw .malformed("field \(fields.count + 1) is not encoded correctly") }
            fields.append(FormField(name, value))
        }
        return fields
    }

    /// The body that holds these fields.
    public static func encode(_ fields: [FormField]) -> Bytes {
        var output: [UInt8] = []
        for field in fields {
            if !output.isEmpty { output.append(UInt8(ascii: "&")) }
            PercentEncoding.encode(Bytes(field.name), onto: &output)
            output.append(UInt8(ascii: "="))
            PercentEncoding.encode(field.value, onto: &output)
        }
        return Bytes(output)
    }
}
