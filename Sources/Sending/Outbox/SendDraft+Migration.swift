import Base
import Crypto
import Wire

extension SendDraft.Body {
    /// The same call to another chat; nil for what cannot be read, and for a form without files.
    func addressed(to chat: Int64) -> SendDraft.Body? {
        switch self {
        case .json(let json): Self.json(json, to: chat).map { .json($0) }
        case .form(let bytes, let type):
            MultipartParser.boundary(ofContentType: type).flatMap { Self.form(bytes, $0, type, to: chat) }
        }
    }

    private static func json(_ json: Bytes, to chat: Int64) -> Bytes? {
        do throws(JSONError) {
            var value = JSONValue(try JSON.parse(json).root)
            guard case .object(var fields) = value else { return nil }
            fields["chat_id"] = .integer(chat)
            value = .object(fields)
            var writer = JSONWriter()
            value.write(to: &writer)
            return writer.finish()
        } catch {
            return nil
        }
    }

    private static func form(
        _ bytes: Bytes, _ boundary: Bytes, _ type: Bytes, to chat: Int64
    ) -> SendDraft.Body? {
        do throws(FormError) {
            var writer = MultipartWriter(random: .random(in: .min ... .max), .random(in: .min ... .max))
            for part in try MultipartPart.parse(bytes, boundary: boundary) {
                let isChat = part.head.filename == nil && part.head.name.lowercased() == "chat_id"
                writer.append(part.head, isChat ? Bytes("\(chat)") : part.bytes)
            }
            let type = Bytes(writer.contentType)
            return .form(writer.finish(), contentType: type)
        } catch {
            return nil
        }
    }
}
