/// How long files and functions may be.
struct Sizes {
    static let fileLines = 400
    static let fileLinesCeiling = 600
    static let functionLines = 70

    private let file: SwiftFile
    private(set) var uses: [Use] = []
    private(set) var findings: [Finding] = []

    init(_ file: SwiftFile) {
        self.file = file
        guard !file.file.isGenerated else { return }
        if file.lineCount > Self.fileLinesCeiling {
            let message = "\(file.lineCount) lines; no file may pass \(Self.fileLinesCeiling)"
            findings.append(Finding(path: file.path, line: 1, rule: "file-length", message: message))
        }
        for index in file.tokens.indices { checkFunction(index) }
    }

    /// The lines that the allowance of this file has to cover, in steps of fifty; 0 where it needs none.
    var allowedLines: Int {
        guard !file.file.isGenerated, file.lineCount > Self.fileLines else { return 0 }
        return min((file.lineCount + 49) / 50 * 50, Self.fileLinesCeiling)
    }

    private mutating func checkFunction(_ index: Int) {
        let token = file.tokens[index]
        guard token.kind == .word, file.token(index - 1)?.isMark(".") != true else { return }
        let body: Int?
        switch token.text {
        case "func", "subscript": body = self.body(after: index)
        case "init": body = isInitializer(index) ? self.body(after: index) : nil
        case "deinit": body = file.token(index + 1)?.isMark("{") == true ? index + 1 : nil
        case "var": body = accessors(after: index)
        default: body = nil
        }
        guard let body, let end = file.partners[body] else { return }
        let lines = file.tokens[end].line - token.line + 1
        guard lines > Self.functionLines else { return }
        let name = file.token(index + 1).map { $0.kind == .word ? $0.text : token.text } ?? token.text
        let message = "`\(name)` has \(lines) lines; \(Self.functionLines) are enough"
        uses.append(Use(rule: "function-length", path: file.path, line: token.line, message: message))
    }

    private func isInitializer(_ index: Int) -> Bool {
        guard let next = file.token(index + 1) else { return false }
        return ["(", "?", "!", "<"].contains(next.text)
    }

    /// The `{` of a declaration; nil for a requirement of a protocol, which has none.
    private func body(after start: Int) -> Int? {
        let declarations: Set = [
            "func", "var", "let", "init", "deinit", "subscript", "case", "struct", "enum", "extension",
            "protocol",
            "typealias", "associatedtype", "mutating", "static", "nonisolated", "public", "package",
            "private",
        ]
        var index = start + 1
        while let token = file.token(index) {
            if token.isMark("{") { return index }
            if token.isMark("}") { return nil }
            if token.kind == .word, token.line > file.tokens[start].line, declarations.contains(token.text) {
                return nil
            }
            index = (token.isMark("(") || token.isMark("[") ? file.partners[index] : nil) ?? index
            index += 1
        }
        return nil
    }

    /// The `{` of a computed property, which stands on the line of its type; nil for a stored one.
    private func accessors(after start: Int) -> Int? {
        var index = start + 1
        var line = file.tokens[start].line
        while let token = file.token(index), token.line == line {
            if token.isMark("{") { return index }
            if token.isMark("=") || token.isMark("}") { return nil }
            if let partner = token.isMark("(") || token.isMark("[") ? file.partners[index] : nil {
                index = partner
                line = file.tokens[partner].line
            }
            index += 1
        }
        return nil
    }
}
