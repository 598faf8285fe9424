import Testing

@testable import tidy

@Suite struct TidyTests {
    /// What the rules say about a project of these files, as `rule` and line.
    private func findings(_ files: [String: String]) -> [String] {
        let tree = Tree(files.map { File(path: $0.key, bytes: Array($0.value.utf8)) })
        return Tidy(tree).findings.map { "\($0.rule) \($0.path):\($0.line)" }
    }

    private let manifest = """
        func room(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
            .target(name: name, dependencies: dependencies)
        }
        func tests(_ name: String) -> Target { .testTarget(name: "\\(name)Tests", dependencies: []) }
        func library(_ name: String) -> Target { .systemLibrary(name: name, path: "Libraries/\\(name)") }
        let package = Package(
            name: "house",
            targets: [
                library("CZlib"), room("Base"), room("Wire", ["Base", "CZlib"]), room("Reactor", ["Base"]),
                .target(name: "TestSupport", path: "Tests/Support"),
                tests("Base"), tests("Wire"), tests("Reactor"),
            ])

        """

    private func house(_ files: [String: String]) -> [String] {
        let floor = [
            "Package.swift": manifest,
            "Sources/Wire/Zip.swift": "import Base\nimport CZlib\nextension Int: Zip {}\n",
            "Tests/BaseTests/BaseTests.swift": "import Base\nimport Testing\n",
            "Tests/WireTests/WireTests.swift": "@testable import Wire\n",
            "Tests/ReactorTests/ReactorTests.swift": "import Reactor\n",
            "Tests/Support/Child.swift": "extension Int: C {}\n",
            "Sources/Base/A.swift": "extension Int: A {}\n",
            "Sources/Reactor/R.swift": "extension Int: R {}\n",
        ]
        return findings(floor.merging(files) { $1 })
    }

    @Test func `a house in order has no findings`() {
        #expect(house([:]) == [])
    }

    @Test(arguments: [
        ("Task { run() }", "task"), ("Task(name: a) { run() }", "task"), ("Task.detached { run() }", "task"),
        ("Task<Void, Never> { run() }", "task"), ("let a = try! b()", "force-try"),
        ("let a = b as! C", "force-cast"),
        ("let a = b!", "force-unwrap"), ("b()!.c()", "force-unwrap"), ("b[1]! + c", "force-unwrap"),
        ("var a: Int!", "force-unwrap"), ("fatalError()", "fatal-error"),
        ("let a = try? b()", "optional-try"),
        ("preconditionFailure(\"no\")", "precondition-failure"), ("unowned let a = b", "unowned"),
        ("a.assumeIsolated { b }", "assume-isolated"), ("a(\"\\(b!)\")", "force-unwrap"),
        ("nonisolated(unsafe) var a = 1  // SAFETY: set once", "nonisolated-unsafe"),
        ("final class A: @unchecked Sendable {\n // SAFETY: never changes\n}", "unchecked-sendable"),
        ("// SAFETY: never changes\nfinal class A: @unchecked Sendable {}", "unchecked-sendable"),
    ])
    func `a way around the compiler is found`(code: String, rule: String) {
        let line = code.hasPrefix("//") ? 2 : 1
        #expect(findings(["Fuzz/a.swift": code + "\n"]) == ["\(rule) Fuzz/a.swift:\(line)"])
    }

    @Test(arguments: [
        "try await Task.sleep(for: .zero)", "let a: Task<Void, Never>", "Task.isCancelled", "a != b", "a!=b",
        "!a && !b",
        "\"try! b\"", "// b as! C", "let a = try? b()  // nobody waits for it",
    ])
    func `what only looks like one is not`(code: String) {
        #expect(findings(["Fuzz/a.swift": code + "\n"]) == [])
    }

    @Test func `unchecked code without its invariant is found`() {
        let found = findings(["Fuzz/a.swift": "final class A: @unchecked Sendable {}\n"])
        #expect(found == ["safety Fuzz/a.swift:1", "unchecked-sendable Fuzz/a.swift:1"])
    }

    @Test func `the allowance is exact`() {
        let code = "let a = b! + c!\n"
        func found(_ count: Int) -> [String] {
            findings(["Fuzz/a.swift": code, Allowance.path: "force-unwrap \(count) Fuzz/a.swift  # why\n"])
        }
        #expect(found(2) == [])
        #expect(found(1) == ["force-unwrap Fuzz/a.swift:1", "force-unwrap Fuzz/a.swift:1"])
        #expect(found(3) == ["ratchet Tools/tidy/tidy.allow:1"])
    }

    @Test func `an update lowers counts, keeps reasons and raises nothing`() {
        let text = "# head\nforce-unwrap 5 a.swift  # why\ntask 1 gone.swift\n"
        let files = ["a.swift": "let a = b!\n", "b.swift": "let a = b!\n", Allowance.path: text]
        let tidy = Tidy(Tree(files.map { File(path: $0.key, bytes: Array($0.value.utf8)) }))
        #expect(tidy.updatedAllowance(raising: false) == "# head\nforce-unwrap 1 a.swift  # why\n")
        #expect(tidy.updatedAllowance(raising: true).contains("force-unwrap 1 b.swift\n"))
    }

    @Test func `a long function is found wherever it hides`() {
        let body = String(repeating: "    a()\n", count: 69)
        let long = [
            "func f() {", "init?(a: Int = { 1 }()) {", "deinit {", "var a: Int {",
            "subscript(a: Int) -> Int {",
        ]
        for (number, head) in long.enumerated() {
            let code = "\(head)\n\(body)}\n"
            #expect(findings(["Fuzz/\(number).swift": code]) == ["function-length Fuzz/\(number).swift:1"])
        }
        let short =
            "func f() {\n\(body.dropFirst(8))}\nprotocol P { func g() }\nstruct S {\n\(body)\(body)}\n"
        #expect(findings(["Fuzz/short.swift": short]) == [])
    }

    @Test func `a long file needs leave, and a longer one gets none`() {
        func file(_ lines: Int) -> String { String(repeating: "a()\n", count: lines) }
        #expect(findings(["Fuzz/a.swift": file(400)]) == [])
        #expect(findings(["Fuzz/a.swift": file(401)]) == ["file-length Fuzz/a.swift:1"])
        let leave = [Allowance.path: "file-length 450 Fuzz/a.swift\n"]
        #expect(findings(leave.merging(["Fuzz/a.swift": file(449)]) { $1 }) == [])
        #expect(findings(leave.merging(["Fuzz/a.swift": file(451)]) { $1 }) == ["file-length Fuzz/a.swift:1"])
        let most = [Allowance.path: "file-length 600 Fuzz/a.swift\n", "Fuzz/a.swift": file(601)]
        #expect(findings(most) == ["file-length Fuzz/a.swift:1"])
        #expect(findings(["Fuzz/Generated/a.swift": file(5000)]) == [])
    }

    @Test(arguments: [
        ("Sources/Base/B.swift", "import Wire"), ("Sources/Base/B.swift", "internal import Foundation"),
        ("Sources/Base/B.swift", "import struct FoundationEssentials.Data"),
        ("Sources/Reactor/B.swift", "import Wire"),
        ("Sources/Base/B.swift", "import Vapor"), ("Sources/Cellar/B.swift", "let a = 1"),
        ("Tests/BaseTests/B.swift", "@testable import Wire"),
    ])
    func `an import that climbs or is not declared is found`(path: String, code: String) {
        let found = house([path: code + "\nextension Int: B {}\n"])
        #expect(found.contains("floors \(path):1"))
    }

    @Test func `a C library has one room`() {
        #expect(house(["Sources/Wire/Zip.swift": "extension Int: Z {}\n"]) == ["floors Libraries/CZlib:1"])
        let two = house(["Sources/Reactor/Zip.swift": "import CZlib\nextension Int: Z {}\n"])
        #expect(two == ["floors Libraries/CZlib:1", "floors Sources/Reactor/Zip.swift:1"])
    }

    @Test func `a file that nobody mentions is found`() {
        #expect(
            house(["Sources/Base/Lone.swift": "struct Lone {}\n"]) == ["dead-file Sources/Base/Lone.swift:1"])
        #expect(house(["Sources/Base/E.swift": "extension Int {\n func alone() {}\n}\n"]).count == 1)
        let used = [
            "Sources/Base/Lone.swift": "struct Lone {}\n", "Sources/Base/B.swift": "extension Lone: B {}\n",
        ]
        #expect(house(used) == [])
    }

    @Test func `names that say nothing are found`() {
        #expect(house(["e2e/utils.py": "a\n"]) == ["layout e2e/utils.py:1"])
        #expect(house(["e2e/http_helpers.py": "a\n"]) == ["layout e2e/http_helpers.py:1"])
        #expect(house(["Tests/BaseTests/BytesHelper.swift": "\n"]).count == 1)
    }

    @Test func `tests without a room and rooms without tests are found`() {
        #expect(
            house(["Tests/AtticTests/A.swift": "\n"]) == [
                "layout Tests/AtticTests:1", "layout Tests/AtticTests:1",
            ])
        #expect(
            house(["Sources/Crypto/C.swift": "extension Int: C {}\n"]).contains("layout Sources/Crypto:1"))
    }

    @Test func `links lead to files and headings`() {
        let guide =
            "# A Guide!\n[up](../README.md) [here](#a-guide) [code](#none)\n```\n[x](y)\n```\n`[x](y)`\n"
        let readme = "[a](docs/guide.md#a-guide) [b](docs) [c](https://x.y/z) [d](gone.md)\n"
        let found = findings(["docs/guide.md": guide, "README.md": readme])
        #expect(found == ["links README.md:1", "links docs/guide.md:2"])
    }

    @Test func `notes to oneself and stray space are found`() {
        let code = "// TODO: later\n// TODO(#7): later\n/* FIXME */\nlet a = \"TODO\" \n\tb"
        let expected = [
            "notes a.swift:1", "notes a.swift:3", "space a.swift:4", "space a.swift:5", "space a.swift:5",
        ]
        #expect(findings(["a.swift": code]) == expected)
        #expect(findings(["Makefile": "a:\n\tb\n"]) == [])
    }
}
