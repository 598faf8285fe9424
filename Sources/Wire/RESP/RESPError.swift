/// Why bytes are not what a Redis server says; nothing that follows them can be read.
public enum RESPError: Error, Equatable, Sendable {
    /// No value begins with this byte.
    case unknownType(UInt8)
    /// A line does not end as it should.
    case malformedLine
    /// A line is longer than this many bytes.
    case lineTooLong(bytesMax: Int)
    /// A number or a length is none.
    case malformedNumber
    /// The bytes behind a length do not end where it says.
    case malformedBytes
    /// A message is larger than this many bytes.
    case tooLarge(bytesMax: Int)
    /// A message has more than this many elements.
    case tooManyElements(max: Int)
    /// Values stand in each other deeper than this.
    case tooDeep(max: Int)
    /// What the server says unasked stands inside another value, or attributes stand before nothing.
    case misplaced
}
