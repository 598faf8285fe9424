/// Cuts Swift code into tokens and comments, so that no rule mistakes a text for code.
///
/// It knows nested comments, raw and multi-line strings, interpolation, raw identifiers and regular expression
/// literals. It does not judge: what is not Swift comes out as some tokens or other.
struct Lexer {
    private let bytes: [UInt8]
    private var position = 0
    private var line = 1
    private var lastEnd = 0
    private(set) var tokens: [Token] = []
    private(set) var comments: [Comment] = []

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
        lexCode(insideText: false)
    }

    // MARK: Code

    private mutating func lexCode(insideText: Bool) {
        var depth = 0
        while let byte = peek() {
            switch byte {
            case "\n":
                line += 1
                position += 1
            case " ", "\t", "\r": position += 1
            case "/" where peek(1) == "/": lexLineComment()
            case "/" where peek(1) == "*": lexBlockComment()
            case "/" where startsRegex: lexRegex(hashes: 0)
            case "\"": lexText(hashes: 0)
            case "#": lexHash()
            case "`": lexRawIdentifier()
            case "(" where insideText:
                depth += 1
                addMark()
            case ")" where insideText:
                if depth == 0 { return }
                depth -= 1
                addMark()
            default:
                if isWordByte(byte) { lexWord() } else { addMark() }
            }
        }
    }

    private mutating func lexWord() {
        let start = position
        while let byte = peek(), isWordByte(byte) { position += 1 }
        add(.word, from: start, text: string(start, position))
    }

    private mutating func lexRawIdentifier() {
        let start = position
        position += 1
        while let byte = peek(), byte != "`", byte != "\n" { position += 1 }
        let name = string(start + 1, position)
        if peek() == "`" { position += 1 }
        add(.word, from: start, text: name)
    }

    private mutating func lexHash() {
        var hashes = 1
        while peek(hashes) == "#" { hashes += 1 }
        switch peek(hashes) {
        case "\"": lexText(hashes: hashes)
        case "/": lexRegex(hashes: hashes)
        default: addMark()
        }
    }

    // MARK: Comments

    private mutating func lexLineComment() {
        let start = position
        while let byte = peek(), byte != "\n" { position += 1 }
        comments.append(Comment(line: line, text: string(start, position)))
    }

    private mutating func lexBlockComment() {
        var depth = 0
        var start = position
        while let byte = peek() {
            if byte == "/", peek(1) == "*" {
                depth += 1
                position += 2
            } else if byte == "*", peek(1) == "/" {
                depth -= 1
                position += 2
                if depth == 0 { break }
            } else {
                if byte == "\n" {
                    comments.append(Comment(line: line, text: string(start, position)))
                    start = position + 1
                    line += 1
                }
                position += 1
            }
        }
        comments.append(Comment(line: line, text: string(start, position)))
    }

    // MARK: Texts

    private mutating func lexText(hashes: Int) {
        let start = position
        let startLine = line
        position += hashes
        let isMultiline = peek(1) == "\"" && peek(2) == "\""
        let quotes = isMultiline ? 3 : 1
        position += quotes
        let content = position
        while let byte = peek() {
            if byte == "\"", closes(quotes: quotes, hashes: hashes) { break }
            if byte == "\n" {
                if !isMultiline { break }
                line += 1
            }
            guard byte == "\\", escapes(hashes: hashes) else {
                position += 1
                continue
            }
            position += 1 + hashes
            let escaped = peek()
            if escaped != "\n" { position += 1 }
            if escaped == "(" {
                lexCode(insideText: true)
                if peek() == ")" { position += 1 }
            }
        }
        let end = position
        if peek() == "\"" { position += quotes + hashes }
        add(.text, from: start, text: string(content, end), line: startLine)
    }

    private func closes(quotes: Int, hashes: Int) -> Bool {
        for offset in 0..<quotes where peek(offset) != "\"" { return false }
        return escapes(hashes: hashes, after: quotes)
    }

    private func escapes(hashes: Int, after skipped: Int = 1) -> Bool {
        for offset in 0..<hashes where peek(skipped + offset) != "#" { return false }
        return true
    }

    /// A slash starts a regular expression where an operand is due and another slash ends it on this line.
    private var startsRegex: Bool {
        guard let next = peek(1), next != " ", next != "\n", next != "=" else { return false }
        if let last = tokens.last {
            let leads = ["return", "case", "in", "where", "if", "guard", "while", "try", "await", "else"]
            switch last.kind {
            case .word: if !leads.contains(last.text) { return false }
            case .text: return false
            case .mark: if [")", "]", "}", "?", "!"].contains(last.text) { return false }
            }
        }
        var offset = 1
        while let byte = peek(offset), byte != "\n" {
            if byte == "\\" { offset += 1 } else if byte == "/" { return true }
            offset += 1
        }
        return false
    }

    private mutating func lexRegex(hashes: Int) {
        let start = position
        let startLine = line
        position += hashes + 1
        let content = position
        while let byte = peek() {
            if byte == "/", escapes(hashes: hashes) { break }
            if byte == "\n" {
                if hashes == 0 { break }
                line += 1
            }
            position += byte == "\\" && peek(1) != "\n" ? 2 : 1
        }
        let end = min(position, bytes.count)
        position = min(end + 1 + hashes, bytes.count)
        add(.text, from: start, text: string(content, end), line: startLine)
    }

    // MARK: Bytes

    private func peek(_ offset: Int = 0) -> Unicode.Scalar? {
        let index = position + offset
        return index < bytes.count ? Unicode.Scalar(bytes[index]) : nil
    }

    private func isWordByte(_ byte: Unicode.Scalar) -> Bool {
        switch byte {
        case "a"..."z", "A"..."Z", "0"..."9", "_", "$": true
        default: byte.value >= 0x80
        }
    }

    private func string(_ start: Int, _ end: Int) -> String {
        String(decoding: bytes[min(start, end)..<end], as: UTF8.self)
    }

    private mutating func addMark() {
        let start = position
        position += 1
        add(.mark, from: start, text: string(start, position))
    }

    private mutating func add(_ kind: Token.Kind, from start: Int, text: String, line startLine: Int? = nil) {
        let isGlued = start == lastEnd && start > 0
        tokens.append(Token(kind: kind, text: text, line: startLine ?? line, isGlued: isGlued))
        lastEnd = position
    }
}
