/// The targets of Package.swift, read from its text: a build would take longer than all rules together.
struct Manifest {
    struct Target: Equatable {
        var name: String
        var folder: String
        var dependencies: Set<String>
        var isTest: Bool
    }

    private let source: SwiftFile
    private(set) var targets: [Target] = []

    init(_ source: SwiftFile) {
        self.source = source
        let tokens = source.tokens
        // The manifest's own functions (`room`, `tests`) make targets as well as the package's do.
        var makers: Set = ["target", "executableTarget", "testTarget", "systemLibrary"]
        for (index, token) in tokens.enumerated() where token.isWord("func") {
            if let name = source.token(index + 1) { makers.insert(name.text) }
        }
        var index = 0
        while index < tokens.count {
            defer { index += 1 }
            guard tokens[index].kind == .word, makers.contains(tokens[index].text),
                source.token(index - 1)?.isWord("func") != true,
                source.token(index + 1)?.isMark("(") == true, let end = source.partners[index + 1]
            else { continue }
            if let target = target(maker: tokens[index].text, arguments: (index + 2)..<end) {
                targets.append(target)
                index = end
            }
        }
    }

    /// The target that a file belongs to.
    func target(of path: String) -> Target? {
        targets.filter { path.hasPrefix($0.folder + "/") }.max { $0.folder.count < $1.folder.count }
    }

    /// The target of a name.
    func target(named name: String) -> Target? { targets.first { $0.name == name } }

    private func target(maker: String, arguments: Range<Int>) -> Target? {
        var name: String?
        var folder: String?
        var dependencies: Set<String> = []
        var label = ""
        var index = arguments.lowerBound
        while index < arguments.upperBound {
            let token = source.tokens[index]
            if token.kind == .word, source.token(index + 1)?.isMark(":") == true {
                label = token.text
            } else if token.kind == .text {
                if name == nil, label.isEmpty || label == "name" { name = token.text }
                if label == "path" { folder = token.text }
            } else if token.isMark("["), let end = source.partners[index] {
                if label.isEmpty || label == "dependencies" {
                    dependencies.formUnion(source.tokens[index..<end].filter { $0.kind == .text }.map(\.text))
                }
                index = end
            } else if token.isMark(",") {
                label = ""
            }
            index += 1
        }
        // A name with a `\` is a template inside one of the manifest's functions, not a target.
        guard var name, !name.contains("\\") else { return nil }
        let isTest = maker == "tests" || maker == "testTarget"
        if maker == "tests" {
            dependencies.insert(name)
            name += "Tests"
        }
        let usual =
            isTest ? "Tests" : maker == "library" || maker == "systemLibrary" ? "Libraries" : "Sources"
        return Target(
            name: name, folder: folder ?? "\(usual)/\(name)", dependencies: dependencies, isTest: isTest)
    }
}
