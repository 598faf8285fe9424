/// Swift files of the product that nothing else mentions.
///
/// A best effort: a file is alive when any name that it declares outside of a body of code stands as a word in
/// another file, when it adds a conformance, or when the program starts in it.
struct DeadFiles {
    private(set) var findings: [Finding] = []

    init(_ tree: Tree) {
        var mentions: [String: Int] = [:]
        for file in tree.swift where file.path != "Package.swift" {
            for word in Set(file.tokens.lazy.filter { $0.kind == .word }.map(\.text)) {
                mentions[word, default: 0] += 1
            }
        }
        for file in tree.swift where !file.isTest && file.path.contains("/") && !Self.isRoot(file) {
            let names = Self.declarations(file)
            if names.isEmpty || names.contains(where: { mentions[$0, default: 0] > 1 }) { continue }
            let message =
                "nothing outside mentions \(names.prefix(3).map { "`\($0)`" }.joined(separator: ", "))"
            findings.append(Finding(path: file.path, line: 1, rule: "dead-file", message: message))
        }
    }

    private static func isRoot(_ file: SwiftFile) -> Bool {
        let isMain = file.file.name == "main.swift" || file.path.hasPrefix("Fuzz/")
        return isMain || file.tokens.contains { $0.isWord("main") || $0.isWord("c") && $0.isGlued }
    }

    /// Names at the top of the file and inside its extensions; none where an extension adds a conformance.
    private static func declarations(_ file: SwiftFile) -> [String] {
        let kinds: Set = [
            "struct", "class", "enum", "actor", "protocol", "typealias", "func", "let", "var", "case", "init",
            "subscript",
        ]
        var names: [String] = []
        var index = 0
        while let token = file.token(index) {
            if token.isWord("extension") {
                guard let body = file.tokens[index...].firstIndex(where: { $0.isMark("{") }) else { break }
                if file.tokens[index..<body].contains(where: { $0.isMark(":") }) { return [] }
                index = body + 1
                continue
            }
            if token.isMark("{"), let end = file.partners[index] {
                index = end
            } else if token.kind == .word, kinds.contains(token.text), let name = file.token(index + 1) {
                // Operators, initialisers and subscripts are used without their name.
                if name.kind != .word { return [] }
                names.append(name.text)
            }
            index += 1
        }
        return names
    }
}
