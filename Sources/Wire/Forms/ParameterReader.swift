import Base

/// Reads `kind; name=value; other="quoted value"`, the form of `Content-Type` and `Content-Disposition`.
struct ParameterReader {
    /// What stands before the first parameter.
    let kind: Bytes
    private var parameters: [(name: Bytes, value: Bytes)] = []

    init(_ bytes: Bytes) {
        var index = bytes.firstIndex(of: UInt8(ascii: ";")) ?? bytes.count
        kind = Self.trimmed(bytes.part(0, index))
        while index < bytes.count {
            index += 1
            let start = index
            while index < bytes.count, bytes[index] != UInt8(ascii: "="), bytes[index] != UInt8(ascii: ";") {
                index += 1
            }
            let name = Self.trimmed(bytes.part(start, index - start))
            guard index < bytes.count, bytes[index] == UInt8(ascii: "=") else { continue }
            index += 1
            while index < bytes.count, Self.isSpace(bytes[index]) { index += 1 }
            parameters.append((name, Self.value(bytes, &index)))
        }
    }

    /// The value of the first parameter of that name.
    subscript(name: StaticString) -> Bytes? {
        parameters.first { $0.name.equalsIgnoringCase(name) }?.value
    }

    private static func value(_ bytes: Bytes, _ index: inout Int) -> Bytes {
        guard index < bytes.count, bytes[index] == UInt8(ascii: "\"") else {
            let start = index
            while index < bytes.count, bytes[index] != UInt8(ascii: ";") { index += 1 }
            return trimmed(bytes.part(start, index - start))
        }
        index += 1
        var value: [UInt8] = []
        while index < bytes.count, bytes[index] != UInt8(ascii: "\"") {
            // Only these two are escaped by whoever escapes; other backslashes are part of a path of Windows.
            if bytes[index] == UInt8(ascii: "\\"), index + 1 < bytes.count,
                bytes[index + 1] == UInt8(ascii: "\"") || bytes[index + 1] == UInt8(ascii: "\\")
            {
                index += 1
            }
            value.append(bytes[index])
            index += 1
        }
        while index < bytes.count, bytes[index] != UInt8(ascii: ";") { index += 1 }
        return Bytes(value)
    }

    private static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }

    static func trimmed(_ bytes: Bytes) -> Bytes {
        var (start, end) = (0, bytes.count)
        while start < end, isSpace(bytes[start]) { start += 1 }
        while end > start, isSpace(bytes[end - 1]) { end -= 1 }
        return bytes.part(start, end - start)
    }
}
