import Foundation

/// Reads the project from a folder.
enum Disk {
    /// Folders that hold what was built, fetched or found, not what was written.
    private static let skippedFolders: Set = [
        ".git", ".venv", ".swiftpm", "__pycache__", ".pytest_cache", "corpus", "node_modules",
    ]
    private static let skippedPaths: Set = ["data", "bench/out", "fuzz/out", "Fuzz/out"]
    private static let textKinds: Set = [
        "swift", "py", "sh", "md", "json", "yml", "yaml", "c", "h", "cpp", "modulemap", "html", "css", "js",
        "conf",
        "lua", "toml", "txt", "allow", "Makefile", "run", "swift-format", "editorconfig", "gitignore",
        "proto",
    ]

    /// Every file below a folder; texts with their content.
    static func tree(at root: String) throws -> Tree {
        var files: [File] = []
        var others: Set<String> = []
        var folders = [""]
        while let folder = folders.popLast() {
            for name in try FileManager.default.contentsOfDirectory(atPath: "\(root)/\(folder)") {
                let path = folder.isEmpty ? name : "\(folder)/\(name)"
                var isFolder: ObjCBool = false
                let isThere = unsafe FileManager.default.fileExists(
                    atPath: "\(root)/\(path)", isDirectory: &isFolder)
                guard isThere else { continue }
                if isFolder.boolValue {
                    if isWritten(path, name) { folders.append(path) }
                    continue
                }
                let file = File(path: path, bytes: [])
                if textKinds.contains(file.kind) {
                    files.append(File(path: path, bytes: try read("\(root)/\(path)")))
                } else {
                    others.insert(path)
                }
            }
        }
        return Tree(files, otherPaths: others)
    }

    /// The bytes of a file.
    static func read(_ path: String) throws -> [UInt8] {
        [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
    }

    /// Puts a text in the place of a file.
    static func write(_ text: String, to path: String) throws {
        try Data(text.utf8).write(to: URL(fileURLWithPath: path))
    }

    private static func isWritten(_ path: String, _ name: String) -> Bool {
        !skippedFolders.contains(name) && !skippedPaths.contains(path) && !name.hasPrefix(".build")
    }
}
