import Base
import Foundation
import Testing

@testable import Kernel

@Suite struct KeyRingTests {
    private static let one = String(repeating: "01", count: 32)
    private static let two = String(repeating: "Ab", count: 32)
    private let now = Timestamp(seconds: 1_800_000_000)

    private func code(_ body: () throws -> Void) -> VaultError.Code? {
        do {
            try body()
            return nil
        } catch {
            return (error as? VaultError)?.code
        }
    }

    /// A folder that is there for one test alone.
    private func withFolder(_ body: (String) throws -> Void) throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "heliograph-keys-\(UUID())").path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try body(folder)
    }

    private func write(_ text: String, _ path: String, mode: Int = 0o600) throws {
        try Data(text.utf8).write(to: URL(filePath: path))
        try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path)
    }

    @Test func `one key is named 1, and a list names its own`() throws {
        #expect(try KeyRing(single: Secret(Self.one)).keys.map(\.id) == [1])
        let ring = try KeyRing(list: Secret("2:\(Self.two), 1:\(Self.one)"))
        #expect(ring.current.id == 2)
        #expect(ring.keys.map(\.id) == [2, 1])
        #expect(try ring.key(1)?.secret == KeyRing(single: Secret(Self.one)).current.secret)
        #expect(ring.key(3) == nil)
    }

    @Test(arguments: [
        "", ",", "1", "1:", ":\(one)", "0:\(one)", "01:\(one)", "+1:\(one)", "4294967296:\(one)", "-1:\(one)",
        "1:\(one)0", "1:\(one.dropLast(2))", "1:\(one),", "1:\(one),1:\(two)", "1:\(one);2:\(two)",
        "a:\(one)",
        "1:\(String(repeating: "zz", count: 32))", "1: \(one)",
    ])
    func `keys that are written otherwise are refused without quoting them`(text: String) {
        do {
            _ = try KeyRing(list: Secret(text))
            Issue.record("it was taken")
        } catch {
            #expect(error.code == .malformedKeys)
            #expect(!error.message.contains("0101"))
        }
    }

    @Test func `no more than 64 keys`() {
        let list = (1...65).map { "\($0):\(Self.one)" }.joined(separator: ",")
        #expect(code { _ = try KeyRing(list: Secret(list)) } == .malformedKeys)
    }

    @Test func `a file is made once, for its owner alone, and read again`() throws {
        try withFolder { folder in
            let (ring, file, isNew) = try KeyFile.openOrCreate(folder + "/data", now: now)
            #expect(isNew)
            #expect(ring.current.createdAt == now)
            let attributes = try FileManager.default.attributesOfItem(atPath: file.path)
            #expect(attributes[.posixPermissions] as? Int == 0o600)
            let (again, _, isNewAgain) = try KeyFile.openOrCreate(folder + "/data", now: now + .seconds(1))
            #expect(!isNewAgain)
            #expect(again.current.secret == ring.current.secret)
            #expect(again.current.createdAt == now)
            #expect(
                try FileManager.default.contentsOfDirectory(atPath: folder + "/data") == ["encryption.keys"])
        }
    }

    @Test func `of many who start at once all have the same key`() async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "heliograph-keys-\(UUID())").path
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let found = try await withThrowingTaskGroup(of: (String, Bool).self) { group in
            for _ in 0..<16 {
                group.addTask { [now] in
                    let (ring, _, isNew) = try KeyFile.openOrCreate(folder, now: now)
                    return (ring.current.fingerprint, isNew)
                }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(Set(found.map(\.0)).count == 1)
        #expect(found.count(where: \.1) == 1)
    }

    @Test func `keys are added in front and removed, never the current one`() throws {
        try withFolder { folder in
            let (first, file, _) = try KeyFile.openOrCreate(folder, now: now)
            let second = try file.add(now: now + .seconds(5))
            #expect(second.keys.map(\.id) == [2, 1])
            #expect(try file.read().current.secret == second.current.secret)
            #expect(try file.read().key(1)?.secret == first.current.secret)
            #expect(code { _ = try file.remove(2) } == .malformedKeys)
            #expect(try file.remove(1).keys.map(\.id) == [2])
            #expect(try file.add(now: now).keys.map(\.id) == [3, 2])
            #expect(try file.read().keys.map(\.createdAt) == [now, now + .seconds(5)])
        }
    }

    @Test(arguments: [0o644, 0o640, 0o606, 0o602, 0o700, 0o620])
    func `a file that others can use is refused`(mode: Int) throws {
        try withFolder { folder in
            try write("1:\(Self.one)\n", folder + "/keys", mode: mode)
            #expect(code { _ = try KeyFile(folder + "/keys").read() } == .unsafeFile)
        }
    }

    @Test func `links, folders and pipes are no files of keys`() throws {
        try withFolder { folder in
            try write("1:\(Self.one)\n", folder + "/keys")
            try FileManager.default.createSymbolicLink(
                atPath: folder + "/link", withDestinationPath: folder + "/keys")
            #expect(code { _ = try KeyFile(folder + "/link").read() } == .unsafeFile)
            #expect(code { _ = try KeyFile(folder).read() } == .unsafeFile)
            let made = unsafe mkfifo(folder + "/pipe", 0o600)
            #expect(made == 0)
            #expect(code { _ = try KeyFile(folder + "/pipe").read() } == .unsafeFile)
            #expect(code { _ = try KeyFile(folder + "/none").read() } == .file)
        }
    }

    @Test(arguments: [
        "", "# nothing\n", "1:\(one) yesterday\n", "1:\(one) 2026-01-01T00:00:00Z more\n", "1\n",
        "1:\(one)\n1:\(two)\n",
        String(repeating: "#\n", count: 9000),
    ])
    func `a file that holds no keys is refused`(text: String) throws {
        try withFolder { folder in
            try write(text, folder + "/keys")
            #expect(code { _ = try KeyFile(folder + "/keys").read() } == .malformedKeys)
        }
    }

    @Test func `a file written by hand is read`() throws {
        try withFolder { folder in
            try write(
                "# mine\n7:\(Self.two) 2026-01-02T03:04:05Z\n\n1:\(Self.one)", folder + "/keys", mode: 0o400)
            let ring = try KeyFile(folder + "/keys").read()
            #expect(ring.keys.map(\.id) == [7, 1])
            #expect(ring.keys.map { $0.createdAt?.rfc3339 } == ["2026-01-02T03:04:05.000Z", nil])
        }
    }

    @Test func `what is configured comes first, and production has to configure it`() throws {
        try withFolder { folder in
            var source = KeySource(folder: folder, isProduction: true)
            #expect(code { _ = try source.open() } == .noKey)
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder).isEmpty)
            source.isProduction = false
            let made = try source.open()
            #expect(made.origin == .made(path: folder + "/encryption.keys"))
            #expect(try source.open().origin == .file(path: folder + "/encryption.keys"))
            source.isProduction = true
            #expect(code { _ = try source.open() } == .noKey)
            source.file = folder + "/encryption.keys"
            #expect(try source.open().ring.current.secret == made.ring.current.secret)
            source.file = folder + "/none"
            #expect(code { _ = try source.open() } == .file)
            source.file = nil
            source.list = Secret("9:\(Self.two)")
            #expect(try source.open().ring.current.id == 9)
            source.list = nil
            source.single = Secret(Self.one)
            #expect(try source.open().origin == .settings)
        }
    }
}
