/// Reads texts that are marked up in one of Telegram's ways.
enum Markup {
    /// Why a text cannot be read.
    struct Failure: Error { let message: String }

    /// The text that is meant, with what was marked and what is special by itself.
    static func read(_ text: String, mode: String?, explicit: [TextEntity]?) throws(Failure) -> StyledText {
        var styled: StyledText
        switch mode?.lowercased() {
        case nil, "", "none": styled = StyledText(text, explicit ?? [])
        case "html":
            var reader = HTMLReader(text)
            styled = try reader.read()
        case "markdownv2":
            var reader = MarkdownReader(text, isSecond: true)
            styled = try reader.read()
        case "markdown":
            var reader = MarkdownReader(text, isSecond: false)
            styled = try reader.read()
        default: throw Failure(message: "unsupported parse_mode")
        }
        let count = styled.text.utf16.count
        styled.entities.removeAll { $0.offset + $0.length > count }
        styled = trimmed(styled)
        let marked = styled.entities
        let found = EntityScanner.scan(styled.text).filter { one in
            !marked.contains { $0.offset < one.offset + one.length && one.offset < $0.offset + $0.length }
        }
        styled.entities = (marked + found).sorted { ($0.offset, -$0.length) < ($1.offset, -$1.length) }
        return styled
    }

    /// Without white space around it, as Telegram keeps it.
    private static func trimmed(_ styled: StyledText) -> StyledText {
        let text = styled.text
        guard text.first?.isWhitespace == true || text.last?.isWhitespace == true else { return styled }
        let lead = text.prefix { $0.isWhitespace }.utf16.count
        var kept = text.drop { $0.isWhitespace }
        while kept.last?.isWhitespace == true { kept.removeLast() }
        let count = kept.utf16.count
        let entities = styled.entities.compactMap { entity -> TextEntity? in
            var entity = entity
            let end = min(entity.offset + entity.length - lead, count)
            entity.offset = max(0, entity.offset - lead)
            entity.length = end - entity.offset
            return entity.length > 0 ? entity : nil
        }
        return StyledText(String(kept), entities)
    }
}
