import Base
import Foundation
import Testing
import Wire

@testable import HTTPServer

@Suite struct StaticFileTests {
    private let text = Bytes(String(repeating: "Nothing is lost on the way. ", count: 100))

    private func file(_ lastModified: Timestamp? = nil) -> StaticFile {
        StaticFile(text, type: "text/plain; charset=utf-8", lastModified: lastModified)
    }

    private func bytes(_ response: Response) -> Bytes? {
        guard case .bytes(let bytes) = response.body else { return nil }
        return bytes
    }

    @Test func `a file is sent whole, with its validators`() throws {
        let answer = try file(Timestamp(seconds: 784_111_777)).answer(.get, [:])
        #expect(answer.status == .ok)
        #expect(bytes(answer) == text)
        #expect(answer.fields["content-type"] == "text/plain; charset=utf-8")
        #expect(answer.fields["cache-control"] == "no-cache")
        #expect(answer.fields["last-modified"] == "Sun, 06 Nov 1994 08:49:37 GMT")
        #expect(answer.fields["x-content-type-options"] == "nosniff")
        #expect(answer.fields["accept-ranges"] == "bytes")
        #expect(answer.fields["vary"] == "accept-encoding")
        #expect(answer.fields["etag"]?.count == 34)
    }

    @Test func `its gzip form has a tag of its own`() throws {
        let plain = try file().answer(.get, [:])
        let packed = try file().answer(.get, ["accept-encoding": "br, gzip"])
        #expect(packed.fields["content-encoding"] == "gzip")
        #expect(packed.fields["etag"] != plain.fields["etag"])
        #expect(try gunzip(try #require(bytes(packed)), bytesMax: 10_000) == text)
    }

    @Test(arguments: ["image/png", "text/plain"]) func `small files and pictures have no gzip form`(
        type: String
    ) throws {
        let file = StaticFile(type == "image/png" ? text : "short", type: type)
        let answer = try file.answer(.get, ["accept-encoding": "gzip"])
        #expect(answer.fields["content-encoding"] == nil)
        #expect(answer.fields["vary"] == nil)
    }

    @Test(arguments: ["", "gzip"]) func `a client that has it is told so`(encoding: String) throws {
        let first = try file().answer(.get, ["accept-encoding": encoding])
        let tag = try #require(first.fields["etag"])
        let again = try file().answer(.get, ["accept-encoding": encoding, "if-none-match": "W/\(tag)"])
        #expect(again.status == .notModified)
        #expect(again.fields["etag"] == tag)
        #expect(again.fields["cache-control"] == "no-cache")
        #expect(again.fields["content-type"] == nil)
    }

    @Test func `a precondition that fails is an error`() throws {
        #expect(throws: APIError.self) { try file().answer(.get, ["if-match": "\"other\""]) }
    }

    @Test func `a range is a part of the file itself`() throws {
        let answer = try file().answer(.get, ["range": "bytes=8-9", "accept-encoding": "gzip"])
        #expect(answer.status == .partialContent)
        #expect(bytes(answer) == "is")
        #expect(answer.fields["content-range"] == "bytes 8-9/2800")
        #expect(answer.fields["content-encoding"] == nil)
    }

    @Test func `a range of what has changed since is the whole`() throws {
        let answer = try file().answer(.get, ["range": "bytes=8-9", "if-range": "\"other\""])
        #expect(answer.status == .ok)
        #expect(bytes(answer) == text)
    }

    @Test func `ranges are for GET alone`() throws {
        #expect(try file().answer(.head, ["range": "bytes=8-9"]).status == .ok)
    }

    @Test func `a range beyond the end is an error that says where the end is`() throws {
        do {
            _ = try file().answer(.get, ["range": "bytes=2800-"])
            Issue.record("no error")
        } catch {
            #expect(error.code == .rangeNotSatisfiable)
            #expect(error.fields["content-range"] == "bytes */2800")
        }
    }
}

@Suite struct StaticFilesTests {
    @Test(arguments: [
        ("app.3f2a9c1b.js", true), ("css/app-0123456789abcdef.css", true), ("app.js", false),
        ("app.decade.js", false),
        ("deadbeef1.js", false), ("app.effaced0.html", false), ("report-20260821.json", false),
        ("app.facadeface.js", false),
    ])
    func `names that carry a hash may be kept for ever`(name: String, expected: Bool) throws {
        let file = try #require(StaticFiles([name: "x"])[name])
        let control = try file.answer(.get, [:]).fields["cache-control"]
        #expect(control == (expected ? "public, max-age=31536000, immutable" : "no-cache"))
    }

    @Test func `a folder is read with what is below it`() throws {
        try withFolder { folder in
            try folder.write("index.html", "<p>")
            try folder.write("js/deep/app.js", "1;")
            try folder.write(".secret", "x")
            try folder.write(".git/config", "x")
            try FileManager.default.createSymbolicLink(
                atPath: folder.path + "/link.txt", withDestinationPath: "/etc/passwd")
            let files = try StaticFiles(folder: folder.path)
            #expect(files.names == ["index.html", "js/deep/app.js"])
            #expect(files["js/deep/app.js"]?.bytes == "1;")
            #expect(files["js/deep/app.js"]?.type == "text/javascript; charset=utf-8")
        }
    }

    @Test func `a folder that is too large is refused`() throws {
        try withFolder { folder in
            try folder.write("a.txt", "12345")
            try folder.write("b.txt", "12345")
            #expect(try StaticFiles(folder: folder.path, bytesMax: 10).count == 2)
            #expect(throws: StaticFilesError.tooLarge(bytesMax: 9)) {
                try StaticFiles(folder: folder.path, bytesMax: 9)
            }
        }
    }

    @Test func `a folder that is not there is an error`() {
        #expect(throws: StaticFilesError.unreadable(path: "/nowhere", code: 2)) {
            try StaticFiles(folder: "/nowhere")
        }
    }

    private func withFolder(_ body: (Folder) throws -> Void) throws {
        let folder = Folder(path: NSTemporaryDirectory() + "heliograph-files-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(atPath: folder.path) }
        try body(folder)
    }

    private struct Folder {
        let path: String

        func write(_ name: String, _ text: String) throws {
            let file = URL(fileURLWithPath: "\(path)/\(name)")
            try FileManager.default.createDirectory(
                at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
            try Data(text.utf8).write(to: file)
        }
    }
}
