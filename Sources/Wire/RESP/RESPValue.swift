public import Base

/// What a Redis server says: a value of RESP3, or of RESP2, which is a part of it.
public indirect enum RESPValue: Sendable, Equatable {
    /// Nothing, in any of its three spellings.
    case null
    /// A short status such as `OK`.
    case status(Bytes)
    /// Bytes of any content; also a verbatim text, without its format.
    case bytes(Bytes)
    /// A refusal: a code in capitals, a space, and words.
    case error(Bytes)
    /// A whole number.
    case integer(Int64)
    /// A whole number of any size, in decimal digits.
    case bigNumber(Bytes)
    /// A number with a fraction.
    case double(Double)
    /// A truth value.
    case boolean(Bool)
    /// Values in their order.
    case array([RESPValue])
    /// Values of which none should stand there twice.
    case set([RESPValue])
    /// Values by keys.
    case map([RESPPair])
    /// What the server says unasked.
    case push([RESPValue])

    /// The bytes of a value that is bytes or a status.
    public var bytes: Bytes? {
        switch self {
        case .bytes(let bytes), .status(let bytes): bytes
        default: nil
        }
    }

    /// The text of a value that is bytes or a status, repaired where it is not UTF-8.
    public var text: String? { bytes?.repairedText }

    /// The number of a value that is a whole number.
    public var integer: Int64? {
        guard case .integer(let number) = self else { return nil }
        return number
    }

    /// The elements of a value that is an array, a set or a push.
    public var elements: [RESPValue]? {
        switch self {
        case .array(let elements), .set(let elements), .push(let elements): elements
        default: nil
        }
    }

    /// The value under a key; RESP2 sends maps as arrays of keys and values in turn.
    public subscript(key: String) -> RESPValue? {
        switch self {
        case .map(let pairs): return pairs.first { $0.key.text == key }?.value
        case .array(let elements):
            for index in stride(from: 0, to: elements.count - 1, by: 2) where elements[index].text == key {
                return elements[index + 1]
            }
            return nil
        default: return nil
        }
    }
}

/// A key of a map and its value.
public struct RESPPair: Sendable, Equatable {
    /// The key.
    public let key: RESPValue
    /// The value.
    public let value: RESPValue

    /// A key and its value.
    public init(key: RESPValue, value: RESPValue) {
        self.key = key
        self.value = value
    }
}
