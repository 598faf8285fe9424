import Base
import Store

/// The bytes of a backup: a magic line, frames, and a checksum over everything before it.
///
/// A frame is a kind, a length and that many bytes. Numbers are little-endian. It holds rows, not pages, so that what one
/// database wrote the other can read.
enum BackupFormat {
    static let magic = Bytes("HELIOGRAPH BACKUP 1\n")
    static let frameBytesMax = 64 << 20
    static let checksumBytes = 32

    enum Kind: UInt8 {
        /// The schema's step, and when the backup was made.
        case header = 1
        /// A table's name and its columns'.
        case table = 2
        /// Rows of the last table.
        case rows = 3
        /// Nothing follows but the checksum.
        case end = 4
    }

    static func append(_ kind: Kind, _ content: [UInt8], to bytes: inout [UInt8]) {
        bytes.append(kind.rawValue)
        append(UInt32(content.count), to: &bytes)
        bytes += content
    }

    static func append<N: FixedWidthInteger>(_ number: N, to bytes: inout [UInt8]) {
        for place in 0..<N.bitWidth / 8 { bytes.append(UInt8(truncatingIfNeeded: number >> (8 * N(place)))) }
    }

    static func append(_ text: String, to bytes: inout [UInt8]) {
        append(UInt32(text.utf8.count), to: &bytes)
        bytes += text.utf8
    }

    static func append(_ value: Value, to bytes: inout [UInt8]) {
        switch value {
        case .null: bytes.append(0)
        case .integer(let number):
            bytes.append(1)
            append(number, to: &bytes)
        case .real(let number):
            bytes.append(2)
            append(number.bitPattern, to: &bytes)
        case .text(let text):
            bytes.append(3)
            append(text, to: &bytes)
        case .bytes(let content):
            bytes.append(4)
            append(UInt32(content.count), to: &bytes)
            bytes += content
        // Lists are parameters and never stand in a row.
        case .integers, .texts: bytes.append(0)
        }
    }
}

/// Reads the content of a frame; whatever is missing or wrong is an error.
struct FrameReader {
    private let bytes: Bytes
    private var place = 0

    init(_ bytes: Bytes) { self.bytes = bytes }

    var isAtEnd: Bool { place == bytes.count }

    mutating func number<N: FixedWidthInteger>(_ type: N.Type = N.self) throws(BackupError) -> N {
        var number: N = 0
        for (index, byte) in try take(N.bitWidth / 8).enumerated() {
            number |= N(truncatingIfNeeded: UInt64(byte) << UInt64(8 * index))
        }
        return number
    }

    mutating func text() throws(BackupError) -> String {
        guard let text = try take(Int(try number(UInt32.self))).text else {
            throw .damaged("a text is not UTF-8")
        }
        return text
    }

    /// The names of a table's columns.
    mutating func columns() throws(BackupError) -> [String] {
        var names: [String] = []
        for _ in 0..<Int(try number(UInt16.self)) { names.append(try text()) }
        return names
    }

    mutating func value() throws(BackupError) -> Value {
        switch try number(UInt8.self) {
        case 0: return .null
        case 1: return .integer(try number(Int64.self))
        case 2: return .real(Double(bitPattern: try number(UInt64.self)))
        case 3: return .text(try text())
        case 4: return .bytes(try take(Int(try number(UInt32.self))))
        case let kind: throw .damaged("a value of an unknown kind, \(kind)")
        }
    }

    private mutating func take(_ count: Int) throws(BackupError) -> Bytes {
        guard count <= bytes.count - place else { throw .damaged("a frame ends too early") }
        defer { place += count }
        return bytes.part(place, count)
    }
}
