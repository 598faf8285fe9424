public import Base

/// A name for one form of an answer, by which clients ask whether theirs is still current (RFC 9110, 8.8.3).
public struct EntityTag: Sendable, Hashable {
    /// What stands between the quotes.
    public let opaque: Bytes
    /// Whether answers of the same tag may differ byte for byte.
    public let isWeak: Bool

    /// A tag; the text must be free of quotes, spaces and control characters.
    public init(opaque: Bytes, isWeak: Bool = false) {
        self.opaque = opaque
        self.isWeak = isWeak
    }

    /// Reads a field that holds one tag; nil where it holds anything else.
    public init?(field: Bytes) {
        var reader = EntityTagReader(field)
        guard let tag = reader.tag(), reader.isAtEnd else { return nil }
        self = tag
    }

    /// The tag as it stands in a field.
    public var field: Bytes {
        var text: [UInt8] = []
        text.reserveCapacity(opaque.count + 4)
        if isWeak { text.append("W/") }
        text.append(UInt8(ascii: "\""))
        text.append(contentsOf: opaque)
        text.append(UInt8(ascii: "\""))
        return Bytes(text)
    }

    /// The same tag, weak.
    public var weakened: EntityTag { EntityTag(opaque: opaque, isWeak: true) }

    /// Whether both name the same content, weak or not.
    public func matchesWeakly(_ other: EntityTag) -> Bool { opaque == other.opaque }

    /// Whether both name the same bytes: neither is weak.
    public func matchesStrongly(_ other: EntityTag) -> Bool {
        !isWeak && !other.isWeak && opaque == other.opaque
    }
}

/// The value of `If-Match` or `If-None-Match`.
enum EntityTagList: Equatable {
    /// `*`: whatever there is.
    case any
    case tags([EntityTag])

    /// Reads all fields of that name as one list; it ends where it cannot be read.
    init(_ fields: [Bytes]) {
        var tags: [EntityTag] = []
        for field in fields {
            var reader = EntityTagReader(field)
            if fields.count == 1, reader.isStar {
                self = .any
                return
            }
            while let tag = reader.tag() {
                tags.append(tag)
                guard reader.comma() else { break }
            }
            if !reader.isAtEnd { break }
        }
        self = .tags(tags)
    }
}

/// Reads tags from left to right; commas may stand within the quotes, so splitting at them would not do.
private struct EntityTagReader {
    private let bytes: Bytes
    private var position = 0

    init(_ bytes: Bytes) {
        self.bytes = bytes
        skipSpaces()
    }

    var isAtEnd: Bool { position == bytes.count }

    var isStar: Bool {
        var rest = self
        return rest.take(UInt8(ascii: "*")) && rest.isAtEnd
    }

    mutating func tag() -> EntityTag? {
        var reader = self
        let isWeak = reader.take(UInt8(ascii: "W"), spaced: false)
        if isWeak, !reader.take(UInt8(ascii: "/"), spaced: false) { return nil }
        guard reader.take(UInt8(ascii: "\""), spaced: false) else { return nil }
        let start = reader.position
        while reader.position < bytes.count, Self.isTagByte(bytes[reader.position]) { reader.position += 1 }
        let opaque = bytes.part(start, reader.position - start)
        guard reader.take(UInt8(ascii: "\"")) else { return nil }
        self = reader
        return EntityTag(opaque: opaque, isWeak: isWeak)
    }

    /// Takes the comma behind an element, and the empty elements that a list may have.
    mutating func comma() -> Bool {
        guard take(UInt8(ascii: ",")) else { return false }
        while take(UInt8(ascii: ",")) {}
        return true
    }

    private mutating func take(_ byte: UInt8, spaced: Bool = true) -> Bool {
        guard position < bytes.count, bytes[position] == byte else { return false }
        position += 1
        if spaced { skipSpaces() }
        return true
    }

    private mutating func skipSpaces() {
        while position < bytes.count, bytes[position] == 0x20 || bytes[position] == 0x09 { position += 1 }
    }

    private static func isTagByte(_ byte: UInt8) -> Bool { byte == 0x21 || (byte >= 0x23 && byte != 0x7f) }
}
