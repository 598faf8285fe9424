import Base
import BotAPI
import Wire

extension SendDraft {
    /// How many messages come of it, each of which counts toward the limits; zero for what changes some.
    var messageCount: Int {
        guard method.kind == .send else { return 0 }
        let list: String
        switch method.name.lowercased() {
        case "sendmediagroup": list = "media"
        case "forwardmessages", "copymessages": list = "message_ids"
        default: return 1
        }
        return min(100, max(1, body.parameter(list)?.count ?? 0))
    }

    /// The numbers of the messages that the call deletes; what Telegram would refuse has none.
    var deletedMessages: [Int64] {
        switch method.name.lowercased() {
        case "deletemessage": body.parameter("message_id").flatMap(\.number).map { [$0] } ?? []
        case "deletemessages": body.parameter("message_ids")?.elements.prefix(100).compactMap(\.number) ?? []
        default: []
        }
    }
}

extension SendDraft.Body {
    /// All that is no file, as a JSON object; of a form everything is a text there.
    func texts() throws(SendError) -> Bytes {
        guard case .form(let bytes, let type) = self else { return parts.bytes }
        var writer = JSONWriter()
        do throws(FormError) {
            let texts =
                if let boundary = MultipartParser.boundary(ofContentType: type) {
                    try Self.texts(of: bytes, boundary)
                } else { try FormField.parse(bytes) }
            writer.object {
                for field in texts {
                    $0.key(field.name)
                    $0.text(field.value)
                }
            }
        } catch {
            throw .invalid("body", error.description)
        }
        return writer.finish()
    }

    private static let pieceBytes = 64 << 10

    /// Files may be large: they are passed over piece by piece.
    private static func texts(of bytes: Bytes, _ boundary: Bytes) throws(FormError) -> [FormField] {
        var parser = MultipartParser(boundary: boundary)
        var texts: [FormField] = []
        var (isFile, content): (Bool, [UInt8]) = (false, [])
        for start in stride(from: 0, to: bytes.count, by: pieceBytes) {
            try parser.parse(bytes.part(start, min(pieceBytes, bytes.count - start))) { event in
                switch event {
                case .begin(let head):
                    isFile = head.filename != nil
                    content = []
                    if !isFile { texts.append(FormField(head.name, Bytes())) }
                case .data(let piece): if !isFile { content += piece }
                case .end: if !isFile { texts[texts.count - 1].value = Bytes(content) }
                }
            }
        }
        try parser.finish()
        return texts
    }

    /// A parameter that is JSON, such as a list; nil where there is none.
    fileprivate func parameter(_ name: String) -> JSONView? {
        do throws(JSONError) {
            switch self {
            case .json(let json):
                guard let value = try JSON.parse(json)[name] else { return nil }
                // Telegram takes it also as a text.
                guard let text = value.bytes else { return value }
                return try JSON.parse(text).root
            case .form(let bytes, let type):
                return try Self.value(of: name, in: bytes, type).map { bytes throws(JSONError) in
                    try JSON.parse(bytes).root
                }
            }
        } catch {
            // Telegram will refuse it.
            return nil
        }
    }

    private static func value(of name: String, in bytes: Bytes, _ type: Bytes) -> Bytes? {
        do {
            if let boundary = MultipartParser.boundary(ofContentType: type) {
                return try MultipartPart.parse(bytes, boundary: boundary).first { $0.head.name == name }?
                    .bytes
            }
            return try FormField.parse(bytes).first { $0.name == name }?.value
        } catch {
            return nil
        }
    }
}
