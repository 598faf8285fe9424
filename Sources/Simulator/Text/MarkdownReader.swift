/// Reads `parse_mode=MarkdownV2` and the older `Markdown`.
struct MarkdownReader {
    private let text: [Character]
    private let isSecond: Bool
    private var place = 0
    private var output = ""
    private var length = 0
    private var open: [(mark: String, entity: TextEntity)] = []
    private var entities: [TextEntity] = []
    private static let reserved = Set<Character>("_*[]()~`>#+-=|{}.!")

    init(_ text: String, isSecond: Bool) {
        self.text = Array(text)
        self.isSecond = isSecond
    }

    mutating func read() throws(Markup.Failure) -> StyledText {
        while place < text.count { try step() }
        if let left = open.last {
            throw failure("Can't find end of \(left.entity.type) entity at byte offset \(left.entity.offset)")
        }
        return StyledText(output, entities)
    }

    private mutating func step() throws(Markup.Failure) {
        if text[place] == "\\", place + 1 < text.count, Self.reserved.contains(text[place + 1]) || isSecond {
            append(text[place + 1])
            place += 2
            return
        }
        if let (mark, type) = mark() {
            if type == "pre" || type == "code" { return try readCode(mark, type) }
            place += mark.count
            return toggle(mark, type)
        }
        switch text[place] {
        case "[":
            open.append(("[", TextEntity(type: "text_link", offset: length, length: 0)))
            place += 1
        case "]" where open.last?.mark == "[": try closeLink()
        default:
            if isSecond, Self.reserved.contains(text[place]) {
                throw failure(
                    "Character '\(text[place])' is reserved and must be escaped with the preceding '\\'")
            }
            append(text[place])
            place += 1
        }
    }

    private func mark() -> (String, String)? {
        let marks: [(String, String)] =
            isSecond
            ? [
                ("```", "pre"), ("`", "code"), ("__", "underline"), ("||", "spoiler"), ("*", "bold"),
                ("_", "italic"), ("~", "strikethrough"),
            ] : [("```", "pre"), ("`", "code"), ("*", "bold"), ("_", "italic")]
        return marks.first { text[place...].starts(with: $0.0) }
    }

    private mutating func toggle(_ mark: String, _ type: String) {
        guard open.last?.mark == mark, var entity = open.popLast()?.entity else {
            return open.append((mark, TextEntity(type: type, offset: length, length: 0)))
        }
        entity.length = length - entity.offset
        if entity.length > 0 { entities.append(entity) }
    }

    private mutating func readCode(_ mark: String, _ type: String) throws(Markup.Failure) {
        let start = length
        place += mark.count
        while place < text.count, !text[place...].starts(with: mark) {
            append(text[place])
            place += 1
        }
        guard place < text.count else {
            throw failure("Can't find end of \(type) entity at byte offset \(start)")
        }
        place += mark.count
        if length > start { entities.append(TextEntity(type: type, offset: start, length: length - start)) }
    }

    private mutating func closeLink() throws(Markup.Failure) {
        guard var entity = open.popLast()?.entity else { return }
        place += 1
        guard place < text.count, text[place] == "(", let end = text[place...].firstIndex(of: ")") else {
            throw failure("Can't find end of a URL at byte offset \(length)")
        }
        entity.url = String(text[place + 1..<end])
        entity.length = length - entity.offset
        entities.append(entity)
        place = end + 1
    }

    private mutating func append(_ character: Character) {
        output.append(character)
        length += character.utf16.count
    }

    private func failure(_ message: String) -> Markup.Failure {
        Markup.Failure(message: "can't parse entities: \(message)")
    }
}
