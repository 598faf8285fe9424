public import Base

/// A command to a Redis server, as it goes over the wire: an array of byte strings.
public struct RESPCommand: Sendable, Equatable {
    /// The bytes to send.
    public let encoded: Bytes

    /// A command of a name and its arguments.
    public init(_ words: [Bytes]) {
        var encoded: [UInt8] = []
        encoded.reserveCapacity(words.reduce(8) { $0 + $1.count + 16 })
        encoded.append(UInt8(ascii: "*"))
        encoded.append(decimal: words.count)
        encoded.append(text: "\r\n")
        for word in words { encoded.append(bulk: word) }
        self.encoded = Bytes(encoded)
    }
}

extension RESPCommand: ExpressibleByArrayLiteral {
    /// A command of a name and its arguments.
    public init(arrayLiteral words: Bytes...) { self.init(words) }
}

extension RESPValue {
    /// Appends the value as a server of RESP3 says it.
    public func encode(onto output: inout [UInt8]) {
        switch self {
        case .null: output.append(text: "_\r\n")
        case .status(let text): output.append(line: "+", text)
        case .error(let text) where text.contains(where: { $0 == 0x0D || $0 == 0x0A }):
            output.append(bulk: text, "!")
        case .error(let text): output.append(line: "-", text)
        case .bytes(let bytes): output.append(bulk: bytes)
        case .integer(let number): output.append(line: ":", Bytes(String(number)))
        case .bigNumber(let digits): output.append(line: "(", digits)
        case .double(let number): output.append(line: ",", Bytes("\(number)"))
        case .boolean(let isTrue): output.append(text: isTrue ? "#t\r\n" : "#f\r\n")
        case .array(let elements): Self.encode("*", elements, onto: &output)
        case .set(let elements): Self.encode("~", elements, onto: &output)
        case .push(let elements): Self.encode(">", elements, onto: &output)
        case .map(let pairs):
            output.append(line: "%", Bytes(String(pairs.count)))
            for pair in pairs {
                pair.key.encode(onto: &output)
                pair.value.encode(onto: &output)
            }
        }
    }

    private static func encode(_ type: String, _ elements: [RESPValue], onto output: inout [UInt8]) {
        output.append(line: type, Bytes(String(elements.count)))
        for element in elements { element.encode(onto: &output) }
    }
}

extension [UInt8] {
    fileprivate mutating func append(line type: String, _ content: Bytes) {
        append(text: type)
        append(contentsOf: content)
        append(text: "\r\n")
    }

    fileprivate mutating func append(bulk bytes: Bytes, _ type: String = "$") {
        append(text: type)
        append(decimal: bytes.count)
        append(text: "\r\n")
        append(contentsOf: bytes)
        append(text: "\r\n")
    }
}
