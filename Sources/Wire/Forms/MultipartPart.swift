public import Base

/// One part of a `multipart/form-data` body.
public struct MultipartPart: Sendable, Equatable {
    /// What stands before the bytes of a part.
    public struct Head: Sendable, Equatable {
        /// The name of the field.
        public var name: String
        /// The name of the file, where the part is one.
        public var filename: String?
        /// The media type, as it was given.
        public var contentType: String?

        /// A head of those parts.
        public init(name: String, filename: String? = nil, contentType: String? = nil) {
            self.name = name
            self.filename = filename
            self.contentType = contentType
        }
    }

    /// What stands before the bytes.
    public var head: Head
    /// The content.
    public var bytes: Bytes

    /// A part of a head and its content.
    public init(_ head: Head, _ bytes: Bytes) {
        self.head = head
        self.bytes = bytes
    }

    /// Reads a whole body into its parts.
    public static func parse(
        _ body: Bytes, boundary: Bytes, limits: MultipartParser.Limits = MultipartParser.Limits()
    ) throws(FormError) -> [MultipartPart] {
        var parser = MultipartParser(boundary: boundary, limits: limits)
        var parts: [MultipartPart] = []
        // Most parts come in one piece, which then is not copied.
        var pieces: [Bytes] = []
        try parser.parse(body) { event in
            switch event {
            case .begin(let head): parts.append(MultipartPart(head, Bytes()))
            case .data(let piece): pieces.append(piece)
            case .end:
                let whole = pieces.count == 1 ? pieces[0] : Bytes(Array(pieces.joined()))
                parts[parts.count - 1].bytes = whole
                pieces.removeAll(keepingCapacity: true)
            }
        }
        try parser.finish()
        return parts
    }
}

extension MultipartPart.Head {
    /// Reads the lines of a head; they must say `form-data` and a name.
    init(lines: Bytes) throws(FormError) {
        var disposition: ParameterReader?
        var contentType: String?
        for var line in lines.split(separator: 0x0A) {
            if line.last == 0x0D { line = line.part(0, line.count - 1) }
            guard let colon = line.firstIndex(of: UInt8(ascii: ":")) else {
                throw .malformed("a line of a part's head has no colon")
            }
            let value = line.part(colon + 1, line.count - colon - 1)
            if line.part(0, colon).equalsIgnoringCase("content-disposition") {
                disposition = ParameterReader(value)
            } else if line.part(0, colon).equalsIgnoringCase("content-type") {
                contentType = ParameterReader.trimmed(value).text
            }
        }
        guard let disposition, disposition.kind.equalsIgnoringCase("form-data"),
            let name = disposition["name"]?.text
        else { throw .malformed("a part has no name") }
        self.init(name: name, contentType: contentType)
        // The extended form is there for what the plain one cannot say (RFC 5987).
        if let extended = disposition["filename*"] {
            filename = Self.extendedValue(extended)
        }
        if filename == nil, let plain = disposition["filename"] {
            guard let text = plain.text else { throw .malformed("the name of a file is not UTF-8") }
            filename = text
        }
    }

    private static func extendedValue(_ value: Bytes) -> String? {
        let parts = value.split(
            separator: UInt8(ascii: "'"), maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count == 3, parts[0].equalsIgnoringCase("utf-8") else { return nil }
        return PercentEncoding.decode(parts[2])?.text
    }
}
