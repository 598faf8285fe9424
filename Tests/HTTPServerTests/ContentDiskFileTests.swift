import Base
import Foundation
import Reactor
import Testing
import Wire

@testable import HTTPServer

@Suite struct DiskFileTests {
    private static let content = (0..<700_000).map { UInt8(truncatingIfNeeded: $0 / 7) }

    /// Serves one file to `body`.
    private func serve(_ body: @escaping @Sendable (HTTP1TestClient) async throws -> Void) async throws {
        let path = FileManager.default.temporaryDirectory.path + "/disk-file-\(UUID().uuidString)"
        try Data(Self.content).write(to: URL(fileURLWithPath: path))
        defer { unsafe unlink(path) }
        let pool = try BlockingPool(threads: 1, waiting: 8)
        defer { pool.shutdown() }
        let file = DiskFile(path, size: Self.content.count, tag: "abc", type: "text/plain", pool: pool)
        let route = Route(.get, "/file", .open) { try await file.answer($0) }
        try await TestServer.run([route]) { server in
            let client = try await server.connect()
            try await body(client)
            await client.close()
        }
    }

    @Test func `a file is sent whole`() async throws {
        try await serve { client in
            let answer = try await client.send(ClientRequest("/file"))
            #expect(answer.status == 200)
            #expect(answer["content-length"] == "700000")
            #expect(answer.body == Self.content)
        }
    }

    @Test(
        arguments: [
            ("bytes=0-0", 0..<1), ("bytes=300000-", 300_000..<700_000), ("bytes=-5", 699_995..<700_000),
            ("bytes=10-999999999", 10..<700_000),
        ]) func `a part of it is sent to whoever asks for one`(range: String, expected: Range<Int>)
        async throws
    {
        try await serve { client in
            let answer = try await client.send(ClientRequest("/file", fields: [("range", range)]))
            #expect(answer.status == 206)
            #expect(
                answer["content-range"] == "bytes \(expected.lowerBound)-\(expected.upperBound - 1)/700000")
            #expect(answer.body == Array(Self.content[expected]))
        }
    }

    @Test func `what is beyond its end is refused`() async throws {
        try await serve { client in
            let answer = try await client.send(ClientRequest("/file", fields: [("range", "bytes=700000-")]))
            #expect(answer.status == 416)
            #expect(answer["content-range"] == "bytes */700000")
        }
    }

    @Test func `who has it is told so`() async throws {
        try await serve { client in
            let answer = try await client.send(ClientRequest("/file", fields: [("if-none-match", "\"abc\"")]))
            #expect(answer.status == 304)
        }
    }
}
