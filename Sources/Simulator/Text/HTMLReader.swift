/// Reads `parse_mode=HTML`.
struct HTMLReader {
    private let text: [Character]
    private var place = 0
    private var output = ""
    private var length = 0
    private var open: [(tag: String, entity: TextEntity)] = []
    private var entities: [TextEntity] = []

    private static let types = [
        "b": "bold", "strong": "bold", "i": "italic", "em": "italic", "u": "underline", "ins": "underline",
        "s": "strikethrough", "strike": "strikethrough", "del": "strikethrough", "code": "code",
        "pre": "pre", "tg-spoiler": "spoiler", "span": "spoiler", "blockquote": "blockquote",
        "a": "text_link", "tg-emoji": "custom_emoji",
    ]

    init(_ text: String) { self.text = Array(text) }

    mutating func read() throws(Markup.Failure) -> StyledText {
        while place < text.count {
            switch text[place] {
            case "<": try readTag()
            case "&": readReference()
            default:
                append(text[place])
                place += 1
            }
        }
        if let left = open.last {
            throw Markup.Failure(
                message: "can't parse entities: Can't find end tag corresponding to start tag \"\(left.tag)\""
            )
        }
        return StyledText(output, entities)
    }

    private mutating func append(_ character: Character) {
        output.append(character)
        length += character.utf16.count
    }

    private mutating func readTag() throws(Markup.Failure) {
        guard let end = text[place...].firstIndex(of: ">") else {
            throw Markup.Failure(message: "can't parse entities: Unclosed start tag at byte offset \(length)")
        }
        let inside = String(text[place + 1..<end])
        place = end + 1
        if inside.hasPrefix("/") {
            let tag = inside.dropFirst().lowercased().trimmingSpaces
            guard var last = open.popLast(), last.tag == tag else {
                throw Markup.Failure(
                    message: "can't parse entities: Unexpected end tag at byte offset \(length)")
            }
            last.entity.length = length - last.entity.offset
            if last.entity.length > 0 { entities.append(last.entity) }
            return
        }
        let tag = inside.prefix { !$0.isWhitespace }.lowercased()
        guard let type = Self.types[tag] else {
            throw Markup.Failure(
                message: "can't parse entities: Unsupported start tag \"\(tag)\" at byte offset \(length)")
        }
        var entity = TextEntity(type: type, offset: length, length: 0)
        if tag == "a" { entity.url = Self.attribute("href", in: inside) }
        if tag == "code", let language = Self.attribute("class", in: inside), language.hasPrefix("language-")
        {
            entity.language = String(language.dropFirst(9))
        }
        open.append((tag, entity))
    }

    private static func attribute(_ name: String, in tag: String) -> String? {
        guard let start = tag.firstRange(of: name + "=\"")?.upperBound,
            let end = tag[start...].firstIndex(of: "\"")
        else { return nil }
        return String(tag[start..<end])
    }

    private mutating func readReference() {
        let known: [(String, Character)] = [("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&"), ("&quot;", "\"")]
        for (name, character) in known where text[place...].starts(with: name) {
            append(character)
            place += name.count
            return
        }
        append("&")
        place += 1
    }
}

extension String {
    /// Without spaces around it.
    var trimmingSpaces: String {
        var kept = self[...].drop { $0 == " " }
        while kept.last == " " { kept.removeLast() }
        return String(kept)
    }
}
