/// Names of files and folders, and tests beside what they test.
struct Layout {
    private static let emptyWords = ["Utils", "Util", "Helpers", "Helper", "Manager", "Common", "Misc"]

    private(set) var findings: [Finding] = []

    init(_ tree: Tree, _ manifest: Manifest) {
        for file in tree.files { checkName(file) }
        checkTests(tree, manifest)
    }

    private mutating func checkName(_ file: File) {
        for part in file.path.split(separator: "/") {
            // `Type+Topic.swift` speaks of both.
            for name in (part.split(separator: ".").first ?? part).split(separator: "+") {
                guard let word = Self.emptyWords.first(where: { Self.isNamed(name, $0) }) else { continue }
                report(file.path, "`\(word)` says nothing about what is inside; name the thing")
            }
        }
    }

    private static func isNamed(_ name: Substring, _ word: String) -> Bool {
        name.hasSuffix(word) || name.lowercased() == word.lowercased()
            || name.hasSuffix("_" + word.lowercased())
    }

    private mutating func checkTests(_ tree: Tree, _ manifest: Manifest) {
        let rooms = Set(tree.swift.compactMap { Self.folder(of: $0.path, in: "Sources") })
        let tests = Set(tree.swift.compactMap { Self.folder(of: $0.path, in: "Tests") })
        for room in rooms.sorted() where room.first?.isUppercase == true && !tests.contains(room + "Tests") {
            report("Sources/\(room)", "no tests in Tests/\(room)Tests")
        }
        for folder in tests.sorted() {
            let path = "Tests/\(folder)"
            // `Support` is what tests share about no room at all.
            if folder == "Support", manifest.targets.contains(where: { $0.folder == path }) { continue }
            // `StoreTesting` is what the tests of several rooms share about `Store`.
            let isShared = folder.hasSuffix("Testing")
            let isDeclared = manifest.targets.contains { $0.isTest != isShared && $0.folder == path }
            if !isDeclared { report(path, "Package.swift knows no such tests") }
            let ending = isShared ? "Testing" : "Tests"
            let room = folder.hasSuffix(ending) ? String(folder.dropLast(ending.count)) : folder
            if !rooms.contains(room), room != "Integration" { report(path, "tests of nothing in Sources") }
        }
    }

    private static func folder(of path: String, in top: String) -> String? {
        let parts = path.split(separator: "/")
        return parts.count > 2 && parts[0] == top ? String(parts[1]) : nil
    }

    private mutating func report(_ path: String, _ message: String) {
        findings.append(Finding(path: path, line: 1, rule: "layout", message: message))
    }
}
