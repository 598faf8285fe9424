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
        return min(100, max(1, body.elements(of: list)))
    }
}

extension SendDraft.Body {
    /// How many elements a parameter has that is a list.
    fileprivate func elements(of name: String) -> Int {
        do throws(JSONError) {
            switch self {
            case .json(let json):
                guard let list = try JSON.parse(json)[name] else { return 0 }
                // Telegram takes the list also as a text.
                guard let text = list.bytes else { return list.count }
                return try JSON.parse(text).root.count
            case .form(let bytes, let type):
                guard let value = Self.value(of: name, in: bytes, type) else { return 0 }
                return try JSON.parse(value).root.count
            }
        } catch {
            // Telegram will refuse it.
            return 0
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
