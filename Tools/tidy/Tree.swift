/// A text file of the project.
struct File {
    var path: String
    var bytes: [UInt8]

    /// The last part of the path.
    var name: String { path.split(separator: "/").last.map(String.init) ?? path }
    /// What follows the last dot of the name, or the name where there is none.
    var kind: String { name.split(separator: ".").last.map(String.init) ?? name }
    /// Made by a program, so its size says nothing.
    var isGenerated: Bool { path.contains("/Generated/") }
    var lines: [Substring] {
        String(decoding: bytes, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false)
    }
}

/// A Swift file, cut into tokens once for all rules.
struct SwiftFile {
    let file: File
    let tokens: [Token]
    let comments: [Comment]
    let lineCount: Int
    /// For each `{`, `(` or `[`, where its partner stands; the end of the file where it has none.
    let partners: [Int: Int]

    var path: String { file.path }
    /// Product code or a tool, as opposed to a test.
    var isTest: Bool { path.hasPrefix("Tests/") || path.contains("/Tests/") }

    init(_ file: File) {
        let lexer = Lexer(file.bytes)
        self.file = file
        tokens = lexer.tokens
        comments = lexer.comments
        lineCount = file.bytes.count { $0 == UInt8(ascii: "\n") }
        partners = Self.match(lexer.tokens)
    }

    private static func match(_ tokens: [Token]) -> [Int: Int] {
        var partners: [Int: Int] = [:]
        var open: [Int] = []
        for (index, token) in tokens.enumerated() where token.kind == .mark {
            switch token.text {
            case "{", "(", "[": open.append(index)
            case "}", ")", "]": if let start = open.popLast() { partners[start] = index }
            default: break
            }
        }
        for start in open { partners[start] = tokens.count - 1 }
        return partners
    }

    /// The token at an index, or nil beyond either end.
    func token(_ index: Int) -> Token? { tokens.indices.contains(index) ? tokens[index] : nil }
}

/// The project as a value: what the rules look at, and nothing of where it lies.
struct Tree {
    /// Text files that people write, sorted by path.
    let files: [File]
    let swift: [SwiftFile]
    /// Every file and folder, whatever is in it.
    let paths: Set<String>

    init(_ files: [File], otherPaths: Set<String> = []) {
        self.files = files.sorted { $0.path < $1.path }
        swift = self.files.filter { $0.kind == "swift" }.map(SwiftFile.init)
        var paths = otherPaths
        for path in otherPaths.union(files.map(\.path)) {
            var folder = path[...]
            paths.insert(path)
            while let slash = folder.lastIndex(of: "/") {
                folder = folder[..<slash]
                paths.insert(String(folder))
            }
        }
        self.paths = paths
    }
}
