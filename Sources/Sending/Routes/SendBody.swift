import Base
import BotAPI
import Wire

/// What a client asks to be sent: one content, and how it goes.
struct SendBody {
    /// The draft that it makes, but for its bot where none was named.
    struct Parsed {
        var chat: Int64
        var method: BotMethod
        var body: SendDraft.Body
        var terms: SendTerms
    }

    /// The fields that hold a file, by how it is shown.
    static let media: [(field: String, kind: MediaMessage.Kind)] = [
        ("photo", .photo), ("document", .document), ("video", .video), ("audio", .audio),
        ("animation", .animation), ("voice", .voice), ("videoNote", .videoNote), ("sticker", .sticker),
    ]

    let fields: SendFields
    let chat: Int64
    let options: MessageOptions
    /// The parts of the form that something names.
    var namedParts: Set<String> = []

    /// Reads a body, for the chat of the path or one that it names itself.
    static func parse(_ fields: SendFields, chat: Int64?) throws(SendError) -> Parsed {
        let named = try fields.number("chatId")
        guard let chat = chat ?? named else { throw fields.invalid("chatId", "is missing") }
        let terms = try SendTerms(fields)
        var body = SendBody(fields: fields, chat: chat, options: try MessageOptions(fields))
        let requests = try body.requests()
        if let name = try fields.text("method") {
            let (method, parameters) = try body.free(name)
            try body.checkSingle(["method"] + requests.map(\.field))
            return Parsed(chat: chat, method: method, body: .json(parameters), terms: terms)
        }
        try body.checkSingle(requests.map(\.field))
        guard let first = requests.first else {
            throw fields.invalid("text", "there is neither a text, a file nor anything else to send")
        }
        return Parsed(first.request, chat: chat, terms)
    }

    /// What is given beside the content would go nowhere, without anybody being told.
    private func checkSingle(_ contents: [String]) throws(SendError) {
        if contents.count > 1 {
            throw fields.invalid(
                contents[1], "a message has one content, and there is \(contents[0]) already")
        }
        let lost = fields.uploads.keys.filter { !namedParts.contains($0) }.min()
        if let lost { throw .invalid("body", "nothing names the file in the part \(lost.prefix(64))") }
    }

    /// A call with parameters of Telegram's, but for the chat, which is the request's.
    private func free(_ name: String) throws(SendError) -> (BotMethod, Bytes) {
        guard let method = BotMethod(name), method.isPaced else {
            throw fields.invalid("method", "is none that sends or changes messages")
        }
        let parameters = try fields.object("params")
        for member in parameters?.members.map({ $0 }) ?? []
        where LocalFile.isNamed(by: member.name, member.value) {
            throw fields.invalid("params.\(member.name)", "must be a file's id or a URL of http or https")
        }
        var writer = JSONWriter()
        writer.object { writer in
            writer.field("chat_id", chat)
            guard let parameters else { return }
            // A message of another place would be changed in this chat's name.
            for member in parameters.members where !["chat_id", "inline_message_id"].contains(member.name) {
                writer.key(member.name)
                writer.raw(member.value.raw)
            }
        }
        return (method, writer.finish())
    }
}

extension SendBody.Parsed {
    /// A call that is understood here.
    init(_ request: any BotRequest, chat: Int64, _ terms: SendTerms) {
        self.init(chat: chat, method: request.method, body: SendDraft.Body(request), terms: terms)
    }
}
