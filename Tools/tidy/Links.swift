/// Relative links of the documents lead to a file that is there, and to a heading that is in it.
struct Links {
    private(set) var findings: [Finding] = []
    private var headings: [String: Set<String>] = [:]

    init(_ tree: Tree) {
        let documents = tree.files.filter { $0.kind == "md" }
        for document in documents { headings[document.path] = Self.headings(document) }
        for document in documents { check(document, tree) }
    }

    private mutating func check(_ document: File, _ tree: Tree) {
        for (number, line) in Self.prose(document) {
            for target in Self.targets(line) {
                let parts = target.split(separator: "#", maxSplits: 1, omittingEmptySubsequences: false)
                let isHere = parts[0].isEmpty
                let path = isHere ? document.path : Self.resolve(String(parts[0]), beside: document.path)
                if !tree.paths.contains(path) {
                    report(document, number, "`\(target)` leads nowhere")
                } else if parts.count > 1, let known = headings[path], !known.contains(String(parts[1])) {
                    report(document, number, "`\(path)` has no heading `#\(parts[1])`")
                }
            }
        }
    }

    /// The lines outside of code blocks, from 1.
    private static func prose(_ document: File) -> [(Int, Substring)] {
        var isCode = false
        var lines: [(Int, Substring)] = []
        for (index, line) in document.lines.enumerated() {
            if line.drop(while: { $0 == " " }).hasPrefix("```") {
                isCode.toggle()
            } else if !isCode {
                lines.append((index + 1, line))
            }
        }
        return lines
    }

    /// What stands between `](` and `)`, unless it has a scheme.
    private static func targets(_ line: Substring) -> [String] {
        var targets: [String] = []
        // Every other piece between back-ticks is code.
        let pieces = line.split(separator: "`", omittingEmptySubsequences: false).enumerated()
        let text = pieces.map { $0.offset % 2 == 0 ? String($0.element) : "code" }.joined()
        var rest = text[...]
        while let start = rest.firstRange(of: "](") {
            rest = rest[start.upperBound...]
            guard let end = rest.firstIndex(of: ")") else { break }
            let target = rest[..<end].split(separator: " ").first.map(String.init) ?? ""
            if !target.contains("://"), !target.hasPrefix("mailto:"), !target.isEmpty {
                targets.append(target)
            }
            rest = rest[end...]
        }
        return targets
    }

    private static func resolve(_ target: String, beside document: String) -> String {
        var parts = target.hasPrefix("/") ? [] : document.split(separator: "/").dropLast().map(String.init)
        for part in target.split(separator: "/") {
            switch part {
            case ".": continue
            case "..": if parts.popLast() == nil { return target }
            default: parts.append(String(part))
            }
        }
        return parts.joined(separator: "/")
    }

    /// The anchors that a reader's page makes of the headings: lower case, hyphens, no punctuation.
    private static func headings(_ document: File) -> Set<String> {
        var anchors: Set<String> = []
        for (_, line) in prose(document) where line.hasPrefix("#") {
            let title = line.drop { $0 == "#" }.drop { $0 == " " }.lowercased()
            let kept = title.filter { $0.isLetter || $0.isNumber || $0 == " " || $0 == "-" || $0 == "_" }
            anchors.insert(String(kept.map { $0 == " " ? "-" : $0 }))
        }
        return anchors
    }

    private mutating func report(_ document: File, _ line: Int, _ message: String) {
        findings.append(Finding(path: document.path, line: line, rule: "links", message: message))
    }
}
