/// White space and notes to oneself, in every text.
struct Text {
    private let file: File
    private(set) var findings: [Finding] = []

    init(_ file: File, _ swift: SwiftFile?) {
        self.file = file
        checkSpace()
        if let swift {
            for comment in swift.comments { checkNote(comment.text[...], comment.line) }
        } else if file.kind != "md", file.kind != "json" {
            for (index, line) in file.lines.enumerated() { checkNote(line, index + 1) }
        }
    }

    private mutating func checkSpace() {
        guard !file.bytes.isEmpty else { return }
        let mayHaveTabs = file.kind == "Makefile"
        var line = 1
        var last = UInt8(ascii: "\n")
        for byte in file.bytes {
            if byte == UInt8(ascii: "\n") {
                if last == UInt8(ascii: " ") || last == UInt8(ascii: "\t") || last == UInt8(ascii: "\r") {
                    report(line, "space at the end of the line")
                }
                line += 1
            } else if byte == UInt8(ascii: "\t"), !mayHaveTabs {
                report(line, "a tab; four spaces are the indentation")
            }
            last = byte
        }
        if last != UInt8(ascii: "\n") { report(line, "no line end at the end of the file") }
    }

    private mutating func checkNote(_ text: Substring, _ line: Int) {
        for word in ["FIX" + "ME", "XX" + "X"] where Self.range(of: word, in: text) != nil {
            findings.append(
                Finding(path: file.path, line: line, rule: "notes", message: "`\(word)` never lands"))
        }
        guard let range = Self.range(of: "TO" + "DO", in: text) else { return }
        let rest = text[range.upperBound...]
        if rest.hasPrefix("(#"), rest.dropFirst(2).first?.isNumber == true { return }
        let message = "a `TO" + "DO` carries its issue, as in `TO" + "DO(#12)`"
        findings.append(Finding(path: file.path, line: line, rule: "notes", message: message))
    }

    /// Where a word stands that is no part of a longer one.
    private static func range(of word: String, in text: Substring) -> Range<Substring.Index>? {
        guard let range = text.firstRange(of: word) else { return nil }
        let before = text[..<range.lowerBound].last
        let after = text[range.upperBound...].first
        let isPart = [before, after].contains { $0.map { $0.isLetter || $0.isNumber || $0 == "_" } ?? false }
        return isPart ? nil : range
    }

    private mutating func report(_ line: Int, _ message: String) {
        findings.append(Finding(path: file.path, line: line, rule: "space", message: message))
    }
}
