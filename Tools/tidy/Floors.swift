/// Which room may import which: only downwards, and only what Package.swift says.
///
/// SwiftPM does not hold these: it compiles an `import` that a target does not declare.
struct Floors {
    /// The rooms from the ground up, with their floors; a room may import those that come before it.
    static let rooms: [(floor: Int, name: String)] = [
        (1, ["Base", "Wire", "Crypto"]),
        (2, ["Reactor"]),
        (3, ["HTTPServer", "HTTPClient", "Store", "StoreSQLite", "StorePostgres", "Bus", "BusRedis"]),
        (4, ["BotAPI", "TDLib", "Simulator"]),
        (5, ["Kernel"]),
        (
            6,
            [
                "Identity", "Bots", "Accounts", "Chats", "Streams", "Deliveries", "Sending", "Campaigns",
                "Proxies",
            ]
        ),
        (7, ["BotFacade", "RPC", "Console", "System"]),
        (8, ["heliograph"]),
    ].flatMap { row in row.1.map { (row.0, $0) } }
    private static let essentialsFloor = 5
    private static let toolchain: Set = ["Glibc", "Synchronization"]
    private static let toolchainForTests: Set = ["Testing", "Foundation", "FoundationEssentials"]

    private let manifest: Manifest
    private let libraries: Set<String>
    private var importers: [String: Set<String>] = [:]
    private(set) var findings: [Finding] = []

    init(_ tree: Tree, _ manifest: Manifest) {
        self.manifest = manifest
        libraries = Set(manifest.targets.filter { $0.folder.hasPrefix("Libraries/") }.map(\.name))
        for file in tree.swift {
            let folders = file.path.split(separator: "/")
            if file.path.hasPrefix("Sources/"), folders.count > 2 {
                check(file, room: String(folders[1]))
            } else if file.isTest {
                checkTest(file)
            }
        }
        checkLibraries()
    }

    private mutating func check(_ file: SwiftFile, room: String) {
        guard let place = Self.rooms.firstIndex(where: { $0.name == room }) else {
            report(
                file, 1, "`\(room)` has no floor; give it one in Tools/tidy/Floors.swift and DESIGN's table")
            return
        }
        let floor = Self.rooms[place].floor
        for (module, line) in Self.imports(of: file) where module != room {
            if libraries.contains(module) {
                importers[module, default: []].insert(room)
                checkDeclared(file, line, module)
            } else if let other = Self.rooms.firstIndex(where: { $0.name == module }) {
                if other > place {
                    report(file, line, "`\(room)` imports `\(module)`, which stands above it")
                }
                if module == "Simulator", room != "heliograph" {
                    report(file, line, "only `heliograph` and tests may import `Simulator`")
                }
                checkDeclared(file, line, module)
            } else if module == "FoundationEssentials" {
                guard floor < Self.essentialsFloor else { continue }
                report(
                    file, line, "no Foundation below floor \(Self.essentialsFloor); this is floor \(floor)")
            } else if module.hasPrefix("Foundation") {
                report(
                    file, line, "`\(module)` brings ICU and more; `FoundationEssentials` is the most there is"
                )
            } else if !Self.toolchain.contains(module) {
                report(file, line, "`\(module)` is no module of this project")
            }
        }
    }

    private mutating func checkTest(_ file: SwiftFile) {
        for (module, line) in Self.imports(of: file) {
            if Self.toolchain.contains(module) || Self.toolchainForTests.contains(module) { continue }
            if manifest.target(named: module) == nil {
                report(file, line, "`\(module)` is no module of this project")
            } else {
                checkDeclared(file, line, module)
            }
        }
    }

    private mutating func checkDeclared(_ file: SwiftFile, _ line: Int, _ module: String) {
        guard let target = manifest.target(of: file.path), !target.dependencies.contains(module) else {
            return
        }
        report(
            file, line, "Package.swift does not list `\(module)` among the dependencies of `\(target.name)`")
    }

    private mutating func checkLibraries() {
        for library in libraries.sorted() {
            let rooms = (importers[library] ?? []).sorted()
            if rooms.count == 1 { continue }
            let who = rooms.isEmpty ? "nobody" : rooms.joined(separator: " and ")
            let message = "`\(library)` is imported by \(who); exactly one room wraps a C library"
            findings.append(Finding(path: "Libraries/\(library)", line: 1, rule: "floors", message: message))
        }
    }

    private mutating func report(_ file: SwiftFile, _ line: Int, _ message: String) {
        findings.append(Finding(path: file.path, line: line, rule: "floors", message: message))
    }

    /// The modules that a file imports, and where.
    static func imports(of file: SwiftFile) -> [(module: String, line: Int)] {
        let kinds: Set = ["struct", "class", "enum", "protocol", "typealias", "func", "let", "var"]
        var imports: [(String, Int)] = []
        for (index, token) in file.tokens.enumerated() where token.isWord("import") {
            guard var name = file.token(index + 1), name.line == token.line, name.kind == .word else {
                continue
            }
            if kinds.contains(name.text), let next = file.token(index + 2) { name = next }
            imports.append((name.text, token.line))
        }
        return imports
    }
}
